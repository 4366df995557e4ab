"""When an order begins and ends, by the clock alone: both sides of each boundary, warm caches, both directions."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from resolver.core.packet_cache import tag
from resolver.core.policy import Policy
from resolver.core.step import Forward, Reply
from resolver.net.clock_watch import ClockWatch
from tests.unit.ops.desk import DAY, Desk, order_text
from tests.worlds import World, ask, parsed, upstream_says

PARIS, NOUMEA, HAVANA = "Europe/Paris", "Pacific/Noumea", "America/Havana"
NAME = "pirate.example"
GENUINE = upstream_says(NAME, "A", f"{NAME}. 86400 IN A 203.0.113.9")


class Clocks:
    """A worker's decisions and caches under two clocks that are moved by hand."""

    def __init__(self, policy: Policy, wall: float) -> None:
        self.world = World(policy, wall=wall)
        self.watch = ClockWatch(self.world.pipeline, policy, lambda: self.world.wall, lambda: self.world.now)

    def ask(self) -> tuple[bool, int]:
        """Ask for the name as a lane does; tells whether it is blocked, and the TTL of the answer."""
        world, wire = self.world, ask(NAME)
        now = self.watch.read()
        found = world.packets.find(tag(world.view, world.transport) + wire[2:], self.watch.table, now)
        if found is not None:
            return self.read(Reply(wire[:2] + found[1], 1, 0, 0, 0, None))
        step = world.receive(wire)
        if isinstance(step, Forward):
            entry = world.learn(step, GENUINE)
            step = world.pipeline.complete(step.asked, entry, now)  # type: ignore[arg-type]  # it is an entry
        assert isinstance(step, Reply)
        world.packets.store(world.view, world.transport, wire, step, now)
        return self.read(step)

    def read(self, reply: Reply) -> tuple[bool, int]:
        (rrset,) = parsed(reply).answer
        return str(rrset[0]) == "192.0.2.80", rrset.ttl

    def pass_to(self, wall: float) -> None:
        """Let time go by until an instant; nobody sets the clock."""
        self.world.wait(wall - self.world.wall)


def instant(text: str, zone: str) -> float:
    """Read a local time; with ``/2`` behind it the second of two of the same name."""
    moment, _, fold = text.partition("/")
    return datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone), fold=int(bool(fold))).timestamp()


def served(day: str, zone: str = PARIS) -> str:
    return f"{{name: Example Télécom, served: {day}, timezone: {zone}}}"


A_DAY_LONG = "{lasts: 24 hours, from: implementation}"
IN_FORCE = ["{date: 2026-01-20, event: implemented}"]
CASES = {
    "a day in Paris": ({"period": "{until: 2026-07-31}"}, PARIS, "2026-08-01T00:00"),
    "a day in Nouméa": (
        {"period": "{until: 2026-07-31}", "measure": [f"timezone: {NOUMEA}"]}, NOUMEA, "2026-08-01T00:00",
    ),
    "the day on which the clock goes forward": ({"period": "{until: 2026-03-28}"}, PARIS, "2026-03-29T00:00"),
    "the short day itself": ({"period": "{until: 2026-03-29}"}, PARIS, "2026-03-30T00:00"),
    "the long day": ({"period": "{until: 2026-10-25}"}, PARIS, "2026-10-26T00:00"),
    "an hour that comes twice, the first": ({"period": "{until: '2026-10-25T02:30+02:00'}"}, PARIS, "2026-10-25T02:30"),
    "an hour that comes twice, the second": (
        {"period": "{until: '2026-10-25T02:30+01:00'}"}, PARIS, "2026-10-25T02:30/2",
    ),
    "midnight comes twice": (
        {"period": "{until: 2026-10-31}", "measure": [f"timezone: {HAVANA}"]}, HAVANA, "2026-11-01T00:00",
    ),
    "a month from 31 January": (
        {"period": "{lasts: 1 month, from: service}", "addressee": served("2026-01-31")}, PARIS, "2026-03-01T00:00",
    ),
    "a month from 31 January of a leap year": (
        {"period": "{lasts: 1 month, from: service}", "addressee": served("2028-01-31")}, PARIS, "2028-03-01T00:00",
    ),
    "a year from 29 February": (
        {"period": "{lasts: 12 months, from: 2028-02-29}"}, PARIS, "2029-03-01T00:00",
    ),
    "months from a service in Nouméa": (
        {"period": "{lasts: 2 months, from: service}", "addressee": served("2026-02-10", NOUMEA)},
        NOUMEA, "2026-04-11T00:00",
    ),
    "an end on a Sunday and a holiday is not moved": ({"period": "{until: 2026-11-01}"}, PARIS, "2026-11-02T00:00"),
    "hours through the night on which the clock goes forward": (
        {"period": A_DAY_LONG, "history": ["{date: 2026-03-28T12:00, event: implemented}"]},
        PARIS, "2026-03-29T13:00",
    ),
    "hours through the night on which it goes back": (
        {"period": A_DAY_LONG, "history": ["{date: 2026-10-24T12:00, event: implemented}"]},
        PARIS, "2026-10-25T11:00",
    ),
    "at most until": (
        {"period": "{lasts: 12 months, from: decision, at_most: 2026-09-30}"}, PARIS, "2026-10-01T00:00",
    ),
    "an end that was moved": (
        {"history": [*IN_FORCE, "{date: 2026-06-01, event: end-moved, until: 2027-02-28}"]}, PARIS, "2027-03-01T00:00",
    ),
    "lifted at an hour": (
        {"history": [*IN_FORCE, "{date: 2026-06-10T14:30, event: lifted}"]}, PARIS, "2026-06-10T14:30",
    ),
    "reversed on a day": ({"history": [*IN_FORCE, "{date: 2026-06-10, event: reversed}"]}, PARIS, "2026-06-10T00:00"),
    "a name removed": (
        {"history": [*IN_FORCE, f"{{date: 2026-06-10, event: names-removed, names: [{NAME}]}}"]},
        PARIS, "2026-06-10T00:00",
    ),
    "suspended": ({"history": [*IN_FORCE, "{date: 2026-06-10T09:00, event: suspended}"]}, PARIS, "2026-06-10T09:00"),
}  # fmt: skip  # one case after the other


