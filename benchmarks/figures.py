"""What a run found out: figures, each with the most it may be."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from benchmarks.sizes import Sizes


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value in its unit; ``most`` is its bound, None if it is only told.

    ``at_full_size`` says that the bound means nothing for a short or small run: times, memory, shares.
    """

    what: str
    value: float
    unit: str = ""
    most: float | None = None
    at_full_size: bool = False

    @property
    def missed(self) -> bool:
        """Whether it is beyond its bound."""
        return self.most is not None and not self.value <= self.most

    def at_small_size(self) -> "Figure":
        """Tell the value alone, if its bound is for full size."""
        return replace(self, most=None) if self.at_full_size else self


class Soak(NamedTuple):
    """A run that can be made: ``done`` says what it does at these sizes.

    ``measure`` does it, in a folder of its own and with an upstream at this port of the loopback, and yields figures as
    they come, so that those before a failure are not lost.
    """

    title: str
    done: Callable[[Sizes], str]
    measure: Callable[[Path, int, Sizes], Iterator[Figure]]


@dataclass(frozen=True, slots=True)
class Run:
    """One run that was made: its figures, and how many seconds it took; ``broke`` says what ended it early."""

    title: str
    done: str
    figures: tuple[Figure, ...]
    seconds: float
    broke: str | None = None

    @property
    def passed(self) -> bool:
        """Whether it came to its end, with every figure in its bound."""
        return self.broke is None and not any(figure.missed for figure in self.figures)
