"""What one upstream may say to one question, and what the client gets; the upstream is scripted.

Each case is a misbehaviour, the answer that must come of it, and the most that may be sent upstream because of it.
"""

import asyncio
import struct
from collections.abc import Callable, Iterable
from typing import NamedTuple

import dns.flags
import dns.message
import dns.rrset
import pytest

from resolver.core.counters import Gauge, UpstreamCount
from tests.forwarding import FIFTH, forwarding, run, tcp, udp
from tests.hostile.scripted_upstream import (
    ADDRESS,
    Heard,
    Say,
    Script,
    address_answer,
    says,
    scripted,
    silent,
    sound,
)
from tests.worlds import extended_errors

BAD = "203.0.113.66"
SOON = 0.04


def forged(heard: Heard) -> bytes:
    """Write what would be believed if it were not for the one thing a case spoils."""
    return address_answer(heard.query, BAD).to_wire()


def then_sound(spoil: Callable[[Heard], bytes], *, elsewhere: bool = False) -> Script:
    """Send something wrong at once, and what is right a little later, over UDP and over TCP."""
    return lambda heard: [
        Say(spoil(heard), elsewhere=elsewhere),
        Say(address_answer(heard.query).to_wire(), after=SOON),
    ]


def with_header(wire: bytes, *, xor_id: int = 0, set_flags: int = 0, clear_flags: int = 0, questions: int = 1) -> bytes:
    """Change the header of a message."""
    message_id, flags = struct.unpack_from("!HH", wire)
    return struct.pack("!HHH", message_id ^ xor_id, flags & ~clear_flags | set_flags, questions) + wire[6:]


def header_only(heard: Heard, rcode: int) -> bytes:
    """Write twelve octets that carry a response code."""
    return heard.wire[:2] + struct.pack("!HHHHH", 0x8180 | rcode, 0, 0, 0, 0)


def other_question(heard: Heard, *, name: str | None = None, rdtype: str = "A", rdclass: str = "IN") -> bytes:
    """Answer a question that was not asked, under the id of the one that was."""
    asked = dns.message.make_query(name or heard.query.question[0].name, rdtype, rdclass)
    asked.id = heard.query.id
    response = dns.message.make_response(asked)
    response.answer.append(dns.rrset.from_text(asked.question[0].name, 300, "IN", "A", BAD))
    return response.to_wire()


WRONG: dict[str, Script] = {
    "another id": then_sound(lambda heard: with_header(forged(heard), xor_id=0x0101)),
    "another port": then_sound(forged, elsewhere=True),
    "another name": then_sound(lambda heard: other_question(heard, name="evil.test")),
    "another type": then_sound(lambda heard: other_question(heard, rdtype="AAAA")),
    "another class": then_sound(lambda heard: other_question(heard, rdclass="CH")),
    "no question": then_sound(lambda heard: forged(heard)[:4] + b"\x00\x00" + forged(heard)[6:]),
    "two questions": then_sound(lambda heard: with_header(forged(heard), questions=2)),
    "a query, not a response": then_sound(lambda heard: with_header(forged(heard), clear_flags=0x8000)),
    "another operation": then_sound(lambda heard: with_header(forged(heard), set_flags=0x2000)),
    "five octets": then_sound(lambda heard: heard.wire[:5]),
    "one octet": then_sound(lambda heard: heard.wire[:1]),
    "header alone, SERVFAIL": then_sound(lambda heard: header_only(heard, 2)),
    "header alone, NOERROR": then_sound(lambda heard: header_only(heard, 0)),
    "header alone, NOTIMP": then_sound(lambda heard: header_only(heard, 4)),
    "cut short in the answer": then_sound(lambda heard: forged(heard)[:-25]),
    "an answer count that lies": then_sound(
        lambda heard: forged(heard)[:6] + b"\x00\x09" + forged(heard)[8:]
    ),
    "noise behind the question": then_sound(lambda heard: forged(heard)[:40] + bytes(range(90, 190))),
}  # fmt: skip  # a table


