"""The hook behind which HTTP is performed, and the transport of the standard library."""
from __future__ import annotations

import http.client
import http.server
import threading

import pytest
import turso_sync
from turso_sync import Request, Response


def connect(tmp_path, transport, **keywords):
    return turso_sync.connect(tmp_path / "a.db", "http://replica.test/base", transport=transport, **keywords)


def test_a_transport_gets_the_request_in_full(tmp_path):
    seen: list[Request] = []

    def transport(request: Request) -> Response:
        seen.append(request)
        return Response(500, [b"out of ", b"order"])

    with pytest.raises(turso_sync.SyncError, match="out of order") as failure:
        connect(tmp_path, transport, auth_token="T")
    assert (failure.value.kind, failure.value.http_status) == ("server", 500)
    (request, *_) = seen
    assert (request.method, request.path, request.url) == ("POST", "/pull-updates", "http://replica.test/base")
    assert ("Authorization", "Bearer T") in request.headers
    assert isinstance(request.body, bytes)


def test_what_a_transport_raises_is_the_cause_of_the_error(tmp_path):
    class Unplugged(Exception):
        pass

    def transport(request: Request) -> Response:
        raise Unplugged("the cable is out")

    with pytest.raises(turso_sync.SyncError, match="the cable is out") as failure:
        connect(tmp_path, transport)
    assert failure.value.kind == "network"
    assert isinstance(failure.value.__cause__, Unplugged)


def test_a_body_that_breaks_off_is_an_error_and_the_next_try_works(server, tmp_path):
    seed = turso_sync.connect(tmp_path / "seed.db", server.url)
    seed.execute("CREATE TABLE t AS SELECT value AS v FROM json_each('[1,2,3]')")
    seed.commit()
    seed.push()
    seed.close()
    real, breaks = turso_sync.HttpTransport(), [True]

    def transport(request: Request) -> Response:
        response = real(request)

        def broken():
            for chunk in response.chunks:
                yield chunk[: len(chunk) // 2]
                raise ConnectionResetError("reset")

        return Response(response.status, broken() if breaks[0] else response.chunks)

    def again():
        return turso_sync.connect(tmp_path / "a.db", server.url, transport=transport)

    with pytest.raises(turso_sync.SyncError):
        again()
    breaks[0] = False
    db = again()
    assert db.execute("SELECT v FROM t").fetchall() == [(1,), (2,), (3,)]
    db.close()


def test_a_body_may_come_one_byte_at_a_time(server, tmp_path):
    real = turso_sync.HttpTransport()

    def transport(request: Request) -> Response:
        response = real(request)
        return Response(response.status, (bytes([byte]) for chunk in response.chunks for byte in chunk))

    db = turso_sync.connect(tmp_path / "a.db", server.url, transport=transport)
    db.execute("CREATE TABLE t(a)")
    db.commit()
    db.push()
    assert db.pull() in (True, False)
    db.close()


@pytest.fixture
def echo():
    """A server that counts connections and repeats what it got."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        connections = 0

        def setup(self):
            type(self).connections += 1
            super().setup()

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            answer = self.path.encode() + b" " + body
            self.send_response(200)
            self.send_header("content-length", str(len(answer) + (10 if body == b"short" else 0)))
            self.end_headers()
            self.wfile.write(answer)
            self.close_connection = body in (b"short", b"hang up")

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", Handler
    server.shutdown()
    server.server_close()
    thread.join()


def ask(transport, url: str, body: bytes) -> bytes:
    return b"".join(transport(Request(url, "POST", "/p", (), body)).chunks)


def test_connections_are_kept_and_paths_are_joined(echo):
    url, handler = echo
    transport = turso_sync.HttpTransport()
    assert [ask(transport, f"{url}/base/", b"a"), ask(transport, url, b"b")] == [b"/base/p a", b"/p b"]
    assert handler.connections == 1
    transport.close()


def test_a_connection_that_the_server_closed_is_replaced(echo):
    url, _ = echo
    transport = turso_sync.HttpTransport()
    assert [ask(transport, url, b"hang up"), ask(transport, url, b"b")] == [b"/p hang up", b"/p b"]
    transport.close()


def test_a_body_shorter_than_announced_is_an_error(echo):
    url, _ = echo
    transport = turso_sync.HttpTransport()
    with pytest.raises(http.client.IncompleteRead):
        ask(transport, url, b"short")
    transport.close()


@pytest.mark.parametrize("url", ["ftp://a", "nonsense", "http://"])
def test_a_url_that_is_not_http_is_refused(url):
    with pytest.raises(ValueError, match="not an http or https url"):
        turso_sync.HttpTransport()(Request(url, "POST", "/p", (), b""))
