"""The exceptions of PEP 249, and how a failure of the library becomes one of them.

Every class derives from its namesake in the standard library's sqlite3 as well, so that code written for
sqlite3 catches ours. What the library says of a failure travels with it:

    kind            what to decide on: "busy", "constraint", "network", "auth", "conflict", ...
    code            the status code of the C ABI (4 is BUSY, 129 is CONSTRAINT, 127 is any other failure)
    extended_code   SQLite's extended result code, 0 where SQLite was not involved
    message         one sentence
    retryable       whether the same call may succeed later without anybody changing anything
    condition       a name for programs: "replica_forked", "remote_went_back", ...
    http_status, table, key, constraint, change_id    of what it is about

0 or "" where something does not apply.
"""
from __future__ import annotations

import sqlite3


class _Details:
    kind: str = "error"
    code: int = 127
    extended_code: int = 0
    message: str = ""
    retryable: bool = False
    condition: str = ""
    http_status: int = 0
    table: str = ""
    key: str = ""
    constraint: str = ""
    change_id: int = 0
    sqlite_errorcode: int = 0  # the names that sqlite3 gives extended_code and its name
    sqlite_errorname: str = ""


class Warning(sqlite3.Warning):  # noqa: A001  the name that PEP 249 asks for
    pass


class Error(_Details, sqlite3.Error):
    pass


class InterfaceError(Error, sqlite3.InterfaceError):
    pass


class DatabaseError(Error, sqlite3.DatabaseError):
    pass


class DataError(DatabaseError, sqlite3.DataError):
    pass


class OperationalError(DatabaseError, sqlite3.OperationalError):
    pass


class IntegrityError(DatabaseError, sqlite3.IntegrityError):
    pass


class InternalError(DatabaseError, sqlite3.InternalError):
    pass


class ProgrammingError(DatabaseError, sqlite3.ProgrammingError):
    pass


class NotSupportedError(DatabaseError, sqlite3.NotSupportedError):
    pass


class SyncError(OperationalError):
    """A push, pull, checkpoint or opening of a replica that did not work; `kind` says what it was."""


# SQLite's primary result codes: their names, and the classes that the standard library gives them.
_OF_PRIMARY_CODE: dict[int, tuple[str, type[Error]]] = {
    1: ("ERROR", OperationalError),
    2: ("INTERNAL", InternalError),
    3: ("PERM", OperationalError),
    4: ("ABORT", OperationalError),
    5: ("BUSY", OperationalError),
    6: ("LOCKED", OperationalError),
    7: ("NOMEM", OperationalError),
    8: ("READONLY", OperationalError),
    9: ("INTERRUPT", OperationalError),
    10: ("IOERR", OperationalError),
    11: ("CORRUPT", DatabaseError),
    12: ("NOTFOUND", InternalError),
    13: ("FULL", OperationalError),
    14: ("CANTOPEN", OperationalError),
    15: ("PROTOCOL", OperationalError),
    16: ("EMPTY", OperationalError),
    17: ("SCHEMA", OperationalError),
    18: ("TOOBIG", DataError),
    19: ("CONSTRAINT", IntegrityError),
    20: ("MISMATCH", IntegrityError),
    21: ("MISUSE", InterfaceError),
    22: ("NOLFS", DatabaseError),
    23: ("AUTH", DatabaseError),
    25: ("RANGE", InterfaceError),
    26: ("NOTADB", DatabaseError),
}

# For failures that SQLite was not asked about.
_CLASS_OF_KIND: dict[str, type[Error]] = {
    "misuse": ProgrammingError,
    "constraint": IntegrityError,
    "corrupt": DatabaseError,
    "not_a_database": DatabaseError,
}


def _sqlite_name(code: int) -> str:
    """SQLITE_CONSTRAINT_UNIQUE for 2067; the name of the primary code where this Python does not know the extended one."""
    for name, value in vars(sqlite3).items() if code > 0xFF else ():
        if value == code and name.startswith("SQLITE_"):
            return name
    primary = _OF_PRIMARY_CODE.get(code & 0xFF)
    return f"SQLITE_{primary[0]}" if primary else ""


def make(during_sync: bool, details: dict[str, object]) -> Error:
    """What the native module raises: `details` are the fields of the library's error."""
    extended = int(details["extended_code"])  # type: ignore[call-overload]
    if during_sync:
        cls: type[Error] = SyncError
    elif extended != 0:
        cls = _OF_PRIMARY_CODE.get(extended & 0xFF, ("", DatabaseError))[1]
    else:
        cls = _CLASS_OF_KIND.get(str(details["kind"]), OperationalError)
    error = cls(details["message"])
    for name, value in details.items():
        setattr(error, name, value)
    error.sqlite_errorcode, error.sqlite_errorname = extended, _sqlite_name(extended)
    return error
