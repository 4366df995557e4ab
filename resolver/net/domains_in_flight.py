"""How many questions below one registered domain are being asked at once: so many, however many names it makes up.

A flood of random names below one domain then takes that many places, and what else subscribers ask goes on. Whoever
joins a question that is being asked already takes none.
"""

from functools import partial

from resolver.core.crowd import Crowd
from resolver.dns.name import WireName
from resolver.net.exchange import Exchange
from resolver.orders.public_suffixes import public_suffixes


class DomainsInFlight:
    """The places of one worker's exchanges."""

    __slots__ = ("_crowd", "_suffixes")

    def __init__(self, most: int) -> None:
        """Let each registered domain have so many."""
        self._crowd = Crowd[WireName](most)
        self._suffixes = public_suffixes()

    def bound(self, most: int) -> None:
        """Replace the bound; exchanges beyond a lower one go on."""
        self._crowd.most = most

    def enter(self, exchange: Exchange) -> bool:
        """Take a place for an exchange until it leaves it; False if its domain has none left."""
        domain = self._suffixes.registered_domain(exchange.question.qname)
        if not self._crowd.enter(domain):
            return False
        exchange.give_up_place = partial(self._crowd.leave, domain)
        return True
