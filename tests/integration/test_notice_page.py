"""The notice page beside the server: what HTTP clients get, on the wire, and what becomes of the page in a change."""

import json
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

import pytest

from resolver.cli.status import all_in_force
from tests.integration.running_server import CONFIG, PATIENCE, RunningServer, running

PAGED = CONFIG.replace("listen: null}", 'listen: "127.0.0.1:0"}')
NAME = "pirate.example"


def page_of(server: RunningServer) -> tuple[str, int]:
    """Wait until the page is served, and tell where."""
    status = server.wait_until(lambda status: status["notice"]["digest"] == status["digest"] is not None)
    host, _, port = status["notice"]["listen"][0].rpartition(":")
    return host, int(port)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("page")
    with running(folder, PAGED, **{"tj-1": NAME, "tj-2": "xn--bcher-kva.example"}) as started:
        page_of(started)
        yield started


class Response(NamedTuple):
    """What came back."""

    status: int
    reason: str
    headers: Message
    body: str


def ask(server: RunningServer, host: str, path: str = "/", method: str = "GET", **headers: str) -> Response:
    """Send one request; ``_`` in the name of a header stands for ``-``."""
    with closing(HTTPConnection(*page_of(server), timeout=PATIENCE)) as connection:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", host)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        response = connection.getresponse()
        return Response(response.status, response.reason, response.headers, response.read().decode())


def on_the_wire(server: RunningServer, octets: bytes) -> bytes:
    """Send octets, and read all that comes until the other side closes; if it never does, what came in a long time."""
    received = b""
    with socket.create_connection(page_of(server), PATIENCE) as connection:
        connection.sendall(octets)
        with suppress(TimeoutError, ConnectionResetError):
            while chunk := connection.recv(65_536):
                received += chunk
    return received


def test_a_blocked_name_gets_451_and_what_goes_with_it(server: RunningServer) -> None:
    response = ask(server, NAME)
    page = response.body
    assert (response.status, response.reason) == (451, "Unavailable For Legal Reasons")
    assert response.headers["Link"] == '<mailto:blocage@example.net>; rel="blocked-by"'
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in response.headers
    assert "aiohttp" not in str(response.headers)
    for said in ("Tribunal judiciaire de Paris", "RG 24/1", "10 janvier 2024", "31 décembre 2099", NAME, "Free"):
        assert said in page
    assert len(page.encode()) < 30_000


def test_nothing_of_a_request_comes_back(server: RunningServer) -> None:
    secret = "Zq7Secret"  # a word that no page has
    response = ask(
        server,
        f"{secret}.{NAME}",
        f"/{secret}?{secret}={secret}",
        Cookie=f"a={secret}",
        Referer=f"http://{secret}/",
        User_Agent=secret,
        X_Forwarded_For=secret,
    )
    assert response.status == 451
    assert secret.lower() not in (str(response.headers) + response.body).lower()
    assert secret not in json.dumps(server.events)


def test_json_for_programs(server: RunningServer) -> None:
    response = ask(server, NAME, Accept="application/problem+json", Accept_Language="en")
    assert response.headers["Content-Type"].startswith("application/problem+json")
    problem = json.loads(response.body)
    assert (problem["status"], problem["name"]) == (451, NAME)
    assert problem["orders"][0]["case_number"] == "RG 24/1"


OK, BLOCKED, FREE, BAD = 200, 451, 421, 400
HOSTS = {
    "the name": (b"Host: pirate.example", BLOCKED),
    "below it": (b"Host: www.pirate.example", BLOCKED),
    "upper case": (b"Host: PIRATE.Example", BLOCKED),
    "a port": (b"Host: pirate.example:80", BLOCKED),
    "an empty port": (b"Host: pirate.example:", BLOCKED),
    "a final dot": (b"Host: pirate.example.", BLOCKED),
    "white space around it": (b"Host:   pirate.example \t", BLOCKED),
    "a U-label": ("Host: bücher.example".encode(), BLOCKED),
    "an A-label": (b"Host: xn--bcher-kva.example", BLOCKED),
    "another name": (b"Host: fine.example", FREE),
    "the name as a label": (b"Host: pirate.example.org", FREE),
    "none": (b"", BAD),
    "two": (b"Host: pirate.example\r\nHost: pirate.example", BAD),
    "an empty one": (b"Host:", FREE),
    "an IPv4 address": (b"Host: 192.0.2.80", FREE),
    "an IPv4 address with a port": (b"Host: 192.0.2.80:8451", FREE),
    "an IPv6 address": (b"Host: [2001:db8::80]:80", FREE),
    "an IPv6 address without brackets": (b"Host: 2001:db8::80", BAD),
    "three hundred characters": (b"Host: " + b"a" * 300, BAD),
    "three hundred characters in labels": (b"Host: " + b"abcde." * 50 + b"example", BAD),
    "a control character": (b"Host: pirate\x01.example", BAD),
    "a zero": (b"Host: pirate\x00.example", BAD),
    "a bare line feed": (b"Host: pirate\n.example", BAD),
    "HTML": (b"Host: <script>alert(1)</script>", BAD),
    "HTML in a label": (b"Host: <b>x</b>.pirate.example", BAD),
    "quotes": (b"Host: \"'.pirate.example", BAD),
    "not UTF-8": (b"Host: pirate\xff.example", BAD),
    "a user": (b"Host: user@pirate.example", BAD),
    "a path": (b"Host: pirate.example/x", BAD),
    "an escape": (b"Host: pirate\\046example", BAD),
    "a percent sign": (b"Host: pirate%2eexample", BAD),
    "a right-to-left mark": ("Host: pirate\u202e.example".encode(), BAD),
}


