"""When a finished reply may be sent again, and that it is then right to the second."""

import sys
import tracemalloc
from typing import Any

import dns.message
import pytest

from resolver.core.admission import ALLOWED, View
from resolver.core.counters import NOWHERE, Transport, answer_slot
from resolver.core.packet_cache import Finished, PacketCache, tag
from resolver.core.pipeline import Reply
from resolver.core.policy import Policy
from resolver.core.special_names import special_names
from resolver.dns.name import WireName
from tests.worlds import NOTHING_BLOCKED, SLOT, World, ask, measure, parsed, policy, upstream_says

QUERY = ask("www.fine.example", use_edns=0)
GOOD = upstream_says("www.fine.example", "A", "www.fine.example. 100 IN A 203.0.113.1")


def probe(
    world: World, wire: bytes = QUERY, view: View = ALLOWED, transport: Transport = Transport.UDP4
) -> Finished | None:
    found = world.packets.find(tag(view, transport) + wire[2:], world.pipeline.table, world.now)
    return None if found is None else found[0]


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
    [ask("www.fine.example"), ask("www.fine.example", "AAAA", use_edns=0),
     ask("www.fine.example", want_dnssec=True), QUERY + b"\x00"],
    ids=["without EDNS", "another type", "DO", "an octet more"],
)  # fmt: skip
def test_another_datagram_does_not(world: World, other: bytes) -> None:
    assert probe(world, other) is None


@pytest.mark.parametrize("asked", ["WWW.fine.example", "www.FINE.exaMPLE"])
def test_another_letter_case_finds_it_and_gets_its_own_letters_back(world: World, asked: str) -> None:
    wire = ask(asked, use_edns=0, id=7)
    found = world.packets.find(tag(ALLOWED, Transport.UDP4) + wire[2:], world.pipeline.table, world.now)
    again = world.receive(wire)
    assert found is not None
    assert isinstance(again, Reply)
    assert wire[:2] + found[1] == again.wire


def test_what_another_letter_case_left_is_found(world: World) -> None:
    world.packets = PacketCache(10)
    store(world, ask("WWW.fine.EXAMPLE", use_edns=0))
    assert len(world.packets) == 1
    finished = probe(world)
    again = world.receive(QUERY)
    assert finished is not None
    assert isinstance(again, Reply)
    assert QUERY[:2] + finished.tail == again.wire
    store(world, QUERY)
    assert len(world.packets) == 1


def test_letters_outside_of_the_name_stay_what_they_are(world: World) -> None:
    """Type 65 (HTTPS) is the letter A, which is type 97 in lower case."""
    world.resolve(
        ask("www.fine.example", "TYPE97"),
        upstream_says("www.fine.example", "TYPE97", "www.fine.example. 50 IN TYPE97 \\# 1 00"),
    )
    store(world, ask("www.fine.example", "TYPE97"))
    assert probe(world, ask("WWW.fine.example", "HTTPS")) is None
    assert probe(world, ask("www.fine.example", "HTTPS")) is None


def test_addresses_take_turns(world: World) -> None:
    wire = ask("many.example", use_edns=0)
    lines = [f"many.example. 100 IN A 203.0.113.{number}" for number in (1, 2, 3)]
    world.resolve(wire, upstream_says("many.example", "A", *lines))
    store(world, wire)
    seen = []
    for _ in range(4):
        finished = probe(world, wire)
        assert finished is not None
        seen.append([str(item) for rr in dns.message.from_wire(wire[:2] + finished.tail).answer for item in rr])
        world.wait(1)
    assert all(sorted(turn) == sorted(seen[0]) for turn in seen)
    assert [turn[0][-1] for turn in seen] == ["1", "2", "3", "1"]


@pytest.mark.parametrize(
    ("lines", "turning"),
    [
        pytest.param(["n.example. 9 IN A 192.0.2.1", "n.example. 9 IN A 192.0.2.2"], True, id="two"),
        pytest.param(["n.example. 9 IN A 192.0.2.1"], False, id="one"),
        pytest.param(
            ["n.example. 9 IN CNAME a.n.example.", "a.n.example. 9 IN A 192.0.2.1"], False, id="behind an alias"
        ),
        pytest.param(
            ["n.example. 9 IN CNAME b.", "b. 9 IN A 192.0.2.1", "b. 9 IN A 192.0.2.2"], True, id="two behind one"
        ),
        pytest.param(['n.example. 9 IN TXT "one"', 'n.example. 9 IN TXT "two"'], False, id="texts"),
    ],
)
def test_only_addresses_take_turns(world: World, lines: list[str], *, turning: bool) -> None:
    rdtype = "TXT" if "TXT" in lines[0] else "A"
    wire = ask("n.example", rdtype, use_edns=0)
    world.resolve(wire, upstream_says("n.example", rdtype, *lines))
    store(world, wire)
    first = probe(world, wire)
    assert first is not None
    before = first.tail
    world.wait(1)
    again = world.receive(wire)
    after = probe(world, wire)
    assert after is not None
    assert isinstance(again, Reply)
    assert (after.tail != again.wire[2:]) is turning
    assert dns.message.from_wire(b"id" + after.tail).answer == dns.message.from_wire(again.wire).answer
    assert len(before) == len(after.tail)


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


def listing(*names: str) -> Policy:
    """Make a policy that lists names and is over since long: what is listed is judged anew, in force or not."""
    return policy(measure(timelines=[[[0.0, 1.0]]]), names=[(name, 0) for name in names])


