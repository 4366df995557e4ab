"""A soak's report tells every figure, and a missed bound cannot be overlooked."""

import pytest

from benchmarks.circumstances import Circumstances
from benchmarks.figures import Figure, Run
from benchmarks.report import write_report

CIRCUMSTANCES = Circumstances("2026-01-02 03:04 UTC", "0123456789ab", 2, 24.4, "3.11.7", 0.5, "make soak")


@pytest.mark.parametrize(
    ("figure", "missed"),
    [
        (Figure("told only", 5.0), False),
        (Figure("on its bound", 5.0, most=5.0), False),
        (Figure("beyond it", 5.1, most=5.0), True),
        (Figure("no number", float("nan"), most=5.0), True),
        (Figure("one too many", 1, most=0), True),
    ],
    ids=lambda value: value.what if isinstance(value, Figure) else "",
)
def test_a_figure_knows_whether_it_missed_its_bound(figure: Figure, *, missed: bool) -> None:
    assert figure.missed is missed
    assert Run("title", "done", (figure,), 1.0).passed is not missed


def test_at_small_size_times_are_told_and_counts_still_judged() -> None:
    seconds = Figure("seconds", 9.0, "s", 1.0, at_full_size=True)
    lost = Figure("lost", 9, "", 0)

    assert not seconds.at_small_size().missed
    assert lost.at_small_size().missed


def test_a_run_that_broke_has_not_passed() -> None:
    assert not Run("title", "done", (), 1.0, broke="RuntimeError: no").passed


def test_the_report_has_a_row_for_each_figure() -> None:
    kept = Run("Kept", "what was done", (Figure("lost", 0, "", 0), Figure("sent", 123_456)), 60.0)
    missed = Run("Missed", "what else", (Figure("start", 1.25, "s", 1.0),), 30.0, broke="OSError: a | b")

    report = write_report(CIRCUMSTANCES, [kept, missed])

    for line in (
        "- Commit: 0123456789ab",
        "- Took 1.5 minutes",
        "- Outcome: bounds are missed in: Missed",
        "## 1. Kept: pass",
        "| lost | 0 | ≤ 0 | pass |",
        "| sent | 123,456 | | |",
        "## 2. Missed: fail",
        "| start | 1.25 s | ≤ 1 s | **fail** |",
        "| the run ended early: OSError: a / b | | | **fail** |",
    ):
        assert line in report.splitlines()
