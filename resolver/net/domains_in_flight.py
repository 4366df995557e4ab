"""How many questions below one registered domain are being asked at once: so many, however many names it makes up.

A flood of random names below one domain then takes that many places, and what else subscribers ask goes on. Whoever
joins a question that is being asked already takes none.
"""

from collections.abc import Callable, Collection
from enum import Enum, auto
from functools import partial
from typing import Final

from resolver.core.crowd import Crowd
from resolver.dns.name import WireName
from resolver.net.exchange import Exchange
from resolver.orders.public_suffixes import PublicSuffixes, go_on, shipped_suffixes


class Full(Enum):
    """That a domain has no place left."""

    FULL = auto()


FULL: Final = Full.FULL


class DomainsInFlight:
    """The places of one worker's exchanges; while fewer are open than one domain may have, nothing is counted."""

    __slots__ = ("_crowd", "_most", "_suffixes")

    def __init__(self, most: int) -> None:
        """Let each registered domain have so many."""
        self._most = most
        self._crowd: Crowd[WireName] | None = None
        self._suffixes: PublicSuffixes | None = None

    def get_ready(self, pause: Callable[[], None] = go_on) -> None:
        """Read which names are public suffixes, if that was not done, so that a flood need not wait for it.

        That takes longer than answers may stand still: call it in a thread, with a ``pause`` that lets them go on.
        """
        if self._suffixes is None:
            self._suffixes = shipped_suffixes(pause)

    def bound(self, most: int) -> None:
        """Replace the bound; exchanges beyond a lower one go on."""
        self._most = most
        self._crowd = None

    def enter(self, qname: WireName, others: Collection[Exchange]) -> Callable[[], None] | Full | None:
        """Take a place for a question beside all exchanges that are open; gives the way to leave it.

        None while nothing is counted; then there is nothing to leave.
        """
        if self._crowd is None:
            if len(others) < self._most:
                return None
            self._crowd = self._count(others)
        elif len(others) < self._most // 2:
            self._crowd = None
            return None
        return self._enter(self._crowd, qname)

    @property
    def most(self) -> int:
        """How many places a domain has."""
        return self._most

    @property
    def counts(self) -> dict[WireName, int]:
        """How many are taken, by domain, if that is being counted; only to look at."""
        return {} if self._crowd is None else self._crowd.counts

    def domain_around(self, qname: WireName) -> WireName | None:
        """Find the registered domain of a name, if it is that of all names below it, too.

        None for a public suffix and for what lies above one, and before `get_ready` was.
        """
        if self._suffixes is None:
            return None
        domain = self._suffixes.registered_domain(qname)
        stands_alone = self._suffixes.section(domain) is None and self._suffixes.covered(domain) is None
        return domain if stands_alone else None

    def _count(self, others: Collection[Exchange]) -> Crowd[WireName]:
        crowd = Crowd[WireName](self._most)
        for other in others:
            if not other.late:
                place = self._enter(crowd, other.question.qname)
                other.give_up_place = None if isinstance(place, Full) else place
        return crowd

    def _enter(self, crowd: Crowd[WireName], qname: WireName) -> Callable[[], None] | Full:
        if self._suffixes is None:
            self._suffixes = shipped_suffixes()
        domain = self._suffixes.registered_domain(qname)
        return partial(crowd.leave, domain) if crowd.enter(domain) else FULL
