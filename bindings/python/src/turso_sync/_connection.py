"""Connection: the DB-API over the library, and push, pull, checkpoint and stats beside it.

Transactions are those of sqlite3's isolation_level: before an INSERT, UPDATE, DELETE or REPLACE a transaction
is begun unless one is open or isolation_level is None, and commit() or rollback() ends it.

Nothing about sync is decided here: a sync method converts its arguments and calls the library.
"""
from __future__ import annotations

import re
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Literal

from . import _errors, _native
from ._cursor import Cursor, Parameters, _encode
from ._errors import ProgrammingError
from ._stats import SyncStats
from ._transport import HttpTransport, Transport

_LEVELS = ("", "DEFERRED", "IMMEDIATE", "EXCLUSIVE")
# What sqlite3 begins a transaction for: by the first word, behind white space and comments.
_DML = re.compile(r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?(?:\*/|$))*(?:INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE | re.DOTALL)


class Connection:
    """Made by turso_sync.connect(). Its SQL belongs to one thread at a time; push, pull and stats may be called from any."""

    Warning = _errors.Warning
    Error = _errors.Error
    InterfaceError = _errors.InterfaceError
    DatabaseError = _errors.DatabaseError
    DataError = _errors.DataError
    OperationalError = _errors.OperationalError
    IntegrityError = _errors.IntegrityError
    InternalError = _errors.InternalError
    ProgrammingError = _errors.ProgrammingError
    NotSupportedError = _errors.NotSupportedError

    def __init__(
        self,
        replica: _native.Replica,
        transport: Transport,
        own_transport: HttpTransport | None,
        *,
        timeout: float,
        isolation_level: str | None,
        check_same_thread: bool,
        cached_statements: int,
    ) -> None:
        self.row_factory: Callable[[Cursor, tuple[Any, ...]], Any] | None = None
        self.text_factory: Callable[[bytes], Any] = str
        self.isolation_level = isolation_level
        self._replica = replica
        self._transport = transport
        self._own_transport = own_transport  # closed with the connection; another may be shared
        self._thread = threading.get_ident() if check_same_thread else None
        self._idle: OrderedDict[str, _native.Statement] = OrderedDict()  # prepared, least recently used first
        self._idle_max = cached_statements
        self._live: weakref.WeakSet[_native.Statement] = weakref.WeakSet()
        self._native: _native.Connection | None = replica.connect()
        self._native.set_busy_timeout_ms(int(timeout * 1000))

    # SQL

    def cursor(self, factory: Callable[[Connection], Cursor] = Cursor) -> Cursor:
        self._check()
        return factory(self)

    def execute(self, sql: str, parameters: Parameters = (), /) -> Cursor:
        return self.cursor().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Parameters], /) -> Cursor:
        return self.cursor().executemany(sql, parameters)

    def executescript(self, script: str, /) -> Cursor:
        return self.cursor().executescript(script)

    # Transactions

    @property
    def isolation_level(self) -> str | None:
        return self._isolation_level

    @isolation_level.setter
    def isolation_level(self, level: str | None) -> None:
        if level is not None and level.upper() not in _LEVELS:
            raise ValueError(f"isolation_level string must be '', 'DEFERRED', 'IMMEDIATE', or 'EXCLUSIVE', not {level!r}")
        self._isolation_level = level

    @property
    def in_transaction(self) -> bool:
        return not self._native_connection().autocommit

    @property
    def total_changes(self) -> int:
        return int(self._scalar("SELECT total_changes()"))

    def commit(self) -> None:
        if self.in_transaction:
            self._run("COMMIT")

    def rollback(self) -> None:
        if self.in_transaction:
            self._run("ROLLBACK")

    def __enter__(self) -> Connection:
        self._check()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        """Commits, or rolls back when the block raised; leaves the connection open, as sqlite3 does."""
        if error is not None:
            self.rollback()
            return False
        try:
            self.commit()
        except BaseException:
            self.rollback()
            raise
        return False

    def interrupt(self) -> None:
        """Ends the statement that runs, from any thread; it raises OperationalError."""
        if self._native is not None:
            self._native.interrupt()

    # Sync

    def push(self) -> None:
        """Sends every change that was not sent yet."""
        self._open_replica().push()

    def pull(self) -> bool:
        """Brings what the remote has and puts unsent changes on top; True when something new came."""
        return self._open_replica().pull()

    def sync(self) -> bool:
        """Pushes and pulls until neither has anything left to do; False when the others never come to rest."""
        return self._open_replica().sync()

    def checkpoint(self) -> None:
        """Moves the write-ahead log into the database file."""
        self._open_replica().checkpoint()

    def stats(self) -> SyncStats:
        """What is pending, how large the files are, what went over the network."""
        return SyncStats(**self._open_replica().stats())

    def cancel(self) -> None:
        """Ends the push, pull or sync that runs, from any thread; it raises SyncError of kind "cancelled"."""
        self._replica.cancel()
        if (cancel := getattr(self._transport, "cancel", None)) is not None:
            cancel()

    # The end

    def close(self) -> None:
        """Rolls back what is open and releases everything. May be called again."""
        native, self._native = self._native, None
        if native is None:
            return
        self._idle.clear()
        try:
            for statement in list(self._live):
                statement.finalize()
            native.close()
        finally:
            self._replica.close()
            if self._own_transport is not None:
                self._own_transport.close()

    def __del__(self) -> None:
        if getattr(self, "_native", None) is not None:
            self.close()

    # The inside

    def _check(self) -> None:
        self._native_connection()

    def _native_connection(self) -> _native.Connection:
        if self._native is None:
            raise ProgrammingError("Cannot operate on a closed database.")
        if self._thread is not None and self._thread != threading.get_ident():
            raise ProgrammingError(
                "SQLite objects created in a thread can only be used in that same thread. The object was created in "
                f"thread id {self._thread} and this is thread id {threading.get_ident()}."
            )
        return self._native

    def _open_replica(self) -> _native.Replica:
        if self._native is None:
            raise ProgrammingError("Cannot operate on a closed database.")
        return self._replica

    def _take_statement(self, sql: str) -> _native.Statement | None:
        native = self._native_connection()
        if not isinstance(sql, str):
            raise TypeError(f"execute() argument 1 must be str, not {type(sql).__name__}")
        idle = self._idle.pop(sql, None)
        if idle is not None:
            return idle
        text = _encode(sql)
        statement, tail = native.prepare_first(text, 0)
        if statement is None:
            return None
        if tail < len(text):
            try:
                second, _ = native.prepare_first(text, tail)
            except _errors.Error:
                second = statement  # not empty, so a second statement all the same
            if second is not None:
                raise ProgrammingError("You can only execute one statement at a time.")
        statement.sql, statement.is_dml = sql, _DML.match(sql) is not None
        self._live.add(statement)
        return statement

    def _give_back(self, statement: _native.Statement) -> None:
        if self._native is None or self._idle_max <= 0 or statement.sql in self._idle:
            statement.finalize()
            return
        try:
            statement.reset()
        except _errors.Error:  # repeats the failure of the step, which was raised already
            statement.finalize()
            return
        self._idle[statement.sql] = statement
        if len(self._idle) > self._idle_max:
            self._idle.popitem(last=False)[1].finalize()

    def _begin_before(self, statement: _native.Statement) -> None:
        level = self._isolation_level
        if level is not None and statement.is_dml and self._native_connection().autocommit:
            self._run(f"BEGIN {level}")

    def _run(self, sql: str) -> None:
        self.execute(sql)

    def _scalar(self, sql: str) -> Any:
        row = Cursor(self).execute(sql)
        row.row_factory = None
        return row.fetchone()[0]
