"""The metrics endpoint over real sockets: what it answers, and what it does not let others do to it."""

import http.client
import os
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from time import monotonic

import pytest

from resolver.core.counters import SLOTS
from resolver.ops.metrics_server import CONNECTIONS, REQUEST_OCTETS, MetricsAddressError, MetricsServer
from resolver.ops.metrics_state import MetricsState, PolicySummary, ReloadState
from resolver.proof.journal import Head
from resolver.proof.writer import WriterState

PATIENCE = 60.0
"""Seconds that anything may take on a loaded machine."""
STATE = MetricsState(
    pages=(memoryview(bytearray(SLOTS * 8)).cast("Q"),),
    policy=PolicySummary("abc123", ()),
    slots={},
    upstreams=(),
    reload=ReloadState(succeeded=True, last_success=1.0, successes=1, failures=0),
    workers=1,
    workers_in_force=1,
    worker_restarts=0,
    started=1.0,
    order_clock=1.0,
    rehearsal=False,
    log_lines_dropped=0,
    journal=WriterState(Head(3, "ab"), 0),
)


class Shown:
    """What the server is told next; tests change it."""

    def __init__(self) -> None:
        self.state = STATE

    def __call__(self) -> MetricsState:
        """Read the state as the server does."""
        return self.state


@pytest.fixture
def shown() -> Shown:
    return Shown()


@pytest.fixture
def server(shown: Shown) -> Iterator[MetricsServer]:
    started = MetricsServer(("127.0.0.1", 0), shown, first_octet=60, seconds=60)
    started.start()
    yield started
    started.stop()


def ask(server: MetricsServer, method: str, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    """Send one request and read its whole answer."""
    connection = http.client.HTTPConnection(*server.address, timeout=PATIENCE)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


def connected(server: MetricsServer) -> socket.socket:
    return socket.create_connection(server.address, timeout=PATIENCE)


def exchange(server: MetricsServer, sent: bytes) -> bytes:
    """Send raw octets and read until the server closes or resets."""
    answer = b""
    with connected(server) as connection, suppress(ConnectionResetError):
        connection.sendall(sent)
        while chunk := connection.recv(65_536):
            answer += chunk
    return answer


def test_metrics_are_served_as_text(server: MetricsServer) -> None:
    response, body = ask(server, "GET", "/metrics")

    assert response.status == 200
    assert str(response.headers["content-type"]).startswith("text/plain; version=")
    assert b'arret_policy_info{digest="abc123"} 1.0' in body


def test_openmetrics_is_served_to_who_asks_for_it(server: MetricsServer) -> None:
    response, body = ask(server, "GET", "/metrics", Accept="application/openmetrics-text; version=1.0.0")

    assert str(response.headers["content-type"]).startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")


def test_head_has_the_length_and_no_body(server: MetricsServer) -> None:
    whole, body = ask(server, "GET", "/health")
    response, nothing = ask(server, "HEAD", "/health")

    assert (whole.status, body) == (200, b"ok\n")
    assert (response.headers["content-length"], nothing) == ("3", b"")


def test_ready_changes_with_the_workers(server: MetricsServer, shown: Shown) -> None:
    ready, _ = ask(server, "GET", "/ready")
    shown.state = replace(STATE, workers=2)
    waiting, body = ask(server, "GET", "/ready")

    assert ready.status == 200
    assert waiting.status == 503
    assert body == b"not ready: 1 of 2 workers have the policy in force\n"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/metrics", 405), ("DELETE", "/", 405), ("GET", "/", 404), ("GET", "/metrics/x", 404)],
)
def test_anything_else_is_refused(server: MetricsServer, method: str, path: str, status: int) -> None:
    response, _ = ask(server, method, path)

    assert response.status == status
    assert (response.headers["allow"] is not None) == (status == 405)


def test_a_query_string_is_ignored(server: MetricsServer) -> None:
    assert ask(server, "GET", "/health?x=1")[0].status == 200


@pytest.mark.parametrize(
    ("sent", "first_line"),
    [
        (b"nonsense\r\n\r\n", b"HTTP/1.1 400 "),
        (b"GET /metrics HTTP/2\r\n\r\n", b"HTTP/1.1 400 "),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n", b"HTTP/1.1 400 "),
        (b"GET /" + b"a" * REQUEST_OCTETS + b" HTTP/1.1\r\n\r\n", b"HTTP/1.1 431 "),
        (b"GET /health HTTP/1.1\r\n" + b"x: y\r\n" * 4_000 + b"\r\n", b"HTTP/1.1 431 "),
    ],
    ids=["words", "version", "tls", "long line", "many headers"],
)
def test_bad_requests(server: MetricsServer, sent: bytes, first_line: bytes) -> None:
    answer = exchange(server, sent)

    assert answer.startswith(first_line)
    assert ask(server, "GET", "/health")[0].status == 200


