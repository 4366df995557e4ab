"""What the rounds say together: medians by server and case, and how they compare."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from benchmarks.contenders import NO_PEERS
from benchmarks.questions import Case
from benchmarks.rounds import Measurement

LEAST_ROUNDS: Final = 3
"""A median of fewer counts only if no more were made."""


@dataclass(frozen=True, slots=True)
class Middle:
    """The medians of the rounds that count, of one server with one case; and the range of the first."""

    microseconds: float
    lowest: float
    highest: float
    rate: float
    p50: float | None
    p99: float | None

    @property
    def spread(self) -> str:
        """Write the median and the range of the processor time."""
        return f"{self.microseconds:.2f} ({self.lowest:.2f} to {self.highest:.2f})"


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that was measured, in as many rounds."""

    measurements: Sequence[Measurement]
    rounds: int

    @property
    def contenders(self) -> list[str]:
        """Name those who were measured, in the order of the first round."""
        return list(dict.fromkeys(each.contender for each in self.measurements))

    @property
    def cases(self) -> list[Case]:
        """List what was measured."""
        return list(dict.fromkeys(each.case for each in self.measurements))

    @property
    def left_out(self) -> list[Measurement]:
        """List what does not count: too much lost, too few NOERROR, or wrong answers."""
        return [each for each in self.measurements if not each.counts]

    def middle(self, contender: str, case: Case) -> Middle | None:
        """Take the medians; None if too few rounds count."""
        found = [each for each in self.measurements if (each.contender, each.case) == (contender, case) and each.counts]
        if len(found) < min(LEAST_ROUNDS, self.rounds):
            return None
        used = [each.microseconds for each in found]
        latencies = [each.latency for each in found if each.latency is not None]
        return Middle(
            median(used),
            min(used),
            max(used),
            median(each.rate for each in found),
            median(each.p50 for each in latencies) if latencies else None,
            median(each.p99 for each in latencies) if latencies else None,
        )

    def best_peer(self, case: Case) -> str | None:
        """Name the peer that spends the least processor time on a case; None if none counts."""
        spent = {
            name: middle.microseconds
            for name in self.contenders
            if name not in NO_PEERS and (middle := self.middle(name, case))
        }
        return min(spent, key=lambda name: spent[name]) if spent else None