def policy_of(folder: Path, order: Mapping[str, Any]) -> Policy:
    desk = Desk(folder)
    desk.write("one.yaml", order_text(**{"names": [NAME], "history": IN_FORCE} | dict(order)))
    report = desk.compile(write=False)
    assert report.problems == ()
    return report.load({})


@pytest.mark.parametrize(("order", "zone", "end"), CASES.values(), ids=CASES.keys())
def test_it_ends_at_its_instant_with_warm_caches(tmp_path: Path, order: Mapping[str, Any], zone: str, end: str) -> None:
    at = instant(end, zone)
    clocks = Clocks(policy_of(tmp_path, order), at - 3_600)
    for before, ttl in ((3_600, 60), (61, 60), (60, 60), (30.5, 30), (1, 1), (0.25, 0)):
        clocks.pass_to(at - before)
        assert clocks.ask() == (True, ttl), "no TTL outlasts it"
    clocks.pass_to(at)
    assert clocks.ask() == (False, 86_400)
    clocks.pass_to(at + 30 * DAY)
    assert clocks.ask()[0] is False


@pytest.mark.parametrize(("order", "zone", "end"), list(CASES.values())[:3], ids=list(CASES)[:3])
def test_a_clock_that_is_set_in_either_direction_is_obeyed(
    tmp_path: Path, order: Mapping[str, Any], zone: str, end: str
) -> None:
    at = instant(end, zone)
    clocks = Clocks(policy_of(tmp_path, order), at - 600)
    for wall, blocked, ttl in (
        (at - 600, True, 60),
        (at + 7, False, 86_400),
        (at - 2, True, 2),
        (at - 3_600, True, 60),
    ):
        clocks.world.wall = wall  # no time goes by
        assert clocks.ask() == (blocked, ttl)
    clocks.world.wall = at - 10
    clocks.world.now += 0.5
    assert clocks.ask() == (True, 10), "set near the end"
    clocks.pass_to(at)
    assert clocks.ask()[0] is False


