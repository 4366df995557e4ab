"""Medians of the rounds that count, the best peer, and the goals held against them."""

import math
from dataclasses import replace

import pytest

from benchmarks.comparison import Comparison
from benchmarks.contenders import FLOOR, OURS
from benchmarks.goals import find_all
from benchmarks.load import Counts
from benchmarks.long_list import LongList, Reload
from benchmarks.questions import Case
from benchmarks.rounds import Latency, Measurement

BLOCKED = Case("blocked")
RELOAD = Reload(
    rate=50_000,
    seconds=4.0,
    before=Latency(0.1, 1.0, 5.0),
    during=Latency(0.1, 3.0, 18.0),
    counts=Counts(100_000, 100_000, 0, {"NOERROR": 100_000}),
    looked_at=900,
    wrong=0,
    unanswered=1,
    still_cached=0,
    peak=200.0,
)


def rounds(contender: str, *microseconds: float, case: Case = BLOCKED, lost: float = 0.0) -> list[Measurement]:
    latency = Latency(0.2, 0.9, 4.0) if case.rate else None
    return [
        Measurement(contender, case, turn, each, 1e5, 100.0, lost, latency, 0, 0.0)
        for turn, each in enumerate(microseconds)
    ]


def test_a_median_leaves_out_what_does_not_count() -> None:
    bad = rounds("Unbound", 1.0, lost=5.0)
    comparison = Comparison(rounds("Unbound", 9.0, 7.0, 8.0) + bad, 4)
    middle = comparison.middle("Unbound", BLOCKED)

    assert middle is not None
    assert (middle.microseconds, middle.lowest, middle.highest, middle.p50) == (8.0, 7.0, 9.0, None)
    assert comparison.left_out == bad


def test_too_few_rounds_make_no_median() -> None:
    comparison = Comparison(rounds("Unbound", 9.0, 7.0) + rounds("Unbound", 8.0, lost=5.0), 3)

    assert comparison.middle("Unbound", BLOCKED) is None
    assert comparison.best_peer(BLOCKED) is None


def test_the_best_peer_is_neither_ours_nor_the_floor() -> None:
    comparison = Comparison([*rounds(OURS, 1.0), *rounds(FLOOR, 2.0), *rounds("BIND", 9.0), *rounds("dnsdist", 8.0)], 1)

    assert comparison.best_peer(BLOCKED) == "dnsdist"


@pytest.mark.parametrize(("ours", "missed"), [(6.4, False), (6.5, True)], ids=["met", "missed"])
def test_a_ratio_is_held_against_its_goal(ours: float, *, missed: bool) -> None:
    (found,) = find_all(Comparison(rounds(OURS, ours) + rounds("dnsdist", 8.0), 1), {}, 1_000)

    assert found.figure.value == pytest.approx(ours / 8)
    assert found.figure.missed is missed
    assert "dnsdist" in found.figure.what


@pytest.mark.parametrize(
    "measured",
    [
        rounds(OURS, 6.0, lost=5.0) + rounds(FLOOR, 4.0),
        rounds(OURS, 6.0, lost=5.0) + rounds("BIND", 4.0),
        rounds(OURS, 6.0) + rounds("BIND", 4.0, lost=5.0),
    ],
    ids=["ours, of the floor", "ours", "every peer"],
)
def test_a_goal_without_rounds_that_count_is_missed(measured: list[Measurement]) -> None:
    (found,) = find_all(Comparison(measured, 1), {}, 1_000)

    assert math.isnan(found.figure.value)
    assert found.figure.missed


def test_at_a_rate_the_wait_is_held_against_its_goal_too() -> None:
    case = Case("mixed", 5_000)
    found = find_all(Comparison(rounds(OURS, 9.0, case=case) + rounds("dnsdist", 9.0, case=case), 1), {}, 1_000)

    assert [(figure.value, figure.unit, figure.missed) for figure, _ in found] == [(1.0, "", False), (0.2, "ms", False)]


def test_of_the_long_list_only_ours_has_goals() -> None:
    even = replace(RELOAD, during=RELOAD.before, unanswered=0)
    ours = LongList(2, 5.0, 0.9, 120.0, (even, RELOAD, RELOAD))
    found = find_all(Comparison([], 1), {"BIND": ours, OURS: ours}, 1_000_000)
    missed = [figure.what.rpartition(": ")[2] for figure, _ in found if figure.missed]

    assert len(found) == 9
    assert missed == ["queries lost", "p99, times that before, the median"]


def test_of_several_reloads_all_count_for_losses_and_the_median_for_waits() -> None:
    even = replace(RELOAD, during=RELOAD.before, unanswered=0)
    ours = LongList(2, 5.0, 0.9, 120.0, (RELOAD, even, even))
    found = {figure.what.rpartition(": ")[2]: figure for figure, _ in find_all(Comparison([], 1), {OURS: ours}, 1_000)}

    assert found["queries lost"].value == 1
    assert found["p99, times that before, the median"].value == 1
    assert found["longest wait for an answer"].value == 18
    assert found["wrong answers, of 2,700"].value == 0


def test_a_long_list_that_broke_misses() -> None:
    (found,) = find_all(Comparison([], 1), {OURS: "TimeoutError"}, 1_000)

    assert found.figure.missed
    assert found.behind == "TimeoutError"
