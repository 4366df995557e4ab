"""What a view changes, with warm caches: brands, exemptions that end, measures that are only observed."""

from typing import Any

from resolver.core.admission import ALLOWED, View
from resolver.core.counters import NOWHERE
from resolver.core.packet_cache import PacketCache, tag
from resolver.core.pipeline import Reply
from resolver.core.policy import Policy
from resolver.core.policy_entries import counter_key, load_policy
from resolver.dns.name import parse_name
from resolver.orders.index import Index, Rule, build_index
from resolver.orders.model import Reach
from tests.worlds import SLOT, WALL, World, ask, measure, parsed, records, upstream_says

PACIFIC = View(2, allowed=True, brand="Pacifique")
RESEARCH = View(3, allowed=True, exempt=("research",))
NAME = "pirate.example"
GENUINE = upstream_says(NAME, "A", f"{NAME}. 300 IN A 203.0.113.9")
ALIAS = ("www.fine.example. 300 IN CNAME pirate.example.", f"{NAME}. 300 IN A 203.0.113.9")


def policy(*measures: dict[str, Any], ends: float | None = None) -> Policy:
    document = {
        "digest": "d",
        "measures": list(measures),
        "brands": [{"name": "Pacifique", "clients": ["10.20.0.0/16"]}],
        "exempt": [] if ends is None else [{"key": "research", "clients": [], "measures": [0], "ends": ends}],
    }
    slots = {counter_key(each): SLOT + 2 * number for number, each in enumerate(measures)}  # type: ignore[arg-type]
    rules = [Rule(parse_name(NAME), Reach.SUBTREE, 0, 0, 0, 1)]
    return load_policy(document, Index.read(build_index(rules)), slots)


def addresses(world: World, view: View, name: str = NAME) -> list[str]:
    world.view = view
    step = world.receive(ask(name))
    return [line.rpartition(" ")[2] for line in records(parsed(step).answer)]


def test_each_brand_gets_its_own_answer_from_the_same_warm_caches() -> None:
    of_pacific = measure(brand="Pacifique", listed_as=0, ipv4="192.0.2.81")
    for first, second in ((ALLOWED, PACIFIC), (PACIFIC, ALLOWED)):
        world = World(policy(measure(), of_pacific))
        world.resolve(ask("www.fine.example"), upstream_says("www.fine.example", "A", *ALIAS))
        for view in (first, second, first):
            page = "192.0.2.81" if view is PACIFIC else "192.0.2.80"
            assert addresses(world, view) == [page]
            assert addresses(world, view, "www.fine.example")[-1] == page


def test_another_brands_order_leaves_our_subscribers_alone() -> None:
    world = World(policy(measure(brand="Pacifique", listed_as=0)))
    world.resolve(ask(NAME), GENUINE)
    assert addresses(world, ALLOWED) == ["203.0.113.9"]
    assert addresses(world, PACIFIC) == ["192.0.2.80"]


def test_an_exemption_ends_by_itself_with_warm_caches() -> None:
    world = World(policy(measure(), ends=WALL + 100))
    world.view = RESEARCH
    world.resolve(ask(NAME), GENUINE)
    assert addresses(world, RESEARCH) == ["203.0.113.9"]
    assert addresses(world, ALLOWED) == ["192.0.2.80"]
    table = world.policy.at(WALL + 99.9)
    assert table.until == WALL + 100
    world.pipeline.enforce(world.policy.at(WALL + 100), world.now)
    assert addresses(world, RESEARCH) == ["192.0.2.80"]
    world.pipeline.enforce(world.policy.at(WALL + 99), world.now)  # the clock was set back
    assert addresses(world, RESEARCH) == ["203.0.113.9"]


def test_what_is_observed_is_counted_at_each_answer_also_from_the_caches() -> None:
    world = World(policy(measure(observe=True)))
    wire = ask(NAME)
    packets = PacketCache(100)
    first = world.resolve(wire, GENUINE)
    assert isinstance(first, Reply)
    assert first.slot == SLOT
    packets.store(ALLOWED, world.transport, wire, first, world.now)
    found = packets.find(tag(ALLOWED, world.transport) + wire[2:], world.pipeline.table, world.now)
    assert found is not None
    assert found[0].slots[1] == SLOT
    cached = world.receive(wire)
    assert isinstance(cached, Reply)
    assert cached.slot == SLOT


def test_what_is_observed_behind_an_alias_is_counted_apart_and_only_then() -> None:
    world = World(policy(measure(observe=True)))
    wire = ask("www.fine.example")
    reply = world.resolve(wire, upstream_says("www.fine.example", "A", *ALIAS))
    assert isinstance(reply, Reply)
    assert reply.slot == SLOT + 1
    again = world.receive(wire)
    assert isinstance(again, Reply)
    assert (again.slot, addresses(world, ALLOWED, "www.fine.example")[-1]) == (SLOT + 1, "203.0.113.9")
    world.enforce(policy(measure(observe=True, timelines=[[]])))
    over = world.receive(wire)
    assert isinstance(over, Reply)
    assert over.slot == NOWHERE


def test_a_measure_that_is_enforced_while_a_query_is_on_its_way_blocks_its_answer() -> None:
    world = World(policy(measure(observe=True)))
    forward = world.forwarded(ask(NAME))
    entry = world.learn(forward, GENUINE)
    world.enforce(policy(measure()))
    reply = world.pipeline.complete(forward.asked, entry, world.now)  # type: ignore[arg-type]  # it is an entry
    assert isinstance(reply, Reply)
    assert [line.rpartition(" ")[2] for line in records(parsed(reply).answer)] == ["192.0.2.80"]


def test_a_client_of_a_brand_that_is_gone_is_one_of_the_operator() -> None:
    world = World(policy(measure()))
    assert addresses(world, View(9, allowed=True, brand="sold", exempt=("gone",))) == ["192.0.2.80"]
