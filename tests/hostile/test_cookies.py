"""What a client's cookie gets (RFC 7873, RFC 9018) over the real sockets of a running worker, case by case."""

import socket
import struct
from collections.abc import Iterator, Sequence

import dns.edns
import dns.message
import dns.rcode
import pytest

from tests.integration.running_worker import Running, answer_tcp, ask_tcp, make_policy, running_worker

LISTED = "dpstream.example"
MINE = b"\x24\x64\xc4\xab\xcf\x10\xc9\x57"
COOKIE, KEEPALIVE = 10, 11
SECRETS = ("e5e973e5a6b2a43f48e7dc849e37bfcf",)

Option = tuple[int, bytes]


def query(name: str, *options: Option, number: int = 1) -> bytes:
    written: list[dns.edns.Option] = [dns.edns.GenericOption(code, value) for code, value in options]  # type: ignore[arg-type]  # plain numbers
    return dns.message.make_query(name, "A", id=number, use_edns=0, options=written).to_wire()


def without_question(*options: Option) -> bytes:
    rdata = b"".join(struct.pack("!HH", code, len(value)) + value for code, value in options)
    return struct.pack("!HHHHHH", 1, 0x0100, 0, 0, 0, 1) + struct.pack("!BHHIH", 0, 41, 1232, 0, len(rdata)) + rdata


def options_of(wire: bytes) -> dict[int, bytes]:
    return {int(each.otype): each.to_wire() or b"" for each in dns.message.from_wire(wire).options}


def ask(sock: socket.socket, wire: bytes) -> bytes:
    if sock.type == socket.SOCK_DGRAM:
        sock.send(wire)
        return sock.recv(65_535)
    ask_tcp(sock, wire)
    return answer_tcp(sock)


def rcode(wire: bytes) -> str:
    return dns.rcode.to_text(dns.message.from_wire(wire).rcode())


@pytest.fixture
def running() -> Iterator[Running]:
    with running_worker(make_policy(LISTED), cookie_secrets=SECRETS) as worker:
        yield worker


@pytest.fixture(params=["udp4", "udp6", "tcp4", "tcp6"])
def sock(running: Running, request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    host = "::1" if request.param.endswith("6") else "127.0.0.1"
    with running.udp(host) if request.param.startswith("udp") else running.tcp(host) as opened:
        yield opened


@pytest.mark.parametrize("name", [LISTED, "free.example"], ids=["blocked", "forwarded"])
def test_a_client_learns_a_cookie_and_keeps_it(sock: socket.socket, name: str) -> None:
    learned = options_of(ask(sock, query(name, (COOKIE, MINE))))[COOKIE]
    assert (learned[:8], len(learned)) == (MINE, 24)
    assert options_of(ask(sock, query(name, (COOKIE, learned))))[COOKIE] == learned


def test_no_cookie_is_said_to_who_speaks_of_none(sock: socket.socket) -> None:
    assert COOKIE not in options_of(ask(sock, query("free.example")))


def test_a_reply_with_a_cookie_is_replayed_to_nobody(sock: socket.socket) -> None:
    cookies = {options_of(ask(sock, query(LISTED, (COOKIE, bytes([number]) * 8))))[COOKIE][:8] for number in range(5)}
    assert cookies == {bytes([number]) * 8 for number in range(5)}


@pytest.mark.parametrize("length", [*range(8), *range(9, 16), 41, 100])
def test_a_cookie_of_a_wrong_length_is_an_error(running: Running, length: int) -> None:
    with running.udp("127.0.0.1") as udp:
        assert rcode(ask(udp, query("free.example", (COOKIE, bytes(length))))) == "FORMERR"


@pytest.mark.parametrize("length", [16, 24, 32, 40])
def test_a_foreign_cookie_is_no_error(sock: socket.socket, length: int) -> None:
    reply = ask(sock, query("free.example", (COOKIE, MINE + bytes(length - 8))))
    assert (rcode(reply), options_of(reply)[COOKIE][:8]) == ("NOERROR", MINE)


def test_of_two_cookies_the_first_counts(sock: socket.socket) -> None:
    assert options_of(ask(sock, query(LISTED, (COOKIE, MINE), (COOKIE, bytes(8)))))[COOKIE][:8] == MINE


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param(MINE, "NOERROR", id="a client cookie alone"),
        pytest.param(MINE + bytes(16), "BADCOOKIE", id="a server cookie of nobody"),
    ],
)
def test_a_question_is_not_needed_to_learn_one(sock: socket.socket, sent: bytes, expected: str) -> None:
    reply = ask(sock, without_question((COOKIE, sent)))
    learned = options_of(reply)[COOKIE]
    assert (rcode(reply), learned[:8], len(learned)) == (expected, MINE, 24)
    assert rcode(ask(sock, without_question((COOKIE, learned)))) == "NOERROR"


