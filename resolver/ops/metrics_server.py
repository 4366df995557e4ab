"""The HTTP endpoint for scrapers and health checks: small, bounded, in a thread of its own.

It speaks as much HTTP/1.1 as a scraper needs (RFC 9110, RFC 9112): GET and HEAD on three paths, one request a
connection. Request size, number of connections and the time a connection may last are all capped, and the oldest
connection gives way to a new one, so that a slow or hostile scraper costs the server a socket for a few seconds, and
keeps nobody else out.
"""

import asyncio
import contextlib
import errno
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from http import HTTPStatus
from typing import Final, NamedTuple

from resolver.net.port_holder import port_holder
from resolver.ops.metrics_state import MetricsState

REQUEST_OCTETS: Final = 8_192
"""Request line and headers together."""
CONNECTIONS: Final = 16
FIRST_OCTET_SECONDS: Final = 1.0
"""From accepting a connection to the first octet of a request: who connects wants to ask."""
EXCHANGE_SECONDS: Final = 5.0
"""From accepting a connection to its end, whatever the other side does."""
DISCARDED_OCTETS: Final = 65_536
"""How much of a request that was refused is read away, so that the refusal arrives before a reset does."""

ReadState = Callable[[], MetricsState]


class MetricsAddressError(OSError):
    """The listen address cannot be used; the message is one line that says what to do."""


class HttpRequest(NamedTuple):
    """What of a request is looked at."""

    method: str
    path: str
    accept: str


class HttpAnswer(NamedTuple):
    """What a request gets."""

    status: HTTPStatus
    content_type: str
    body: bytes


