"""How many questions below one registered domain are being asked at once: so many, however many names it makes up.

A flood of random names below one domain then takes that many places, and what else subscribers ask goes on. Whoever
joins a question that is being asked already takes none.
"""

from collections.abc import Collection
from functools import partial

from resolver.core.crowd import Crowd
from resolver.dns.name import WireName
from resolver.net.exchange import Exchange
from resolver.orders.public_suffixes import public_suffixes


class DomainsInFlight:
    """The places of one worker's exchanges; while fewer are open than one domain may have, nothing is counted."""

    __slots__ = ("_crowd", "_most", "_suffixes")

    def __init__(self, most: int) -> None:
        """Let each registered domain have so many."""
        self._most = most
        self._crowd: Crowd[WireName] | None = None
        self._suffixes = public_suffixes()

    def bound(self, most: int) -> None:
        """Replace the bound; exchanges beyond a lower one go on."""
        self._most = most
        self._crowd = None

    def admits(self, exchange: Exchange, others: Collection[Exchange]) -> bool:
        """Let an exchange have a place until it leaves it, beside all that are open; False if its domain has none."""
        if self._crowd is None:
            if len(others) < self._most:
                return True
            self._crowd = self._count(others)
        elif len(others) < self._most // 2:
            self._crowd = None
            return True
        return self._enter(self._crowd, exchange)

    def _count(self, others: Collection[Exchange]) -> Crowd[WireName]:
        crowd = Crowd[WireName](self._most)
        for other in others:
            if not other.late:
                self._enter(crowd, other)
        return crowd

    def _enter(self, crowd: Crowd[WireName], exchange: Exchange) -> bool:
        domain = self._suffixes.registered_domain(exchange.question.qname)
        if not crowd.enter(domain):
            return False
        exchange.give_up_place = partial(crowd.leave, domain)
        return True
