"""A run that breaks hides no other run; once the time is over, those that are left count as failed."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks import soak
from benchmarks.figures import Figure, Soak
from benchmarks.sizes import QUICK, Sizes


def made_of(title: str, *steps: Figure | BaseException) -> Soak:
    """Make a run that yields these figures and raises these errors."""

    def measure(folder: Path, upstream: int, sizes: Sizes) -> Iterator[Figure]:
        for step in steps:
            if isinstance(step, BaseException):
                raise step
            yield step

    return Soak(title, lambda sizes: "what is done", measure)


def test_what_breaks_is_told_and_the_rest_goes_on() -> None:
    lost = Figure("lost", 0, "", 0)
    made = (
        made_of("breaks", lost, RuntimeError("/tmp/of/this/machine")),
        made_of("passes", lost),
        made_of("takes too long", lost, soak.Overdue()),
        made_of("never made", lost),
    )

    runs = soak.run_all(QUICK, made)

    assert [(run.title, len(run.figures), run.broke, run.passed) for run in runs] == [
        ("breaks", 1, "RuntimeError", False),
        ("passes", 1, None, True),
        ("takes too long", 1, soak.OVERDUE, False),
        ("never made", 0, soak.OVERDUE, False),
    ]
