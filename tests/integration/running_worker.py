"""A worker that serves real sockets in a thread of the test, and a scripted upstream behind it.

The upstream is a fake, because no real server stays silent or takes its time on demand: it answers A with 192.0.2.7,
never answers a name that begins with ``silent``, answers one that begins with ``slow`` when it is let go, and calls one
that begins with ``alias`` an alias of a listed name.
"""

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, cast

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset

from resolver.core.counters import PAGE_SIZE
from resolver.core.policy import Policy
from resolver.core.policy_entries import load_policy
from resolver.dns.name import parse_name
from resolver.net.settings import UpstreamAddress, WorkerSettings
from resolver.net.sockets import ListenAddress, open_listeners
from resolver.net.timetable import Schedule
from resolver.net.worker import Worker
from resolver.orders.index import Index, Rule, build_index
from resolver.orders.model import Reach
from tests.forwarding import PATIENT

JUNE_2014 = 1_401_580_800.0
JULY_2014 = 1_404_172_800.0
BLOCKED_SLOT = 4_096
ALIAS_OF = "www.dpstream.example."
"""What every name that begins with "alias" leads to."""
PATIENCE = 60.0
"""Seconds that anything may take on a loaded machine; nothing here waits that long unless it is broken."""
ROOM = 1 << 20
"""Octets of receive buffer to ask for: what a test has sent in one go, it may be answered before it reads."""


def make_policy(
    *names: str,
    digest: str = "first",
    since: float = 0.0,
    until: float | None = None,
    ipv4: str = "192.0.2.80",
    action: str = "redirect",
) -> Policy:
    """Make a policy that redirects these names and all below them during one span, or does something else to them."""
    measure = {
        "order": "tgi-1", "id": "block", "action": action, "ipv4": ipv4, "ipv6": "2001:db8::80", "ttl": 60,
        "responsible": "legal.example.net", "ede_text": "Tribunal de Paris, RG 1", "timelines": [[[since, until]]],
        "named": {}, "follow_cname": True, "allow_alias": [], "rank": [1, 0, "2013-11-28"],
    }  # fmt: skip  # a measure at a glance
    rules = [Rule(parse_name(name), Reach.SUBTREE, 0, 0, 0, 1) for name in names]
    index = Index.read(build_index(rules))
    return load_policy({"digest": digest, "measures": [measure]}, index, {f"tgi-1/{action}": BLOCKED_SLOT})


