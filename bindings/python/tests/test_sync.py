"""Replicas of one server: bootstrap, push, pull, conflicts, restarts."""
from __future__ import annotations

import os
import sqlite3
import subprocess
import threading

import pytest
import turso_sync


def rows(connection: turso_sync.Connection, sql: str = "SELECT * FROM notes ORDER BY 1") -> list:
    return connection.execute(sql).fetchall()


def until_quiet(*replicas: turso_sync.Connection) -> None:
    for _ in range(10):
        for replica in replicas:
            replica.push()
        if not any([replica.pull() for replica in replicas]):
            return
    raise AssertionError("still moving after 10 rounds")


@pytest.fixture
def laptop(replica):
    connection = replica("laptop")
    with connection:
        connection.execute("CREATE TABLE notes(id INTEGER PRIMARY KEY, title TEXT, body)")
        connection.execute("INSERT INTO notes VALUES (1, 'one', x'00ff'), (2, 'two', 2.5), (3, 'three', 9007199254740993)")
    connection.push()
    return connection


@pytest.fixture
def phone(laptop, replica):
    return replica("phone")


def test_a_new_replica_has_what_was_pushed(laptop, phone):
    assert rows(phone) == [(1, "one", b"\x00\xff"), (2, "two", 2.5), (3, "three", 9007199254740993)]


def test_a_change_travels_only_by_push_and_pull(laptop, phone):
    with laptop:
        laptop.execute("UPDATE notes SET title = 'changed' WHERE id = 1")
    assert phone.pull() is False
    laptop.push()
    assert rows(phone)[0][1] == "one"
    assert phone.pull() is True
    assert rows(phone)[0][1] == "changed"
    assert phone.pull() is False


def test_cdc_operations_is_n_before_a_push_and_0_after(laptop):
    assert laptop.stats().cdc_operations == 0
    with laptop:
        laptop.execute("INSERT INTO notes VALUES (4, 'four', NULL)")
        laptop.execute("DELETE FROM notes WHERE id = 1")
    assert laptop.stats().cdc_operations == 3  # two changes and their commit
    laptop.push()
    assert laptop.stats().cdc_operations == 0


def test_stats_are_typed_and_count_traffic(laptop, phone):
    stats = phone.stats()
    assert isinstance(stats, turso_sync.SyncStats)
    assert list(vars(stats))[0] == "cdc_operations"
    assert stats.network_received_bytes > 4096 and stats.revision
    assert stats.last_pull_unix_time is None or stats.last_pull_unix_time > 1_600_000_000
    assert stats.last_push_unix_time is None
    assert laptop.stats().last_push_unix_time is not None


def test_both_edit_offline_and_converge(laptop, phone):
    with laptop:
        laptop.execute("UPDATE notes SET title = 'laptop' WHERE id = 1")
        laptop.execute("DELETE FROM notes WHERE id = 2")
        laptop.execute("ALTER TABLE notes ADD COLUMN stars INTEGER DEFAULT 0")
    with phone:
        phone.execute("UPDATE notes SET body = 'phone' WHERE id = 1")
        phone.execute("INSERT INTO notes VALUES (10, 'ten', NULL)")
    until_quiet(laptop, phone)
    assert rows(laptop) == rows(phone) == [(1, "laptop", "phone", 0), (3, "three", 9007199254740993, 0), (10, "ten", None, 0)]


def test_the_same_cell_is_that_of_the_last_push(laptop, phone):
    with laptop:
        laptop.execute("UPDATE notes SET title = 'laptop' WHERE id = 1")
    with phone:
        phone.execute("UPDATE notes SET title = 'phone' WHERE id = 1")
    laptop.push()
    phone.push()
    until_quiet(laptop, phone)
    assert rows(laptop)[0] == rows(phone)[0] == (1, "phone", b"\x00\xff")


