"""However much is due at one moment, the event loop gets to others in between: they wait for a part of it only."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import dns.rcode
import pytest

from resolver.net.forwarder import ANSWERED_AT_ONCE, AT_ONCE
from tests.forwarding import Rig, forwarding, run, udp
from tests.hostile.scripted_upstream import Say, Script, address_answer, scripted, silent
from tests.worlds import ask, parsed

SOON: Script = lambda heard: [Say(address_answer(heard.query).to_wire(), after=0.03)]  # noqa: E731 - a constant script


@contextmanager
def replies_by_turn(rig: Rig) -> Iterator[list[int]]:
    """Note how many replies there are at each turn of the loop."""
    loop = asyncio.get_running_loop()
    seen: list[int] = []

    looking = True

    def look() -> None:
        seen.append(len(rig.replies))
        if looking:
            loop.call_soon(look)

    look()
    yield seen
    looking = False


def most_in_a_turn(seen: list[int]) -> int:
    return max(after - before for before, after in pairwise(seen))


@pytest.mark.parametrize(("script", "rcode"), [(SOON, dns.rcode.NOERROR), (silent, dns.rcode.SERVFAIL)])
def test_many_who_wait_for_one_answer_get_it_in_parts(script: Script, rcode: dns.rcode.Rcode) -> None:
    async def scenario() -> None:
        async with scripted(script) as upstream, forwarding([udp(upstream.port)]) as rig:
            with replies_by_turn(rig) as seen:
                waiting = [rig.send(ask("www.example.test")) for _ in range(5 * ANSWERED_AT_ONCE)]
                assert {parsed(await each).rcode() for each in waiting} == {rcode}
            assert most_in_a_turn(seen) <= ANSWERED_AT_ONCE
            assert rig.forwarder.waiting == 0

    run(scenario)


def test_many_questions_that_are_due_together_are_moved_along_in_parts() -> None:
    async def scenario() -> None:
        async with scripted(silent) as upstream, forwarding([udp(upstream.port)]) as rig:
            with replies_by_turn(rig) as seen:
                waiting = [rig.send(ask(f"n{number}.test")) for number in range(10 * AT_ONCE)]
                assert {parsed(await each).rcode() for each in waiting} == {dns.rcode.SERVFAIL}
            assert most_in_a_turn(seen) <= 2 * AT_ONCE, "a tick and what an earlier one left may fall into one turn"
            assert rig.forwarder.waiting == 0

    run(scenario)
