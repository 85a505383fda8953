"""A SQLite database for every app that remembers each change and syncs it.

    import turso_sync

    db = turso_sync.connect("notes.db", "http://127.0.0.1:8080")
    db.execute("CREATE TABLE IF NOT EXISTS notes(id INTEGER PRIMARY KEY, body TEXT)")
    with db:
        db.execute("INSERT INTO notes(body) VALUES (?)", ("written offline",))
    db.push()
    db.pull()

It is a DB-API 2.0 module with the habits of the standard library's sqlite3.
"""
from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date as Date
from datetime import datetime as Timestamp
from datetime import time as Time
from importlib.metadata import version as _version
from sqlite3 import Binary, DateFromTicks, TimeFromTicks, TimestampFromTicks

from . import _native
from ._connection import Connection
from ._cursor import Cursor
from ._errors import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    SyncError,
    Warning,
)
from ._partial import PartialSyncOpts, PartialSyncPrefixBootstrap, PartialSyncQueryBootstrap
from ._row import Row
from ._stats import SyncStats
from ._transport import HttpTransport, Request, Response, Token, Transport, with_token

apilevel = "2.0"
threadsafety = 1
paramstyle = "qmark"
__version__ = _version("turso-sync")
sqlite_version: str = _native.sqlite_version
sqlite_version_info = tuple(int(part) for part in sqlite_version.split("."))

_REQUEST_TIMEOUT_S = 60.0  # for an answer to begin, and between its pieces; a long poll waits so much longer


def connect(
    path: str | os.PathLike[str],
    remote_url: str | None = None,
    auth_token: Token | None = None,
    *,
    client_name: str = "turso-sync-py",
    long_poll_timeout_ms: int | None = None,
    bootstrap_if_empty: bool = True,
    reserved_bytes: int | None = None,
    push_operations_threshold: int | None = None,
    pull_bytes_threshold: int | None = None,
    remote_encryption_key: str | None = None,
    remote_encryption_cipher: str | None = None,
    partial_sync_experimental: PartialSyncOpts | None = None,
    logical_mvcc_pull: bool = False,
    options: Mapping[str, str] | None = None,
    transport: Transport | None = None,
    timeout: float = 5.0,
    isolation_level: str | None = "",
    check_same_thread: bool = True,
    cached_statements: int = 128,
) -> Connection:
    """Opens `path`; with a remote_url as its replica, which a new or empty file becomes by downloading the remote.

    Without a remote_url it is whatever it is: a replica remembers its remote and works offline, any other file is
    plain SQLite, whose push and pull raise. auth_token is a text, or a callable that is asked at every request.
    timeout is for locks, in seconds. options are the library's named options. transport replaces HTTP.
    """
    partial = partial_sync_experimental or PartialSyncOpts()
    own_transport = None
    if transport is None:
        transport = own_transport = HttpTransport(_REQUEST_TIMEOUT_S + (long_poll_timeout_ms or 0) / 1000)
    replica = _native.Replica(
        path=os.fspath(path),
        remote_url=remote_url,
        client_name=client_name,
        long_poll_timeout_ms=long_poll_timeout_ms or 0,
        bootstrap_if_empty=bootstrap_if_empty,
        reserved_bytes=reserved_bytes or 0,
        push_operations_threshold=push_operations_threshold or 0,
        pull_bytes_threshold=pull_bytes_threshold or 0,
        remote_encryption_key=remote_encryption_key,
        remote_encryption_cipher=remote_encryption_cipher,
        partial_prefix=partial.prefix,
        partial_query=partial.query,
        partial_segment_size=partial.segment_size or 0,
        partial_prefetch=partial.prefetch,
        logical_mvcc_pull=logical_mvcc_pull,
        options=dict(options or {}),
        transport=with_token(transport, auth_token),
    )
    return Connection(
        replica,
        transport,
        own_transport,
        timeout=timeout,
        isolation_level=isolation_level,
        check_same_thread=check_same_thread,
        cached_statements=cached_statements,
    )


__all__ = [
    "Binary",
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "Error",
    "HttpTransport",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "PartialSyncOpts",
    "PartialSyncPrefixBootstrap",
    "PartialSyncQueryBootstrap",
    "ProgrammingError",
    "Request",
    "Response",
    "Row",
    "SyncError",
    "SyncStats",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "Transport",
    "Warning",
    "apilevel",
    "connect",
    "paramstyle",
    "sqlite_version",
    "sqlite_version_info",
    "threadsafety",
]