def test_a_pull_keeps_what_was_not_pushed(laptop, phone):
    with phone:
        phone.execute("INSERT INTO notes VALUES (10, 'mine', NULL)")
    with laptop:
        laptop.execute("INSERT INTO notes VALUES (11, 'theirs', NULL)")
    laptop.push()
    assert phone.pull() is True
    assert [row[0] for row in rows(phone)] == [1, 2, 3, 10, 11]
    assert phone.stats().cdc_operations == 2


def test_sync_does_both(laptop, phone):
    with phone:
        phone.execute("DELETE FROM notes WHERE id = 1")
    phone.sync()
    laptop.sync()
    assert rows(laptop) == rows(phone)
    assert len(rows(laptop)) == 2


def test_a_replica_remembers_its_remote_and_its_changes(laptop, phone, tmp_path):
    with phone:
        phone.execute("INSERT INTO notes VALUES (10, 'offline', NULL)")
    phone.close()
    again = turso_sync.connect(tmp_path / "phone.db")
    assert again.stats().cdc_operations == 2
    again.push()
    again.close()
    assert laptop.pull() is True
    assert rows(laptop)[-1] == (10, "offline", None)


def test_an_open_replica_needs_no_network(laptop, phone, server, tmp_path):
    phone.close()
    server.stop()
    again = turso_sync.connect(tmp_path / "phone.db", server.url)
    assert len(rows(again)) == 3
    with again:
        again.execute("DELETE FROM notes")
    with pytest.raises(turso_sync.SyncError) as failure:
        again.push()
    assert (failure.value.kind, failure.value.retryable) == ("network", True)
    assert again.stats().cdc_operations == 4
    again.close()


def test_a_constraint_at_the_server_is_a_typed_error_and_loses_nothing(laptop, phone):
    with laptop:
        laptop.execute("CREATE UNIQUE INDEX titles ON notes(title)")
    laptop.push()
    phone.pull()
    with phone:
        phone.execute("INSERT INTO notes VALUES (20, 'same', NULL)")
    with laptop:
        laptop.execute("INSERT INTO notes VALUES (21, 'same', NULL)")
    laptop.push()
    with pytest.raises(turso_sync.SyncError, match="notes") as failure:
        phone.push()
    assert failure.value.kind in ("constraint", "conflict")
    assert phone.stats().cdc_operations == 2
    assert (20, "same", None) in rows(phone)


def test_checkpoint_empties_the_write_ahead_log(laptop):
    with laptop:
        laptop.executemany("INSERT INTO notes VALUES (?, 'x', NULL)", [(n,) for n in range(100, 400)])
    assert laptop.stats().main_wal_size > 0
    laptop.checkpoint()
    assert laptop.stats().main_wal_size == 0


def test_a_token_is_asked_for_at_every_request(serve, tmp_path):
    server = serve("--token", "secret")
    asked = []

    def token() -> str:
        asked.append(1)
        return "secret"

    db = turso_sync.connect(tmp_path / "a.db", server.url, token)
    db.execute("CREATE TABLE t(a)")
    db.commit()
    db.push()
    assert len(asked) >= 2
    db.close()


def test_a_wrong_token_is_an_error_of_kind_auth(serve, tmp_path):
    server = serve("--token", "secret")
    with pytest.raises(turso_sync.SyncError) as failure:
        turso_sync.connect(tmp_path / "a.db", server.url, "wrong")
    assert (failure.value.kind, failure.value.http_status, failure.value.retryable) == ("auth", 401, False)


def test_a_replica_refuses_writes_to_its_bookkeeping(laptop):
    with pytest.raises(sqlite3.Error):
        laptop.execute("DELETE FROM turso_cdc")


def test_partial_sync_is_accepted_and_stats_say_that_everything_came(laptop, server, tmp_path):
    partial = turso_sync.PartialSyncOpts(turso_sync.PartialSyncPrefixBootstrap(4096), segment_size=4096)
    db = turso_sync.connect(tmp_path / "part.db", server.url, partial_sync_experimental=partial)
    assert len(rows(db)) == 3
    assert db.stats().partial_bootstrap_ignored is True
    db.close()


