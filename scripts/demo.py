#!/usr/bin/env python3
"""The main job on real data: two replicas, one server, the Unicode character database.

usage: demo.py --server PROGRAM      PROGRAM is the built turso-sync; `./demo` builds and calls this

"laptop" loads the characters that Python's unicodedata names one by one, and some notes, and pushes. "phone"
bootstraps from the server and edits offline; the laptop edits meanwhile: other rows, other columns of the same rows,
the same cell, a deleted row, a new table, a new column. Both pull and push until nothing moves any more. Then laptop,
phone and server are compared row by row. Exit status 0 when they are equal.
"""
from __future__ import annotations

import argparse
import base64
import contextlib
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import unicodedata
import urllib.request
from collections.abc import Callable, Iterator

import turso_sync

# Their names are computed from the code point by a rule; 100,000 rows of them would teach nothing.
NAMED_BY_RULE = ("CJK UNIFIED IDEOGRAPH-", "CJK COMPATIBILITY IDEOGRAPH-", "HANGUL SYLLABLE ", "TANGUT IDEOGRAPH-",
                 "NUSHU CHARACTER-", "KHITAN SMALL SCRIPT CHARACTER-")
SCHEMA = """
CREATE TABLE characters(
  code_point INTEGER PRIMARY KEY, character TEXT NOT NULL, name TEXT NOT NULL UNIQUE, category TEXT NOT NULL,
  bidirectional TEXT NOT NULL, combining INTEGER NOT NULL, numeric_value REAL, decomposition TEXT NOT NULL, utf8 BLOB NOT NULL);
CREATE INDEX characters_by_category ON characters(category);
CREATE TABLE notes(id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT, code_point INTEGER REFERENCES characters(code_point));
"""
ROUNDS_MAX = 10
HEAD = f"{'replica':8} {'operation':34} {'time':>8} {'cdc_operations':>20} {'sent':>10} {'received':>10}"


def characters() -> Iterator[tuple]:
    for code_point in range(sys.maxunicode + 1):
        character = chr(code_point)
        name = unicodedata.name(character, "")
        if name and not name.startswith(NAMED_BY_RULE):
            yield (code_point, character, name, unicodedata.category(character), unicodedata.bidirectional(character),
                   unicodedata.combining(character), unicodedata.numeric(character, None),
                   unicodedata.decomposition(character), character.encode())


def size(count: int) -> str:
    return f"{count} B" if count < 10_000 else f"{count / 1024:.1f} KiB" if count < 10_000_000 else f"{count / 2**20:.1f} MiB"


class Replica:
    """One device: its connection, and the table row that each of its steps prints."""

    def __init__(self, name: str, folder: pathlib.Path, remote_url: str) -> None:
        self.name, self.path, self.remote_url = name, folder / f"{name}.db", remote_url
        self.traffic = [0, 0]  # bytes sent and received by the step that runs
        self.http = turso_sync.HttpTransport()
        self.db: turso_sync.Connection

    def transport(self, request: turso_sync.Request) -> turso_sync.Response:
        self.traffic[0] += len(request.body)
        response = self.http(request)
        return turso_sync.Response(response.status, self.counted(response.chunks))

    def counted(self, chunks) -> Iterator[bytes]:
        for chunk in chunks:
            self.traffic[1] += len(chunk)
            yield chunk

    def open(self) -> None:
        self.db = turso_sync.connect(self.path, self.remote_url, client_name=self.name, transport=self.transport)

    def step(self, operation: str, run: Callable[[], object]) -> object:
        before = self.db.stats().cdc_operations if hasattr(self, "db") else 0
        self.traffic[:] = [0, 0]
        started = time.monotonic()
        with progress(self, operation, started):
            outcome = run()
        seconds = time.monotonic() - started
        after = self.db.stats().cdc_operations
        print(f"{self.name:8} {operation:34} {seconds:6.2f} s {before:>8} -> {after:<8} {size(self.traffic[0]):>10} "
              f"{size(self.traffic[1]):>10}", flush=True)
        return outcome

    def edit(self, operation: str, *statements: tuple[str, tuple]) -> None:
        def run() -> None:
            with self.db:
                for sql, parameters in statements:
                    self.db.execute(sql, parameters)
        self.step(operation, run)

    def query(self, sql: str) -> list[tuple]:
        return self.db.execute(sql).fetchall()


@contextlib.contextmanager
def progress(replica: Replica, operation: str, started: float) -> Iterator[None]:
    """Says of a step that takes over a second how far it is: every second on a terminal, where the line is overwritten."""
    done = threading.Event()
    terminal = sys.stdout.isatty()

    def watch() -> None:
        pause = 1.0
        while not done.wait(pause):
            sent, received = replica.traffic
            line = f"  ... {operation}: {time.monotonic() - started:.0f} s, {size(sent)} sent, {size(received)} received"
            print(f"\r{line:100}" if terminal else line, end="" if terminal else "\n", flush=True)
            pause = 1.0 if terminal else 5.0
        if terminal:
            print(f"\r{'':100}\r", end="", flush=True)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


