"""What a client gets when no upstream answers: something stale, or the failure, and how long that stands."""

from typing import Any

import dns.flags
import dns.rcode
import pytest

from resolver.core.counters import GAUGES, Gauge
from resolver.core.pipeline import Entry, Failure, Forward, Reply, Unusable
from tests.worlds import (
    NOTHING_BLOCKED,
    World,
    ask,
    extended_errors,
    measure,
    parsed,
    policy,
    records,
    upstream_says,
)

QUERY = ask("www.fine.example", use_edns=0)
A = "www.fine.example. 100 IN A 203.0.113.1"
SOA = "fine.example. 100 IN SOA ns.fine.example. admin.fine.example. 7 1 2 3 100"
FINE_BLOCKED = policy(measure(), names=[("fine.example", 0)])
GOOD = upstream_says("www.fine.example", "A", A)


def forwarded(world: World) -> bool:
    return isinstance(world.receive(QUERY), Forward)


def expired(response: bytes = GOOD, **options: float) -> World:
    world = World(**options)  # type: ignore[arg-type]  # numbers are all that these tests change
    world.resolve(QUERY, response)
    world.wait(100)
    return world


@pytest.mark.parametrize(
    ("failure", "code", "stands"),
    [
        (Failure.TIMEOUT, 22, True),
        (Failure.NETWORK, 23, True),
        (Failure.REFUSED_UPSTREAM, 22, True),
        (Failure.UNUSABLE, 0, True),
        (Failure.OVERLOAD, 14, False),
        (Failure.NO_UPSTREAM, 22, False),
    ],
)
def test_a_failure_is_servfail_and_says_why(failure: Failure, code: int, *, stands: bool) -> None:
    world = World()
    reply = world.fail(QUERY, failure)
    assert isinstance(reply, Reply)
    assert reply.lifetime < 0, "never replayed"
    message = parsed(reply)
    assert (message.rcode(), message.answer, message.authority) == (dns.rcode.SERVFAIL, [], [])
    assert extended_errors(message) == [(code, failure.value)]
    assert forwarded(world) is not stands
    if stands:
        again = world.receive(QUERY)
        assert isinstance(again, Reply)
        assert again.lifetime < 0
        assert extended_errors(parsed(again)) == [(code, failure.value), (13, "")]


def test_a_failure_without_edns_is_a_bare_servfail() -> None:
    message = parsed(World().fail(ask("www.fine.example")))
    assert (message.rcode(), message.edns) == (dns.rcode.SERVFAIL, -1)


def test_failures_stand_for_longer_each_time_up_to_thirty_seconds() -> None:
    world = World()
    for pause in (1, 2, 4, 8, 16, 30, 30):
        world.fail(QUERY)
        world.wait(pause - 0.125)
        assert not forwarded(world)
        world.wait(0.125)
        assert forwarded(world)


def test_waiters_of_one_exchange_count_as_one_failure() -> None:
    world = World()
    waiting = [world.forwarded(QUERY) for _ in range(10)]
    for forward in waiting:
        world.pipeline.fail(forward.asked, Failure.TIMEOUT, world.now)
    world.wait(1)
    assert forwarded(world)


def test_a_failure_long_ago_does_not_count() -> None:
    world = World()
    world.fail(QUERY)
    world.wait(32)
    world.fail(QUERY)
    world.wait(1)
    assert forwarded(world)


def test_an_answer_that_comes_late_ends_the_failure() -> None:
    world = World()
    forward = world.forwarded(QUERY)
    world.pipeline.fail(forward.asked, Failure.TIMEOUT, world.now)
    world.wait(0.5)
    world.learn(forward, GOOD)
    assert records(parsed(world.receive(QUERY)).answer) == ["www.fine.example. 100 A 203.0.113.1"]
    world.wait(100)
    world.fail(ask("other.example"))
    world.messages.keep_failure(forward.question, Unusable(Failure.TIMEOUT), world.now, stale=False)
    world.wait(1)
    assert forwarded(world), "the failure before counts no longer"


