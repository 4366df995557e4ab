"""Between two boundaries nothing changes, and on both sides of each a table says what a plain evaluation says."""

import math
from collections.abc import Iterable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from resolver.core.admission import ALLOWED
from resolver.core.counters import NOWHERE
from resolver.core.policy import Block, MeasureState, Policy
from resolver.dns.name import WireName, is_within, parse_name
from resolver.orders.index import Index, Rule, build_index
from resolver.orders.model import Action, Reach, Span, Timeline

NAMES = [parse_name(text) for text in ("a", "b.a", "c.b.a", "d.c.b.a", "b", "a.b", "x.a.b")]


def spans(instants: Sequence[int], *, endless: bool) -> Timeline:
    edges: list[float | None] = [*sorted(map(float, instants)), None]
    if not endless or len(edges) % 2:
        edges.pop()
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return tuple(Span(since, until) for since, until in pairs if since is not None)


TIMELINES = st.builds(spans, st.sets(st.integers(0, 12), max_size=6).map(sorted), endless=st.booleans())


@st.composite
def policies(draw: st.DrawFn, *, observing: bool = False) -> Policy:
    measures = []
    rules = []
    for number in range(draw(st.integers(1, 4))):
        timelines = tuple(draw(st.lists(TIMELINES, min_size=1, max_size=3)))
        which = st.integers(0, len(timelines) - 1)
        measures.append(
            MeasureState(
                number=number,
                order=f"order-{number}",
                measure="block",
                action=Action.NODATA,
                ipv4=None,
                ipv6=None,
                ttl=60,
                responsible=NAMES[0],
                ede_text=b"",
                timelines=timelines,
                named=draw(st.dictionaries(st.sampled_from(NAMES), which, max_size=2)),
                follow_cname=True,
                allow_alias=frozenset(),
                rank=draw(st.tuples(st.integers(0, 1), st.integers(0, 1), st.sampled_from(["2001", "2002"]))),
                slot=NOWHERE,
                brand="",
                listed_as=number,
                observe=observing and draw(st.booleans()),
            )
        )
        rules += [
            Rule(name, draw(st.sampled_from(Reach)), number, draw(which), 0, 1)
            for name in draw(st.lists(st.sampled_from(NAMES), unique=True))
        ]
    return Policy("digest", Index.read(build_index(rules)), tuple(measures))


def binding(policy: Policy, rules: Iterable[Rule], name: WireName, wall: float) -> list[tuple[Rule, Span]]:
    return [
        (rule, span)
        for rule in rules
        if rule.name == name or (rule.reach is Reach.SUBTREE and is_within(name, rule.name))
        for measure in [policy.measures[rule.measure]]
        for span in measure.timelines[measure.named.get(rule.name, rule.timeline)]
        if span.since <= wall < (math.inf if span.until is None else span.until)
    ]


def better(policy: Policy, one: Rule, other: Rule) -> bool:
    """Say it the long way: imposed, then public, then nearest, then earliest."""
    mine, theirs = policy.measures[one.measure].rank, policy.measures[other.measure].rank
    if mine[:2] != theirs[:2]:
        return mine[:2] < theirs[:2]
    if len(one.name) != len(other.name):
        return len(one.name) > len(other.name)
    return mine[2] < theirs[2]


@given(policies(), st.sampled_from(NAMES), st.integers(-2, 28).map(lambda halves: halves / 2))
def test_judge_agrees_with_a_plain_evaluation(policy: Policy, name: WireName, wall: float) -> None:
    table = policy.at(wall)
    expected = binding(policy, policy.index, name, wall)
    verdict = table.judge(name, ALLOWED)
    assert isinstance(verdict, Block) == bool(expected)
    if isinstance(verdict, Block):
        assert not any(better(policy, rule, verdict.rule) for rule, _ in expected)
        span = next(span for rule, span in expected if rule == verdict.rule)
        assert verdict.seconds_left == (None if span.until is None else span.until - wall)


@given(policies(observing=True), st.integers(-2, 28).map(lambda halves: halves / 2))
def test_one_look_says_what_a_plain_one_says(policy: Policy, wall: float) -> None:
    table = policy.at(wall)
    for name in NAMES * 2:
        assert table.judge(name, ALLOWED) == table.judge_plainly(name, ALLOWED)


@given(policies())
def test_a_table_holds_until_the_next_boundary_and_no_longer(policy: Policy) -> None:
    boundaries = {
        instant
        for measure in policy.measures
        for timeline in measure.timelines
        for span in timeline
        for instant in span
        if instant is not None
    }
    instants = [-1.0, *(edge + step for edge in sorted(boundaries) for step in (-0.25, 0.0, 0.25)), 99.0]
    for wall in instants:
        table = policy.at(wall)
        assert table.since <= wall < table.until
        assert {table.since, table.until} <= boundaries | {-math.inf, math.inf}
        assert not any(table.since < edge < table.until for edge in boundaries)
        for later in (other for other in instants if table.since <= other < table.until):
            for name in NAMES:
                blocked = isinstance(table.judge(name, ALLOWED), Block)
                assert blocked == bool(binding(policy, policy.index, name, later))
