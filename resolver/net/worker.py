"""One worker: the UDP lanes, the TCP server, the pipeline, the forwarder and the clocks, put together.

Everything happens in one event loop and nothing is awaited between a query and an answer that is known, so that a
change of policy falls between two batches, whole.
"""

import asyncio
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Final

from resolver.core.admission import Admission
from resolver.core.cookies import Cookies
from resolver.core.counters import DROPS, GAUGES, DropReason, Gauge
from resolver.core.message_cache import MessageCache
from resolver.core.packet_cache import PacketCache
from resolver.core.pipeline import Pipeline
from resolver.core.policy import Policy
from resolver.core.rebinding import RebindingGuard
from resolver.core.special_names import SpecialNames, special_names
from resolver.dns.name import parse_name
from resolver.net.answering import Answering
from resolver.net.client_views import ClientViews
from resolver.net.clock_watch import ClockWatch
from resolver.net.forwarder import Forwarder
from resolver.net.lane import BatchLane, open_lane
from resolver.net.late import discard_before, note_arrivals
from resolver.net.pressure import Pressure
from resolver.net.refusals import Refusals
from resolver.net.settings import WorkerSettings
from resolver.net.shunned_ports import shunned_ports
from resolver.net.tcp_server import TcpServer
from resolver.net.timetable import Schedule
from resolver.net.udp_lane import UdpLane
from resolver.net.udp_sender import LATEST

TICK: Final = 0.25
"""Seconds between two signs of life."""
SOONEST_TICK: Final = 0.001
"""Seconds that a tick waits at least: a date ahead brings it forward, so that the date binds without a query."""

Lanes = tuple[BatchLane | UdpLane, ...]
"""What reads the sockets of one place."""


