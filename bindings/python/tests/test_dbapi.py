"""The DB-API, told side by side with the standard library's sqlite3: both must do the same."""
from __future__ import annotations

import sqlite3

import pytest
import turso_sync


@pytest.fixture(params=[sqlite3, turso_sync], ids=["sqlite3", "turso_sync"])
def module(request):
    return request.param


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "a.db")


@pytest.fixture
def con(module, path):
    connection = module.connect(path)
    yield connection
    connection.close()


@pytest.fixture
def users(con):
    con.execute("CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER)")
    con.executemany("INSERT INTO users VALUES (?, ?, ?)", [(1, "Ada", 36), (2, "Bo", 20), (3, "Cy", None)])
    con.commit()
    return con


def test_rows_come_one_at_a_time_then_none(users):
    cursor = users.execute("SELECT name FROM users ORDER BY id")
    assert [cursor.fetchone(), cursor.fetchone(), cursor.fetchone(), cursor.fetchone()] == [("Ada",), ("Bo",), ("Cy",), None]


def test_rows_come_in_chunks_with_a_short_last_one(users):
    cursor = users.execute("SELECT id FROM users ORDER BY id")
    assert cursor.fetchmany(2) == [(1,), (2,)]
    assert cursor.fetchmany(2) == [(3,)]
    assert cursor.fetchmany(2) == []


def test_a_cursor_is_its_own_iterator(users):
    assert list(users.execute("SELECT id FROM users ORDER BY id")) == [(1,), (2,), (3,)]


def test_description_has_names_for_rows_and_is_none_for_writes(users):
    cursor = users.cursor()
    assert cursor.description is None
    cursor.execute("SELECT id, name AS who FROM users")
    assert cursor.description == (("id",) + (None,) * 6, ("who",) + (None,) * 6)
    cursor.execute("DELETE FROM users")
    assert cursor.description is None


def test_rowcount_counts_changed_rows_and_is_minus_one_for_rows(users):
    assert users.execute("UPDATE users SET age = 1 WHERE id < 3").rowcount == 2
    assert users.execute("DELETE FROM users WHERE id = 3").rowcount == 1
    assert users.execute("SELECT 1").rowcount == -1
    assert users.executemany("INSERT INTO users VALUES (?, 'x', 0)", [(7,), (8,)]).rowcount == 2


def test_lastrowid_is_that_of_the_last_insert(users):
    assert users.execute("INSERT INTO users(name) VALUES ('Di')").lastrowid == 4


def test_named_parameters_in_all_three_spellings_and_reused(users):
    values = {"a": 1, "b": 2, "unused": 0}
    assert users.execute("SELECT :a, @b, $a, :a", values).fetchone() == (1, 2, 1, 1)


def test_a_mapping_that_answers_missing_keys_is_asked(users):
    class Answers(dict):
        def __missing__(self, key):
            return key.upper()

    assert users.execute("SELECT :x", Answers()).fetchone() == ("X",)


@pytest.mark.parametrize("parameters", [(), (1, 2), {"b": 1}])
def test_parameters_that_do_not_fit_are_a_programming_error(module, users, parameters):
    with pytest.raises(module.ProgrammingError):
        users.execute("SELECT :a", parameters)


def test_a_write_begins_a_transaction_and_a_read_does_not(users):
    users.execute("SELECT 1")
    assert not users.in_transaction
    users.execute("INSERT INTO users(name) VALUES ('x')")
    assert users.in_transaction
    users.rollback()
    assert not users.in_transaction
    assert users.execute("SELECT COUNT(*) FROM users").fetchone() == (3,)


def test_uncommitted_rows_are_not_seen_elsewhere(module, users, path):
    other = module.connect(path)
    users.execute("INSERT INTO users(name) VALUES ('x')")
    assert other.execute("SELECT COUNT(*) FROM users").fetchone() == (3,)
    users.commit()
    assert other.execute("SELECT COUNT(*) FROM users").fetchone() == (4,)
    other.close()


def test_isolation_level_none_commits_each_statement(module, path):
    con = module.connect(path, isolation_level=None)
    con.execute("CREATE TABLE t(a)")
    con.execute("INSERT INTO t VALUES (1)")
    assert not con.in_transaction
    con.execute("BEGIN")
    assert con.in_transaction
    con.close()


def test_the_block_commits_and_an_exception_rolls_back(users):
    with users:
        users.execute("INSERT INTO users(name) VALUES ('kept')")
    with pytest.raises(KeyError), users:
        users.execute("INSERT INTO users(name) VALUES ('dropped')")
        raise KeyError
    assert users.execute("SELECT name FROM users WHERE id > 3").fetchall() == [("kept",)]


