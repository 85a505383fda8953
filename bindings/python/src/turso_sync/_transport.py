"""HTTP for the library, by the standard library.

The library opens no socket: it asks its host to perform requests. A transport is any callable that takes a
Request and gives a Response; `connect(transport=...)` replaces the one below. What a transport raises ends the
operation with a SyncError of kind "network" (or "timeout" for TimeoutError), chained to what was raised.
A transport that has a method `cancel` is told by it that nobody waits for its answer any more, and one that has
a method `close` that it is not needed any more.
"""
from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

CHUNK_BYTES = 64 * 1024  # how much of a body goes to the library at a time


@dataclass(frozen=True)
class Request:
    url: str  # of the remote, without the path
    method: str
    path: str  # begins with "/"
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass
class Response:
    status: int
    chunks: Iterable[bytes]  # read lazily; a body of any length arrives piece by piece
    headers: Iterable[tuple[str, str]] = ()  # only retry-after is looked at


Transport = Callable[[Request], Response]
Token = str | Callable[[], str]


def with_token(transport: Transport, token: Token | None) -> Transport:
    """Adds `Authorization: Bearer`; a callable is asked at every request."""
    if token is None:
        return transport

    def perform(request: Request) -> Response:
        text = token() if callable(token) else token
        return transport(replace(request, headers=(*request.headers, ("Authorization", f"Bearer {text}"))))

    return perform


class HttpTransport:
    """Keeps one connection per remote open between requests. May be used by several threads at the same time."""

    def __init__(self, timeout: float = 60.0, ssl_context: ssl.SSLContext | None = None) -> None:
        self._timeout = timeout
        self._ssl_context = ssl_context
        self._lock = threading.Lock()
        self._idle: dict[tuple[str, str], http.client.HTTPConnection] = {}
        self._active: set[http.client.HTTPConnection] = set()

    def __call__(self, request: Request) -> Response:
        parts = urlsplit(request.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"remote url {request.url!r} is not an http or https url")
        remote = (parts.scheme, parts.netloc.rpartition("@")[2])
        target = parts.path.rstrip("/") + request.path
        reused = True
        while True:
            with self._lock:
                connection = self._idle.pop(remote, None)
            if connection is None:
                reused = False
                connection = self._connect(remote)
            with self._lock:
                self._active.add(connection)
            try:
                connection.request(request.method, target, body=request.body, headers=dict(request.headers))
                answer = connection.getresponse()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                cancelled = not self._forget(connection)
                if cancelled or not reused:
                    raise
                continue  # the server closed a connection that was idle, before it saw this request
            except BaseException:
                self._forget(connection)
                raise
            return Response(answer.status, self._chunks(remote, connection, answer), answer.getheaders())

    def cancel(self) -> None:
        """Ends the requests that wait, from any thread."""
        with self._lock:
            waiting, self._active = self._active, set()
            for connection in waiting:
                if connection.sock is not None:
                    try:
                        connection.sock.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass  # it has just ended by itself

    def close(self) -> None:
        self.cancel()
        with self._lock:
            idle, self._idle = list(self._idle.values()), {}
        for connection in idle:
            connection.close()

    def _connect(self, remote: tuple[str, str]) -> http.client.HTTPConnection:
        if remote[0] == "https":
            context = self._ssl_context or ssl.create_default_context()
            return http.client.HTTPSConnection(remote[1], timeout=self._timeout, context=context)
        return http.client.HTTPConnection(remote[1], timeout=self._timeout)

    def _chunks(
        self, remote: tuple[str, str], connection: http.client.HTTPConnection, answer: http.client.HTTPResponse
    ) -> Iterator[bytes]:
        complete = False
        try:
            while chunk := answer.read1(CHUNK_BYTES):
                yield chunk
            if answer.length:  # read1 gives nothing also where a body of announced length ends early
                raise http.client.IncompleteRead(b"", answer.length)
            answer.close()  # read1 leaves a response of announced length open, and then the connection takes no request
            complete = True
        finally:
            if complete and not answer.will_close:
                self._keep(remote, connection)
            else:
                self._forget(connection)

    def _keep(self, remote: tuple[str, str], connection: http.client.HTTPConnection) -> None:
        with self._lock:
            self._active.discard(connection)
            other = self._idle.setdefault(remote, connection)
        if other is not connection:
            connection.close()

    def _forget(self, connection: http.client.HTTPConnection) -> bool:
        """False when the connection's request was cancelled."""
        with self._lock:
            was_active = connection in self._active
            self._active.discard(connection)
        connection.close()
        return was_active
