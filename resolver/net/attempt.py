"""One send of a question to one upstream, and what became of it."""

from enum import Enum, auto
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from resolver.net.exchange import Exchange
    from resolver.net.upstream import Upstream


class Outcome(Enum):
    """What became of an attempt."""

    WAITING = auto()
    """Nothing came yet."""
    QUEUED = auto()
    """It was not sent yet: it waits for a connection."""
    SILENT = auto()
    """Nothing came in time; it may still come."""
    GARBLED = auto()
    """Octets came that cannot be read under the right id; a sound answer may still come."""
    UNREACHABLE = auto()
    """The network says that nobody can be reached there."""
    TRUNCATED = auto()
    """The answer, or the query, needs TCP."""
    DISLIKES_EDNS = auto()
    """The upstream did not take the query with its OPT record."""
    UNFINISHED = auto()
    """The answer ends with an alias, and what that leads to is being asked."""
    REJECTED = auto()
    """The upstream failed, refused, or said something that does not answer the question."""


WAITING: Final = Outcome.WAITING
"""To look a member up by its name takes Python 3.11 longer than all else here."""


class Way(NamedTuple):
    """How an upstream is to be asked."""

    upstream: "Upstream"
    over_tcp: bool
    with_edns: bool


class Attempt:
    """One send; ``stage`` counts the scheduled sends before it, ``sent`` is monotonic seconds."""

    __slots__ = ("exchange", "outcome", "over_tcp", "sent", "stage", "upstream", "with_edns")

    def __init__(
        self, exchange: "Exchange", upstream: "Upstream", stage: int, sent: float, *, over_tcp: bool, with_edns: bool
    ) -> None:
        self.exchange = exchange
        self.upstream = upstream
        self.over_tcp = over_tcp
        self.with_edns = with_edns
        self.stage = stage
        self.sent = sent
        self.outcome: Outcome = WAITING
