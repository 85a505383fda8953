"""What fails, and how it says so."""
from __future__ import annotations

import sqlite3
import threading

import pytest
import turso_sync


def test_every_class_is_also_that_of_sqlite3():
    for name in ("Error", "InterfaceError", "DatabaseError", "DataError", "OperationalError", "IntegrityError", "InternalError",
                 "ProgrammingError", "NotSupportedError"):
        assert issubclass(getattr(turso_sync, name), getattr(sqlite3, name))
    assert issubclass(turso_sync.SyncError, sqlite3.OperationalError)


def test_a_constraint_names_its_code_and_itself(db):
    db.execute("CREATE TABLE t(a UNIQUE)")
    db.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE constraint failed: t.a") as failure:
        db.execute("INSERT INTO t VALUES (1)")
    error = failure.value
    assert (error.kind, error.code, error.extended_code, error.retryable) == ("constraint", 129, 2067, False)
    assert error.sqlite_errorname == "SQLITE_CONSTRAINT_UNIQUE" and error.sqlite_errorcode == 2067


def test_a_mistake_in_sql_is_operational_as_in_sqlite3(db):
    with pytest.raises(sqlite3.OperationalError, match="no such table: absent"):
        db.execute("SELECT * FROM absent")
    with pytest.raises(sqlite3.OperationalError, match='near "SELEC": syntax error'):
        db.execute("SELEC 1")


def test_a_locked_database_is_busy_and_worth_another_try(db, tmp_path):
    db.execute("CREATE TABLE t(a)")
    other = turso_sync.connect(tmp_path / "local.db", timeout=0)
    db.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(sqlite3.OperationalError, match="database is locked") as failure:
        other.execute("INSERT INTO t VALUES (2)")
    assert (failure.value.kind, failure.value.retryable) == ("busy", True)
    other.close()


def test_a_file_that_is_no_database_is_named_so(tmp_path):
    (tmp_path / "text").write_text("this is not a database, however long it is " * 100)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        turso_sync.connect(tmp_path / "text").execute("SELECT * FROM sqlite_schema")


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(sqlite3.OperationalError):
        turso_sync.connect(tmp_path / "absent" / "a.db")


def test_interrupt_ends_a_long_query_from_another_thread(db):
    timer = threading.Timer(0.05, db.interrupt)
    timer.start()
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        db.execute("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT COUNT(*) FROM c").fetchone()
    timer.join()


def test_python_threads_run_while_a_query_does(db):
    counted, done = [0], threading.Event()

    def count() -> None:
        while not done.is_set():
            counted[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    before = counted[0]
    db.execute("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c LIMIT 2000000) SELECT COUNT(*) FROM c").fetchone()
    after = counted[0]
    done.set()
    thread.join()
    assert after - before > 1000


def test_another_thread_is_refused_unless_allowed(db, tmp_path):
    failures = []

    def use(connection: turso_sync.Connection) -> None:
        try:
            connection.execute("SELECT 1")
        except sqlite3.ProgrammingError as error:
            failures.append(str(error))

    free = turso_sync.connect(tmp_path / "free.db", check_same_thread=False)
    for connection in (db, free):
        thread = threading.Thread(target=use, args=(connection,))
        thread.start()
        thread.join()
    assert len(failures) == 1 and "same thread" in failures[0]
    free.close()


def test_closing_finalizes_open_statements(db, tmp_path):
    db.execute("CREATE TABLE t(a)")
    cursor = db.execute("SELECT 1 UNION SELECT 2")
    db.close()
    with pytest.raises(sqlite3.ProgrammingError):
        cursor.fetchone()


def test_a_plain_file_has_nothing_to_push(db):
    for call in (db.push, db.pull, db.stats):
        with pytest.raises(turso_sync.SyncError):
            call()


def test_an_unknown_option_is_refused_by_name(tmp_path):
    with pytest.raises(turso_sync.Error, match="no_such_option"):
        turso_sync.connect(tmp_path / "a.db", "http://127.0.0.1:9", options={"no_such_option": "1"})
