"""The forwarder asks real servers: NSD, which knows its zones and nothing else, and Unbound, which validates."""

import asyncio
import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest

from resolver.core.counters import Gauge, UpstreamCount
from resolver.net.settings import UpstreamAddress
from tests.forwarding import ANYTHING, PATIENT, eventually, forwarding, run, tcp, udp
from tests.peers import Peer, start_nsd, start_unbound
from tests.worlds import ask, extended_errors, records

ZONE = """
* A 192.0.2.10
* AAAA 2001:db8::10
www CNAME other
other A 192.0.2.11
large TXT "{filler}" "{filler}" "{filler}" "{filler}" "{filler}" "{filler}" "{filler}"
solid A 192.0.2.12
far DNAME elsewhere.example.
""".format(filler="x" * 250)
ELSEWHERE = ['local-zone: "elsewhere.example." redirect', 'local-data: "elsewhere.example. 3600 A 192.0.2.14"']
ANCHOR = f'trust-anchor: "bogus.example. DS 12345 8 2 {"AB" * 32}"'


@pytest.fixture(scope="module")
def nsd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    folder = tmp_path_factory.mktemp("peers")
    with start_nsd(folder, {"zone.example": ZONE, "bogus.example": "www A 192.0.2.13\n"}) as peer:
        yield peer


@pytest.fixture(scope="module")
def unbound(tmp_path_factory: pytest.TempPathFactory, nsd: Peer) -> Iterator[Peer]:
    with start_unbound(tmp_path_factory.mktemp("peers"), [ANCHOR, *ELSEWHERE], forward_to=nsd.port) as peer:
        yield peer


@pytest.mark.parametrize("make", [udp, tcp], ids=["udp", "tcp"])
@pytest.mark.parametrize(
    ("name", "rdtype", "rcode", "answer"),
    [
        ("any.zone.example", "A", "NOERROR", ["any.zone.example. 3600 A 192.0.2.10"]),
        ("AnY.zOnE.example", "AAAA", "NOERROR", ["AnY.zOnE.example. 3600 AAAA 2001:db8::10"]),
        ("solid.zone.example", "MX", "NOERROR", []),
        ("x.solid.zone.example", "A", "NXDOMAIN", []),
        (
            "www.zone.example",
            "A",
            "NOERROR",
            ["www.zone.example. 3600 CNAME other.zone.example.", "other.zone.example. 3600 A 192.0.2.11"],
        ),
        ("not.ours.example", "A", "SERVFAIL", []),
    ],
)  # fmt: skip  # a table
def test_what_nsd_says_reaches_the_client(
    nsd: Peer, make: Callable[[int, int], UpstreamAddress], name: str, rdtype: str, rcode: str, answer: list[str]
) -> None:
    async def scenario() -> None:
        async with forwarding([make(nsd.port, 0)], schedule=PATIENT) as rig:
            response = await rig.resolve(name, rdtype)
            assert dns.rcode.to_text(response.rcode()) == rcode
            assert records(response.answer) == answer
            negative = rcode == "NXDOMAIN" or (rcode == "NOERROR" and not answer)
            assert [rrset.rdtype for rrset in response.authority] == ([dns.rdatatype.SOA] if negative else [])

    run(scenario)


def test_what_does_not_fit_a_datagram_is_asked_over_tcp(nsd: Peer) -> None:
    async def scenario() -> None:
        async with forwarding([udp(nsd.port)], schedule=PATIENT) as rig:
            response = await rig.resolve("large.zone.example", "TXT", use_edns=0, payload=4096)
            assert response.flags & dns.flags.TC, "it does not fit our datagram either"
            assert rig.count(UpstreamCount.UDP_REQUESTS) == 1
            assert rig.count(UpstreamCount.TCP_REQUESTS) == 1
            await eventually(lambda: rig.gauge(Gauge.MESSAGE_ENTRIES) == 1)

    run(scenario)


def test_one_connection_carries_many_questions(nsd: Peer) -> None:
    async def scenario() -> None:
        async with forwarding([tcp(nsd.port)], schedule=PATIENT) as rig:
            answers = await asyncio.gather(*(rig.resolve(f"n{number}.zone.example") for number in range(300)))
            assert {records(answer.answer)[0].split()[-1] for answer in answers} == {"192.0.2.10"}
            assert rig.count(UpstreamCount.TCP_REQUESTS) == 300
            upstream = rig.forwarder._roster.routes.serving(ANYTHING)[0]
            assert len(upstream.streams) == 1

    run(scenario)


