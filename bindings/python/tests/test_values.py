"""Values in and out, exactly."""
from __future__ import annotations

import math

import pytest
import turso_sync


@pytest.mark.parametrize(
    "value",
    [None, 0, -(2**63), 2**63 - 1, 2**53 + 1, True, 0.1, -0.0, 5e-324, math.inf, -math.inf, "", "é \U0001F600", "a\0b",
     b"", b"\0\xff", b"x" * 1_000_000],
    ids=lambda value: repr(value)[:20],
)  # fmt: skip
def test_a_value_comes_back_as_it_went_in(db, value):
    got = db.execute("SELECT ?", (value,)).fetchone()[0]
    assert got == value and isinstance(value, type(got))
    if isinstance(value, float):
        assert math.copysign(1, got) == math.copysign(1, value)


def test_any_buffer_is_a_blob(db):
    for value in (bytearray(b"ab"), memoryview(b"xaby")[1:3]):
        assert db.execute("SELECT ?, typeof(?1)", (value,)).fetchone() == (b"ab", "blob")


def test_nan_is_null_as_in_sqlite(db):
    assert db.execute("SELECT ?", (math.nan,)).fetchone() == (None,)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1])
def test_an_int_beyond_64_bits_is_refused_not_rounded(db, value):
    with pytest.raises(OverflowError):
        db.execute("SELECT ?", (value,))


@pytest.mark.parametrize("value", [object(), 1j, [1]])
def test_a_type_that_sqlite_does_not_know_is_refused_by_name(db, value):
    with pytest.raises(turso_sync.ProgrammingError, match=f"parameter 2: type '{type(value).__name__}' is not supported"):
        db.execute("SELECT ?, ?", (1, value))


def test_a_lone_surrogate_is_refused(db):
    with pytest.raises(UnicodeEncodeError):
        db.execute("SELECT ?", ("\ud800",))


def test_a_null_character_in_sql_is_refused(db):
    with pytest.raises(turso_sync.ProgrammingError, match="null character"):
        db.execute("SELECT 'a\0b'")


def test_text_that_is_not_utf8_is_an_error_that_names_the_column(db):
    with pytest.raises(turso_sync.OperationalError, match="Could not decode to UTF-8 column 'q'"):
        db.execute("SELECT CAST(x'ff' AS TEXT) AS q").fetchone()


def test_columns_may_have_the_same_name(db):
    assert db.execute("SELECT 1 AS a, 2 AS a").fetchone() == (1, 2)


def test_a_statement_is_prepared_once_and_forgets_its_parameters(db):
    assert db.execute("SELECT ?1, ?2", (1, 2)).fetchall() == [(1, 2)]
    assert db.execute("SELECT ?1, ?2", (3, None)).fetchall() == [(3, None)]