class Worker:
    """Everything between the sockets of one worker and its upstreams; lives in one event loop.

    ``page`` is the counter page as 64-bit places (``memoryview.cast("Q")``); ``clock`` gives the order clock in POSIX
    seconds, ``arrivals`` the real one, by which the kernel notes when datagrams come and cookies grow old.
    ``neighbours`` are the UDP sockets of other workers, by place, to be read while adopted. All sockets stay the
    caller's: ``close`` does not close them. ``schedule`` says when upstreams are asked and clients told.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        settings: WorkerSettings,
        policy: Policy,
        page: memoryview,
        clock: Callable[[], float],
        *,
        udp: Sequence[socket.socket],
        tcp: Sequence[socket.socket],
        neighbours: Mapping[int, Sequence[socket.socket]] = MappingProxyType({}),
        monotonic: Callable[[], float] = time.monotonic,
        arrivals: Callable[[], float] = time.time,
        schedule: Schedule = Schedule(),  # noqa: B008 - immutable
    ) -> None:
        """Build all parts; nothing is read before ``start``."""
        self._loop = loop
        self._page = page
        self._settings = settings
        self._packets = PacketCache(settings.packet_entries)
        self._pipeline = Pipeline(
            policy.at(clock()),
            MessageCache(settings.message_entries, settings.message_octets),
            page,
            now=monotonic(),
            stale_seconds=settings.stale_seconds,
        )
        self._arrivals = arrivals
        self._watch = ClockWatch(self._pipeline, policy, clock, monotonic)
        self._forwarder = self._ask_upstreams(settings, schedule)
        self._follow(settings)
        self._answering = self._answer_by(settings, policy, monotonic)
        self._pace = settings.pace_seconds
        self._shunned = shunned_ports(system=settings.drop_system_ports)
        self._udp = udp
        self._lanes = self._open_lanes(udp)
        self._neighbours = neighbours
        self._adopted: dict[int, Lanes] = {}
        self._released: dict[int, Lanes] = {}
        self._tcp = TcpServer(
            loop,
            tcp,
            self._answering,
            connections=settings.tcp_connections,
            per_client=settings.tcp_per_client,
            queries=settings.tcp_queries,
            courtesies=self._pipeline.courtesies,
        )
        self._pressure = Pressure()
        self._next_tick: asyncio.TimerHandle | None = None
        self._closed = False

    def _ask_upstreams(self, settings: WorkerSettings, schedule: Schedule) -> Forwarder:
        return Forwarder(
            self._pipeline,
            settings.upstreams,
            settings.zones,
            self._page,
            loop=self._loop,
            in_flight=settings.in_flight,
            per_domain=settings.in_flight_per_domain,
            schedule=schedule,
            clock=self._watch.read,
        )

    def _answer_by(self, settings: WorkerSettings, policy: Policy, monotonic: Callable[[], float]) -> Answering:
        answering = Answering(
            self._pipeline,
            self._packets,
            self._watch,
            _views(settings, policy),
            self._forwarder,
            self._page,
            monotonic,
            per_client=settings.in_flight_per_client,
            rates=settings.rates,
        )
        answering.refusals = Refusals(self._pipeline, self._packets, self._forwarder, answering.waiting, self._page)
        return answering

    @property
    def digest(self) -> str:
        """The digest of the policy in force."""
        return self._watch.digest

    def start(self) -> None:
        """Begin to serve."""
        self._tick()
        for sock in self._udp:
            note_arrivals(sock)
        self.discard_late()  # if there was a predecessor, they may have waited since its end
        for lane in self._lanes:
            lane.start()
        self._tcp.start()

    def get_ready_for_floods(self, pause: Callable[[], None]) -> None:
        """Load what only a flood asks for; for a thread, which lets answers go on in each ``pause``."""
        self._forwarder.domains.get_ready(pause)

    def adopt(self, place: int) -> None:
        """Read the sockets of another place too, for nobody else may; twice is no more than once."""
        if place in self._adopted or self._closed:
            return
        self._adopted[place] = self._released.pop(place, ()) or self._open_lanes(self._neighbours[place])
        self.discard_late()
        for lane in self._adopted[place]:
            lane.start()

    def release(self, place: int) -> None:
        """Leave the sockets of another place to its own worker; what is in flight is still answered."""
        if place in self._adopted:
            lanes = self._released[place] = self._adopted.pop(place)  # kept: a lane is too large to be made each time
            for lane in lanes:
                lane.stop()

    def discard_late(self) -> None:
        """Drop the datagrams that have waited too long; called before anything is read after a standstill."""
        too_late = self._arrivals() - LATEST
        for sock in (*self._udp, *chain.from_iterable(self._neighbours[place] for place in self._adopted)):
            self._page[DROPS + DropReason.LATE] += discard_before(sock, too_late)

    def swap(self, policy: Policy, settings: WorkerSettings) -> None:
        """Replace policy and settings; the next datagram is answered under them.

        Caches survive, and so do their bounds and the pace of the lanes: those are fixed when a worker begins.
        """
        if settings != self._settings:
            self._settings = settings
            self._packets.begin_era()  # special names may be answered otherwise
        self._follow(settings)
        self._watch.enforce(policy)
        self._answering.views = _views(settings, policy)
        self._answering.limiter.rates = settings.rates
        self._answering.waiting.most = settings.in_flight_per_client
        self._forwarder.replace(settings.upstreams, settings.zones, settings.in_flight)
        self._forwarder.domains.bound(settings.in_flight_per_domain)
        self._tcp.bound(
            connections=settings.tcp_connections, per_client=settings.tcp_per_client, queries=settings.tcp_queries
        )
        self._tick()

    async def drain(self, within: float = 2.0) -> None:
        """Take no more queries, answer those in flight for at most ``within`` seconds, then close."""
        self._tcp.stop()
        for lane in self._reading():
            lane.finish()
        try:
            async with asyncio.timeout(within):
                await asyncio.gather(self._answering.idle(), self._tcp.finish())
        except TimeoutError:
            pass  # what is not answered by now is asked again by its client
        self.close()

    def close(self) -> None:
        """Stop at once; the second time nothing happens."""
        if self._closed:
            return
        self._closed = True
        if self._next_tick is not None:
            self._next_tick.cancel()
        for lane in self._reading():
            lane.stop()
        self._tcp.close()
        self._forwarder.close()

    def _follow(self, settings: WorkerSettings) -> None:
        """Take over, at the start and at every change, what a part is told after it was made."""
        self._pipeline.answer_specially(_special(settings))
        self._pipeline.guard_by(_guard(settings))
        self._pipeline.recognise(settings.structured_option)
        self._pipeline.courtesies.cookies = self._cookies(settings)
        self._forwarder.random_case = settings.random_case

    def _cookies(self, settings: WorkerSettings) -> Cookies | None:
        secrets = tuple(map(bytes.fromhex, settings.cookie_secrets))
        if not secrets:
            return None
        return Cookies(secrets, self._arrivals, algorithm=settings.cookie_algorithm, required=settings.cookies_required)

    def _open_lanes(self, sockets: Sequence[socket.socket]) -> Lanes:
        return tuple(
            open_lane(self._loop, sock, self._answering, pace=self._pace, shunned=self._shunned) for sock in sockets
        )

    def _reading(self) -> Lanes:
        return (*self._lanes, *chain.from_iterable(self._adopted.values()))

    def _tick(self) -> None:
        """Give a sign of life, look at the clocks even if nobody asks, and do what is due."""
        now = self._watch.read()
        gauges = self._page[GAUGES:DROPS]
        gauges[Gauge.TICK] = int(now * 1000)
        gauges[Gauge.PACKET_ENTRIES] = len(self._packets)
        gauges[Gauge.KERNEL_DROPS] = sum(lane.kernel_drops for lane in self._lanes)
        pressed = self._pressure.look(gauges)
        for lane in self._reading():
            lane.pressed = pressed
        self._tcp.sweep(now)
        if self._next_tick is not None:
            self._next_tick.cancel()
        wait = max(SOONEST_TICK, min(TICK, self._watch.seconds_until_change()))
        self._next_tick = self._loop.call_later(wait, self._tick)


def _views(settings: WorkerSettings, policy: Policy) -> ClientViews:
    """Put together whom we answer, by the configuration, with whose subscribers they are, by the policy."""
    exempt = [(each.key, each.clients) for each in policy.exemptions]
    unlimited = Admission(settings.rate_exempt) if settings.rates.responses else None
    return ClientViews(Admission(settings.clients_allow, policy.brands, exempt), unlimited)


def _guard(settings: WorkerSettings) -> RebindingGuard | None:
    return None if settings.rebinding_allow is None else RebindingGuard(map(parse_name, settings.rebinding_allow))


def _special(settings: WorkerSettings) -> SpecialNames:
    return special_names((name for name, _ in settings.zones), settings.special_forwarded)
