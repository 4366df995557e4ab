"""A forwarder on a running event loop, with a real pipeline, and the replies it makes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import dns.message

from resolver.core.counters import GAUGES, Gauge, UpstreamCount, upstream_slot
from resolver.core.step import Drop, Question, Reply
from resolver.dns.name import ROOT
from resolver.net.forwarder import Forwarder
from resolver.net.settings import UpstreamAddress, Zone
from resolver.net.timetable import Schedule
from tests.fair_time import run_fairly
from tests.worlds import World, ask

FIFTH = Schedule(sends=(0.08, 0.2), answer=0.32, close=1.2)
"""The schedule at five times its speed."""
ANYTHING = Question(ROOT, 1, 1, dnssec_ok=False, checking_disabled=False)
"""What every upstream for everything is asked."""
PATIENT = Schedule(sends=(20.0, 40.0), answer=60.0, close=80.0)
"""A schedule that asks a real server once, however busy the machine is."""

Result = TypeVar("Result")


def udp(port: int, number: int = 0, host: str = "127.0.0.1") -> UpstreamAddress:
    """Name an upstream on this port."""
    return UpstreamAddress("udp", host, port, number)


def tcp(port: int, number: int = 0, host: str = "127.0.0.1") -> UpstreamAddress:
    """Name an upstream on this port that is asked over TCP only."""
    return UpstreamAddress("tcp", host, port, number)


@dataclass
class Clock:
    """The event loop's seconds, which can be put forward."""

    loop: asyncio.AbstractEventLoop
    ahead: float = 0.0

    def __call__(self) -> float:
        return self.loop.time() + self.ahead


@dataclass
class Rig:
    """A forwarder and what stands behind it; queries go past the caches of finished packets."""

    forwarder: Forwarder
    world: World
    clock: Clock
    replies: list[Reply | Drop] = field(default_factory=list)

    def send(self, wire: bytes) -> "asyncio.Future[Reply | Drop]":
        """Give a client's query to the pipeline and, if it says so, to the forwarder."""
        self.world.now = self.clock()
        answered: asyncio.Future[Reply | Drop] = asyncio.get_running_loop().create_future()

        def respond(reply: Reply | Drop) -> None:
            self.replies.append(reply)
            answered.set_result(reply)

        step = self.world.receive(wire)
        if isinstance(step, Reply | Drop):
            respond(step)
        else:
            self.forwarder.ask(step, respond)
        return answered

    async def resolve(self, name: str, rdtype: str = "A", **options: object) -> dns.message.Message:
        """Ask, wait, and read the answer as an independent implementation does."""
        reply = await asyncio.wait_for(self.send(ask(name, rdtype, **options)), 100)
        assert isinstance(reply, Reply), reply
        return dns.message.from_wire(reply.wire)

    def gauge(self, gauge: Gauge) -> int:
        """Read a counter of the worker."""
        return self.world.page[GAUGES + gauge]

    def count(self, what: UpstreamCount, number: int = 0) -> int:
        """Read a counter of an upstream."""
        return self.world.page[upstream_slot(number, what)]


@asynccontextmanager
async def forwarding(
    upstreams: Sequence[UpstreamAddress],
    zones: Sequence[Zone] = (),
    *,
    schedule: Schedule = FIFTH,
    in_flight: int = 4_096,
    sockets: int = 64,
    world: World | None = None,
) -> AsyncIterator[Rig]:
    """Run a forwarder for these upstreams."""
    world = world if world is not None else World()
    loop = asyncio.get_running_loop()
    clock = Clock(loop)
    forwarder = Forwarder(
        world.pipeline,
        upstreams,
        zones,
        world.page,
        loop=loop,
        in_flight=in_flight,
        sockets=sockets,
        schedule=schedule,
        clock=clock,
    )
    try:
        yield Rig(forwarder, world, clock)
    finally:
        forwarder.close()


async def eventually(claim: Callable[[], bool], within: float = 60.0) -> None:
    """Wait until something is true that no event tells of: a counter, or what another process has done."""
    async with asyncio.timeout(within):
        while not claim():  # noqa: ASYNC110 - counters are read by other processes and tell nobody
            await asyncio.sleep(0.005)


def run(scenario: Callable[[], Awaitable[Result]]) -> Result:
    """Run a scenario to its end in fair time; whatever a callback of the event loop raises fails it."""
    raised: list[dict[str, object]] = []

    async def watched() -> Result:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: raised.append(context))
        return await scenario()

    result = run_fairly(watched)
    assert not raised, raised
    return result