def test_a_commit_that_fails_at_the_end_of_the_block_is_raised_and_rolled_back(module, con):
    con.executescript(
        """PRAGMA foreign_keys = ON; CREATE TABLE p(id INTEGER PRIMARY KEY);
        CREATE TABLE c(p REFERENCES p DEFERRABLE INITIALLY DEFERRED);"""
    )
    with pytest.raises(module.IntegrityError), con:
        con.execute("INSERT INTO c VALUES (1)")
    assert not con.in_transaction
    assert con.execute("SELECT COUNT(*) FROM c").fetchone() == (0,)


def test_a_script_runs_every_statement_after_text_that_is_not_ascii(con):
    con.executescript(
        """CREATE TABLE t(a); INSERT INTO t VALUES ('é ∑ \U0001F600'); -- a comment; with a semicolon
        INSERT INTO t VALUES ('second');
        CREATE TRIGGER r AFTER INSERT ON t BEGIN UPDATE t SET a = a || '!' WHERE rowid = new.rowid; END;
        INSERT INTO t VALUES ('é third') -- no semicolon at the end"""
    )
    assert con.execute("SELECT a FROM t ORDER BY rowid").fetchall() == [("é ∑ \U0001F600",), ("second",), ("é third!",)]


def test_a_script_commits_first(con):
    con.execute("CREATE TABLE t(a)")
    con.execute("INSERT INTO t VALUES (1)")
    con.executescript("SELECT 1")
    assert not con.in_transaction
    con.rollback()
    assert con.execute("SELECT COUNT(*) FROM t").fetchone() == (1,)


@pytest.mark.parametrize("sql", ["SELECT 1; SELECT 2", "SELECT 'é'; DROP TABLE users", "SELECT 1; nonsense"])
def test_a_second_statement_is_refused(users, sql):
    with pytest.raises((sqlite3.ProgrammingError, sqlite3.Warning)):
        users.execute(sql)
    assert users.execute("SELECT COUNT(*) FROM users").fetchone() == (3,)


@pytest.mark.parametrize("sql", ["", "  \n", "-- only a comment", "/* another */ ;"])
def test_nothing_to_run_gives_no_rows(con, sql):
    cursor = con.execute(sql)
    assert cursor.description is None
    assert cursor.fetchall() == []


def test_a_trailing_comment_is_not_a_second_statement(con):
    assert con.execute("SELECT 1; -- done").fetchone() == (1,)


def test_executemany_takes_only_writes(module, users):
    with pytest.raises(module.ProgrammingError):
        users.executemany("SELECT ?", [(1,)])


def test_returning_inserts_every_row_though_only_one_is_fetched(users):
    cursor = users.execute("INSERT INTO users(name) VALUES ('x'), ('y') RETURNING name")
    assert cursor.fetchone() == ("x",)
    assert users.execute("SELECT COUNT(*) FROM users").fetchone() == (5,)


def test_two_cursors_read_side_by_side(users):
    one = users.execute("SELECT id FROM users ORDER BY id")
    two = users.execute("SELECT id FROM users ORDER BY id")
    assert [one.fetchone(), two.fetchone(), one.fetchone(), two.fetchone()] == [(1,), (1,), (2,), (2,)]


def test_rows_are_read_by_name_through_row(module, users):
    users.row_factory = module.Row
    row = users.execute("SELECT id, name AS Who FROM users").fetchone()
    assert row["id"] == 1 and row["WHO"] == "Ada" and row[1] == "Ada" and row.keys() == ["id", "Who"]
    assert tuple(row) == (1, "Ada") and len(row) == 2
    with pytest.raises(IndexError):
        row["absent"]


def test_a_row_factory_may_be_any_callable(users):
    users.row_factory = lambda cursor, row: dict(zip((c[0] for c in cursor.description), row))
    assert users.execute("SELECT id FROM users WHERE id = 2").fetchone() == {"id": 2}


def test_text_factory_bytes_gives_bytes(users):
    users.text_factory = bytes
    assert users.execute("SELECT name FROM users WHERE id = 1").fetchone() == (b"Ada",)


@pytest.mark.parametrize("use", [lambda c: c.execute("SELECT 1"), lambda c: c.cursor(), lambda c: c.commit()])
def test_a_closed_connection_says_so(module, con, use):
    con.close()
    con.close()
    with pytest.raises(module.ProgrammingError, match="closed database"):
        use(con)


def test_a_closed_cursor_says_so(module, con):
    cursor = con.cursor()
    cursor.close()
    with pytest.raises(module.ProgrammingError, match="closed cursor"):
        cursor.execute("SELECT 1")


def test_changes_are_counted_over_the_life_of_the_connection(users):
    before = users.total_changes
    users.execute("UPDATE users SET age = 0")
    assert users.total_changes == before + 3


def test_the_module_names_what_pep_249_asks_for(module, con):
    assert (module.apilevel, module.paramstyle) == ("2.0", "qmark")
    for name in ("Warning", "Error", "InterfaceError", "DatabaseError", "DataError", "OperationalError", "IntegrityError",
                 "InternalError", "ProgrammingError", "NotSupportedError"):
        assert getattr(con, name) is getattr(module, name)