def test_a_server_that_died_and_came_back_is_asked_again(tmp_path: Path, nsd: Peer) -> None:
    async def scenario() -> None:
        with start_nsd(tmp_path / "first", {"zone.example": ZONE}) as mortal:
            port = mortal.port
            async with forwarding([udp(port, 0), udp(nsd.port, 1)], schedule=PATIENT) as rig:
                await asyncio.gather(*(rig.resolve(f"a{number}.zone.example") for number in range(20)))
                assert rig.count(UpstreamCount.UDP_REQUESTS, 0) > 0
                mortal.stop()
                answers = await asyncio.gather(*(rig.resolve(f"b{number}.zone.example") for number in range(40)))
                assert {answer.rcode() for answer in answers} == {dns.rcode.NOERROR}
                assert rig.count(UpstreamCount.HEALTHY, 0) == 0
                with start_nsd(tmp_path / "second", {"zone.example": ZONE}, port=port):
                    rig.clock.ahead += 5.1
                    await eventually(lambda: rig.count(UpstreamCount.HEALTHY, 0) == 1)

    run(scenario)


def test_unbound_resolves_for_us(unbound: Peer) -> None:
    async def scenario() -> None:
        async with forwarding([udp(unbound.port)], schedule=PATIENT) as rig:
            response = await rig.resolve("any.zone.example")
            assert records(response.answer) == ["any.zone.example. 3600 A 192.0.2.10"]

    run(scenario)


def test_what_unbound_finds_bogus_is_not_asked_of_others(unbound: Peer, nsd: Peer) -> None:
    """The zone is unsigned although a trust anchor says it is signed; NSD, which does not validate, would answer."""

    async def scenario() -> None:
        async with forwarding([udp(unbound.port, 0)], schedule=PATIENT) as rig:
            response = await rig.resolve("www.bogus.example", use_edns=0)
            assert response.rcode() == dns.rcode.SERVFAIL
            codes = [code for code, _ in extended_errors(response)]
            assert set(codes) & {1, 2, *range(5, 13)}, codes
            assert rig.count(UpstreamCount.UDP_REQUESTS) == 1
            careless = await rig.resolve("www.bogus.example", flags=dns.flags.RD | dns.flags.CD)
            assert records(careless.answer) == ["www.bogus.example. 3600 A 192.0.2.13"], "CD is the client's own risk"

    run(scenario)


def test_a_zone_asks_the_server_that_knows_it(unbound: Peer, nsd: Peer) -> None:
    async def scenario() -> None:
        async with forwarding(
            [udp(unbound.port, 0)], [("bogus.example", (udp(nsd.port, 1),))], schedule=PATIENT
        ) as rig:
            response = await rig.resolve("www.bogus.example")
            assert records(response.answer) == ["www.bogus.example. 3600 A 192.0.2.13"]
            assert rig.count(UpstreamCount.UDP_REQUESTS, 0) == 0

    run(scenario)


def test_an_alias_into_another_zone_is_asked_of_that_zones_server(nsd: Peer, unbound: Peer) -> None:
    async def scenario() -> None:
        elsewhere = [("elsewhere.example", (udp(unbound.port, 1),))]
        async with forwarding([udp(nsd.port)], elsewhere, schedule=PATIENT) as rig:
            response = await rig.resolve("x.far.zone.example")
            assert records(response.answer) == [
                "far.zone.example. 3600 DNAME elsewhere.example.",
                "x.far.zone.example. 3600 CNAME x.elsewhere.example.",
                "x.elsewhere.example. 3600 A 192.0.2.14",
            ]
            assert [rig.count(UpstreamCount.UDP_REQUESTS, number) for number in (0, 1)] == [1, 1]

    run(scenario)


@pytest.mark.parametrize("below", ["zone.example", "far.zone.example"], ids=["answers", "aliases asked on"])
def test_forwarding_leaves_no_garbage_behind(nsd: Peer, unbound: Peer, below: str) -> None:
    """Workers run without the cycle collector."""

    async def scenario() -> int:
        elsewhere = [("elsewhere.example", (udp(unbound.port, 1),))]
        async with forwarding([udp(nsd.port)], elsewhere, schedule=PATIENT) as rig:
            await asyncio.gather(*(rig.resolve(f"w{number}.{below}") for number in range(50)))
            gc.collect()
            gc.disable()
            try:
                for number in range(200):
                    await rig.send(ask(f"g{number}.{below}"))
                rig.replies.clear()
                return gc.collect()
            finally:
                gc.enable()

    assert run(scenario) == 0
