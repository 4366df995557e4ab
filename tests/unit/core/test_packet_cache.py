"""When a finished reply may be sent again, and that it is then right to the second."""

from typing import Any

import pytest

from resolver.core.admission import ALLOWED, View
from resolver.core.counters import NOWHERE, Transport, answer_slot
from resolver.core.packet_cache import Finished, PacketCache
from resolver.core.pipeline import Reply
from tests.worlds import NOTHING_BLOCKED, SLOT, World, ask, measure, parsed, policy, upstream_says

QUERY = ask("www.fine.example", use_edns=0)
GOOD = upstream_says("www.fine.example", "A", "www.fine.example. 100 IN A 203.0.113.1")


def probe(
    world: World, wire: bytes = QUERY, view: View = ALLOWED, transport: Transport = Transport.UDP4
) -> Finished | None:
    return world.packets.probe(view, transport, wire, world.pipeline.table, world.now)


def store(world: World, wire: bytes = QUERY) -> Reply:
    reply = world.receive(wire)
    assert isinstance(reply, Reply)
    world.packets.store(ALLOWED, Transport.UDP4, wire, reply, world.now)
    return reply


@pytest.fixture
def world() -> World:
    filled = World()
    filled.resolve(QUERY, GOOD)
    store(filled)
    return filled


def ttls(world: World) -> list[int]:
    finished = probe(world)
    assert finished is not None
    step = Reply(QUERY[:2] + finished.tail, 1, 0, NOWHERE, 0, None)
    return [rrset.ttl for rrset in parsed(step).answer]


def test_the_same_datagram_under_another_id_finds_the_reply(world: World) -> None:
    other = b"\xab\xcd" + QUERY[2:]
    finished = probe(world, other)
    again = world.receive(other)
    assert finished is not None
    assert isinstance(again, Reply)
    assert other[:2] + finished.tail == again.wire


@pytest.mark.parametrize(
    "other",
    [ask("WWW.fine.example", use_edns=0), ask("www.fine.example"), ask("www.fine.example", "AAAA", use_edns=0),
     ask("www.fine.example", want_dnssec=True), QUERY + b"\x00"],
    ids=["letter case", "without EDNS", "another type", "DO", "an octet more"],
)  # fmt: skip
def test_another_datagram_does_not(world: World, other: bytes) -> None:
    assert probe(world, other) is None


def test_neither_does_another_view_or_transport(world: World) -> None:
    assert probe(world, view=View(7, allowed=True)) is None
    assert [probe(world, transport=other) for other in (Transport.UDP6, Transport.TCP4, Transport.TCP6)] == [None] * 3


def test_times_count_down_by_whole_seconds(world: World) -> None:
    seen = []
    for _ in range(6):
        seen += ttls(world)
        world.wait(0.5)
    assert seen == [100, 100, 99, 99, 98, 98]


def test_within_a_second_nothing_is_written_again(world: World) -> None:
    world.wait(3)
    first = probe(world)
    assert first is not None
    tail = first.tail
    world.wait(0.5)
    assert probe(world) is first
    assert first.tail is tail


def test_a_reply_expires_with_its_records(world: World) -> None:
    world.wait(99.75)
    assert ttls(world) == [1]
    world.wait(0.25)
    assert probe(world) is None
    assert len(world.packets) == 0


def test_a_reply_stored_late_in_its_life_goes_on_ageing(world: World) -> None:
    world.wait(40.5)
    world.packets = PacketCache(10)
    store(world)
    world.wait(0.5)
    assert ttls(world) == [59]


def test_under_another_table_nothing_is_found(world: World) -> None:
    world.enforce(NOTHING_BLOCKED)
    assert probe(world) is None, "the same policy, judged anew"
    store(world)
    assert probe(world) is not None


def test_a_blocked_reply_keeps_its_times_and_knows_its_counters() -> None:
    world = World(policy(measure(), names=[("fine.example", 0)]))
    store(world)
    world.wait(1e6)
    finished = probe(world)
    assert finished is not None
    assert ttls(world) == [60]
    assert (finished.answer_slot, finished.slot) == (answer_slot(Transport.UDP4, 1, 0), SLOT)


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(ask("www.fine.example", use_edns=0, flags=0), id="refused for want of RD"),
        pytest.param(ask("failing.example", use_edns=0), id="a failure that stands"),
        pytest.param(QUERY[:4] + b"\x00\x02" + QUERY[6:], id="malformed"),
        pytest.param(ask("www.fine.example", use_edns=1), id="another EDNS version"),
        pytest.param(ask("www.fine.example", use_edns=0, pad=16), id="an option"),
        pytest.param(QUERY + b"rest", id="octets after the message"),
    ],
)
def test_some_replies_are_never_kept(world: World, wire: bytes) -> None:
    world.fail(ask("failing.example", use_edns=0))
    assert store(world, wire).lifetime == 0
    assert probe(world, wire) is None


@pytest.mark.parametrize("rdtype", ["A", "TXT", "ANY"])
@pytest.mark.parametrize(
    ("options", "rest"), [({"use_edns": 0, "pad": 16}, b""), ({}, b"rest")], ids=["option", "rest"]
)
def test_what_stands_beside_the_question_keeps_a_blocked_reply_out(
    options: dict[str, Any], rest: bytes, rdtype: str
) -> None:
    world = World(policy(measure(), names=[("n.example", 0)]))
    wire = ask("n.example", rdtype, **options) + rest
    assert store(world, wire).slot == SLOT
    assert probe(world, wire) is None


def test_a_stale_reply_is_never_kept(world: World) -> None:
    world.wait(100)
    world.fail(QUERY)
    assert store(world).lifetime == 0
    assert probe(world) is None


def test_a_stranger_finds_nothing_and_leaves_nothing(world: World) -> None:
    world.view = View(1, allowed=False)
    reply = world.receive(QUERY)
    assert isinstance(reply, Reply)
    assert (reply.rcode, reply.lifetime) == (5, 0)
    assert probe(world, view=world.view) is None


def test_the_cache_is_bounded(world: World) -> None:
    world.packets = PacketCache(10)
    for number in range(100):
        world.resolve(
            ask(f"n{number}.example"),
            upstream_says(f"n{number}.example", "A", f"n{number}.example. 9 IN A 203.0.113.1"),
        )
        store(world, ask(f"n{number}.example"))
        assert len(world.packets) <= 11