def test_who_sends_nothing_is_cut_off(shown: Shown) -> None:
    server = MetricsServer(("127.0.0.1", 0), shown, seconds=0.2, first_octet=3_600)
    server.start()
    begun = monotonic()
    with connected(server) as silent:
        silent.sendall(b"GET /metr")
        try:
            rest = silent.recv(100)
        except ConnectionResetError:
            rest = b""
        assert rest == b""
        assert monotonic() - begun > 0.1
    server.stop()


def test_who_says_nothing_at_all_is_cut_off_sooner(shown: Shown) -> None:
    server = MetricsServer(("127.0.0.1", 0), shown, first_octet=0.2, seconds=3_600)
    server.start()
    begun = monotonic()
    with connected(server) as silent:
        assert silent.recv(100) == b""
        assert monotonic() - begun > 0.1
    server.stop()


def test_a_scrape_finds_a_place_among_idle_connections(shown: Shown) -> None:
    server = MetricsServer(("127.0.0.1", 0), shown, first_octet=60, seconds=60)
    server.start()
    with ExitStack() as held:
        idle = [held.enter_context(connected(server)) for _ in range(CONNECTIONS)]
        assert ask(server, "GET", "/metrics")[0].status == 200
        assert idle[0].recv(1) == b"", "the oldest gave way"
        idle[1].sendall(b"GET /health HTTP/1.1\r\n\r\n")
        assert idle[1].recv(12) == b"HTTP/1.1 200"
    server.stop()


def test_who_has_asked_gives_way_after_who_has_not(shown: Shown) -> None:
    server = MetricsServer(("127.0.0.1", 0), shown, first_octet=60, seconds=60)
    server.start()
    with ExitStack() as held:
        asked = held.enter_context(connected(server))
        asked.sendall(b"GET /health HTTP/1.1\r\n\r\n")
        assert asked.recv(12) == b"HTTP/1.1 200"  # and it stays open until we close it
        idle = [held.enter_context(connected(server)) for _ in range(CONNECTIONS)]
        assert idle[0].recv(1) == b"", "one too many, so one gave way: not the oldest, who had asked"
    server.stop()


def test_who_does_not_read_gives_way_in_the_end(shown: Shown) -> None:
    server = MetricsServer(("127.0.0.1", 0), shown, first_octet=60, seconds=60)
    server.start()
    with ExitStack() as held:
        for _ in range(CONNECTIONS):
            asked = held.enter_context(connected(server))
            asked.sendall(b"GET /health HTTP/1.1\r\n\r\n")
            assert asked.recv(12) == b"HTTP/1.1 200"  # and it stays open until we close it
        assert ask(server, "GET", "/metrics")[0].status == 200
    server.stop()


def test_a_slow_reader_does_not_hold_up_the_others(server: MetricsServer, shown: Shown) -> None:
    shown.state = replace(STATE, slots={f"order-{number}/redirect": 0 for number in range(20_000)})
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        slow.connect(server.address)
        slow.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        assert slow.recv(1) == b"H"
        assert ask(server, "GET", "/health")[0].status == 200


def test_stop_frees_the_port_and_ends_open_connections(shown: Shown) -> None:
    server = MetricsServer(("127.0.0.1", 0), shown, first_octet=60, seconds=60)
    server.start()
    address = server.address
    with socket.create_connection(address, timeout=PATIENCE) as waiting:
        waiting.sendall(b"GET /")
        assert ask(server, "GET", "/health")[0].status == 200  # so the one before it has been accepted
        server.stop()
        assert waiting.recv(1) == b""
    again = MetricsServer(address, shown)
    again.start()
    assert ask(again, "GET", "/health")[0].status == 200
    again.stop()


def test_a_taken_port_is_one_line_that_says_what_to_do(server: MetricsServer, shown: Shown) -> None:
    host, port = server.address
    second = MetricsServer((host, port), shown)

    with pytest.raises(MetricsAddressError) as refused:
        second.start()

    assert re.fullmatch(
        rf"metrics\.listen 127\.0\.0\.1:{port}: taken by .+ \(process {os.getpid()}\); stop it or choose another port",
        str(refused.value),
    )


def test_an_address_of_somebody_else_is_refused(shown: Shown) -> None:
    with pytest.raises(MetricsAddressError, match="this machine has no such address"):
        MetricsServer(("192.0.2.1", 0), shown).start()


def test_stopping_what_never_started_does_nothing(shown: Shown) -> None:
    MetricsServer(("127.0.0.1", 0), shown).stop()
