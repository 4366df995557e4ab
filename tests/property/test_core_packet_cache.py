"""With or without the packet cache a client gets the same octets: the cache against the pipeline, its plain twin."""

from typing import Any

import dns.flags
import dns.message
from hypothesis import given, settings
from hypothesis import strategies as st

from resolver.core.counters import Transport
from resolver.core.packet_cache import tag
from resolver.core.pipeline import Drop, Forward, Pipeline, Reply
from resolver.core.policy import Policy
from resolver.core.step import Failure
from tests.worlds import NOTHING_BLOCKED, WALL, World, ask, measure, policy, upstream_says

ENDING = [[[0.0, WALL + 90]]]
POLICIES: list[Policy] = [
    NOTHING_BLOCKED,
    *(
        policy(measure(action=action, ttl=20, timelines=timelines), names=[(name, 0)])
        for action in ("redirect", "nxdomain", "nodata", "refused", "drop")
        for name in ("fine.example", "other.example")
        for timelines in ([[[0.0, None]]], ENDING)
    ),
]
"""Other.example is only ever met at the end of an alias."""

SOA = "> example. 40 IN SOA a.example. b.example. 1 1 1 1 35"
RESPONSES = {
    "www.fine.example": ["www.fine.example. 50 IN CNAME b.example.", "b.example. 30 IN CNAME www.other.example.",
                         "www.other.example. 25 IN A 203.0.113.1"],
    "fine.example": ["fine.example. 7 IN A 203.0.113.2"],
    "big.fine.example": [f"big.fine.example. 9 IN A 203.0.113.{number}" for number in range(60)],
    "once.example": ["once.example. 0 IN A 203.0.113.4"],
    "none.example": [SOA],
    "failing.example": [],
}  # fmt: skip
NAMES = sorted(RESPONSES)

OPTIONS: list[dict[str, Any]] = [
    {},
    {"use_edns": 0},
    {"want_dnssec": True},
    {"flags": 0},
    {"flags": dns.flags.RD | dns.flags.CD},
    {"use_edns": 0, "payload": 4096, "pad": 16},
]


def ask_all() -> list[bytes]:
    """Write each query once, so that the same datagram is asked again and again under different ids."""
    return [
        ask(name, rdtype, **options)
        for name in [*NAMES, "WWW.Fine.example"]
        for rdtype in ("A", "ANY")
        for options in OPTIONS
    ] + [ask(name) + b"rest" for name in NAMES]


QUERIES = ask_all()
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.sampled_from(QUERIES), st.integers(0, 0xFFFF)),
        st.tuples(st.just("ask"), st.sampled_from(QUERIES[:4]), st.integers(0, 0xFFFF)),
        st.tuples(st.just("wait"), st.integers(0, 120), st.just(0)),
        st.tuples(st.just("enforce"), st.sampled_from(POLICIES), st.just(0)),
    ),
    min_size=5,
    max_size=60,
)


def answered(world: World, wire: bytes, *, cached: bool) -> tuple[bytes | Drop, int]:
    """Do what a transport does with a datagram; forwarded queries are answered by the upstream at once.

    Gives the counter that is added to, too.
    """
    if cached:
        found = world.packets.find(tag(world.view, world.transport) + wire[2:], world.pipeline.table, world.now)
        if found is not None:
            return wire[:2] + found[1], found[0].slots[1]
    step = world.receive(wire)
    if isinstance(step, Forward):
        step = upstream_answer(world, step)
    if isinstance(step, Reply):
        if cached:
            world.packets.store(world.view, world.transport, wire, step, world.now)
        return step.wire, step.slot
    assert isinstance(step, Drop)
    return step, step.slot


def upstream_answer(world: World, forward: Forward) -> Reply | Drop:
    """Answer as RESPONSES say."""
    name = next(name for name in NAMES if ask(name)[12:-4] == forward.question.qname)
    if not RESPONSES[name]:
        return world.pipeline.fail(forward.asked, Failure.TIMEOUT, world.now)
    learned = world.learn(forward, upstream_says(name, "A", *RESPONSES[name]))
    assert not isinstance(learned, tuple)
    return world.pipeline.complete(forward.asked, learned, world.now)


@settings(deadline=None, max_examples=150)
@given(ACTS, st.sampled_from(Transport))
def test_the_packet_cache_changes_no_octet(acts: list[tuple[str, Any, int]], transport: Transport) -> None:
    with_cache, plain = World(transport=transport), World(transport=transport)
    for act, what, message_id in acts:
        for world in (with_cache, plain):
            match act:
                case "wait":
                    world.wait(what / 4)
                    if not world.pipeline.table.since <= world.wall < world.pipeline.table.until:
                        world.enforce(world.policy)
                case "enforce":
                    world.enforce(what)
        if act == "ask":
            wire = message_id.to_bytes(2, "big") + what[2:]
            cached, counted = answered(with_cache, wire, cached=True)
            expected, counts = answered(plain, wire, cached=False)
            assert same(cached, expected)
            assert counted == counts


def same(cached: bytes | Drop, plain: bytes | Drop) -> bool:
    """Tell whether two answers are the same octets, or the same but for the turn of the addresses."""
    if cached == plain or isinstance(cached, Drop) or isinstance(plain, Drop):
        return cached == plain
    return sorted(cached) == sorted(plain) and dns.message.from_wire(cached) == dns.message.from_wire(plain)


def test_the_packet_cache_is_used_at_all() -> None:
    """Guards the property above against a cache that never finds anything."""
    world = World(POLICIES[1])
    found = 0
    for wire in QUERIES * 3:
        step = world.receive(wire)
        if isinstance(step, Forward):
            upstream_answer(world, step)
            step = world.receive(wire)
        if isinstance(step, Reply):
            world.packets.store(world.view, world.transport, wire, step, world.now)
            hit = world.packets.find(tag(world.view, world.transport) + wire[2:], world.pipeline.table, world.now)
            found += hit is not None
            assert (hit is not None) is (step.lifetime > 0)
    assert found > len(QUERIES)
    assert isinstance(world.pipeline, Pipeline)