class MetricsServer:
    """Serves /metrics, /health and /ready on one address between ``start`` and ``stop``."""

    def __init__(
        self,
        listen: tuple[str, int],
        read_state: ReadState,
        *,
        seconds: float = EXCHANGE_SECONDS,
        first_octet: float = FIRST_OCTET_SECONDS,
    ) -> None:
        self._listen = listen
        self._read_state = read_state
        self._seconds = seconds
        self._first_octet = first_octet
        self._listener: socket.socket | None = None
        self._running: tuple[threading.Thread, asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._exchanges: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._asked: set[asyncio.StreamWriter] = set()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens; the port is the real one if the wish was port 0."""
        assert self._listener is not None, "not started"
        host, port = self._listener.getsockname()[:2]
        return host, port

    def start(self) -> None:
        """Bind, then serve in a thread. Raises MetricsAddressError."""
        self._listener = open_metrics_listener(self._listen)
        started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        thread = threading.Thread(
            target=lambda: asyncio.run(self._run(self._listener, started)), name="metrics", daemon=True
        )
        thread.start()
        self._running = (thread, *started.result())

    def stop(self) -> None:
        """Close the listener and every connection, and wait for the thread; the pages may be unmapped afterwards."""
        if self._running is not None:
            thread, loop, stopping = self._running
            loop.call_soon_threadsafe(stopping.set)
            thread.join()
            self._running = None

    async def _run(
        self, listener: socket.socket | None, started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]]
    ) -> None:
        stopping = asyncio.Event()
        server = await asyncio.start_server(self._accept, sock=listener, limit=REQUEST_OCTETS, backlog=CONNECTIONS)
        started.set_result((asyncio.get_running_loop(), stopping))
        await stopping.wait()
        server.close()  # what is still open is cancelled when this returns

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._exchanges) >= CONNECTIONS:
            self._make_room()
        exchange = asyncio.create_task(self._serve(reader, writer))
        self._exchanges[exchange] = writer
        exchange.add_done_callback(self._end)

    def _make_room(self) -> None:
        """End the oldest connection on which no request has come, or the oldest of all."""
        idle = (exchange for exchange, writer in self._exchanges.items() if writer not in self._asked)
        oldest = next(idle, next(iter(self._exchanges)))
        oldest.cancel()
        self._end(oldest)

    def _end(self, exchange: asyncio.Task[None]) -> None:
        writer = self._exchanges.pop(exchange, None)
        if writer is not None:
            self._asked.discard(writer)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A scraper that is slow or gone ends in one of these: nobody is left to tell.
        with contextlib.suppress(TimeoutError, OSError, asyncio.IncompleteReadError):
            async with asyncio.timeout(self._seconds):
                await self._exchange(reader, writer)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(self._first_octet):
            first = await reader.read(1)
        try:
            head = first + await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            refusal = plain(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"at most {REQUEST_OCTETS} octets")
            await _send(writer, refusal, body=True)
            await _discard(reader)
            return
        self._asked.add(writer)
        request = read_request(head)
        answer = plain(HTTPStatus.BAD_REQUEST, "not an HTTP request") if request is None else self._answer(request)
        await _send(writer, answer, body=request is None or request.method != "HEAD")
        await _discard(reader)

    def _answer(self, request: HttpRequest) -> HttpAnswer:
        if request.method not in {"GET", "HEAD"}:
            return plain(HTTPStatus.METHOD_NOT_ALLOWED, "GET and HEAD only")
        match request.path:
            case "/metrics":
                return metrics_page(self._read_state(), request.accept)
            case "/health":
                return plain(HTTPStatus.OK, "ok")
            case "/ready":
                return readiness(self._read_state())
            case _:
                return plain(HTTPStatus.NOT_FOUND, "here are /metrics, /health and /ready")


def open_metrics_listener(listen: tuple[str, int]) -> socket.socket:
    """Bind a TCP socket to host and port. Raises MetricsAddressError."""
    host, port = listen
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise MetricsAddressError(f"metrics.listen {place}: {_what_to_do(error, host, port)}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
        listener.listen(CONNECTIONS)
    except OSError as error:
        listener.close()
        raise MetricsAddressError(f"metrics.listen {place}: {_what_to_do(error, host, port)}") from error
    listener.settimeout(0)
    return listener


def _what_to_do(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            holder = port_holder("tcp", host, port) or "a process that this user may not look into"
            return f"taken by {holder}; stop it or choose another port"
        case errno.EACCES:
            return "no right to bind this port; choose one above 1023 or start as root"
        case errno.EADDRNOTAVAIL:
            return "this machine has no such address; choose one of its own, such as 127.0.0.1"
        case errno.EAFNOSUPPORT:
            return "this machine lacks that address family; choose an address of the other"
        case _:
            return f"{error.strerror or error}; choose another address"


def read_request(head: bytes) -> HttpRequest | None:
    """Read the request line and the one header that matters; None if it is no HTTP/1 request."""
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return None
    accept = ""
    for line in lines[1:]:
        field, _, value = line.partition(":")
        if field.lower() == "accept":
            accept = value.strip()
    return HttpRequest(words[0], words[1].partition("?")[0], accept)


def metrics_page(state: MetricsState, accept: str) -> HttpAnswer:
    """Write every metric in the text format that the scraper accepts."""
    from resolver.ops.metrics import exposition  # noqa: PLC0415  # see get_ready

    return HttpAnswer(HTTPStatus.OK, *exposition(state, accept))


def get_ready() -> None:
    """Load what writes metrics: before root is given up, or else behind the first answer, which need not wait."""
    import resolver.ops.metrics  # noqa: F401, PLC0415  # this is the load that is meant


def readiness(state: MetricsState) -> HttpAnswer:
    """Say whether every worker answers under the current policy."""
    if state.ready:
        return plain(HTTPStatus.OK, "ready")
    return plain(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"not ready: {state.workers_in_force} of {state.workers} workers have the policy in force",
    )


def plain(status: HTTPStatus, text: str) -> HttpAnswer:
    """Answer with one line of text."""
    return HttpAnswer(status, "text/plain; charset=utf-8", text.encode() + b"\n")


async def _send(writer: asyncio.StreamWriter, answer: HttpAnswer, *, body: bool) -> None:
    head = (
        f"HTTP/1.1 {answer.status.value} {answer.status.phrase}\r\n"
        f"Content-Type: {answer.content_type}\r\n"
        f"Content-Length: {len(answer.body)}\r\n"
        "Cache-Control: no-store\r\n"
        + ("Allow: GET, HEAD\r\n" if answer.status == HTTPStatus.METHOD_NOT_ALLOWED else "")
        + "Connection: close\r\n\r\n"
    )
    writer.transport.set_write_buffer_limits(high=0)
    writer.write(head.encode("latin-1") + (answer.body if body else b""))
    await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()


async def _discard(reader: asyncio.StreamReader) -> None:
    """Read until the other side closes: closing with unread octets would reset, and lose, what was just sent."""
    left = DISCARDED_OCTETS
    while left > 0 and (chunk := await reader.read(REQUEST_OCTETS)):
        left -= len(chunk)