def test_without_a_cookie_a_question_is_needed(sock: socket.socket) -> None:
    assert rcode(ask(sock, without_question())) == "FORMERR"


def test_the_interoperable_form() -> None:
    with (
        running_worker(make_policy(LISTED), cookie_secrets=SECRETS, cookie_algorithm="siphash") as running,
        running.udp("127.0.0.1") as udp,
    ):
        learned = options_of(ask(udp, query(LISTED, (COOKIE, MINE))))[COOKIE]
        assert learned[8:12] == b"\x01\x00\x00\x00"
        assert options_of(ask(udp, query(LISTED, (COOKIE, learned))))[COOKIE] == learned


class TestRequired:
    """`cookies: {require: true}`."""

    @pytest.fixture
    def running(self) -> Iterator[Running]:
        with running_worker(make_policy(LISTED), cookie_secrets=SECRETS, cookies_required=True) as worker:
            yield worker

    @pytest.mark.parametrize("sent", [MINE, MINE + bytes(16)], ids=["no server cookie", "a bad one"])
    @pytest.mark.parametrize("name", [LISTED, "free.example"], ids=["blocked", "forwarded"])
    def test_over_udp_it_must_be_shown(self, running: Running, name: str, sent: bytes) -> None:
        with running.udp("127.0.0.1") as udp:
            refused = ask(udp, query(name, (COOKIE, sent)))
            assert (rcode(refused), dns.message.from_wire(refused).answer) == ("BADCOOKIE", [])
            learned = options_of(refused)[COOKIE]
            assert rcode(ask(udp, query(name, (COOKIE, learned)))) == "NOERROR"

    def test_over_tcp_the_address_is_known_anyway(self, running: Running) -> None:
        with running.tcp("127.0.0.1") as tcp:
            assert rcode(ask(tcp, query(LISTED, (COOKIE, MINE)))) == "NOERROR"

    def test_who_knows_no_cookies_is_answered(self, running: Running) -> None:
        with running.udp("127.0.0.1") as udp:
            assert rcode(ask(udp, query(LISTED))) == "NOERROR"


@pytest.mark.parametrize(
    "options", [[(KEEPALIVE, b"")], [(KEEPALIVE, b"\x00\x64")], [(COOKIE, MINE), (KEEPALIVE, b"")]]
)
def test_over_tcp_who_asks_is_told_how_long_to_stay(running: Running, options: Sequence[Option]) -> None:
    with running.tcp("127.0.0.1") as tcp:
        for name in (LISTED, "free.example"):
            assert options_of(ask(tcp, query(name, *options)))[KEEPALIVE] == b"\x00\x64"
        assert KEEPALIVE not in options_of(ask(tcp, query(LISTED)))


def test_over_udp_nobody_is_told_how_long_to_stay(running: Running) -> None:
    with running.udp("127.0.0.1") as udp:
        assert KEEPALIVE not in options_of(ask(udp, query(LISTED, (KEEPALIVE, b""))))