class Server:
    """What a replica can read, read through the server itself, as a client without a replica would."""

    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, sql: str) -> list[tuple]:
        body = {"baton": None, "requests": [{"type": "execute", "stmt": {"sql": sql, "want_rows": True}}]}
        request = urllib.request.Request(f"{self.url}/v2/pipeline", json.dumps(body).encode(), {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            result = json.load(answer)["results"][0]
        if result["type"] != "ok":
            raise RuntimeError(f"server: {sql}: {result['error']['message']}")
        return [tuple(value_of(cell) for cell in row) for row in result["response"]["result"]["rows"]]


def value_of(cell: dict) -> object:
    kind = cell["type"]
    if kind == "null":
        return None
    if kind == "blob":
        return base64.b64decode(cell["base64"] + "=" * (-len(cell["base64"]) % 4))
    return int(cell["value"]) if kind == "integer" else float(cell["value"]) if kind == "float" else cell["value"]


# The story

def load(laptop: Replica) -> None:
    rows = list(characters())
    laptop.db.executescript(SCHEMA)
    laptop.db.executemany("INSERT INTO characters VALUES (?,?,?,?,?,?,?,?,?)", rows)
    laptop.db.executemany("INSERT INTO notes VALUES (?,?,?,?)", [
        (1, "to look up", "which characters have a numeric value?", None),
        (2, "favourite", "the snowman", 0x2603),
        (3, "to delete", "a note that one side deletes", None),
        (4, "both edit this", "first text", 0x1F600)])
    laptop.db.commit()


def edit_offline(laptop: Replica, phone: Replica) -> None:
    phone.edit("edits offline: rows of its own",
               ("UPDATE characters SET numeric_value = 0.5 WHERE category = 'Sc'", ()),
               ("INSERT INTO notes VALUES (100, 'from the phone', ?, 8364)", ("written without a network \U0001F4F5",)))
    phone.edit("edits offline: notes 1, 2 and 4",
               ("UPDATE notes SET title = 'looked up' WHERE id = 1", ()),
               ("UPDATE notes SET body = 'the phone says this' WHERE id = 4", ()),
               ("UPDATE notes SET title = 'still favourite' WHERE id = 2", ()))
    laptop.edit("edits: other rows",
                ("UPDATE characters SET decomposition = 'none' WHERE category = 'Lu' AND decomposition = ''", ()),
                ("INSERT INTO notes VALUES (200, 'from the laptop', NULL, NULL)", ()))
    laptop.edit("edits: other columns, same cell",
                ("UPDATE notes SET body = '1,900 or so' WHERE id = 1", ()),
                ("UPDATE notes SET body = 'the laptop says that' WHERE id = 4", ()))
    laptop.edit("deletes a row", ("DELETE FROM notes WHERE id = 3", ()))
    laptop.edit("adds a table and a column",
                ("CREATE TABLE tags(note INTEGER, tag TEXT, PRIMARY KEY(note, tag))", ()),
                ("INSERT INTO tags VALUES (2, 'winter'), (4, 'contested')", ()),
                ("ALTER TABLE notes ADD COLUMN stars INTEGER DEFAULT 0", ()),
                ("UPDATE notes SET stars = 5 WHERE id = 2", ()))


def until_quiet(replicas: list[Replica]) -> None:
    for round_number in range(1, ROUNDS_MAX + 1):
        moved = False
        for replica in replicas:
            moved |= replica.db.stats().cdc_operations > 0
            moved |= bool(replica.step(f"pull  (round {round_number})", replica.db.pull))
            replica.step(f"push  (round {round_number})", replica.db.push)
        if not moved:
            return
    raise RuntimeError(f"still moving after {ROUNDS_MAX} rounds")


TABLES = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'turso\\_%' ESCAPE '\\' ORDER BY name"
PAGE_ROWS = 5000  # how much of a table travels in one answer


def rows_of(source: Replica | Server, table: str) -> Iterator[tuple]:
    last = -(2**63)
    while rows := source.query(f'SELECT rowid, * FROM "{table}" WHERE rowid > {last} ORDER BY rowid LIMIT {PAGE_ROWS}'):
        yield from rows
        last = rows[-1][0]


def first_difference(laptop: Replica, phone: Replica, server: Server) -> str | None:
    others = [("phone", phone), ("server", server)]
    tables = laptop.query(TABLES)
    for name, other in others:
        if (theirs := other.query(TABLES)) != tables:
            return f"tables: laptop has {tables}, {name} has {theirs}"
    count = 0
    for table, _ in tables:
        for row, *theirs in itertools.zip_longest(rows_of(laptop, table), *(rows_of(other, table) for _, other in others)):
            for (name, _), their_row in zip(others, theirs):
                if typed(row) != typed(their_row):
                    return f"{table}: laptop has {row}, {name} has {their_row}"
            count += 1
    print(f"compared {count} rows of {len(tables)} tables on laptop, phone and server")
    return None


def typed(row: tuple | None) -> object:
    """1 and 1.0 are equal in Python and different in SQLite."""
    return row and [(type(value), value) for value in row]


@contextlib.contextmanager
def serving(program: pathlib.Path, folder: pathlib.Path) -> Iterator[str]:
    process = subprocess.Popen([program, "serve", "--listen", "127.0.0.1:0", folder / "server.db"], stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        if "http://" not in line:
            raise RuntimeError(f"the server said {line!r} instead of its address")
        yield line[line.index("http://"):].split()[0]
    finally:
        process.terminate()
        process.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", type=pathlib.Path, required=True, help="the built turso-sync program")
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="turso-sync-demo-") as name, serving(options.server, pathlib.Path(name)) as url:
        folder = pathlib.Path(name)
        print(f"server on {url}, SQLite {turso_sync.sqlite_version}, Unicode {unicodedata.unidata_version}\n\n{HEAD}", flush=True)
        laptop, phone = Replica("laptop", folder, url), Replica("phone", folder, url)
        laptop.step("opens, bootstraps an empty remote", laptop.open)
        laptop.step("loads characters and notes", lambda: load(laptop))
        laptop.step("push", laptop.db.push)
        phone.step("opens, bootstraps", phone.open)
        edit_offline(laptop, phone)
        until_quiet([laptop, phone])
        print()
        difference = first_difference(laptop, phone, Server(url))
        laptop.db.close()
        phone.db.close()
    print(f"{time.monotonic() - started:.1f} s in all")
    print(f"DIFFERENT: {difference}" if difference else "converged")
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main())