def test_an_option_that_is_not_offered_is_refused_by_name(tmp_path):
    with pytest.raises(turso_sync.SyncError, match="mvcc"):
        turso_sync.connect(tmp_path / "a.db", "http://127.0.0.1:9", logical_mvcc_pull=True)


def test_a_large_pull_in_pieces_arrives_whole(laptop, replica):
    with laptop:
        laptop.executemany("INSERT INTO notes VALUES (?, ?, NULL)", [(n, "x" * 1000) for n in range(100, 400)])
    laptop.push()
    phone = replica("phone", pull_bytes_threshold=64 * 1024)
    assert rows(phone) == rows(laptop)


def test_a_second_process_has_sql_and_stats_while_push_is_busy(laptop, tmp_path):
    path = str(tmp_path / "laptop.db")

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([os.environ["TURSO_SYNC_PROGRAM"], *arguments], capture_output=True, text=True)

    assert command("sql", path, "INSERT INTO notes VALUES (50, 'from another process', NULL)").returncode == 0
    assert command("stats", path).stdout.split()[:2] == ["cdc_operations", "2"]
    busy = command("push", path)
    assert (busy.returncode, busy.stderr.split(":")[:2]) == (1, ["error", " busy"])
    assert laptop.stats().cdc_operations == 2
    laptop.push()
    assert laptop.stats().cdc_operations == 0


def test_pushes_and_pulls_of_many_threads_wait_their_turn(laptop, phone):
    with laptop:
        laptop.executemany("INSERT INTO notes VALUES (?, 'x', NULL)", [(n,) for n in range(100, 120)])
    failures = []

    def run(call) -> None:
        try:
            for _ in range(5):
                call()
        except Exception as error:
            failures.append(error)

    calls = (laptop.push, laptop.pull, laptop.stats, laptop.checkpoint, phone.pull, phone.push)
    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    until_quiet(laptop, phone)
    assert rows(phone) == rows(laptop)


def test_cancel_ends_a_pull_that_waits_for_news(laptop, replica):
    phone = replica("phone", long_poll_timeout_ms=60_000)
    ended = threading.Event()

    def cancel() -> None:
        while not ended.wait(0.05):  # a cancel before the pull has begun cancels nothing
            phone.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    try:
        with pytest.raises(turso_sync.SyncError) as failure:
            phone.pull()
    finally:
        ended.set()
        thread.join()
    assert failure.value.kind == "cancelled"
    assert len(rows(phone)) == 3


def test_a_long_poll_brings_news_as_soon_as_they_are_there(laptop, replica):
    phone = replica("phone", long_poll_timeout_ms=60_000, check_same_thread=False)
    came = []
    waiter = threading.Thread(target=lambda: came.append(phone.pull()))
    waiter.start()
    with laptop:
        laptop.execute("INSERT INTO notes VALUES (60, 'news', NULL)")
    laptop.push()
    waiter.join(timeout=50)
    assert came == [True]
    assert rows(phone)[-1] == (60, "news", None)


def test_a_pull_during_a_write_is_busy_and_works_after_it(laptop, phone):
    with laptop:
        laptop.execute("INSERT INTO notes VALUES (70, 'theirs', NULL)")
    laptop.push()
    phone.execute("INSERT INTO notes VALUES (71, 'mine, not committed', NULL)")
    with pytest.raises(turso_sync.SyncError) as failure:
        phone.pull()
    assert (failure.value.kind, failure.value.retryable) == ("busy", True)
    phone.commit()
    assert phone.pull() is True
    assert [row[0] for row in rows(phone)] == [1, 2, 3, 70, 71]


def test_a_reader_keeps_its_rows_while_a_pull_is_published(laptop, phone):
    reader = phone.execute("SELECT id FROM notes ORDER BY id")
    assert reader.fetchone() == (1,)
    with laptop:
        laptop.execute("DELETE FROM notes")
    laptop.push()
    assert phone.pull() is True
    assert reader.fetchall() == [(2,), (3,)]
    assert rows(phone) == []