@pytest.mark.parametrize("names", [[], ["other.example"], ["a.www.fine.example", "ine.example"]])
def test_what_another_table_passes_by_stays_as_it_is(world: World, names: list[str]) -> None:
    before = probe(world)
    world.enforce(listing(*names))
    assert probe(world) is before is not None
    stamped = before.ready[0]
    assert stamped is world.pipeline.table.stamp
    assert probe(world, ask("WWW.fine.example", use_edns=0)) is before


@pytest.mark.parametrize("name", ["www.fine.example", "fine.example", "example", "."])
def test_what_another_table_lists_is_judged_anew(world: World, name: str) -> None:
    world.enforce(listing(name))
    assert probe(world, ask("WWW.fine.example", use_edns=0)) is None
    assert len(world.packets) == 0
    store(world)
    assert probe(world) is not None


@pytest.mark.parametrize(
    ("listed", "stays"), [("other.example", True), ("b.example", False), ("a.far.example", False), ("example", False)]
)
def test_aliases_are_judged_again_too(world: World, listed: str, *, stays: bool) -> None:
    wire = ask("alias.test", use_edns=0)
    lines = ["alias.test. 50 IN CNAME B.example.", "b.example. 30 IN CNAME a.far.example."]
    world.resolve(wire, upstream_says("alias.test", "A", *lines, "a.far.example. 25 IN A 203.0.113.1"))
    store(world, wire)
    world.enforce(listing(listed))
    assert (probe(world, wire) is not None) is stays


def test_a_label_that_holds_a_zero_is_judged_whole(world: World) -> None:
    wire = ask("A\\000B.fine.example", use_edns=0)
    world.resolve(wire, upstream_says("A\\000B.fine.example", "A", "A\\000B.fine.example. 100 IN A 203.0.113.1"))
    store(world, wire)
    world.enforce(listing("other.example"))
    assert probe(world, wire) is not None
    world.enforce(listing("a\\000b.fine.example"))
    assert probe(world, wire) is None


def test_what_was_listed_before_is_judged_anew() -> None:
    world = World(listing("fine.example"))
    world.resolve(QUERY, GOOD)
    store(world)
    world.enforce(NOTHING_BLOCKED)
    assert probe(world) is not None, "it was allowed, and is"
    world.enforce(policy(measure(), names=[("fine.example", 0)]))
    store(world)
    world.enforce(NOTHING_BLOCKED)
    assert probe(world) is None, "it was blocked, and is not"


def test_nothing_is_judged_again_when_more_than_the_table_changes(world: World) -> None:
    world.packets.begin_era()
    assert probe(world) is not None, "the change comes with another table"
    world.enforce(NOTHING_BLOCKED)
    assert probe(world) is None
    store(world)
    world.enforce(NOTHING_BLOCKED)
    assert probe(world) is not None


@pytest.mark.parametrize("wire", [ask("www.fine.example", "ANY", use_edns=0), ask("a.test", use_edns=0)])
def test_what_no_upstream_said_is_made_anew(wire: bytes) -> None:
    world = World()
    world.pipeline.answer_specially(special_names([], []))
    store(world, wire)
    assert probe(world, wire) is not None
    world.enforce(NOTHING_BLOCKED)
    assert probe(world, wire) is None


def test_a_blocked_reply_keeps_its_times_and_knows_its_counters() -> None:
    world = World(policy(measure(), names=[("fine.example", 0)]))
    store(world)
    world.wait(1e6)
    finished = probe(world)
    assert finished is not None
    assert ttls(world) == [60]
    assert finished.slots == (answer_slot(Transport.UDP4, 1, 0), SLOT)


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
    assert store(world, wire).lifetime <= 0
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
    assert store(world).lifetime < 0
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


@pytest.mark.parametrize(("kind", "records"), [(Transport.UDP4, 1), (Transport.UDP4, 60), (Transport.TCP4, 1_000)])
def test_replies_weigh_what_they_take(world: World, kind: Transport, records: int) -> None:
    wire = ask("many.example", use_edns=0)
    lines = [f"many.example. 100 IN A 10.1.{number >> 8}.{number & 255}" for number in range(records)]
    world.transport = kind
    world.resolve(wire, upstream_says("many.example", "A", *lines))
    reply = world.receive(wire)
    assert isinstance(reply, Reply)
    assert len(reply.wire) > 16 * records
    tracemalloc.start()
    kept = [Finished(kind, reply.wire[2:], reply, world.now, 0) for _ in range(20)]
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken <= sum(finished.octets for finished in kept) <= 2 * taken + 20 * 450


def test_names_that_aliases_lead_to_weigh_too(world: World) -> None:
    world.resolve(ask("fine.example"), upstream_says("fine.example", "A", "fine.example. 9 IN A 203.0.113.1"))
    reply = world.receive(ask("fine.example"))
    assert isinstance(reply, Reply)
    names = tuple(WireName(bytes([63]) + bytes([number]) * 63 + b"\0") for number in range(16))
    bare, led = (
        Finished(Transport.UDP4, reply.wire[2:], reply._replace(aliases=aliases), world.now, 0)
        for aliases in ((), names)
    )
    assert led.octets - bare.octets >= sum(map(sys.getsizeof, names)) + sys.getsizeof(names) - sys.getsizeof(())
