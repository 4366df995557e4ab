"""The order of stages, and what is handed on between them."""

import gc
import math

import pytest

from resolver.core.admission import ALLOWED, STRANGER, View
from resolver.core.counters import GAUGES, NOWHERE, PAGE_SIZE, DropReason, Gauge, Transport, answer_slot
from resolver.core.packet_cache import tag
from resolver.core.pipeline import Asked, Drop, Entry, Failure, Forward, Question, Reply, count_answer
from resolver.core.policy import Table, Verdict
from resolver.dns.name import WireName, parse_name, present_name
from resolver.dns.response import read_response
from tests.worlds import NOTHING_BLOCKED, SLOT, World, ask, measure, policy, upstream_says

A = "www.fine.example. 100 IN A 203.0.113.1"
BLOCKING = policy(measure(), names=[("pirate.example", 0)])


@pytest.mark.parametrize("view", [ALLOWED, STRANGER], ids=["allowed", "stranger"])
@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        (b"", DropReason.SHORT),
        (ask("fine.example")[:11], DropReason.SHORT),
        (ask("fine.example")[:2] + b"\x81\x80" + ask("fine.example")[4:], DropReason.NOT_A_QUERY),
        (b"\x00\x01\x80" + bytes(9), DropReason.NOT_A_QUERY),
    ],
)
def test_some_octets_get_no_answer(view: object, wire: bytes, reason: DropReason) -> None:
    world = World(view=view)  # type: ignore[arg-type]  # one of two views
    assert world.receive(wire) == Drop(reason, NOWHERE)


def test_a_stranger_learns_nothing_of_blocks_or_caches() -> None:
    world = World(BLOCKING)
    world.resolve(ask("www.fine.example"), upstream_says("www.fine.example", "A", A))
    world.view = STRANGER
    for name in ("pirate.example", "www.fine.example", "unknown.example"):
        reply = world.receive(ask(name))
        assert isinstance(reply, Reply)
        assert (reply.rcode, reply.slot, reply.judged_under) == (5, NOWHERE, None)


@pytest.mark.parametrize(
    ("options", "dnssec_ok", "checking_disabled"),
    [
        ({}, False, False),
        ({"use_edns": 0}, False, False),
        ({"want_dnssec": True}, True, False),
        ({"flags": 0x0110}, False, True),
    ],
)
def test_what_is_forwarded_is_the_question_alone(
    options: dict[str, object], *, dnssec_ok: bool, checking_disabled: bool
) -> None:
    world = World(transport=Transport.TCP6)
    forward = world.receive(ask("WWW.fine.example", "HTTPS", **options))
    assert isinstance(forward, Forward)
    assert forward.question == Question(parse_name("www.fine.example"), 65, 1, dnssec_ok, checking_disabled)
    assert isinstance(forward.asked, Asked)
    assert (forward.asked.view, forward.asked.transport, forward.asked.received) == (ALLOWED, Transport.TCP6, world.now)


def test_each_waiter_gets_its_own_letters_id_and_limits() -> None:
    world = World()
    wires = [ask("wWw.fine.example"), ask("WWW.FINE.EXAMPLE", use_edns=0)]
    waiting = [world.forwarded(wire) for wire in wires]
    assert waiting[0].question == waiting[1].question
    entry = world.learn(waiting[0], upstream_says("www.fine.example", "A", A))
    assert isinstance(entry, Entry)
    for wire, forward in zip(wires, waiting, strict=True):
        reply = world.pipeline.complete(forward.asked, entry, world.now)
        assert isinstance(reply, Reply)
        assert reply.wire[:2] == wire[:2]
        assert reply.wire[12:34] == wire[12:34]
        assert reply.judged_under is world.pipeline.table


def test_hits_and_misses_and_sizes_are_counted() -> None:
    world = World(BLOCKING)
    wire = ask("www.fine.example")
    world.resolve(wire, upstream_says("www.fine.example", "A", A))
    world.receive(wire)
    world.receive(wire)
    world.receive(ask("pirate.example"))
    world.pipeline.show_sizes()
    page = world.page
    assert (page[GAUGES + Gauge.MESSAGE_HITS], page[GAUGES + Gauge.MESSAGE_MISSES]) == (2, 1)
    assert page[GAUGES + Gauge.MESSAGE_ENTRIES] == 1
    assert page[GAUGES + Gauge.MESSAGE_BYTES] == world.messages.octets > 0


def test_an_answer_is_counted_once_for_all_and_once_for_its_order() -> None:
    page = memoryview(bytearray(PAGE_SIZE)).cast("Q")
    count_answer(page, Transport.TCP4, 28, 3, SLOT)
    count_answer(page, Transport.TCP4, 28, 3, NOWHERE)
    counted = {slot: page[slot] for slot in range(len(page)) if page[slot]}
    assert counted == {answer_slot(Transport.TCP4, 28, 3): 2, SLOT: 1, NOWHERE: 1}


