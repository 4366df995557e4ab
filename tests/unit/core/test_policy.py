"""Which measure binds a name when several list it, and what a table says about its own time."""

import math
from collections.abc import Sequence
from typing import Any

import pytest

from resolver.core.admission import ALLOWED
from resolver.core.counters import NOWHERE
from resolver.core.policy import ALLOW, Allow, Block, Policy, span_at
from resolver.core.policy_entries import load_policy
from resolver.dns.name import parse_name
from resolver.orders.index import Index, Rule, build_index
from resolver.orders.model import Action, Reach, Span

FOREVER = [[0.0, None]]
PUBLIC = [1, 0, "2020-01-01"]


def entry(**changed: object) -> dict[str, Any]:
    sound = {
        "order": "ta-1",
        "id": "block",
        "action": "redirect",
        "ipv4": "192.0.2.80",
        "ipv6": "2001:db8::80",
        "ttl": 60,
        "responsible": "legal.example.net",
        "ede_text": "Tribunal de Évry, RG 1",
        "timelines": [FOREVER],
        "named": {},
        "follow_cname": True,
        "allow_alias": [],
        "rank": PUBLIC,
    }
    return sound | changed


def policy(entries: Sequence[dict[str, Any]], rules: Sequence[tuple[str, int]], slots: dict[str, int]) -> Policy:
    listed = [Rule(parse_name(name), Reach.SUBTREE, measure, 0, 0, 7) for name, measure in rules]
    return load_policy({"digest": "d", "measures": list(entries)}, Index.read(build_index(listed)), slots)


def test_a_measure_is_loaded_whole() -> None:
    changed = entry(
        order="ta-2",
        action="nodata",
        ipv6=None,
        timelines=[[[1.0, 2.0], [3.0, None]], []],
        named={"sold.example": 1},
        follow_cname=False,
        allow_alias=["cdn.example"],
        rank=[0, 1, "2021-02-03"],
    )
    measure = policy([entry(), changed], [], {"ta-2/nodata": 4_098}).measures[1]
    assert (measure.number, measure.order, measure.measure, measure.action) == (1, "ta-2", "block", Action.NODATA)
    assert (measure.ipv4, measure.ipv6, measure.ttl) == (bytes([192, 0, 2, 80]), None, 60)
    assert measure.responsible == b"\x05legal\x07example\x03net\x00"
    assert measure.ede_text == "Tribunal de Évry, RG 1".encode()
    assert measure.timelines == ((Span(1.0, 2.0), Span(3.0, None)), ())
    assert measure.named == {parse_name("sold.example"): 1}
    assert (measure.follow_cname, measure.allow_alias) == (False, frozenset({parse_name("cdn.example")}))
    assert (measure.rank, measure.slot) == ((0, 1, "2021-02-03"), 4_098)


def test_without_a_counter_nothing_is_counted() -> None:
    assert policy([entry()], [], {}).measures[0].slot == NOWHERE


@pytest.mark.parametrize(
    ("entries", "rules", "winner"),
    [
        pytest.param(
            [entry(), entry(rank=[0, 1, "2025-01-01"])],
            [("a.pirate.example", 0), ("pirate.example", 1)],
            1,
            id="an imposed page before all, although confidential, farther and later",
        ),
        pytest.param(
            [entry(rank=[1, 1, "2010-01-01"]), entry(rank=[1, 0, "2025-01-01"])],
            [("a.pirate.example", 0), ("pirate.example", 1)],
            1,
            id="public before confidential",
        ),
        pytest.param(
            [entry(), entry(rank=[1, 0, "2025-01-01"])],
            [("pirate.example", 0), ("a.pirate.example", 1)],
            1,
            id="the nearest name",
        ),
        pytest.param(
            [entry(rank=[1, 0, "2025-01-01"]), entry()],
            [("pirate.example", 0), ("pirate.example", 1)],
            1,
            id="the earliest decision",
        ),
        pytest.param(
            [entry(timelines=[[]]), entry(rank=[1, 1, "2025-01-01"])],
            [("a.pirate.example", 0), ("pirate.example", 1)],
            1,
            id="only what is in force",
        ),
        pytest.param(
            [entry(), entry()],
            [("pirate.example", 0), ("pirate.example", 1)],
            0,
            id="the first of equals, always",
        ),
    ],
)
def test_rank(entries: list[dict[str, Any]], rules: list[tuple[str, int]], winner: int) -> None:
    verdict = policy(entries, rules, {}).at(100.0).judge(parse_name("www.a.pirate.example"), ALLOWED)
    assert isinstance(verdict, Block)
    assert verdict.measure.number == winner == verdict.rule.measure


