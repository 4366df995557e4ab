"""Questions in letters of random case: what must come back, what happens when it does not, what clients see."""

import asyncio

import dns.message
import dns.rcode
import pytest

from resolver.core.counters import Gauge, UpstreamCount
from tests.forwarding import Rig, forwarding, run, udp
from tests.hostile.scripted_upstream import ADDRESS, Heard, Say, address_answer, scripted, sound
from tests.worlds import records

NAME = "www.a-rather-long-name-to-spell.victim.test"


def lowered(heard: Heard) -> list[Say]:
    """Answer as an upstream does that does not echo letters; a forger does not know them either."""
    wire = address_answer(heard.query, ADDRESS if heard.over_tcp else "203.0.113.66").to_wire()
    return [Say(wire[:12] + wire[12:60].lower() + wire[60:])]


def spelt(rig_case: str) -> bool:
    return rig_case != rig_case.lower() and rig_case != rig_case.upper()


def mixing(rig: Rig) -> Rig:
    rig.forwarder.random_case = True
    return rig


@pytest.mark.parametrize("rdtype", ["A", "TXT", "MX"])
def test_letters_are_drawn_anew_and_the_client_keeps_its_own(rdtype: str) -> None:
    async def scenario() -> None:
        async with scripted(sound) as upstream, forwarding([udp(upstream.port)]) as rig:
            mixing(rig)
            for number, spelling in enumerate((f"X0.{NAME}", f"x1.{NAME.upper()}", f"x2.{NAME}")):
                answer = await rig.resolve(spelling)
                assert answer.question[0].name.to_text() == f"{spelling}."
                assert records(answer.answer) == [f"{spelling}. 300 A {ADDRESS}"]
                assert len(upstream.heard) == number + 1
            asked = [heard.query.question[0].name.to_text()[3:] for heard in upstream.heard]
            assert all(map(spelt, asked))
            assert len(set(asked)) == 3
            assert (await rig.resolve(f"X1.{NAME}")).rcode() == dns.rcode.NOERROR
            assert len(upstream.heard) == 3, "letter case makes no other question"
            assert rig.gauge(Gauge.MISMATCHES) == 0

    run(scenario)


def test_other_letters_are_not_believed_over_udp_and_tcp_is_asked() -> None:
    async def scenario() -> None:
        async with scripted(lowered) as upstream, forwarding([udp(upstream.port)]) as rig:
            mixing(rig)
            begun = asyncio.get_running_loop().time()
            answer = await rig.resolve(NAME)
            assert records(answer.answer) == [f"{NAME}. 300 A {ADDRESS}"]
            assert asyncio.get_running_loop().time() - begun < 0.06
            assert upstream.counts() == (1, 1)
            assert rig.gauge(Gauge.MISMATCHES) == 1
            assert rig.count(UpstreamCount.TIMEOUTS) == 0
            assert rig.count(UpstreamCount.HEALTHY) == 1

    run(scenario)


def test_where_it_is_off_letters_do_not_matter() -> None:
    async def scenario() -> None:
        async with scripted(lowered) as upstream, forwarding([udp(upstream.port)]) as rig:
            await rig.resolve(NAME.upper())
            assert upstream.heard[0].query.question[0].name.to_text() == f"{NAME}."
            assert upstream.counts() == (1, 0)

    run(scenario)