def test_a_blocked_reply_may_be_replayed_as_long_as_it_stays_the_same() -> None:
    world = World(BLOCKING)
    reply = world.receive(ask("pirate.example"))
    assert isinstance(reply, Reply)
    assert (reply.lifetime, reply.ages_from, reply.slot) == (math.inf, None, SLOT)
    assert reply.judged_under is world.pipeline.table


@pytest.mark.parametrize(("action", "lifetime"), [("nxdomain", math.inf), ("refused", 0)])
def test_a_refusal_is_never_replayed(action: str, lifetime: float) -> None:
    world = World(policy(measure(action=action), names=[("pirate.example", 0)]))

    reply = world.receive(ask("pirate.example"))

    assert isinstance(reply, Reply)
    assert reply.lifetime == lifetime


def test_the_chain_is_judged_once_for_a_table_and_a_view(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    wire = ask("www.fine.example")
    lines = ["www.fine.example. 100 IN CNAME b.example.", "b.example. 100 IN A 203.0.113.1"]
    judged = []
    judge_alias = Table.judge_alias

    def noted(table: Table, name: WireName, view: View, aliases: set[WireName]) -> Verdict:
        judged.append(name)
        return judge_alias(table, name, view, aliases)

    monkeypatch.setattr(Table, "judge_alias", noted)
    world.resolve(wire, upstream_says("www.fine.example", "A", *lines))
    world.receive(wire)
    assert judged == [parse_name("b.example")]
    world.enforce(NOTHING_BLOCKED)
    world.receive(wire)
    world.view = ALLOWED._replace(number=7)
    world.receive(wire)
    assert len(judged) == 3


def test_time_left_counts_from_the_moment_the_table_was_put_in_force() -> None:
    world = World(policy(measure(timelines=[[[0.0, 1_400_000_100.0]]]), names=[("pirate.example", 0)]))
    first = world.receive(ask("pirate.example"))
    world.now += 10  # the monotonic clock alone
    second = world.receive(ask("pirate.example"))
    world.wall += 20  # the order clock too, after which the table is made anew
    world.enforce(world.policy)
    third = world.receive(ask("pirate.example"))
    assert isinstance(first, Reply)
    assert isinstance(second, Reply)
    assert isinstance(third, Reply)
    assert (first.lifetime, second.lifetime, third.lifetime) == (40, 30, 20)


def test_no_exception_escapes_a_failure_of_any_kind() -> None:
    world = World()
    for failure in Failure:
        assert isinstance(world.fail(ask(f"{failure.name.replace('_', '-')}.example"), failure), Reply)


def used(world: World) -> None:
    """Have every kind of reply made, and the caches filled."""
    alias = ["www.fine.example. 100 IN CNAME b.pirate.example.", "b.pirate.example. 100 IN A 203.0.113.1"]
    queries = [
        ask(name, use_edns=0) for name in ("pirate.example", "www.fine.example", "ok.example", "failing.example")
    ]
    responses = {1: alias, 2: ["ok.example. 100 IN A 203.0.113.1"]}
    for number, wire in enumerate(queries):
        step = world.receive(wire)
        if isinstance(step, Forward):
            if number in responses:
                name = present_name(step.question.qname)
                learned = world.learn(step, upstream_says(name, "A", *responses[number]))
                assert isinstance(learned, Entry)
                world.pipeline.complete(step.asked, learned, world.now)
            else:
                world.pipeline.fail(step.asked, Failure.TIMEOUT, world.now)
        step = world.receive(wire)
        assert isinstance(step, Reply)
        world.packets.store(world.view, world.transport, wire, step, world.now)
        world.packets.find(tag(world.view, world.transport) + wire[2:], world.pipeline.table, world.now)


def test_the_way_of_a_query_makes_no_cycles() -> None:
    """The collector is off in a worker: what only it could free would stay for ever."""
    world = World(BLOCKING)
    used(world)
    wires = [ask(name, use_edns=0) for name in ("pirate.example", "www.fine.example", "ok.example", "failing.example")]
    wires += [b"", bytes(12), ask("ok.example", "ANY"), ask("ok.example", flags=0)]
    response = read_response(upstream_says("ok.example", "A", "ok.example. 100 IN A 203.0.113.1"))
    question = world.forwarded(ask("ok.example", want_dnssec=True)).question
    gc.collect()
    gc.disable()
    try:
        for _ in range(50):
            for wire in wires:
                world.receive(wire)
            world.pipeline.learn(question, response, world.now)
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_caches_do_not_keep_what_is_no_longer_in_force() -> None:
    """A table holds its index: a hundred reloads must not leave a hundred indexes mapped."""
    world = World(BLOCKING)
    used(world)
    before = sum(isinstance(each, Table) for each in gc.get_objects())
    for _ in range(3):
        world.enforce(policy(measure(), names=[("pirate.example", 0)]))
        used(world)
    assert sum(isinstance(each, Table) for each in gc.get_objects()) == before
