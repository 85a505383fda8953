"""SyncStats: what Connection.stats() tells."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SyncStats:
    """cdc_operations counts the captured operations that are not pushed yet, commits included: 0 after a full push."""

    cdc_operations: int
    main_wal_size: int  # bytes
    revert_wal_size: int  # always 0: this engine has no revert WAL
    last_pull_unix_time: int | None  # seconds
    last_push_unix_time: int | None
    network_sent_bytes: int  # since the replica was opened
    network_received_bytes: int
    revision: str | None  # of the remote, as of the last pull
    pending_changes: int  # captured row changes that still need sending
    pending_transactions: int  # the transactions that they belong to
    oldest_pending_unix_time_ms: int | None
    parked: int  # transactions that could not be replayed and wait
    quarantined: int  # transactions that were put aside
    conflicts: int  # recorded verdicts
    replica_forked: bool  # this file was copied or rolled back; it goes on under a new identity
    remote_went_back: bool  # the remote was restored from a backup; pulls are refused
    partial_bootstrap_ignored: bool  # partial sync was asked for; everything was downloaded
    last_compare: str  # how the last pull found the pages to write: "none", "tracked" or "full"
    main_bytes: int  # the database file
    wal_bytes: int  # its write-ahead log
    base_bytes: int  # the copy of the remote state
    changes_bytes: int  # a download that waits to be applied