def test_a_lift_frees_only_what_nobody_else_holds() -> None:
    made = policy(
        [entry(timelines=[[[0.0, 50.0]]]), entry(order="ta-2")],
        [("both.example", 0), ("both.example", 1), ("one.example", 0)],
        {},
    )
    table = made.at(50.0)
    assert table.judge(parse_name("one.example"), ALLOWED) is ALLOW
    verdict = table.judge(parse_name("both.example"), ALLOWED)
    assert isinstance(verdict, Block)
    assert verdict.measure.order == "ta-2"


def test_a_name_with_a_time_of_its_own() -> None:
    made = policy(
        [entry(timelines=[FOREVER, [[0.0, 10.0]]], named={"sold.example": 1})],
        [("sold.example", 0), ("kept.example", 0)],
        {},
    )
    table = made.at(10.0)
    assert isinstance(table.judge(parse_name("sold.example"), ALLOWED), Allow)
    assert isinstance(table.judge(parse_name("kept.example"), ALLOWED), Block)
    sold = made.listings(parse_name("www.sold.example"))
    assert [table.in_force(rule) for rule in sold] == [False]
    assert made.timeline(sold[0]) == (Span(0.0, 10.0),)


def test_how_long_a_block_lasts() -> None:
    made = policy([entry(timelines=[[[0.0, 90.0]]])], [("a.example", 0)], {})
    verdict = made.at(60.5).judge(parse_name("a.example"), ALLOWED)
    assert isinstance(verdict, Block)
    assert verdict.seconds_left == 29.5
    unlimited = policy([entry()], [("a.example", 0)], {}).at(60.5).judge(parse_name("a.example"), ALLOWED)
    assert isinstance(unlimited, Block)
    assert unlimited.seconds_left is None


@pytest.mark.parametrize(
    ("wall", "since", "until"),
    [(5.0, -math.inf, 10.0), (10.0, 10.0, 20.0), (19.999, 10.0, 20.0), (20.0, 20.0, 40.0), (40.0, 40.0, math.inf)],
)
def test_how_long_a_table_holds(wall: float, since: float, until: float) -> None:
    made = policy([entry(timelines=[[[10.0, 20.0], [40.0, None]]])], [("a.example", 0)], {})
    table = made.at(wall)
    assert (table.moment, table.since, table.until, table.digest) == (wall, since, until, "d")
    assert made.at(wall) is not table


@pytest.mark.parametrize(
    ("wall", "span"),
    [(9.9, None), (10.0, Span(10.0, 20.0)), (20.0, None), (40.0, Span(40.0, None)), (1e12, Span(40.0, None))],
)
def test_span_at(wall: float, span: Span | None) -> None:
    assert span_at((Span(10.0, 20.0), Span(40.0, None)), wall) == span


@pytest.mark.parametrize(
    ("domain", "alone"),
    [("free.example", True), ("sub.listed.example", False), ("listed.example", False), ("example", False), (".", False),
     ("ted.example", True), ("isted.example", True)],
)  # fmt: skip  # those
def test_a_domain_is_left_alone_if_nothing_at_above_or_below_it_is_listed(domain: str, alone: bool) -> None:  # noqa: FBT001 - a column
    table = policy([entry()], [("listed.example", 0)], {}).at(0.0)
    assert table.leaves_alone(parse_name(domain)) is alone
