"""Which part of a remote a new replica asks for first.

The library accepts these options and downloads everything all the same: results are right, the transfer is larger, and
SyncStats.partial_bootstrap_ignored says so.
"""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PartialSyncPrefixBootstrap:
    length: int  # bytes from the beginning of the database


@dataclass(frozen=True)
class PartialSyncQueryBootstrap:
    query: str  # the pages that this SELECT reads


@dataclass(frozen=True)
class PartialSyncOpts:
    bootstrap_strategy: PartialSyncPrefixBootstrap | PartialSyncQueryBootstrap | None = None
    segment_size: int | None = None  # bytes
    prefetch: bool = False

    @property
    def prefix(self) -> int:
        return self.bootstrap_strategy.length if isinstance(self.bootstrap_strategy, PartialSyncPrefixBootstrap) else 0

    @property
    def query(self) -> str | None:
        return self.bootstrap_strategy.query if isinstance(self.bootstrap_strategy, PartialSyncQueryBootstrap) else None
