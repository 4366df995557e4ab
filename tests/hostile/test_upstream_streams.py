"""What an upstream may do to a TCP connection, and to datagrams around their time; the client is answered or told."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import dns.rcode
import pytest

from resolver.core.counters import Gauge, UpstreamCount
from resolver.dns.framing import frame
from resolver.net.streams_apart import MOST_APART, MOST_IN_VAIN
from resolver.net.timetable import Schedule
from tests.forwarding import FIFTH, eventually, forwarding, run, tcp, udp
from tests.hostile.scripted_upstream import ADDRESS, Heard, Say, Script, address_answer, scripted, silent, sound

BAD = "203.0.113.66"


def right(heard: Heard) -> bytes:
    """Write the truth."""
    return address_answer(heard.query).to_wire()


def wrong(heard: Heard, *, xor_id: int = 0) -> bytes:
    """Write a lie, under another id if one is given."""
    wire = address_answer(heard.query, BAD).to_wire()
    return (int.from_bytes(wire[:2], "big") ^ xor_id).to_bytes(2, "big") + wire[2:]


def raw(*pieces: bytes, pause: float = 0.0) -> list[Say]:
    """Send octets as they are, one piece after the other."""
    return [Say(piece, after=number * pause, raw=True) for number, piece in enumerate(pieces) if piece]


def octet_by_octet(heard: Heard) -> list[Say]:
    """Trickle."""
    return raw(*(bytes([octet]) for octet in frame(right(heard))), pause=0.0005)


def once(script: Script, then: Script = sound) -> Script:
    """Do this to the first query, and that to all others."""
    return lambda heard: script(heard) if heard.number == 0 else then(heard)


class Case(NamedTuple):
    """A script for a connection; whether the client gets the truth; how many queries it may cost."""

    script: Script
    answered: bool
    most: int


def answered(script: Script, most: int) -> Case:
    """Say that the client gets the truth."""
    return Case(script, answered=True, most=most)


def in_vain(script: Script, most: int) -> Case:
    """Say that the client gets SERVFAIL."""
    return Case(script, answered=False, most=most)


STREAMS = {
    "octet by octet": answered(octet_by_octet, 1),
    "length and message apart": answered(lambda h: raw(frame(right(h))[:2], right(h), pause=0.01), 1),
    "the length in two pieces": answered(lambda h: raw(frame(right(h))[:1], frame(right(h))[1:], pause=0.01), 1),
    "two messages in one piece": answered(lambda h: raw(frame(right(h)) + frame(wrong(h))), 1),
    "a wrong id, then the right one, in one piece": answered(
        lambda h: raw(frame(wrong(h, xor_id=1)) + frame(right(h))), 1
    ),
    "an empty message first": answered(lambda h: raw(b"\x00\x00" + frame(right(h))), 1),
    "five octets first": answered(lambda h: raw(frame(b"12345") + frame(right(h))), 1),
    "the query itself first": answered(lambda h: raw(frame(h.wire) + frame(right(h))), 1),
    "what cannot be read first": answered(lambda h: raw(frame(right(h)[:-3]) + frame(right(h))), 1),
    "a length shorter than the message": in_vain(lambda h: raw(b"\x00\x20" + right(h)), 2),
    "a length longer than the message": in_vain(lambda h: raw(b"\x04\x00" + right(h)), 2),
    "a length longer than the message, and the end": in_vain(lambda h: [*raw(b"\x04\x00" + right(h)), Say(b"")], 3),
    "half of a message, and the end": in_vain(lambda h: [*raw(frame(right(h))[:30]), Say(b"")], 3),
    "half of a message once, and the end": answered(once(lambda h: [*raw(frame(right(h))[:30]), Say(b"")]), 2),
    "half of a message, and nothing": in_vain(lambda h: raw(frame(right(h))[:30]), 2),
    "one octet, and nothing": in_vain(lambda h: raw(b"\x00"), 2),
    "the end": in_vain(lambda _: [Say(b"")], 3),
    "the end, once": answered(once(lambda _: [Say(b"")], then=sound), 2),
    "a reset": in_vain(lambda _: [Say(b"x", reset=True)], 3),
    "a reset after half of a message, once": answered(
        once(lambda h: [*raw(frame(right(h))[:30]), Say(b"x", after=0.01, reset=True)]), 2
    ),
    "nothing": in_vain(silent, 2),
    "the answer, and the end": answered(lambda h: [Say(right(h)), Say(b"")], 1),
    "truncated over TCP": in_vain(lambda h: [Say(right(h)[:2] + b"\x83\x80" + right(h)[4:])], 2),
    "truncated over TCP, then whole": answered(
        lambda h: [Say(right(h)[:2] + b"\x83\x80" + right(h)[4:]), Say(right(h), after=0.01)], 1
    ),
    "nine wrong ids, then the right one": answered(
        lambda h: [*(Say(wrong(h, xor_id=number)) for number in range(1, 10)), Say(right(h))], 1
    ),
    "wrong ids without end": in_vain(
        lambda h: [Say(wrong(h, xor_id=number), after=number / 1000) for number in range(1, 100)], 2
    ),
}


@pytest.mark.parametrize("case", STREAMS.values(), ids=STREAMS)
def test_a_connection_that_misbehaves(case: Case) -> None:
    async def scenario() -> None:
        async with scripted(case.script) as upstream, forwarding([tcp(upstream.port)]) as rig:
            begun = asyncio.get_running_loop().time()
            answer = await rig.resolve("www.victim.test")
            assert asyncio.get_running_loop().time() - begun < FIFTH.answer + 0.05
            assert [str(rrset[0]) for rrset in answer.answer] == ([ADDRESS] if case.answered else [])
            assert answer.rcode() == (dns.rcode.NOERROR if case.answered else dns.rcode.SERVFAIL)
            assert len(upstream.heard) <= case.most
            assert rig.forwarder.waiting == 0
            upstream.script = sound
            rig.clock.ahead += 2.0
            assert str((await rig.resolve("next.test")).answer[0][0]) == ADDRESS, "the next question is as ever"

    run(scenario)


def test_a_connection_that_is_lost_takes_nobody_with_it() -> None:
    """A hundred questions wait on a connection that had worked; it is reset, and all are asked once more."""

    async def scenario() -> None:
        async with scripted(sound) as upstream, forwarding([tcp(upstream.port)]) as rig:
            await rig.resolve("first.test")
            waiting = 0

            def reset_at_the_hundredth(_: Heard) -> list[Say]:
                nonlocal waiting
                waiting += 1
                if waiting == 100:
                    upstream.script = sound
                    return [Say(b"x", reset=True)]
                return []

            upstream.script = reset_at_the_hundredth
            answers = await asyncio.gather(*(rig.resolve(f"n{number}.test") for number in range(100)))
            assert {str(answer.answer[0][0]) for answer in answers} == {ADDRESS}
            assert len(upstream.heard) == 201

    run(scenario)


BREAKS: dict[str, Script] = {
    "the end": lambda _: [Say(b"")],
    "a reset": lambda _: [Say(b"x", reset=True)],
    "half of a message, and the end": lambda h: [*raw(frame(right(h))[:30]), Say(b"")],
    "a length too long, and nothing": lambda h: raw(b"\xff\xff" + right(h)),
    "a length too short": lambda h: raw(b"\x00\x20" + right(h)),
    "many wrong ids": lambda h: [Say(wrong(h, xor_id=number)) for number in range(1, 20)],
    "what cannot be read": lambda h: [Say(right(h)[:-3])],
    "nothing": silent,
}


@pytest.mark.parametrize("worked", [True, False], ids=["had worked", "is new"])
@pytest.mark.parametrize("breaks", BREAKS.values(), ids=BREAKS)
def test_one_question_that_breaks_every_connection_costs_no_other_its_answer(breaks: Script, *, worked: bool) -> None:
    """It breaks the one that it shares with others, and then its own."""

    def script(heard: Heard) -> list[Say]:
        if "breaks" in str(heard.query.question[0].name):
            return list(breaks(heard))
        return [Say(right(heard), after=0.02 if "other" in str(heard.query.question[0].name) else 0)]

    async def scenario() -> None:
        async with scripted(script) as upstream, forwarding([tcp(upstream.port)]) as rig:
            if worked:
                await rig.resolve("first.test")
            others = [f"other{number}.test" for number in range(10)]
            names = [*others[:5], "breaks.test", *others[5:]]
            answers = dict(zip(names, await asyncio.gather(*(rig.resolve(name) for name in names)), strict=True))
            assert answers.pop("breaks.test").rcode() == dns.rcode.SERVFAIL
            assert {str(answer.answer[0][0]) for answer in answers.values()} == {ADDRESS}
            assert max(upstream.asked_for(name) for name in names) <= 2
            assert rig.forwarder.waiting == 0

    run(scenario)


MANY = 200
"""Questions that wait on one connection, far more than there are connections apart."""
MANY_AND_CULPRITS = {
    **{f"one, by {what}, in 20 ms": (breaks, {100}, 0.02) for what, breaks in BREAKS.items()},
    "five, by the end": (BREAKS["the end"], {0, 1, 90, 140, 199}, 0.0),
    "thirty, by the end": (BREAKS["the end"], set(range(30)), 0.0),
    "thirty, by a length too long": (BREAKS["a length too long, and nothing"], set(range(30)), 0.0),
    "thirty, by what cannot be read": (BREAKS["what cannot be read"], set(range(30)), 0.0),
    "thirty, by nothing": (silent, set(range(30)), 0.0),
}
"""What some of many questions do to their connection, which of them, and how long answers to all others take."""


def breaks_for(breaks: Script, delay: float) -> Script:
    """Break the connection for some names, and answer all others after so many seconds."""

    def script(heard: Heard) -> list[Say]:
        if "breaks" in str(heard.query.question[0].name):
            return list(breaks(heard))
        return [Say(right(heard), after=delay)]

    return script


def name_many(culprits: set[int]) -> list[str]:
    """Name many questions, some of which break connections."""
    return [f"{'breaks' if number in culprits else 'other'}{number}.test" for number in range(MANY)]


@pytest.mark.parametrize(("breaks", "culprits", "delay"), MANY_AND_CULPRITS.values(), ids=MANY_AND_CULPRITS)
def test_of_many_that_wait_only_those_fail_that_break_connections(
    breaks: Script, culprits: set[int], delay: float
) -> None:
    async def scenario() -> None:
        async with (
            scripted(breaks_for(breaks, delay)) as upstream,
            forwarding([tcp(upstream.port)], schedule=Schedule()) as rig,
        ):
            names = name_many(culprits)
            answers = dict(zip(names, await asyncio.gather(*(rig.resolve(name) for name in names)), strict=True))
            failed = {name for name, answer in answers.items() if answer.rcode() == dns.rcode.SERVFAIL}
            assert failed == {name for name in names if "breaks" in name}
            assert max(upstream.asked_for(name) for name in names) <= 2
            assert upstream.connections <= 2 + MOST_APART + len(culprits)
            assert rig.forwarder.waiting == 0

    run(scenario)


def test_an_upstream_that_closes_after_each_answer_answers_all() -> None:
    async def scenario() -> None:
        async with (
            scripted(lambda h: [Say(right(h)), Say(b"")]) as upstream,
            forwarding([tcp(upstream.port)], schedule=Schedule()) as rig,
        ):
            names = name_many(set())
            answers = await asyncio.gather(*(rig.resolve(name) for name in names))
            assert {str(answer.answer[0][0]) for answer in answers} == {ADDRESS}
            assert max(upstream.asked_for(name) for name in names) <= 2

    run(scenario)


def test_an_upstream_that_ends_every_connection_does_not_cost_one_for_each_question() -> None:
    async def scenario() -> None:
        async with scripted(lambda _: [Say(b"")]) as upstream, forwarding([tcp(upstream.port)]) as rig:
            begun = asyncio.get_running_loop().time()
            answers = await asyncio.gather(*(rig.resolve(name) for name in name_many(set())))
            assert {answer.rcode() for answer in answers} == {dns.rcode.SERVFAIL}
            assert upstream.connections <= 2 + MOST_APART + MOST_IN_VAIN
            assert asyncio.get_running_loop().time() - begun < FIFTH.answer / 2, "nobody waits for what will not come"

    run(scenario)


def test_who_waited_long_for_a_connection_apart_shares_one() -> None:
    """More questions than there are connections apart are never answered; the others' time is not lost on them."""

    async def scenario() -> None:
        async with scripted(breaks_for(silent, 0.0)) as upstream, forwarding([tcp(upstream.port)]) as rig:
            await rig.resolve("first.test")

            def ends_at_the_last(heard: Heard) -> list[Say]:
                if len(upstream.heard) <= MANY:
                    return []
                upstream.script = breaks_for(silent, 0.0)
                return [Say(b"")]

            upstream.script = ends_at_the_last
            names = name_many(set(range(MOST_APART)))
            answers = dict(zip(names, await asyncio.gather(*(rig.resolve(name) for name in names)), strict=True))
            failed = {name for name, answer in answers.items() if answer.rcode() == dns.rcode.SERVFAIL}
            assert failed == {name for name in names if "breaks" in name}
            assert upstream.connections == 1 + MOST_APART

    run(scenario)


