"""What one scrape reads; apart from what writes it for Prometheus, which takes long to load."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from resolver.orders.model import Timeline
from resolver.proof.writer import WriterState


@dataclass(frozen=True, slots=True)
class OrderRules:
    """How many rules an order holds, grouped by the time in which they bind."""

    order: str
    groups: tuple[tuple[Timeline, int], ...]

    def in_force(self, wall: float) -> int:
        """Count the rules in force at this instant of the order clock (POSIX seconds)."""
        return sum(count for timeline, count in self.groups if covers(timeline, wall))


class OrderDate(NamedTuple):
    """A date of an order (POSIX seconds), and the stretch in which it concerns somebody (None: no bound)."""

    order: str
    kind: str
    at: float
    since: float | None
    until: float | None

    def is_open(self, wall: float) -> bool:
        """Tell whether it concerns somebody at an instant (POSIX seconds)."""
        return (self.since is None or self.since <= wall) and (self.until is None or wall < self.until)


@dataclass(frozen=True, slots=True)
class PolicySummary:
    """What the metrics say about a policy: its digest, each order's rules and dates, whose implementation nobody
    recorded, and how many files were refused when it was made.
    """

    digest: str
    orders: tuple[OrderRules, ...]
    dates: tuple[OrderDate, ...] = ()
    unpinned: frozenset[str] = frozenset()
    refused: int = 0


@dataclass(frozen=True, slots=True)
class ReloadState:
    """How the last reload ended, and how many there were; the start counts as the first."""

    succeeded: bool
    last_success: float
    """POSIX seconds of the last one that succeeded; 0 before there was one."""
    successes: int
    failures: int


@dataclass(frozen=True, slots=True)
class MetricsState:
    """All that one scrape reads, made anew for each: a value, so that a slow scraper holds nothing up."""

    pages: tuple[memoryview, ...]
    """The counter page of each worker place, cast to unsigned 64-bit numbers."""
    policy: PolicySummary | None
    slots: Mapping[str, int]
    """Counter place by ``order/action``; the next place counts blocks through an alias."""
    upstreams: tuple[str, ...]
    """Labels by upstream number, such as ``udp://192.0.2.53:53``."""
    reload: ReloadState
    workers: int
    workers_in_force: int
    """How many of the workers answer under the current policy."""
    worker_restarts: int
    started: float
    """POSIX seconds."""
    order_clock: float
    """What the order clock shows (POSIX seconds); differs from the real clock in a rehearsal."""
    rehearsal: bool
    log_lines_dropped: int
    journal: WriterState
    notice: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Answers of the notice page by order ("" where none blocks) and status."""
    notice_up: bool | None = None
    """Whether the notice page is served; None where it is not to be."""

    @property
    def ready(self) -> bool:
        """Whether every worker has the current policy in force; without workers, whether the page is served."""
        served = self.workers_in_force >= self.workers if self.workers else bool(self.notice_up)
        return self.policy is not None and served


def covers(timeline: Timeline, wall: float) -> bool:
    """Tell whether one of the spans holds this instant; the end does not belong to a span."""
    return any(span.since <= wall < (math.inf if span.until is None else span.until) for span in timeline)
