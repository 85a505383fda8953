"""scenarios_server.py -- what our server offers and the published one does not, asked for by clients of any make.

Each scenario starts the server itself: world.serve(flags).
"""
import concurrent.futures
import sqlite3

from replicas import ReplicaError
from scenarios import expect, expect_everywhere

ALL = []


def scenario(function):
    ALL.append(function)
    return function


def make_file(path, *statements):
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()


@scenario
def a_file_that_sqlite_made_is_served(world):
    make_file(world.folder / "remote.db", "CREATE TABLE t(id INTEGER PRIMARY KEY, data BLOB)",
              "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO t SELECT i, zeroblob(500) FROM n")
    world.serve()
    a, b = world.open("a"), world.open("b", pull_bytes_threshold=100_000)
    for name, replica in (("a", a), ("b", b)):
        expect(f"rows at {name}", replica.rows("SELECT count(*), sum(id) FROM t"), [(2000, 2001 * 1000)])
    a.execute("DELETE FROM t WHERE id > 1000", "UPDATE t SET data = 'small' WHERE id <= 10")
    a.push()
    b.pull()
    expect_everywhere(world, {"a": a, "b": b}, "SELECT count(*), sum(data = 'small') FROM t", [(1000, 10)])


@scenario
def what_replicas_push_is_a_plain_sqlite_file(world):
    world.serve()
    a, b = world.open("a"), world.open("b")
    a.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, x)", "INSERT INTO t VALUES (1, 'a'), (2, 2.5), (3, x'00')")
    a.push()
    b.pull()
    b.execute("UPDATE t SET x = NULL WHERE id = 1")
    b.push()
    world.server.stop()
    database = sqlite3.connect(world.server.database)
    expect("the served file", database.execute("SELECT * FROM t ORDER BY id").fetchall(), [(1, None), (2, 2.5), (3, b"\x00")])
    expect("its soundness", database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
    database.close()
    expect("its tables", tables, ["t", "turso_sync_last_change_id"])


@scenario
def the_server_is_started_again(world):
    world.serve()
    a = world.open("a")
    a.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, x TEXT)", "INSERT INTO t VALUES (1, 'before')")
    a.push()
    b = world.open("b")
    world.server.start_again()
    b.execute("INSERT INTO t VALUES (2, 'after')")
    b.push()
    a.pull()
    world.server.start_again()
    a.execute("UPDATE t SET x = 'again' WHERE id = 1")
    a.push()
    b.pull()
    expect_everywhere(world, {"a": a, "b": b}, "SELECT * FROM t ORDER BY id", [(1, "again"), (2, "after")])


@scenario
def a_file_edited_while_the_server_was_down_is_not_taken_for_the_old_one(world):
    world.serve()
    a = world.open("a")
    a.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, x TEXT)", "INSERT INTO t VALUES (1, 'x'), (2, 'x')")
    a.push()
    b = world.open("b")
    world.server.stop()
    make_file(world.server.database, "UPDATE t SET x = 'edited' WHERE id = 1")
    world.server.start_again()
    b.execute("UPDATE t SET x = 'b' WHERE id = 2")
    b.pull()
    b.push()
    a.pull()
    expect_everywhere(world, {"a": a, "b": b}, "SELECT * FROM t ORDER BY id", [(1, "edited"), (2, "b")])


@scenario
def a_token_is_asked_for(world):
    world.serve("--token", "correct-horse")
    a = world.open("a", auth_token="correct-horse")
    a.execute("CREATE TABLE t(id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    a.push()
    for name, options in (("with another", {"auth_token": "wrong"}), ("with none", {})):
        try:
            world.open("b", f"b {name}".replace(" ", "-"), **options)
        except ReplicaError as failure:
            assert "401" in str(failure), f"the refusal does not say 401: {failure}"
        else:
            raise AssertionError(f"a replica {name} token was let in")
    expect("t at b", world.open("b", auth_token="correct-horse").rows("SELECT * FROM t"), [(1,)])


@scenario
def databases_of_one_folder_are_apart(world):
    (world.folder / "data").mkdir()
    world.serve("--data", str(world.folder / "data"))
    one, two = world.open("a", "one", prefix="/db/one"), world.open("b", "two", prefix="/db/two")
    one.execute("CREATE TABLE t(x INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    two.execute("CREATE TABLE t(x INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (2)")
    one.push()
    two.push()
    one.pull()
    expect("one", one.rows("SELECT * FROM t"), [(1,)])
    expect("a fresh replica of two", world.open("fresh", prefix="/db/two").rows("SELECT * FROM t"), [(2,)])


@scenario
def a_pull_waits_for_news(world):
    world.serve()
    a = world.open("a")
    a.execute("CREATE TABLE t(id INTEGER PRIMARY KEY)")
    a.push()
    impatient = world.open("b", "impatient", long_poll_timeout_ms=200)
    expect("news within 200 ms", impatient.pull(), False)
    patient = world.open("b", "patient", long_poll_timeout_ms=30_000)
    with concurrent.futures.ThreadPoolExecutor(max_workers=1) as pool:
        waiting = pool.submit(patient.pull)
        a.execute("INSERT INTO t VALUES (1)")
        a.push()
        expect("news within 30 s", waiting.result(), True)
    expect("t", patient.rows("SELECT * FROM t"), [(1,)])
