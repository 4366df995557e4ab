"""The page on the wire: HTTP read and written by aiohttp, within bounds; nothing of who asked is kept.

A connection lasts ten seconds at most, whatever it does, and over the limit the oldest gives way to a new one. Bodies
of requests are not read. aiohttp's own logs and error pages are silenced: they would tell addresses and repeat what
was sent.
"""

import asyncio
import logging
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

from aiohttp import HttpVersion10, HttpVersion11, StreamReader, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import LineTooLong

from resolver.core.admission import ALLOWED
from resolver.notice.desk import Answer, Desk

FIELD_OCTETS: Final = 16_384
"""Of the request line, or of one header: a browser sends the cookies of the blocked name, and may have many."""
FIELDS: Final = 64
CONNECTION_SECONDS: Final = 10.0
IDLE_SECONDS: Final = 5.0
LINGER_SECONDS: Final = 1.0
"""How long the body of a request is read away, so that the answer arrives before a reset does."""
CONNECTIONS: Final = 1_000
BACKLOG: Final = 512
SWEEP_SECONDS: Final = 0.5

_SILENT: Final = logging.Logger("arret.notice")  # noqa: LOG001  # outside the hierarchy, so that nobody hears it
_SILENT.addHandler(logging.NullHandler())

_STRANGE: Final = web.RequestKey("strange", bool)
"""Of a request: its version of HTTP is none of ours."""

Tell = Callable[[BaseException], None]
"""Learns of an error of our own."""


class NoticeServer:
    """Serves a desk on sockets that listen; lives in one event loop."""

    def __init__(
        self,
        desk: Desk,
        tell: Tell,
        *,
        connections: int = CONNECTIONS,
        seconds: float = CONNECTION_SECONDS,
        idle: float = IDLE_SECONDS,
    ) -> None:
        """Bound what is open at once, and how many seconds a connection may last, and wait for its next request."""
        self.counts: Counter[tuple[str, int]] = Counter()
        """Answers by order ("" where none blocks) and status."""
        self._desk = desk
        self._tell = tell
        self._most = connections
        self._seconds = seconds
        self._idle = idle
        self._opened: dict[asyncio.BaseTransport, float] = {}
        self._listening: list[asyncio.Server] = []
        self._sweeping: asyncio.Task[None] | None = None

    async def start(self, sockets: Sequence[socket.socket]) -> None:
        """Begin to accept on these sockets, which stay the caller's until then."""
        loop = asyncio.get_running_loop()
        manager = web.Server(self._answer, request_factory=_read)
        for sock in sockets:
            self._listening.append(
                await loop.create_server(lambda: _Connection(self, manager), sock=sock, backlog=BACKLOG)
            )
        self._sweeping = asyncio.create_task(self._sweep())

    def replace(self, desk: Desk) -> None:
        """Answer from this desk from now on."""
        self._desk = desk

    async def stop(self) -> None:
        """Close everything at once: a page is asked for again by who wants it."""
        for server in self._listening:
            server.close()
        if self._sweeping is not None:
            self._sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._sweeping
        for transport in tuple(self._opened):
            _abort(transport)

    @property
    def bounds(self) -> dict[str, Any]:
        """What aiohttp is to hold each connection to."""
        return {
            "keepalive_timeout": self._idle,
            "tcp_keepalive": False,
            "logger": _SILENT,
            "access_log": None,
            "max_line_size": FIELD_OCTETS,
            "max_field_size": FIELD_OCTETS,
            "max_headers": FIELDS,
            "lingering_time": LINGER_SECONDS,
            "auto_decompress": False,
        }

    def note_opened(self, transport: asyncio.BaseTransport) -> None:
        """Make room for a new connection."""
        if len(self._opened) >= self._most:
            oldest = next(iter(self._opened))
            del self._opened[oldest]
            _abort(oldest)
        self._opened[transport] = asyncio.get_running_loop().time()

    def note_closed(self, transport: asyncio.BaseTransport | None) -> None:
        """Forget a connection."""
        if transport is not None:
            self._opened.pop(transport, None)

    async def _sweep(self) -> None:
        """Close what has lasted too long; connections stand in the order in which they came."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            before = asyncio.get_running_loop().time() - self._seconds
            for transport in [each for each, since in self._opened.items() if since < before]:
                self._opened.pop(transport, None)
                _abort(transport)

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        headers = request.headers
        if _STRANGE in request:
            return self.refuse(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, None)
        answer = self._desk.answer(
            request.method,
            headers.getall(hdrs.HOST, []),
            headers.get(hdrs.ACCEPT, ""),
            headers.get(hdrs.ACCEPT_LANGUAGE, ""),
            host_required=request.version >= HttpVersion11,
            view=self._desk.view(request.remote) if self._desk.knows_brands else ALLOWED,
        )
        return self._written(answer)

    def refuse(self, status: int, error: BaseException | None) -> web.Response:
        """Answer what could not be read, or what we failed at; of neither is a word repeated."""
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR and error is not None:
            self._tell(error)
        too_long = isinstance(error, LineTooLong)
        response = self._written(
            self._desk.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if too_long else HTTPStatus(status))
        )
        response.force_close()
        return response

    def _written(self, answer: Answer) -> web.Response:
        self.counts[answer.order, answer.status.value] += 1
        return web.Response(status=answer.status.value, body=answer.body, headers=answer.headers)


class _Connection(web.RequestHandler):
    """One connection; what aiohttp would say of errors by itself, we do."""

    __slots__ = ("_noted", "_server")

    def __init__(self, server: NoticeServer, manager: web.Server) -> None:
        super().__init__(manager, loop=asyncio.get_running_loop(), **server.bounds)
        self._server = server
        self._noted: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._noted = transport
        self._server.note_opened(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self._server.note_closed(self._noted)
        self._noted = None

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002  # aiohttp's own signature
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002  # the same
    ) -> web.StreamResponse:
        return self._server.refuse(status, exc)


def _read(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: web.RequestHandler,
    writer: AbstractStreamWriter,
    task: "asyncio.Task[None]",
) -> web.BaseRequest:
    """Read a request as aiohttp does, but for one of a version that we do not speak: its answer must not claim that."""
    strange = message.version not in {HttpVersion10, HttpVersion11}
    spoken = message._replace(version=HttpVersion11) if strange else message
    request = web.BaseRequest(spoken, payload, protocol, writer, task, asyncio.get_running_loop())
    if strange:
        request[_STRANGE] = True
    return request


def _abort(transport: asyncio.BaseTransport) -> None:
    if isinstance(transport, asyncio.Transport):
        transport.abort()
