"""Fixtures: a database in a folder of its own, and a sync server on a port of its own."""
from __future__ import annotations

import os
import pathlib
import subprocess
from collections.abc import Callable, Iterator

import pytest
import turso_sync


class Server:
    """A `turso-sync serve` child on loopback; its URL is known once it listens."""

    def __init__(self, program: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [program, "serve", "--listen", "127.0.0.1:0", *arguments], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert "http://" in line, f"the server said {line!r} instead of its address"
        self.url = line[line.index("http://") :].split()[0]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def serve(tmp_path: pathlib.Path) -> Iterator[Callable[..., Server]]:
    """serve(*options): starts a server on a new database; ended with the test."""
    program = os.environ.get("TURSO_SYNC_PROGRAM")
    if not program:
        pytest.fail("TURSO_SYNC_PROGRAM names no turso-sync program; run the tests by tests/python/run")
    servers: list[Server] = []

    def start(*options: str) -> Server:
        servers.append(Server(program, str(tmp_path / f"server{len(servers)}.db"), *options))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    return serve()


@pytest.fixture
def replica(tmp_path: pathlib.Path, server: Server) -> Iterator[Callable[..., turso_sync.Connection]]:
    """replica(name): opens that replica of the server; closed with the test."""
    opened: list[turso_sync.Connection] = []

    def open_replica(name: str, **keywords: object) -> turso_sync.Connection:
        opened.append(turso_sync.connect(tmp_path / f"{name}.db", server.url, **keywords))
        return opened[-1]

    yield open_replica
    for connection in opened:
        connection.close()


@pytest.fixture
def db(tmp_path: pathlib.Path) -> Iterator[turso_sync.Connection]:
    connection = turso_sync.connect(tmp_path / "local.db")
    yield connection
    connection.close()