def test_an_answer_for_once_ends_the_failure_too() -> None:
    world = World()
    forward = world.forwarded(QUERY)
    world.pipeline.fail(forward.asked, Failure.TIMEOUT, world.now)
    world.learn(forward, upstream_says("www.fine.example", "A", A.replace("100", "0")))
    assert forwarded(world)


def test_another_question_does_not_share_the_failure() -> None:
    world = World()
    world.fail(QUERY)
    for other in (ask("www.fine.example", "AAAA"), ask("fine.example"), ask("www.fine.example", want_dnssec=True)):
        assert isinstance(world.receive(other), Forward)
    assert isinstance(world.receive(ask("WWW.fine.example")), Reply), "letter case makes no other question"


@pytest.mark.parametrize(
    ("rcode", "lines", "error"),
    [
        pytest.param("NOERROR", [A], 3, id="data"),
        pytest.param("NOERROR", [f"> {SOA}"], 3, id="no data"),
        pytest.param("NXDOMAIN", [f"> {SOA}"], 19, id="no such name"),
    ],
)
def test_what_expired_is_served_for_want_of_better(rcode: str, lines: list[str], error: int) -> None:
    world = expired(upstream_says("www.fine.example", "A", *lines, rcode=rcode))
    assert forwarded(world), "an upstream is asked first"
    for reply in (world.fail(QUERY), world.receive(QUERY)):
        assert isinstance(reply, Reply)
        message = parsed(reply)
        assert (dns.rcode.to_text(message.rcode()), extended_errors(message)) == (rcode, [(error, "")])
        assert [rrset.ttl for rrset in (*message.answer, *message.authority)] == [30]
        assert reply.lifetime < 0, "never replayed"
    assert world.page[GAUGES + Gauge.STALE_ANSWERS] == 2


@pytest.mark.parametrize(("age", "ttl"), [(5, 95), (100, 30), (150, 30)], ids=["fresh", "expired", "stale for long"])
@pytest.mark.parametrize("aliased", [False, True])
def test_who_asks_for_signatures_gets_at_least_what_others_were_told(age: int, ttl: int, *, aliased: bool) -> None:
    world = World()
    lines = [A.replace("www", "cdn"), "www.fine.example. 100 IN CNAME cdn.fine.example."] if aliased else [A]
    world.resolve(ask("www.fine.example"), upstream_says("www.fine.example", "A", *lines))
    world.wait(age)
    signed = ask("www.fine.example", want_dnssec=True)
    for reply in (world.fail(signed, Failure.REFUSED_UPSTREAM), world.receive(signed)):
        assert isinstance(reply, Reply)
        message = parsed(reply)
        assert [rrset.ttl for rrset in message.answer] == [ttl] * (1 + aliased)
        assert (message.rcode(), extended_errors(message)) == (dns.rcode.NOERROR, [(3, "")])
        assert not message.flags & dns.flags.AD
        assert reply.lifetime < 0, "never replayed"
    world.enforce(policy(measure(), names=[("cdn.fine.example" if aliased else "fine.example", 0)]))
    assert "192.0.2.80" in records(parsed(world.receive(signed)).answer)[-1], "it is judged like all others"


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        pytest.param({"want_dnssec": True}, {}, id="signatures are not for who does not want them"),
        pytest.param({"flags": dns.flags.RD | dns.flags.CD}, {"want_dnssec": True}, id="unchecked is not checked"),
    ],
)
def test_what_others_were_told_does_not_help_everybody(told: dict[str, Any], asked: dict[str, Any]) -> None:
    world = World()
    world.resolve(ask("www.fine.example", **told), GOOD)
    assert parsed(world.fail(ask("www.fine.example", **asked))).rcode() == dns.rcode.SERVFAIL


def test_what_others_were_told_does_not_make_bogus_good() -> None:
    world = World()
    world.resolve(ask("www.fine.example"), GOOD)
    bogus = upstream_says("www.fine.example", "A", rcode="SERVFAIL", edns="15:0006")
    assert parsed(world.resolve(ask("www.fine.example", want_dnssec=True), bogus)).rcode() == dns.rcode.SERVFAIL


