"""A stream over a real pair of sockets: what it reports, what it holds back, and that it holds no more than it says."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from resolver.net.tcp_stream import HIGH_WATER, LOW_WATER, TcpStream

MUCH = 16 * 1024 * 1024


@dataclass
class Listener:
    """Writes down what a stream reports."""

    reports: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    received: bytearray = field(default_factory=bytearray)

    def data_received(self, data: bytes) -> None:
        self.received += data
        self.reports.put_nowait("data")

    def eof_received(self) -> None:
        self.reports.put_nowait("end")

    def pause_writing(self) -> None:
        self.reports.put_nowait("pause")

    def resume_writing(self) -> None:
        self.reports.put_nowait("resume")

    def connection_lost(self) -> None:
        self.reports.put_nowait("lost")

    async def next(self) -> str:
        async with asyncio.timeout(60):
            return await self.reports.get()


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[TcpStream, Listener, socket.socket]]:
    """Connect a stream to a peer of the test, over loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        peer = socket.create_connection(server.getsockname())
        peer.settimeout(0)
        listener = Listener()
        stream = TcpStream(asyncio.get_running_loop(), server.accept()[0], listener)
    with peer:
        try:
            yield stream, listener, peer
        finally:
            stream.abort()


async def receive(peer: socket.socket, count: int) -> int:
    received = 0
    while received < count and (piece := await asyncio.get_running_loop().sock_recv(peer, MUCH)):
        received += len(piece)
    return received


def test_octets_come_and_go() -> None:
    async def scenario() -> None:
        async with connected() as (stream, listener, peer):
            peer.send(b"question")
            assert await listener.next() == "data"
            stream.write(b"answer")
            assert await receive(peer, 6) == 6
            assert (bytes(listener.received), stream.unsent) == (b"question", 0)

    asyncio.run(scenario())


def test_a_peer_that_does_not_read_is_reported_until_it_does() -> None:
    async def scenario() -> None:
        async with connected() as (stream, listener, peer):
            stream.write(bytes(MUCH))
            assert await listener.next() == "pause"
            assert stream.unsent > HIGH_WATER
            stream.write(b"more")
            assert await receive(peer, MUCH + 4) == MUCH + 4
            assert await listener.next() == "resume"
            assert stream.unsent <= LOW_WATER
            assert listener.reports.empty()

    asyncio.run(scenario())


def test_closing_sends_what_is_left() -> None:
    async def scenario() -> None:
        async with connected() as (stream, listener, peer):
            stream.write(bytes(MUCH))
            stream.close()
            stream.write(b"too late")
            assert await receive(peer, 2 * MUCH) == MUCH
            assert [await listener.next() for _ in range(2)] == ["pause", "lost"]

    asyncio.run(scenario())


@pytest.mark.parametrize("octets", [6, MUCH], ids=["taken at once", "taken later"])
def test_the_end_follows_all_that_was_written_and_reading_goes_on(octets: int) -> None:
    async def scenario() -> None:
        async with connected() as (stream, listener, peer):
            stream.pause_reading()
            stream.write(bytes(octets))
            stream.end_writing()
            assert await receive(peer, 2 * MUCH) == octets
            peer.send(b"more")
            while (report := await listener.next()) in {"pause", "resume"}:
                pass
            assert (report, bytes(listener.received)) == ("data", b"more")
            stream.end_writing()
            peer.shutdown(socket.SHUT_WR)
            assert await listener.next() == "end"

    asyncio.run(scenario())


def test_after_the_peer_has_said_all_it_still_gets_its_answers() -> None:
    async def scenario() -> None:
        async with connected() as (stream, listener, peer):
            peer.shutdown(socket.SHUT_WR)
            assert await listener.next() == "end"
            stream.resume_reading()
            assert not stream.is_reading
            stream.write(b"answer")
            assert await receive(peer, 6) == 6

    asyncio.run(scenario())


def test_a_reset_is_reported_once() -> None:
    async def scenario() -> None:
        async with connected() as (stream, listener, peer):
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            peer.close()
            assert await listener.next() == "lost"
            stream.write(b"nobody hears this")
            stream.abort()
            assert listener.reports.empty()

    asyncio.run(scenario())


def test_nothing_comes_in_while_reading_is_paused() -> None:
    async def scenario() -> None:
        async with connected() as (stream, listener, peer):
            stream.pause_reading()
            peer.send(b"wait")
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert not listener.received
            stream.resume_reading()
            assert await listener.next() == "data"

    asyncio.run(scenario())