@pytest.mark.parametrize("over", ["udp", "tcp"])
@pytest.mark.parametrize("wrong", WRONG)
def test_waiting_goes_on_after_what_is_wrong(wrong: str, over: str) -> None:
    if over == "tcp" and wrong == "another port":
        wrong = "another id"  # A TCP connection has one source only; its ids are checked twice then.

    async def scenario() -> None:
        async with scripted(WRONG[wrong]) as upstream:
            address = udp(upstream.port) if over == "udp" else tcp(upstream.port)
            async with forwarding([address]) as rig:
                answer = await rig.resolve("www.victim.test")
                assert [rdata.address for rdata in answer.answer[0]] == [ADDRESS]
                assert len(upstream.heard) == 1
                assert rig.count(UpstreamCount.TIMEOUTS) == 0

    run(scenario)


@pytest.mark.parametrize(
    ("wrong", "mismatches", "unusable"),
    [("another id", 1, 0), ("another name", 1, 0), ("five octets", 1, 0), ("cut short in the answer", 0, 1)],
)
def test_what_is_wrong_is_counted(wrong: str, mismatches: int, unusable: int) -> None:
    async def scenario() -> None:
        async with scripted(WRONG[wrong]) as upstream, forwarding([udp(upstream.port)]) as rig:
            await rig.resolve("www.victim.test")
            assert rig.gauge(Gauge.MISMATCHES) == mismatches
            assert rig.count(UpstreamCount.UNUSABLE_ANSWERS) == unusable

    run(scenario)


def without_edns(script: Script) -> Script:
    """Answer soundly what has no OPT record, and by this script what has one."""
    return lambda heard: sound(heard) if heard.query.edns < 0 else script(heard)


def truncated(heard: Heard) -> list[Say]:
    """Say TC over UDP with a partial and wrong answer, and the truth over TCP."""
    if heard.over_tcp:
        return sound(heard)
    return [Say(with_header(forged(heard), set_flags=dns.flags.TC))]


def guesses(heard: Heard) -> list[Say]:
    """Send ten wrong ids and then a forgery with the right one; over TCP, the truth."""
    if heard.over_tcp:
        return sound(heard)
    wrong = [Say(with_header(forged(heard), xor_id=number)) for number in range(1, 11)]
    return [*wrong, Say(forged(heard), after=SOON)]


def poison(heard: Heard) -> list[Say]:
    """Answer, and add what was not asked."""
    response = address_answer(heard.query)
    victim = dns.rrset.from_text("bank.test.", 300, "IN", "A", BAD)
    response.answer.append(victim)
    response.additional.append(victim)
    return [Say(response.to_wire())]


def other_name_only(heard: Heard) -> list[Say]:
    """Answer the question with records of another name."""
    response = dns.message.make_response(heard.query)
    response.answer.append(dns.rrset.from_text("evil.test.", 300, "IN", "A", BAD))
    return [Say(response.to_wire())]


def alias_loop(heard: Heard) -> list[Say]:
    """Answer with an alias of itself."""
    response = dns.message.make_response(heard.query)
    name = heard.query.question[0].name
    response.answer.append(dns.rrset.from_text(name, 300, "IN", "CNAME", name.to_text()))
    return [Say(response.to_wire())]


def five_octet_address(heard: Heard) -> list[Say]:
    """Answer with an address of five octets."""
    wire = address_answer(heard.query).to_wire()
    at = wire.index(bytes([0, 4, 192, 0, 2, 7]))
    return [Say(wire[:at] + bytes([0, 5, 192, 0, 2, 7, 9]) + wire[at + 6 :])]


def closes_over_tcp(heard: Heard) -> list[Say]:
    """Say TC, then close every TCP connection on which a question comes."""
    return [Say(b"")] if heard.over_tcp else truncated(heard)


def wrong_id_only(heard: Heard) -> list[Say]:
    """Say TC, then answer over TCP under wrong ids, without end."""
    if not heard.over_tcp:
        return truncated(heard)
    return [Say(with_header(forged(heard), xor_id=number), after=number / 100) for number in range(1, 60)]