def test_with_a_stale_answer_upstreams_are_left_alone_for_thirty_seconds() -> None:
    world = expired()
    world.fail(QUERY)
    world.wait(29.875)
    assert not forwarded(world)
    world.wait(0.125)
    assert forwarded(world)


@pytest.mark.parametrize(("after", "stale"), [(0, True), (49.875, True), (50, False)])
def test_stale_answers_end(after: float, *, stale: bool) -> None:
    world = expired(stale_seconds=50)
    world.wait(after)
    assert (parsed(world.fail(QUERY)).rcode() == dns.rcode.NOERROR) is stale


def test_stale_answers_can_be_switched_off() -> None:
    assert parsed(expired(stale_seconds=0).fail(QUERY)).rcode() == dns.rcode.SERVFAIL


def test_bogus_is_not_papered_over_with_what_was_good_once() -> None:
    world = expired()
    bogus = upstream_says("www.fine.example", "A", rcode="SERVFAIL", edns="15:0006")
    message = parsed(world.resolve(QUERY, bogus))
    assert (message.rcode(), extended_errors(message)) == (dns.rcode.SERVFAIL, [(6, "upstream:")])


def test_what_an_upstream_said_last_counts_although_it_is_not_kept() -> None:
    world = expired()
    world.resolve(QUERY, upstream_says("www.fine.example", "A", rcode="NXDOMAIN"))
    assert parsed(world.fail(QUERY)).rcode() == dns.rcode.SERVFAIL


def test_a_fresh_answer_that_came_in_the_meantime_is_better_than_the_failure() -> None:
    world = World()
    first, second = world.forwarded(QUERY), world.forwarded(QUERY)
    world.learn(first, GOOD)
    message = parsed(world.pipeline.fail(second.asked, Failure.TIMEOUT, world.now))
    assert (records(message.answer), extended_errors(message)) == (["www.fine.example. 100 A 203.0.113.1"], [])


def test_no_stale_answer_for_a_name_now_blocked_and_no_stale_block_for_one_that_is_free() -> None:
    world = expired()
    waiting = world.forwarded(QUERY)
    world.enforce(FINE_BLOCKED)
    blocked = [world.pipeline.fail(waiting.asked, Failure.TIMEOUT, world.now), world.receive(QUERY)]
    assert [str(rrset[0]) for reply in blocked for rrset in parsed(reply).answer] == ["192.0.2.80"] * 2
    world.enforce(NOTHING_BLOCKED)
    assert records(parsed(world.fail(QUERY)).answer) == ["www.fine.example. 30 A 203.0.113.1"]


def test_a_stale_alias_of_a_name_now_blocked_is_blocked() -> None:
    alias = "www.fine.example. 100 IN CNAME www.pirate.example."
    end = "www.pirate.example. 100 IN A 203.0.113.1"
    world = expired(upstream_says("www.fine.example", "A", alias, end))
    world.enforce(policy(measure(), names=[("pirate.example", 0)]))
    answer = records(parsed(world.fail(QUERY)).answer)
    assert answer == ["www.fine.example. 0 CNAME www.pirate.example.", "www.pirate.example. 60 A 192.0.2.80"]


def test_a_blocked_answer_is_never_in_the_message_cache() -> None:
    world = World(FINE_BLOCKED)
    world.receive(QUERY)
    assert len(world.messages) == 0
    world.enforce(NOTHING_BLOCKED)
    forward = world.forwarded(QUERY)
    world.enforce(FINE_BLOCKED)
    learned = world.learn(forward, GOOD)
    assert isinstance(learned, Entry)
    assert [str(rrset[0]) for rrset in parsed(world.pipeline.complete(forward.asked, learned, world.now)).answer] == [
        "192.0.2.80"
    ]
    world.enforce(NOTHING_BLOCKED)
    assert records(parsed(world.receive(QUERY)).answer) == ["www.fine.example. 100 A 203.0.113.1"]
