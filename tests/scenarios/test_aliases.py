"""A permitted name whose aliases lead to a blocked one."""

import dns.flags
import dns.rcode
import pytest

from resolver.core.counters import DropReason, Transport
from resolver.core.pipeline import Drop, Failure, Forward, Reply
from resolver.core.policy import Policy
from resolver.dns.codes import RRType
from tests.worlds import (
    EDE_TEXT,
    NOTHING_BLOCKED,
    SLOT,
    World,
    ask,
    extended_errors,
    measure,
    parsed,
    policy,
    records,
    upstream_says,
)

CHAIN = (
    "www.fine.example. 300 IN CNAME cdn.other.example.",
    "cdn.other.example. 20 IN CNAME a.pirate.example.",
    "a.pirate.example. 300 IN CNAME end.example.",
    "end.example. 300 IN A 203.0.113.1",
)
KEPT = ["www.fine.example. 60 CNAME cdn.other.example.", "cdn.other.example. 20 CNAME a.pirate.example."]
SOA = "pirate.example. 60 SOA pirate.example. legal.isp.example. 1 3600 600 86400 60"
CENSORED = (16, EDE_TEXT)
QUERY = ask("www.fine.example", use_edns=0)


def blocking(**changed: object) -> Policy:
    return policy(measure(**changed), names=[("pirate.example", 0)])


def shown(step: object) -> tuple[str, list[str], list[str], list[tuple[int, str]]]:
    assert isinstance(step, Reply)
    message = parsed(step)
    rcode = dns.rcode.to_text(message.rcode())
    return rcode, records(message.answer), records(message.authority), extended_errors(message)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("redirect", ("NOERROR", [*KEPT, "a.pirate.example. 60 A 192.0.2.80"], [], [CENSORED, (4, "")])),
        ("nodata", ("NOERROR", KEPT, [SOA], [CENSORED])),
        ("nxdomain", ("NXDOMAIN", [], [SOA], [CENSORED])),
        ("refused", ("REFUSED", [], [], [CENSORED])),
    ],
)
def test_the_action_stands_at_the_first_blocked_name(action: str, expected: object) -> None:
    world = World(blocking(action=action))
    first = world.resolve(QUERY, upstream_says("www.fine.example", "A", *CHAIN))
    assert shown(first) == shown(world.receive(QUERY)) == expected
    assert isinstance(first, Reply)
    assert first.slot == SLOT + 1


def test_an_alias_to_a_dropped_name_gets_no_answer() -> None:
    world = World(blocking(action="drop"))
    reply = world.resolve(QUERY, upstream_says("www.fine.example", "A", *CHAIN))
    assert reply == Drop(DropReason.ACTION, SLOT + 1, RRType.A)


@pytest.mark.parametrize("rdtype", ["HTTPS", "TXT", "MX"])
def test_other_types_behind_an_alias_get_nodata(rdtype: str) -> None:
    world = World(blocking())
    response = upstream_says("www.fine.example", rdtype, *CHAIN[:2], "a.pirate.example. 300 IN TYPE65280 \\# 1 00")
    assert shown(world.resolve(ask("www.fine.example", rdtype, use_edns=0), response)) == (
        "NOERROR",
        KEPT,
        [SOA],
        [CENSORED],
    )


def test_the_alias_record_itself_may_be_asked_for() -> None:
    world = World(blocking())
    reply = world.resolve(ask("cdn.other.example", "CNAME"), upstream_says("cdn.other.example", "CNAME", CHAIN[1]))
    assert records(parsed(reply).answer) == ["cdn.other.example. 20 CNAME a.pirate.example."]


def test_no_signature_and_no_ad_pass_beside_a_forged_end() -> None:
    world = World(blocking())
    signature = "www.fine.example. 300 IN RRSIG CNAME 13 3 300 20300101000000 20200101000000 1 fine.example. AAAA"
    wire = ask("www.fine.example", want_dnssec=True)
    response = upstream_says("www.fine.example", "A", CHAIN[0], signature, *CHAIN[1:], flags="QR RD RA AD")
    message = parsed(world.resolve(wire, response, trust_ad=True))
    assert records(message.answer) == [*KEPT, "a.pirate.example. 60 A 192.0.2.80"]
    assert not message.flags & dns.flags.AD


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(
            ["fine.example. 300 IN DNAME pirate.example.", "www.fine.example. 300 IN CNAME www.pirate.example."],
            id="with its CNAME",
        ),
        pytest.param(["fine.example. 300 IN DNAME pirate.example."], id="alone"),
    ],
)
def test_a_dname_leads_to_a_blocked_name_too(lines: list[str]) -> None:
    world = World(blocking())
    answer = records(parsed(world.resolve(QUERY, upstream_says("www.fine.example", "A", *lines))).answer)
    assert answer == ["www.fine.example. 60 CNAME www.pirate.example.", "www.pirate.example. 60 A 192.0.2.80"]


