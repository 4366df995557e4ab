"""Stand-ins for attempts, as connections to upstreams know them."""

from dataclasses import dataclass
from typing import Self, cast

from resolver.net.attempt import Attempt, Outcome


@dataclass(eq=False)
class Asking:
    """What a connection knows of an attempt, its exchange and its upstream: all in one."""

    started: float = 0.0
    sent: float = 0.0
    outcome: Outcome = Outcome.WAITING
    open: bool = True
    late: bool = False
    goes_on: bool = True

    @property
    def exchange(self) -> Self:
        """It is its own exchange ..."""
        return self

    @property
    def upstream(self) -> Self:
        """... and its own upstream."""
        return self

    def write_for_stream(self, _: object, message_id: int) -> bytes:
        """Write a query, which is its id twice."""
        return message_id.to_bytes(2, "big") * 2


def asking(**known: object) -> Attempt:
    """Make a stand-in for an attempt."""
    return cast("Attempt", Asking(**known))  # type: ignore[arg-type] # named as the fields are