@pytest.mark.parametrize("once_more", [True, False], ids=["that connects", "that connects no more"])
def test_who_waits_for_an_upstream_that_ends_connections_and_is_silent_is_told_in_time(*, once_more: bool) -> None:
    async def scenario() -> None:
        async with scripted(silent) as upstream, forwarding([tcp(upstream.port)]) as rig:

            def ends_at_the_last(_: Heard) -> list[Say]:
                if len(upstream.heard) < MANY:
                    return []
                upstream.script = silent
                if not once_more:
                    upstream.stop_listening()
                return [Say(b"")]

            upstream.script = ends_at_the_last
            begun = asyncio.get_running_loop().time()
            answers = await asyncio.gather(*(rig.resolve(name) for name in name_many(set())))
            assert {answer.rcode() for answer in answers} == {dns.rcode.SERVFAIL}
            assert asyncio.get_running_loop().time() - begun < FIFTH.answer + 0.05
            assert max(upstream.asked_for(name) for name in name_many(set())) <= 2
            assert upstream.connections <= 1 + MOST_APART
            assert rig.forwarder.waiting == 0

    run(scenario)


def test_an_upstream_that_is_taken_away_may_finish_and_leaves_nothing_open() -> None:
    async def scenario() -> None:
        ends = breaks_for(lambda _: [Say(b"")], 0.02)
        async with (
            scripted(ends) as upstream,
            scripted(sound) as other,
            forwarding([tcp(upstream.port)], schedule=Schedule()) as rig,
        ):
            asked = [asyncio.create_task(rig.resolve(name)) for name in name_many({100})]
            await eventually(lambda: len(upstream.heard) > 101)
            rig.forwarder.replace([tcp(other.port, 1)], [], 4_096)
            answers = await asyncio.gather(*asked)
            assert [answer.rcode() for answer in answers].count(dns.rcode.SERVFAIL) == 1
            rig.clock.ahead += 10
            rig.forwarder.advance(rig.clock())
            await eventually(lambda: upstream.open_connections == 0)
            assert not other.heard

    run(scenario)