@pytest.mark.parametrize(
    ("changed", "free"),
    [
        ({"follow_cname": False}, True),
        ({"allow_alias": ["www.fine.example"]}, True),
        ({"allow_alias": ["cdn.other.example"]}, True),
        ({"allow_alias": ["end.example", "a.pirate.example"]}, False),
        ({"follow_cname": True}, False),
    ],
)
def test_a_measure_can_leave_aliases_alone(changed: dict[str, object], *, free: bool) -> None:
    world = World(blocking(**changed))
    reply = world.resolve(QUERY, upstream_says("www.fine.example", "A", *CHAIN))
    assert (records(parsed(reply).answer)[-1] == "end.example. 300 A 203.0.113.1") is free
    assert isinstance(world.receive(ask("a.pirate.example")), Reply), "asked for by its own name it stays blocked"


def test_a_measure_that_leaves_aliases_alone_does_not_release_them_from_another() -> None:
    both = policy(
        measure(follow_cname=False, rank=[0, 0, "2010-01-01"]),
        measure(order="ta-2", action="nxdomain"),
        names=[("pirate.example", 0), ("pirate.example", 1)],
    )
    world = World(both)
    reply = world.resolve(QUERY, upstream_says("www.fine.example", "A", *CHAIN))
    assert isinstance(reply, Reply)
    assert (dns.rcode.to_text(parsed(reply).rcode()), reply.slot) == ("NXDOMAIN", SLOT + 3)


def test_a_change_of_policy_binds_what_is_cached_at_once_and_frees_it_at_once() -> None:
    world = World()
    world.resolve(QUERY, upstream_says("www.fine.example", "A", *CHAIN))
    free = records(parsed(world.receive(QUERY)).answer)
    world.enforce(blocking())
    blocked = records(parsed(world.receive(QUERY)).answer)
    world.enforce(NOTHING_BLOCKED)
    assert (free[-1], blocked[-1]) == ("end.example. 300 A 203.0.113.1", "a.pirate.example. 60 A 192.0.2.80")
    assert records(parsed(world.receive(QUERY)).answer) == free


def test_a_name_that_becomes_blocked_while_it_is_asked_for_is_blocked() -> None:
    world = World()
    waiting = [world.forwarded(wire) for wire in (QUERY, ask("WWW.fine.example"))]
    entry = world.learn(waiting[0], upstream_says("www.fine.example", "A", "www.fine.example. 300 IN A 203.0.113.1"))
    assert not isinstance(entry, tuple)
    world.enforce(policy(measure(), names=[("fine.example", 0)]))
    for forward in waiting:
        reply = world.pipeline.complete(forward.asked, entry, world.now)
        assert [str(rrset[0]) for rrset in parsed(reply).answer] == ["192.0.2.80"]
        failed = world.pipeline.fail(forward.asked, Failure.TIMEOUT, world.now)
        assert [str(rrset[0]) for rrset in parsed(failed).answer] == ["192.0.2.80"]


def test_links_count_down_and_the_reply_is_replayed_only_while_it_stays_the_same() -> None:
    world = World(blocking(ttl=10))
    world.resolve(QUERY, upstream_says("www.fine.example", "A", *CHAIN))
    bare = world.receive(QUERY)
    assert isinstance(bare, Reply)
    assert (bare.lifetime, bare.ages_from) == (10, None)
    world.wait(12)
    later = world.receive(QUERY)
    assert isinstance(later, Reply)
    assert [rrset.ttl for rrset in parsed(later).answer] == [10, 8, 10]
    assert later.lifetime == 0
    world.wait(8)
    assert isinstance(world.receive(QUERY), Forward)


def test_a_blocked_alias_is_replayed_no_longer_than_its_chain_is_known() -> None:
    world = World(blocking(ttl=10))
    lines = ["www.fine.example. 300 IN CNAME a.pirate.example.", "a.pirate.example. 5 IN A 203.0.113.1"]
    reply = world.resolve(QUERY, upstream_says("www.fine.example", "A", *lines))
    assert isinstance(reply, Reply)
    assert reply.lifetime == 5


def test_over_tcp_a_chain_is_judged_too() -> None:
    world = World(blocking(), transport=Transport.TCP6)
    answer = records(parsed(world.resolve(QUERY, upstream_says("www.fine.example", "A", *CHAIN))).answer)
    assert answer == [*KEPT, "a.pirate.example. 60 A 192.0.2.80"]
