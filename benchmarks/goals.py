"""What we want to reach, and whether a run shows it: ratios of processor time within the run, times, memory."""

import math
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from benchmarks.comparison import Comparison
from benchmarks.contenders import FLOOR, NO_PEERS, OURS
from benchmarks.figures import Figure
from benchmarks.long_list import LongList
from benchmarks.questions import read_case

BEST: Final = "the best peer"
MOST_P50: Final = 1.5
"""Milliseconds, at a fixed rate."""
MOST_PAUSE: Final = 20.0
"""Milliseconds nobody may wait longer for an answer during a reload."""


class Goal(NamedTuple):
    """The processor time of ours in a case, at most so many times that of somebody."""

    case: str
    against: str
    most: float


GOALS: Final = (
    Goal("blocked", BEST, 0.80),
    Goal("cached", BEST, 0.85),
    Goal("mixed", BEST, 0.85),
    Goal("mixed@5000", BEST, 1.0),
    Goal("mixed@20000", BEST, 1.0),
    Goal("letter case", BEST, 1.3),
    Goal("cookie", BEST, 2.5),
    Goal("option", BEST, 2.5),
    Goal("cold", "Unbound", 0.85),
    Goal("cold", "dnsdist", 2.2),
    Goal("blocked", FLOOR, 1.5),
    Goal("cached", FLOOR, 1.5),
)


class Finding(NamedTuple):
    """A figure that is held against a goal, and the two values behind a ratio."""

    figure: Figure
    behind: str = ""


def find_all(comparison: Comparison, long_lists: Mapping[str, LongList | str], names: int) -> list[Finding]:
    """Hold a run against every goal it has measured something for; what broke misses its goals."""
    found = [finding for goal in GOALS for finding in _ratio(comparison, goal)]
    found += [finding for goal in GOALS for finding in _p50(comparison, goal)]
    match long_lists.get(OURS):
        case LongList() as long_list:
            found += _of_long_list(long_list, names)
        case str() as broke:
            found.append(Finding(Figure(f"{names:,} names", math.nan, "", 0), broke))
        case None:
            pass
    return found


def _ratio(comparison: Comparison, goal: Goal) -> Iterator[Finding]:
    """Compare with whom the goal names, if they and ours took part; the best peer is whoever it was, or nobody."""
    case = read_case(goal.case)
    asked = {each.contender for each in comparison.measurements if each.case == case}
    others = asked - NO_PEERS if goal.against == BEST else asked & {goal.against}
    if OURS not in asked or not others:
        return
    other = (comparison.best_peer(case) or BEST) if goal.against == BEST else goal.against
    against = goal.against if other == goal.against else f"{goal.against} ({other})"
    what = f"{goal.case}: CPU per query, times that of {against}"
    ours, theirs = comparison.middle(OURS, case), comparison.middle(other, case)
    if ours is None or theirs is None:
        yield Finding(Figure(what, math.nan, "", goal.most), "too few rounds count")
    else:
        ratio = ours.microseconds / theirs.microseconds
        yield Finding(Figure(what, ratio, "", goal.most), f"{ours.spread} : {theirs.spread}")


def _p50(comparison: Comparison, goal: Goal) -> Iterator[Finding]:
    case = read_case(goal.case)
    middle = comparison.middle(OURS, case)
    if goal.against == BEST and middle is not None and middle.p50 is not None:
        yield Finding(Figure(f"{goal.case}: p50", middle.p50, "ms", MOST_P50))


def _of_long_list(found: LongList, names: int) -> Iterator[Finding]:
    listed = f"{names:,} names"
    yield Finding(Figure(f"{listed}, compiled from text, to the first blocked answer", found.first_start, "s", 10))
    if found.restart is not None:
        yield Finding(Figure(f"{listed}, compiled before, to the first blocked answer", found.restart, "s", 1.0))
    yield Finding(Figure(f"{listed}, {found.threads} workers, memory (PSS)", found.memory, "MB", 160))
    middle, reloads = found.middle, found.reloads
    if middle is None:
        return
    at = f"reload of {listed} at {middle.rate:,} queries/s"
    looked_at = sum(each.looked_at for each in reloads)
    yield Finding(Figure(f"{at}: queries lost", sum(each.lost for each in reloads), "", 0), f"{len(reloads)} reloads")
    yield Finding(Figure(f"{at}: wrong answers, of {looked_at:,}", sum(each.wrong for each in reloads), "", 0))
    still = sum(each.still_cached for each in reloads)
    yield Finding(Figure(f"{at}: answers from before, for the name that came", still, "", 0))
    each_p99 = "; ".join(f"{each.during.p99:.2f} : {each.before.p99:.2f} ms" for each in reloads)
    yield Finding(Figure(f"{at}: p99, times that before, the median", middle.growth, "", 2), each_p99)
    yield Finding(
        Figure(f"{at}: longest wait for an answer", max(each.during.longest for each in reloads), "ms", MOST_PAUSE),
        f"{max(each.before.longest for each in reloads):.1f} ms before",
    )
    yield Finding(Figure(f"{at}: peak memory (PSS)", max(each.peak for each in reloads), "MB", 350))