def two_opts(heard: Heard) -> list[Say]:
    """Answer with two OPT records."""
    wire = address_answer(heard.query).to_wire()
    bare_opt = b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"
    return [Say(wire[:10] + b"\x00\x02" + wire[12:-11] + bare_opt * 2)]


def wrong_over_udp(heard: Heard) -> list[Say]:
    """Answer over UDP under the wrong id, whatever is asked, and soundly over TCP."""
    return sound(heard) if heard.over_tcp else [Say(with_header(forged(heard), xor_id=1))]


def bare_tc(heard: Heard) -> list[Say]:
    """Say TC over UDP with a header alone, and the truth over TCP."""
    return sound(heard) if heard.over_tcp else [Say(heard.wire[:2] + b"\x83\x80" + bytes(8))]


def bare_tc_over_tcp_too(heard: Heard) -> list[Say]:
    """Say TC with a header alone, over UDP and over TCP."""
    return [Say(heard.wire[:2] + b"\x83\x80" + bytes(8))]


class Case(NamedTuple):
    """A script, the response code for the client (and the address if any), and the most sends over UDP and TCP."""

    script: Script
    rcode: str
    udp: int
    tcp: int
    address: str | None = None
    errors: Iterable[int] = ()


CASES = {
    "header alone, FORMERR": Case(without_edns(lambda h: [Say(header_only(h, 1))]), "NOERROR", 2, 0, ADDRESS),
    "FORMERR to EDNS": Case(without_edns(says("FORMERR")), "NOERROR", 2, 0, ADDRESS),
    "NOTIMP to EDNS": Case(without_edns(says("NOTIMP")), "NOERROR", 2, 0, ADDRESS),
    "BADVERS to EDNS": Case(without_edns(says("BADVERS")), "NOERROR", 2, 0, ADDRESS),
    "FORMERR to everything": Case(says("FORMERR"), "SERVFAIL", 2, 0, errors=[22]),
    "NOTIMP to everything": Case(says("NOTIMP"), "SERVFAIL", 2, 0, errors=[22]),
    "TC and a partial answer": Case(truncated, "NOERROR", 1, 1, ADDRESS),
    "TC, and TCP closes": Case(closes_over_tcp, "SERVFAIL", 1, 2, errors=[23]),
    "TC, and wrong ids over TCP": Case(wrong_id_only, "SERVFAIL", 1, 2),
    "TC in a header alone": Case(bare_tc, "NOERROR", 1, 1, ADDRESS),
    "TC in a header alone over TCP too": Case(bare_tc_over_tcp_too, "SERVFAIL", 1, 2),
    "a wrong id over UDP each time": Case(wrong_over_udp, "NOERROR", 1, 1, ADDRESS),
    "a flood of guesses": Case(guesses, "NOERROR", 1, 1, ADDRESS),
    "an extra record": Case(poison, "NOERROR", 1, 0, ADDRESS),
    "records of another name": Case(other_name_only, "SERVFAIL", 1, 0, errors=[0]),
    "an alias of itself": Case(alias_loop, "SERVFAIL", 1, 0, errors=[0]),
    "an address of five octets": Case(five_octet_address, "SERVFAIL", 3, 0, errors=[0]),
    "SERVFAIL": Case(says("SERVFAIL"), "SERVFAIL", 1, 0, errors=[22]),
    "REFUSED": Case(says("REFUSED"), "SERVFAIL", 1, 0, errors=[22]),
    "SERVFAIL because it is bogus": Case(says("SERVFAIL", 6), "SERVFAIL", 1, 0, errors=[6]),
    "REFUSED by a filter": Case(says("REFUSED", 17), "SERVFAIL", 1, 0, errors=[0]),
    "silence": Case(silent, "SERVFAIL", 3, 0, errors=[22]),
    "two OPT records": Case(two_opts, "NOERROR", 1, 0, ADDRESS),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_one_upstream_misbehaves(case: Case) -> None:
    async def scenario() -> None:
        async with scripted(case.script) as upstream, forwarding([udp(upstream.port)]) as rig:
            begun = asyncio.get_running_loop().time()
            answer = await rig.resolve("www.victim.test", use_edns=0)
            took = asyncio.get_running_loop().time() - begun
            assert dns.rcode.to_text(answer.rcode()) == case.rcode
            assert [str(rdata) for rrset in answer.answer for rdata in rrset] == (
                [case.address] if case.address else []
            )
            assert {code for code, _ in extended_errors(answer)} >= set(case.errors)
            assert took < FIFTH.answer + 0.03
            over_udp, over_tcp = upstream.counts()
            assert 1 <= over_udp <= case.udp
            assert over_tcp <= case.tcp
            assert rig.forwarder.waiting == 0

            if case.rcode == "SERVFAIL":
                sent = len(upstream.heard)
                again = await rig.resolve("www.victim.test", use_edns=0)
                assert again.rcode() == dns.rcode.SERVFAIL
                assert len(upstream.heard) == sent, "a failure is remembered for a second"

    run(scenario)


def test_an_extra_record_is_not_believed_later() -> None:
    async def scenario() -> None:
        async with scripted(poison) as upstream, forwarding([udp(upstream.port)]) as rig:
            await rig.resolve("www.victim.test")
            answer = await rig.resolve("bank.test")
            assert len(upstream.heard) == 2
            assert BAD in {str(rdata) for rdata in answer.answer[0]}, "asked for, it is the upstream's own word"

    run(scenario)


def test_a_dislike_of_edns_is_not_remembered() -> None:
    async def scenario() -> None:
        async with scripted(without_edns(says("FORMERR"))) as upstream, forwarding([udp(upstream.port)]) as rig:
            await rig.resolve("one.test")
            upstream.script = sound
            await rig.resolve("two.test")
            assert [heard.query.edns for heard in upstream.heard] == [0, -1, 0]

    run(scenario)


def test_only_the_question_goes_further() -> None:
    """Nothing but name, type, class and the DO and CD flags of a client's query reaches an upstream."""

    async def scenario() -> None:
        async with scripted(sound) as upstream, forwarding([udp(upstream.port)]) as rig:
            options = [dns.edns.GenericOption(dns.edns.OptionType.make(65001), b"smuggled")]
            await rig.resolve("WwW.ExAmPlE.test", use_edns=0, payload=4096, options=options, want_dnssec=True)
            query = upstream.heard[0].query
            assert query.question[0].name.to_text() == "www.example.test."
            assert (query.payload, query.options, query.ednsflags) == (1232, (), dns.flags.DO)
            assert query.flags == dns.flags.RD | dns.flags.AD

    run(scenario)


def test_mismatches_never_count_against_the_upstream() -> None:
    async def scenario() -> None:
        async with scripted(guesses) as upstream, forwarding([udp(upstream.port)]) as rig:
            await asyncio.gather(*(rig.resolve(f"n{number}.test") for number in range(12)))
            assert rig.gauge(Gauge.MISMATCHES) >= 120
            assert rig.count(UpstreamCount.HEALTHY) == 1
            assert rig.count(UpstreamCount.TIMEOUTS) == 0

    run(scenario)


def validated(heard: Heard) -> list[Say]:
    """Answer soundly and say that DNSSEC proved it."""
    return [Say(with_header(address_answer(heard.query).to_wire(), set_flags=dns.flags.AD))]


@pytest.mark.parametrize("trust_ad", [True, False])
def test_ad_comes_from_an_upstream_that_is_trusted_and_goes_to_who_asks(*, trust_ad: bool) -> None:
    async def scenario() -> None:
        async with scripted(validated) as upstream:
            address = udp(upstream.port)._replace(trust_ad=trust_ad)
            async with forwarding([address]) as rig:
                wants_ad = await rig.resolve("a.test", flags=dns.flags.RD | dns.flags.AD)
                wants_dnssec = await rig.resolve("b.test", want_dnssec=True)
                wants_neither = await rig.resolve("c.test", use_edns=0)
                given = [bool(each.flags & dns.flags.AD) for each in (wants_ad, wants_dnssec, wants_neither)]
                assert given == [trust_ad, trust_ad, False]
                assert all(heard.query.flags & dns.flags.AD for heard in upstream.heard)

    run(scenario)
