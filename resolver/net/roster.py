"""Which upstreams there are: made, kept and let go as settings change, kept fresh and probed as time goes."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from resolver.core.step import Question
from resolver.dns.codes import RRClass, RRType
from resolver.dns.name import ROOT, parse_name
from resolver.net.arrivals import Arrivals
from resolver.net.attempt import Attempt
from resolver.net.draws import Draws
from resolver.net.exchange import Exchange
from resolver.net.routes import Routes
from resolver.net.settings import UpstreamAddress, Zone
from resolver.net.upstream import Upstream
from resolver.net.upstream_sockets import UpstreamSockets, sockets_for_each
from resolver.net.upstream_stream import UpstreamStream
from resolver.net.upstream_tcp import UpstreamStreams

_PROBE: Final = Question(ROOT, RRType.SOA, RRClass.IN, dnssec_ok=False, checking_disabled=False)


COMPARED_EVERY: Final = 0.5
"""Seconds between two looks at who is near."""


class Means(NamedTuple):
    """What it takes to make an upstream.

    ``answer`` is how many seconds a question has, ``sockets`` how many each has, or None for as many as there can be.
    """

    page: memoryview
    loop: asyncio.AbstractEventLoop
    clock: Callable[[], float]
    draws: Draws
    arrivals: Arrivals
    arrived: Callable[[UpstreamStream, bytes, float], None]
    lost: Callable[[UpstreamStream | None, list[Attempt], float], None]
    answer: float
    sockets: int | None


class Roster:
    """The upstreams of one forwarder; who leaves may finish what it was asked, for ``linger`` seconds."""

    __slots__ = ("_leaving", "_linger", "_means", "_next_comparison", "_upstreams", "routes")

    def __init__(self, means: Means, *, linger: float) -> None:
        """Begin without any."""
        self._means = means
        self._linger = linger
        self._next_comparison = 0.0
        self._upstreams: dict[UpstreamAddress, Upstream] = {}
        self._leaving: list[tuple[float, Upstream]] = []
        self.routes = Routes((), {})

    def replace(self, upstreams: Sequence[UpstreamAddress], zones: Sequence[Zone], now: float) -> None:
        """Ask these, for names in a zone those of the zone; those that stay keep sockets and health."""
        wanted = {*upstreams, *(address for _, addresses in zones for address in addresses)}
        for address in self._upstreams.keys() - wanted:
            self._leaving.append((now + self._linger, self._upstreams.pop(address)))
        for address in wanted - self._upstreams.keys():
            self._upstreams[address] = self._make(address, len(wanted))
        self.routes = Routes(self._at(upstreams), {parse_name(name): self._at(addresses) for name, addresses in zones})
        self._next_comparison = now
        for upstream in self._upstreams.values():
            upstream.health.has_rivals = False  # until they are compared

    def renew(self, now: float) -> None:
        """Replace sockets that are used up, probe who is down, close who has had time to finish."""
        for upstream in self._upstreams.values():
            upstream.renew(now)
            if upstream.wants_probe(now):
                _probe(upstream, now)
        if now >= self._next_comparison:
            self._compare(now)
        for _, upstream in self._leaving:
            upstream.streams.renew(now)
        while self._leaving and self._leaving[0][0] <= now:
            self._leaving.pop(0)[1].close()

    @property
    def in_doubt(self) -> bool:
        """Whether an upstream is about to be probed that counts as up."""
        return any(upstream.health.in_doubt for upstream in self._upstreams.values())

    def close(self) -> None:
        """Close everything that leads to any of them."""
        for upstream in (*self._upstreams.values(), *(upstream for _, upstream in self._leaving)):
            upstream.close()
        self._upstreams.clear()
        self._leaving.clear()
        self.routes = Routes((), {})

    def _compare(self, now: float) -> None:
        """Find out who is near, and who has others beside him."""
        self._next_comparison = now + COMPARED_EVERY
        for rivals in self.routes.rivals():
            nearest = min((each.health.latency for each in rivals if each.health.up), default=0.0)
            for upstream in rivals:
                upstream.health.has_rivals = True
                upstream.health.compare(nearest)

    def _make(self, address: UpstreamAddress, together: int) -> Upstream:
        page, loop, clock, draws, arrivals, arrived, lost, answer, size = self._means
        return Upstream(
            address,
            page,
            UpstreamSockets(address, arrivals, draws, sockets_for_each(together) if size is None else size),
            UpstreamStreams(address, loop, draws, clock, arrived, lost, answer),
        )

    def _at(self, addresses: Sequence[UpstreamAddress]) -> tuple[Upstream, ...]:
        return tuple(self._upstreams[address] for address in dict.fromkeys(addresses))


def _probe(upstream: Upstream, now: float) -> None:
    """Ask an upstream something that nobody waits for; any answer says that it is there.

    Some do not answer for the root: what they answered last serves as well, every other time.
    """
    question = upstream.last_answered
    upstream.last_answered = None
    nobody = Exchange(_PROBE if question is None else question, (upstream,), now)
    attempt = nobody.begin_first()
    nobody.close()
    upstream.send(attempt, now)
