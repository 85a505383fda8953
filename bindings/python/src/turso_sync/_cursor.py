"""Cursor: the statement that runs and the rows that come out of it, as PEP 249 and sqlite3 have them."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import _native
from ._errors import ProgrammingError

if TYPE_CHECKING:
    from ._connection import Connection

Parameters = Sequence[Any] | Mapping[str, Any]


class Cursor:
    """Made by Connection.cursor(). Belongs to one thread at a time, as its connection does."""

    arraysize: int = 1

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._statement: _native.Statement | None = None
        self._on_row = False  # the statement stands on a row that was not fetched yet
        self._closed = False
        self.row_factory: Callable[[Cursor, tuple[Any, ...]], Any] | None = connection.row_factory
        self.description: tuple[tuple[str, None, None, None, None, None, None], ...] | None = None
        self.rowcount: int = -1
        self.lastrowid: int | None = None

    @property
    def connection(self) -> Connection:
        return self._connection

    # Running statements

    def execute(self, sql: str, parameters: Parameters = (), /) -> Cursor:
        self._check()
        self._release()
        self.description, self.rowcount = None, -1
        statement = self._connection._take_statement(sql)
        if statement is None:  # nothing but white space and comments
            return self
        self._statement = statement
        try:
            statement.bind(parameters)
            self._connection._begin_before(statement)
            self._describe(statement)
            self._on_row = statement.step()
        except BaseException:
            self.description = None
            self._release()
            raise
        if statement.is_dml:
            self.rowcount = statement.changes
        self.lastrowid = self._connection._native_connection().last_insert_rowid
        if not self._on_row:
            self._release()
        return self

    def executemany(self, sql: str, parameters: Iterable[Parameters], /) -> Cursor:
        """Runs one INSERT, UPDATE, DELETE or REPLACE once per item; rows of a RETURNING clause are dropped."""
        self._check()
        self._release()
        self.description, self.rowcount = None, -1
        statement = self._connection._take_statement(sql)
        if statement is None:
            return self
        self._statement = statement
        try:
            if not statement.is_dml:
                raise ProgrammingError("executemany() can only execute DML statements.")
            self._connection._begin_before(statement)
            total = 0
            for item in parameters:
                statement.bind(item)
                while statement.step():
                    pass
                total += statement.changes
                statement.reset()
            self.rowcount = total
        finally:
            self._release()
        return self

    def executescript(self, script: str, /) -> Cursor:
        """Commits an open transaction, then runs every statement of the script and drops its rows."""
        self._check()
        self._release()
        native = self._connection._native_connection()
        if not native.autocommit and self._connection.isolation_level is not None:
            self._connection.commit()
        text = _encode(script)
        offset = 0
        while offset < len(text):
            statement, offset = native.prepare_first(text, offset)
            if statement is None:
                break
            try:
                while statement.step():
                    pass
            finally:
                statement.finalize()
        return self

    # Rows

    def fetchone(self) -> Any:
        self._check()
        if not self._on_row or self._statement is None:
            return None
        row = self._statement.row(self._connection.text_factory)
        try:
            self._on_row = False
            self._on_row = self._statement.step()
        finally:
            if not self._on_row:
                self._release()
        return row if self.row_factory is None else self.row_factory(self, row)

    def fetchmany(self, size: int | None = None) -> list[Any]:
        rows: list[Any] = []
        wanted = self.arraysize if size is None else size
        while len(rows) < wanted and (row := self.fetchone()) is not None:
            rows.append(row)
        return rows

    def fetchall(self) -> list[Any]:
        return list(self)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    def setinputsizes(self, sizes: object, /) -> None:
        """Does nothing; PEP 249 wants it."""

    def setoutputsize(self, size: int, column: int | None = None, /) -> None:
        """Does nothing; PEP 249 wants it."""

    def close(self) -> None:
        self._release()
        self._closed = True

    # The inside

    def _describe(self, statement: _native.Statement) -> None:
        names = statement.column_names
        self.description = tuple((name, None, None, None, None, None, None) for name in names) if names else None

    def _release(self) -> None:
        """Gives the statement back, whatever state it is in."""
        statement, self._statement, self._on_row = self._statement, None, False
        if statement is not None:
            self._connection._give_back(statement)

    def _check(self) -> None:
        if self._closed:
            raise ProgrammingError("Cannot operate on a closed cursor.")
        self._connection._check()


def _encode(sql: str) -> bytes:
    """The bytes that offsets of the library count in. Zero would end the text early, so it is refused."""
    text = sql.encode()
    if b"\0" in text:
        raise ProgrammingError("the query contains a null character")
    return text
