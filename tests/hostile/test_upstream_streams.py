"""What an upstream may do to a TCP connection, and to datagrams around their time; the client is answered or told."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import dns.rcode
import pytest

from resolver.core.counters import Gauge, UpstreamCount
from resolver.dns.framing import frame
from resolver.net.upstream_tcp import MOST_APART
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
