"""The page's connections are bounded, whatever the other side does."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from resolver.notice.server import NoticeServer
from tests.unit.notice.worlds import desk

REQUEST = b"GET / HTTP/1.1\r\nHost: pirate.example\r\n\r\n"
PATIENCE = 30.0

Dialogue = Callable[[NoticeServer, int], Awaitable[None]]


def serving(dialogue: Dialogue, **bounds: float) -> None:
    """Serve a small world on a free port, and talk to it."""

    async def run() -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setblocking(False)  # noqa: FBT003  # the socket module's own signature
        server = NoticeServer(desk(), _fail, **bounds)  # type: ignore[arg-type]  # numbers of either kind
        await server.start([listener])
        try:
            async with asyncio.timeout(PATIENCE):
                await dialogue(server, listener.getsockname()[1])
        finally:
            await server.stop()

    asyncio.run(run())


def _fail(error: BaseException) -> None:
    raise error


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    """Read until the other side closes, or resets; what came before that counts."""
    received = b""
    with suppress(ConnectionResetError):
        while chunk := await reader.read(65_536):
            received += chunk
    return received


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost: pir", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n"])
def test_who_is_slow_is_cut_off(begun: bytes) -> None:
    async def dialogue(_server: NoticeServer, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begun)
        assert await until_closed(reader) == b""
        writer.close()

    serving(dialogue, seconds=0.2)


def test_who_never_ends_asking_is_cut_off() -> None:
    async def dialogue(_server: NoticeServer, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def ask_on() -> None:
            while not writer.is_closing():
                writer.write(REQUEST)
                await asyncio.sleep(0.01)

        writer.write(REQUEST)
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 451")
        asking = asyncio.create_task(ask_on())
        await until_closed(reader)
        writer.close()
        await asyncio.gather(asking, return_exceptions=True)

    serving(dialogue, seconds=1.0)


def test_who_waits_too_long_with_the_next_request_is_cut_off() -> None:
    async def dialogue(_server: NoticeServer, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST)
        assert (await until_closed(reader)).startswith(b"HTTP/1.1 451")
        writer.close()

    serving(dialogue, idle=0.1)


def test_the_oldest_gives_way() -> None:
    async def dialogue(server: NoticeServer, port: int) -> None:
        oldest, first = await asyncio.open_connection("127.0.0.1", port)
        others = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        assert await until_closed(oldest) == b""
        reader, writer = others[-1]
        writer.write(REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert (await until_closed(reader)).startswith(b"HTTP/1.1 451")
        assert server.counts == {("ta-1", 451): 1}
        for each in (first, *(writer for _, writer in others)):
            each.close()

    serving(dialogue, connections=3)