@pytest.mark.parametrize(("field", "status"), HOSTS.values(), ids=HOSTS)
def test_every_host_gets_its_status(server: RunningServer, field: bytes, status: int) -> None:
    answer = on_the_wire(server, b"GET /x HTTP/1.1\r\nConnection: close\r\n" + field + b"\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split()[1] == str(status).encode()
    assert b"<script" not in body
    assert b"<b>x" not in body
    assert len(body) < 30_000


HOST = b"Host: pirate.example\r\n"
CLOSE = b"Connection: close\r\n"
ODD = {
    "HTTP/1.0 without a host": (b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1.0 421"),
    "HTTP/1.0": (b"GET / HTTP/1.0\r\n" + HOST + b"\r\n", b"HTTP/1.0 451"),
    "HEAD": (b"HEAD / HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n", b"HTTP/1.1 451"),
    "a method nobody knows": (b"BREW / HTTP/1.1\r\n" + HOST + b"\r\n", b"HTTP/1.0 400"),
    "TRACE": (b"TRACE / HTTP/1.1\r\nX: secret\r\n" + HOST + CLOSE + b"\r\n", b"HTTP/1.1 405"),
    "CONNECT": (b"CONNECT x:443 HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n", b"HTTP/1.1 405"),
    "an absolute target": (b"GET http://x/ HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n", b"HTTP/1.1 451"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"HTTP/1.0 400"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"HTTP/1.0 400"),
    "a version of its own": (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", b"HTTP/1.1 505"),
    "no version that is used": (b"GET / HTTP/0.9\r\n" + HOST + b"\r\n", b"HTTP/1.1 505"),
    "nonsense": (b"\r\n\r\n\r\nnonsense\r\n\r\n", b"HTTP/1.0 400"),
    "too long a header": (b"GET / HTTP/1.1\r\nCookie: " + b"a" * 20_000 + b"\r\n\r\n", b"HTTP/1.0 431"),
    "too long a target": (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", b"HTTP/1.0 431"),
    "too many headers": (b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 200 + b"\r\n", b"HTTP/1.0 4"),
    "two lengths": (
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n" + HOST + b"\r\n0\r\n\r\n",
        b"HTTP/1.0 400",
    ),
    "a body without end": (b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n" + HOST + b"\r\nabc", b"HTTP/1.1 451"),
}


@pytest.mark.parametrize(("octets", "first"), ODD.values(), ids=ODD)
def test_what_is_odd_is_answered_clearly_and_closed(server: RunningServer, octets: bytes, first: bytes) -> None:
    begun = time.monotonic()
    answer = on_the_wire(server, octets)
    assert answer.startswith(first), answer[:200]
    assert b"secret" not in answer
    assert b"nonsense" not in answer
    assert time.monotonic() - begun < PATIENCE / 2


def test_requests_in_one_go_are_answered_in_order(server: RunningServer) -> None:
    request = b"GET / HTTP/1.1\r\nHost: %s\r\nAccept: application/json\r\n"
    hosts = [b"pirate.example", b"fine.example", b"pirate.example"]
    octets = b"\r\n".join(request % host for host in hosts) + CLOSE + b"\r\n"
    statuses = re.findall(rb"HTTP/1\.1 (\d+) ", on_the_wire(server, octets))
    assert statuses == [b"451", b"421", b"451"]


def test_a_flood_of_requests_in_one_go_ends(server: RunningServer) -> None:
    request = b"GET / HTTP/1.1\r\nHost: fine.example\r\nAccept: application/json\r\n"
    answer = on_the_wire(server, (request + b"\r\n") * 2_000 + request + CLOSE + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 421")
    assert ask(server, NAME).status == 451


def test_the_page_counts_by_order_and_status(server: RunningServer) -> None:
    ask(server, NAME)
    metrics = server.status()["metrics"]
    until = time.monotonic() + PATIENCE
    text = ""
    while 'arret_notice_requests_total{order="tj-1",status="451"}' not in text and time.monotonic() < until:
        with urlopen(f"http://{metrics}/metrics", timeout=PATIENCE) as scraped:
            text = scraped.read().decode()
    assert 'arret_notice_requests_total{order="tj-1",status="451"}' in text
    assert "arret_notice_up 1.0" in text
    assert NAME not in text


ALONE = "import sys; from resolver.cli.command_line import command_line; command_line(['notice'])"


class TestAlone:
    """``arret notice``: the page without DNS, on a host of its own."""

    def test_it_serves_the_page_and_no_dns_and_follows_the_order_files(self, tmp_path: Path) -> None:
        server = RunningServer(
            tmp_path, PAGED.replace("metrics:", "#").replace("workers: 2", "metrics: {listen: null}")
        )
        server.order("tj-1", NAME)
        server.start(ALONE)
        try:
            assert ask(server, NAME).status == 451
            status = server.status()
            assert (status["listen"], status["workers"]) == ([], [])
            assert all_in_force(status)
            server.order("tj-2", "other.example")
            assert server.reload()["ok"]
            assert ask(server, "other.example").status == 451
        finally:
            server.signal(signal.SIGTERM)
        assert server.ended() == 0

    def test_without_an_address_it_says_so(self, tmp_path: Path) -> None:
        server = RunningServer(tmp_path)
        server.order("tj-1", NAME)
        server.launch(program=ALONE)
        assert server.ended() == 1
        server.wait_for("cannot start")
        assert "notice.listen" in server.problems()


def test_dns_answers_while_the_page_is_asked_as_fast_as_one_client_can(server: RunningServer) -> None:
    """What becomes of the delay at two thousand requests a second is measured by the full-size runs."""
    request = b"GET / HTTP/1.1\r\nHost: pirate.example\r\n\r\n"
    answered, slowest, until = 0, 0.0, time.monotonic() + 1.0
    with socket.create_connection(page_of(server), PATIENCE) as connection:
        while time.monotonic() < until:
            connection.sendall(request * 8)
            received = b""
            while received.count(b"</html>") < 8:
                piece = connection.recv(262_144)
                assert piece, "a connection lasts ten seconds"
                received += piece
            answered += received.count(b"HTTP/1.1 451")
            begun = time.monotonic()
            assert "192.0.2.80" in server.dig(NAME, "A", "+short")
            slowest = max(slowest, time.monotonic() - begun)
    assert answered % 8 == 0
    assert answered > 0
    assert slowest < PATIENCE / 4


class TestAChange:
    def test_page_and_answer_change_together(self, tmp_path: Path) -> None:
        with running(tmp_path, PAGED, **{"tj-1": NAME}) as server:
            host, port = page_of(server)
            server.order("tj-2", "other.example")
            assert server.reload()["ok"]
            assert (server.blocked("other.example"), ask(server, "other.example").status) == (True, 451)
            server.order("tj-1", NAME, history="  - {date: 2024-03-01, event: lifted}")
            assert server.reload()["ok"]
            assert (server.blocked(NAME), ask(server, NAME).status) == (False, 421)
            config = server.folder / "config.yaml"
            config.write_text(config.read_text().replace("name: Free,", "name: Free, language: en,"))
            assert server.reload()["changed"]
            assert "Access to this site is blocked" in ask(server, "other.example").body.partition("usual")[2]
            assert page_of(server) == (host, port)

    def test_a_page_that_dies_comes_back_and_goes_on_counting_while_dns_answers(self, tmp_path: Path) -> None:
        with running(tmp_path, PAGED, **{"tj-1": NAME}) as server:
            page_of(server)
            before = server.status()["notice"]["pid"]
            os.kill(before, signal.SIGKILL)
            server.wait_until(lambda status: status["notice"]["pid"] not in {None, before})
            assert server.blocked(NAME)
            assert ask(server, NAME).status == 451
            assert all(worker["restarts"] == 0 for worker in server.status()["workers"])

    def test_a_taken_address_keeps_nobody_from_dns(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            text = CONFIG.replace("listen: null", f'listen: "127.0.0.1:{taken.getsockname()[1]}"')
            with running(tmp_path, text, **{"tj-1": NAME}) as server:
                assert server.blocked(NAME)
                assert any("notice.listen" in each for each in server.status()["reload"]["warnings"])


def test_templates_that_cannot_be_used_leave_those_in_use(tmp_path: Path) -> None:
    templates = tmp_path / "looks"
    templates.mkdir()
    blocked = templates / "blocked.html"
    blocked.write_text("<p>{{ site.operator }} regrets</p>")
    config = PAGED.replace('listen: "127.0.0.1:0"}', f'listen: "127.0.0.1:0", templates: "{templates}"}}', 1)
    with running(tmp_path, config, **{"tj-1": NAME}) as started:
        assert "Free regrets" in ask(started, NAME).body
        blocked.write_text("\n{% if %}")
        for _ in range(2):  # it is told as long as it is so
            told = started.reload()
            assert not told["ok"]
            assert "blocked.html:2: " in str(told["problems"])
            assert "Free regrets" in ask(started, NAME).body
        blocked.write_text("<p>{{ site.operator }} is sorry</p>")
        assert started.reload()["ok"]
        assert "Free is sorry" in ask(started, NAME).body
