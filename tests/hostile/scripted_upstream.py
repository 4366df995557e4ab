"""An upstream that follows a script: a fake, for what real servers cannot be made to do.

It listens on one port over UDP and TCP in the test's own event loop. Its script says for each query which messages to
send, when, and whether from the right socket. Where a real server shows the same behaviour, tests use the real one.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from resolver.dns.framing import MessageSplitter, frame
from tests.peers import HOST, free_port

ADDRESS = "192.0.2.7"


class Heard(NamedTuple):
    """A query as it came: ``number`` counts all queries from 0, ``at`` is the event loop's time in seconds."""

    wire: bytes
    query: dns.message.QueryMessage
    number: int
    over_tcp: bool
    port: int
    at: float


class Say(NamedTuple):
    """A message to send, after so many seconds, from the right socket or from another port.

    Over TCP, ``raw`` octets go out as they are, without a length before them, and ``reset`` ends the connection.
    """

    wire: bytes
    after: float = 0.0
    elsewhere: bool = False
    raw: bool = False
    reset: bool = False


Script = Callable[[Heard], Iterable[Say]]


def address_answer(query: dns.message.Message, address: str = ADDRESS) -> dns.message.Message:
    """Make a sound answer: one address record for the question's name."""
    response = dns.message.make_response(query, recursion_available=True)
    question = query.question[0]
    response.answer.append(dns.rrset.from_text(question.name, 300, "IN", "A", address))
    return response


def sound(heard: Heard) -> list[Say]:
    """Answer as one should."""
    return [Say(address_answer(heard.query).to_wire())]


def silent(_: Heard) -> list[Say]:
    """Never answer."""
    return []


def says(rcode: str, *errors: int) -> Script:
    """Answer everything with this response code and these extended errors."""

    def script(heard: Heard) -> list[Say]:
        response = dns.message.make_response(heard.query, recursion_available=True)
        response.set_rcode(dns.rcode.from_text(rcode))
        if errors or response.rcode() > 15:
            options: list[dns.edns.Option] = [dns.edns.EDEOption(dns.edns.EDECode.make(code), "why") for code in errors]
            response.use_edns(0, payload=1232, options=options)
            response.set_rcode(dns.rcode.from_text(rcode))
        return [Say(response.to_wire())]

    return script


@dataclass
class ScriptedUpstream:
    """The upstream at this port; ``script`` may be replaced at any time, ``heard`` is every query so far."""

    script: Script
    port: int
    heard: list[Heard] = field(default_factory=list)
    connections: int = 0
    open_connections: int = 0
    stop_listening: Callable[[], None] = lambda: None

    def counts(self) -> tuple[int, int]:
        """Count the queries that came over UDP and over TCP."""
        over_tcp = sum(each.over_tcp for each in self.heard)
        return len(self.heard) - over_tcp, over_tcp

    def asked_for(self, name: str) -> int:
        """Count the queries for a name; probes are for others."""
        return sum(str(each.query.question[0].name) == f"{name}." for each in self.heard)

    def follow(self, wire: bytes, port: int, send: Callable[[Say], None], *, over_tcp: bool) -> None:
        """Write a query down and send what the script says."""
        loop = asyncio.get_running_loop()
        query = dns.message.from_wire(wire)
        assert isinstance(query, dns.message.QueryMessage)
        heard = Heard(wire, query, len(self.heard), over_tcp, port, loop.time())
        self.heard.append(heard)
        for say in self.script(heard):
            if say.after:
                loop.call_later(say.after, send, say)
            else:
                send(say)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, upstream: ScriptedUpstream) -> None:
        self._upstream = upstream
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override] # typeshed
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        def send(say: Say) -> None:
            if say.elsewhere:
                with socket.socket(type=socket.SOCK_DGRAM) as other:
                    other.sendto(say.wire, addr)
            elif self._transport is not None and not self._transport.is_closing():
                self._transport.sendto(say.wire, addr)

        self._upstream.follow(data, addr[1], send, over_tcp=False)


class _Stream(asyncio.Protocol):
    def __init__(self, upstream: ScriptedUpstream) -> None:
        self._upstream = upstream
        self._splitter = MessageSplitter()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._upstream.connections += 1
        self._upstream.open_connections += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self._upstream.open_connections -= 1

    def data_received(self, data: bytes) -> None:
        transport = self.transport
        assert transport is not None

        def send(say: Say) -> None:
            if say.reset:
                transport.abort()
            elif not say.wire:
                transport.close()
            elif say.raw and not transport.is_closing():
                transport.write(say.wire)
            elif not transport.is_closing():
                transport.write(frame(say.wire))

        for wire in self._splitter.feed(data):
            self._upstream.follow(wire, transport.get_extra_info("peername")[1], send, over_tcp=True)


@asynccontextmanager
async def scripted(script: Script, *, with_tcp: bool = True) -> AsyncIterator[ScriptedUpstream]:
    """Run a scripted upstream; an empty message over TCP closes the connection. Without TCP it refuses connections."""
    upstream = ScriptedUpstream(script, free_port())
    loop = asyncio.get_running_loop()
    datagrams, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(upstream), local_addr=(HOST, upstream.port))
    streams: list[_Stream] = []

    def accept() -> _Stream:
        streams.append(_Stream(upstream))
        return streams[-1]

    server = await loop.create_server(accept, HOST, upstream.port) if with_tcp else None
    if server is not None:
        upstream.stop_listening = server.close
    try:
        yield upstream
    finally:
        datagrams.close()
        for stream in streams:
            if stream.transport is not None:
                stream.transport.abort()
        if server is not None:
            server.close()
            await server.wait_closed()
