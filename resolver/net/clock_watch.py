"""The table in force, kept in step with both clocks.

Monotonic time runs evenly and says how long; wall time says which day it is, and may be set. A table is right for a
stretch of wall time, and counts the seconds that its blocks have left from the moment it was made. So it is made anew
when the wall clock leaves that stretch, in either direction, and when the two clocks no longer agree on the time
that has passed.
"""

from collections.abc import Callable
from typing import Final

from resolver.core.pipeline import Pipeline
from resolver.core.policy import Policy, Table

TOLERATED_DRIFT: Final = 1.0
"""Seconds by which the clocks may come apart before the wall clock counts as set."""


class ClockWatch:
    """Gives ``now`` to the query path and keeps the pipeline's table the right one for it."""

    __slots__ = ("_ahead", "_monotonic", "_pipeline", "_policy", "_wall", "table")

    def __init__(
        self, pipeline: Pipeline, policy: Policy, wall: Callable[[], float], monotonic: Callable[[], float]
    ) -> None:
        """Put the policy in force, as of this moment."""
        self._pipeline = pipeline
        self._wall = wall
        self._monotonic = monotonic
        self.table: Table
        self.enforce(policy)

    @property
    def digest(self) -> str:
        """The digest of the policy in force."""
        return self._policy.digest

    def enforce(self, policy: Policy) -> None:
        """Put another policy in force, as of this moment."""
        self._policy = policy
        self._renew(self._monotonic(), self._wall())

    def read(self) -> float:
        """Read both clocks once; return monotonic seconds, for which the table in force is now right."""
        now, wall = self._monotonic(), self._wall()
        table = self.table
        if not table.since <= wall < table.until or not -TOLERATED_DRIFT <= wall - now - self._ahead <= TOLERATED_DRIFT:
            self._renew(now, wall)
        return now

    def seconds_until_change(self) -> float:
        """Tell how long the table stays right if nobody sets the clock; infinite if no date is ahead."""
        return max(0.0, self.table.until - self._wall())

    def _renew(self, now: float, wall: float) -> None:
        self._ahead = wall - now
        self.table = self._policy.at(wall)
        self._pipeline.enforce(self.table, now)