class ScriptedUpstream(asyncio.DatagramProtocol):
    """Answers as the module says; ``let_go`` sends what was held back."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.held: list[tuple[bytes, Any]] = []
        self.transport: asyncio.DatagramTransport
        self.new_query = threading.Condition()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:  # noqa: ANN401 - asyncio says Any
        query = dns.message.from_wire(data)
        name = str(query.question[0].name)
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        if name.startswith("alias"):
            reply.answer.append(dns.rrset.from_text(name, 300, "IN", "CNAME", ALIAS_OF))
            name = ALIAS_OF
        if query.question[0].rdtype == dns.rdatatype.A:
            reply.answer.append(dns.rrset.from_text(name, 300, "IN", "A", "192.0.2.7"))
        elif query.question[0].rdtype == dns.rdatatype.TXT:
            texts = [f'"{number:02} {"x" * 200}"' for number in range(20)]
            reply.answer.append(dns.rrset.from_text(name, 300, "IN", "TXT", *texts))
        if name.startswith("slow"):
            self.held.append((reply.to_wire(max_size=65_535), addr))
        elif not name.startswith("silent"):
            self.transport.sendto(reply.to_wire(max_size=65_535), addr)
        with self.new_query:
            self.asked.append(name)
            self.new_query.notify_all()

    def wait_for(self, name: str) -> None:
        """Wait until a name has been asked."""
        with self.new_query:
            assert self.new_query.wait_for(lambda: name in self.asked, PATIENCE), f"{name} never reached the upstream"

    def let_go(self) -> None:
        """Send what was held back; called in the loop."""
        for wire, address in self.held:
            self.transport.sendto(wire, address)
        self.held.clear()


@dataclass
class Clocks:
    """The clocks that a test sets: that of orders, and how far that of arrivals is ahead; monotonic time is real."""

    wall: float = JUNE_2014
    ahead: float = 0.0

    def read(self) -> float:
        return self.wall

    def arrivals(self) -> float:
        return time.time() + self.ahead


@dataclass
class Running:
    """A worker that serves, and what a test needs to ask it and to look at it."""

    worker: Worker
    loop: asyncio.AbstractEventLoop
    counters: memoryview
    clocks: Clocks
    settings: WorkerSettings
    upstream: ScriptedUpstream
    ports: dict[str, int] = field(default_factory=dict)

    @property
    def page(self) -> memoryview:
        """The counters, once the batch in hand is counted: it is after its answers have left."""
        self.call(lambda: None)
        return self.counters

    def call(self, function: Callable[[], object]) -> None:
        """Run a function in the worker's loop and wait for its end."""

        async def run() -> None:
            function()

        self.run(run())

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - whatever the coroutine gives
        """Run a coroutine in the worker's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)

    def set_wall(self, wall: float) -> None:
        """Set the order clock between two batches."""
        self.call(lambda: setattr(self.clocks, "wall", wall))

    def udp(self, host: str, source: str | None = None) -> socket.socket:
        """Open a UDP socket connected to an address of the worker: it hears that address only."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
        sock.settimeout(PATIENCE)
        if source is not None:
            sock.bind((source, 0))
        sock.connect((host, self.port(host)))
        return sock

    def tcp(self, host: str) -> socket.socket:
        """Open a TCP connection to an address of the worker."""
        sock = socket.create_connection((host, self.port(host)), timeout=PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def port(self, host: str) -> int:
        """Find the port of an address, or of the wildcard that covers it."""
        return self.ports.get(host) or self.ports["::" if ":" in host else "0.0.0.0"]


@contextmanager
def running_worker(
    policy: Policy,
    *,
    hosts: Sequence[str] = ("127.0.0.1", "::1"),
    upstreams: bool | Sequence[UpstreamAddress] = True,
    neighbours: Mapping[int, Sequence[socket.socket]] = MappingProxyType({}),
    schedule: Schedule = PATIENT,
    **changed: Any,  # noqa: ANN401 - settings are of many types
) -> Iterator[Running]:
    """Serve a policy on free ports; ``changed`` are settings that differ from the default.

    Each question is asked of the upstream once, and waits for its answer, unless another schedule is wanted: the
    operators' own would ask again, and then give up, wherever the machine stands still for a moment.
    """
    opened = open_listeners([ListenAddress(host, 0) for host in hosts], 1)
    page = memoryview(bytearray(PAGE_SIZE)).cast("Q")
    clocks = Clocks()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def begin() -> Running:
        end, upstream = await loop.create_datagram_endpoint(ScriptedUpstream, ("127.0.0.1", 0))
        place = UpstreamAddress("udp", "127.0.0.1", end.get_extra_info("sockname")[1], 0)
        chosen = ((place,) if upstreams else ()) if isinstance(upstreams, bool) else tuple(upstreams)
        settings = replace(WorkerSettings(upstreams=chosen), **changed)
        worker = Worker(
            loop,
            settings,
            policy,
            page,
            clocks.read,
            udp=[listener.udp[0] for listener in opened.listeners],
            tcp=[listener.tcp for listener in opened.listeners],
            neighbours=neighbours,
            arrivals=clocks.arrivals,
            schedule=schedule,
        )
        worker.start()
        ports = {listener.address.host: listener.address.port for listener in opened.listeners}
        return Running(worker, loop, page, clocks, settings, upstream, ports)

    async def end(running: Running) -> None:
        running.worker.close()
        running.upstream.transport.close()
        await asyncio.sleep(0)  # lets the loop report closed streams
        await asyncio.sleep(0)

    try:
        running = asyncio.run_coroutine_threadsafe(begin(), loop).result(PATIENCE)
        try:
            yield running
        finally:
            running.run(end(running))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        for listener in opened.listeners:
            listener.close()


def ask_tcp(stream: socket.socket, query: bytes) -> None:
    """Send one query over TCP."""
    stream.sendall(struct.pack("!H", len(query)) + query)


def answer_tcp(stream: socket.socket) -> bytes:
    """Read one answer; nothing if the server has closed."""
    head = _exactly(stream, 2)
    return _exactly(stream, struct.unpack("!H", head)[0]) if head else b""


def _exactly(stream: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        piece = stream.recv(count - len(received))
        if not piece:
            return b""
        received += piece
    return received