BEGINNINGS = {
    "implemented in the future": (
        {"history": ["{date: 2026-07-14, event: implemented}"]}, PARIS, "2026-07-14T00:00",
    ),
    "implemented in Nouméa": (
        {"history": ["{date: 2026-07-14, event: implemented}"], "measure": [f"timezone: {NOUMEA}"]},
        NOUMEA, "2026-07-14T00:00",
    ),
    "from a date": ({"period": "{lasts: 3 days, from: 2026-08-15}", "history": []}, PARIS, "2026-08-15T00:00"),
    "resumed": (
        {"history": [*IN_FORCE, "{date: 2026-05-10, event: suspended}", "{date: 2026-06-10T09:00, event: resumed}"]},
        PARIS, "2026-06-10T09:00",
    ),
    "suspended through a day": (
        {"history": [*IN_FORCE, "{date: 2026-05-10, event: suspended, until: 2026-06-10}"]}, PARIS, "2026-06-11T00:00",
    ),
    "a name added": (
        {"history": [*IN_FORCE, f"{{date: 2026-06-10, event: names-added, names: [{NAME}]}}"]},
        PARIS, "2026-06-10T00:00",
    ),
    "a list received": (
        {"names": [], "measure": ["lists:", f"  - {{id: late, received: 2026-06-10T10:12, names: [{NAME}]}}"]},
        PARIS, "2026-06-10T10:12",
    ),
    "a list received in Nouméa": (
        {
            "names": [],
            "measure": [f"timezone: {NOUMEA}", "lists:", f"  - {{id: late, received: 2026-06-10, names: [{NAME}]}}"],
        },
        NOUMEA, "2026-06-10T00:00",
    ),
}  # fmt: skip  # one case after the other


@pytest.mark.parametrize(("order", "zone", "begin"), BEGINNINGS.values(), ids=BEGINNINGS.keys())
def test_it_begins_at_its_instant_with_warm_caches(
    tmp_path: Path, order: Mapping[str, Any], zone: str, begin: str
) -> None:
    at = instant(begin, zone)
    clocks = Clocks(policy_of(tmp_path, order), at - 600)
    for before in (600, 1, 0.25):
        clocks.pass_to(at - before)
        assert clocks.ask()[0] is False
    clocks.pass_to(at)
    assert clocks.ask() == (True, 60)
    clocks.pass_to(at + 60)
    assert clocks.ask() == (True, 60)
    clocks.world.wall = at - 0.25
    assert clocks.ask()[0] is False


def test_a_list_that_came_before_the_measure_began_begins_with_it(tmp_path: Path) -> None:
    early = ["lists:", f"  - {{id: early, received: 2026-01-16T10:12, names: [{NAME}]}}"]
    policy = policy_of(tmp_path, {"names": [], "measure": early})
    clocks = Clocks(policy, instant("2026-01-19T23:59", PARIS))
    assert clocks.ask()[0] is False
    clocks.pass_to(instant("2026-01-20T00:00", PARIS))
    assert clocks.ask() == (True, 60)


def test_a_name_of_two_lists_begins_with_the_first_to_come(tmp_path: Path) -> None:
    both = [
        "lists:",
        f"  - {{id: one, received: 2026-06-10T10:00, names: [{NAME}]}}",
        f"  - {{id: two, received: 2026-06-01T10:00, names: [{NAME}]}}",
    ]
    clocks = Clocks(policy_of(tmp_path, {"names": [], "measure": both}), instant("2026-06-01T09:59", PARIS))
    assert clocks.ask()[0] is False
    clocks.pass_to(instant("2026-06-01T10:00", PARIS))
    assert clocks.ask()[0] is True


def test_a_name_covered_by_a_parent_binds_when_the_parent_lapses(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.write("parent.yaml", order_text("parent", ["example.org"], period="{until: 2026-06-30}"))
    desk.write("child.yaml", order_text("child", ["www.example.org"], period="{until: 2026-07-31}"))
    desk.apply()
    asked = ("www.example.org", "a.www.example.org", "example.org")
    told = []
    for day in ("2026-06-30T12:00", "2026-07-01T12:00", "2026-08-01T12:00"):
        desk.wall = instant(day, PARIS)
        told.append([desk.blocked(name) for name in asked])
    assert told == [["child", "child", "parent"], ["child", "child", None], [None, None, None]]


@pytest.mark.parametrize("lifted", ["one", "two"])
def test_a_lift_frees_only_what_nobody_else_holds(tmp_path: Path, lifted: str) -> None:
    desk = Desk(tmp_path)
    names = {"one": ["both.example", "one.example"], "two": ["both.example", "two.example"]}
    for order, listed in names.items():
        history = [*IN_FORCE, *(["{date: 2026-05-30, event: lifted}"] if order == lifted else [])]
        desk.write(f"{order}.yaml", order_text(order, listed, history))
    desk.apply()
    other = next(iter({"one", "two"} - {lifted}))
    assert [desk.blocked(f"{name}.example") for name in ("both", lifted, other)] == [other, None, other]