def test_an_upstream_that_is_silent_over_tcp_does_not_cost_a_connection_for_each_question() -> None:
    async def scenario() -> None:
        async with scripted(silent) as upstream, forwarding([tcp(upstream.port)]) as rig:
            answers = await asyncio.gather(*(rig.resolve(f"n{number}.test") for number in range(200)))
            assert {answer.rcode() for answer in answers} == {dns.rcode.SERVFAIL}
            assert upstream.connections <= 2 + MOST_APART

    run(scenario)


DATAGRAMS: dict[str, tuple[Callable[[Heard], list[Say]], int]] = {
    "twice": (lambda h: [Say(right(h)), Say(right(h))], 1),
    "twice, late": (lambda h: [Say(right(h)), Say(right(h), after=0.03)], 1),
    "a lie after the truth": (lambda h: [Say(right(h)), Say(wrong(h))], 1),
    "five times": (lambda h: [Say(right(h))] * 5, 4),
    "a wrong id after it": (lambda h: [Say(right(h)), Say(wrong(h, xor_id=5))], 1),
}


@pytest.mark.parametrize(("script", "strays"), DATAGRAMS.values(), ids=DATAGRAMS)
def test_what_comes_after_the_answer_changes_nothing(script: Script, strays: int) -> None:
    async def scenario() -> None:
        async with scripted(script) as upstream, forwarding([udp(upstream.port)], sockets=1) as rig:
            for number in range(3):
                answer = await rig.resolve(f"n{number}.test")
                assert str(answer.answer[0][0]) == ADDRESS
            await eventually(lambda: rig.gauge(Gauge.MISMATCHES) == 3 * strays)
            for number in range(3):
                assert str((await rig.resolve(f"n{number}.test")).answer[0][0]) == ADDRESS
            assert len(upstream.heard) == 3
            assert rig.count(UpstreamCount.TIMEOUTS) == 0

    run(scenario)


def test_answers_come_in_any_order() -> None:
    async def scenario() -> None:
        backwards: Script = lambda h: [Say(right(h), after=0.06 - 0.001 * h.number)]  # noqa: E731
        async with scripted(backwards) as upstream, forwarding([udp(upstream.port)], sockets=2) as rig:
            names = [f"n{number}.test" for number in range(50)]
            answers = await asyncio.gather(*(rig.resolve(name) for name in names))
            assert [str(answer.answer[0].name) for answer in answers] == [f"{name}." for name in names]
            assert len(upstream.heard) == 50

    run(scenario)
