"""That nobody can be buried in our answers to forged queries: rates over the real sockets of a running worker."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

from resolver.core.counters import DROPS, GAUGES, DropReason, Gauge
from resolver.core.rate_limit import Kind, RateLimiter, Rates, Sending
from resolver.net import lane
from tests.datagrams import take
from tests.integration.running_worker import Running, answer_tcp, ask_tcp, make_policy, running_worker

LISTED = "dpstream.example"
FLOOD = 200
LIMITED = Rates(responses=20, slip=4)
SECRETS = ("e5e973e5a6b2a43f48e7dc849e37bfcf",)


def query(name: str, number: int = 0, **options: Any) -> bytes:  # noqa: ANN401 - dnspython's own
    return dns.message.make_query(name, "A", id=number, use_edns=0, **options).to_wire()


def flood(running: Running, sock: socket.socket, wires: list[bytes]) -> list[bytes]:
    """Send them all, and take what has come back once all are dealt with."""
    for wire in wires:
        sock.send(wire)
    sock.send(query("last.example", 65_535))  # its answer is another one, and comes last
    found = []
    while (wire := sock.recv(65_535))[:2] != b"\xff\xff":
        found.append(wire)
    running.call(lambda: None)
    return found


@contextmanager
def frozen(rates: Rates, **settings: Any) -> Iterator[Running]:  # noqa: ANN401 - settings are of many types
    """A worker whose seconds are so long that a flood is within one, however slow the machine is."""
    with running_worker(make_policy(LISTED), rates=rates, **settings) as running:
        running.call(lambda: setattr(running.worker._answering, "limiter", Stopped(rates)))
        yield running


class Stopped(RateLimiter):
    """A limiter for which it is always the same moment."""

    def judge(self, kind: Kind, wire: bytes, client: bytes, now: float) -> Sending:
        return super().judge(kind, wire, client, 1.0)


def cut(wires: list[bytes]) -> list[bytes]:
    return [wire for wire in wires if wire[2] & 0x02]


@pytest.mark.parametrize("plain", [False, True], ids=["batches", "one by one"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("name", [LISTED, "free.example"], ids=["blocked", "forwarded, then cached"])
def test_the_same_answer_leaves_so_often(name: str, host: str, plain: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001 - a row's
    if plain:
        monkeypatch.setattr(lane, "unsupported", lambda: "no")
    with frozen(LIMITED) as running, running.udp(host) as sock:
        found = flood(running, sock, [query(name, number) for number in range(FLOOD)])
        truncated = cut(found)
        assert len(found) - len(truncated) == LIMITED.responses
        assert len(truncated) == (FLOOD - LIMITED.responses) // LIMITED.slip
        assert all(len(wire) <= len(query(name)) for wire in truncated)
        assert running.page[GAUGES + Gauge.RATE_TRUNCATED] == len(truncated)
        assert running.page[DROPS + DropReason.RATE_LIMIT] == FLOOD - len(found)


def test_packet_cache_hits_count_too() -> None:
    with frozen(LIMITED) as running, running.udp("127.0.0.1") as sock:
        flood(running, sock, [query(LISTED, number) for number in range(FLOOD)])
        assert running.page[GAUGES + Gauge.PACKET_HITS] >= FLOOD - 2


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"rates": Rates()}, id="off, as by default"),
        pytest.param({"rates": LIMITED, "rate_exempt": ("127.0.0.0/8",)}, id="exempt"),
        pytest.param({"rates": LIMITED._replace(log_only=True)}, id="only tried"),
    ],
)
def test_who_is_not_limited_gets_all(settings: dict[str, Any]) -> None:
    with frozen(**settings) as running, running.udp("127.0.0.1") as sock:
        found = flood(running, sock, [query(LISTED, number) for number in range(FLOOD)])
        assert (len(found), cut(found)) == (FLOOD, [])
        logged = FLOOD - LIMITED.responses if settings["rates"].log_only else 0
        assert running.page[GAUGES + Gauge.RATE_LOGGED] == logged


def test_over_tcp_nobody_is_limited() -> None:
    with frozen(LIMITED) as running, running.tcp("127.0.0.1") as stream:
        for number in range(FLOOD):
            ask_tcp(stream, query(LISTED, number))
        assert {answer_tcp(stream)[3] & 15 for _ in range(FLOOD)} == {0}


@pytest.mark.parametrize("name", [LISTED, "free.example"], ids=["blocked", "forwarded, then cached"])
def test_who_shows_a_good_cookie_is_not_limited(name: str) -> None:
    with frozen(LIMITED, cookie_secrets=SECRETS) as running, running.udp("127.0.0.1") as sock:
        sock.send(query(name, options=[dns.edns.GenericOption(10, b"12345678")]))  # type: ignore[arg-type]  # a plain number
        said = dns.message.from_wire(sock.recv(65_535)).options
        (learned,) = [each.to_wire() or b"" for each in said if each.otype == 10]
        for cookie, expected in ((learned, FLOOD), (b"12345678" + bytes(16), 0)):
            options = [dns.edns.GenericOption(10, cookie)]  # type: ignore[arg-type]  # a plain number
            wires = [query(name, number, options=options) for number in range(FLOOD)]
            found = flood(running, sock, wires)
            assert len(found) - len(cut(found)) == expected


def test_errors_are_limited_for_everybody() -> None:
    with frozen(Rates(errors=15)) as running, running.udp("127.0.0.1") as sock:
        broken = [number.to_bytes(2, "big") + b"\x01\x00" + bytes(8) for number in range(FLOOD)]
        found = flood(running, sock, broken)
        assert ({wire[3] & 15 for wire in found}, len(found)) == ({1}, 15)


def test_strangers_are_refused_so_often() -> None:
    with (
        frozen(Rates(refusals=15), clients_allow=("127.0.0.1/32",)) as running,
        running.udp("127.0.0.1", source="127.0.0.9") as stranger,
        running.udp("127.0.0.1") as friend,
    ):
        for number in range(FLOOD):
            stranger.send(query(LISTED, number))
        flood(running, friend, [])
        found = take(stranger)
        assert ({wire[3] & 15 for wire in found}, len(found)) == ({5}, 15)


def test_a_reload_puts_limits_in_force() -> None:
    with running_worker(make_policy(LISTED)) as running, running.udp("127.0.0.1") as sock:
        assert len(flood(running, sock, [query(LISTED, number) for number in range(FLOOD)])) == FLOOD
        from_now_on = running.settings.__class__.from_json(
            running.settings.to_json() | {"rates": Rates(responses=1, slip=0)._asdict()}
        )
        running.call(lambda: running.worker.swap(make_policy(LISTED), from_now_on))
        assert len(flood(running, sock, [query(LISTED, number) for number in range(FLOOD)])) < FLOOD
