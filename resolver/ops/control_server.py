"""How the running server answers commands, and knows who asks."""

import asyncio
import json
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from resolver.ops.control import SOCKET_FILE, ControlError, Message, Peer, peer, short_address

Verb = Callable[[Message, Peer], Awaitable[Message]]

MAX_REQUEST: Final = 65_536
REQUEST_SECONDS: Final = 5.0
CONNECTIONS: Final = 32
_CREDENTIALS: Final = struct.Struct("iii")
"""struct ucred: process, user, group."""


def open_control_socket(state: Path) -> socket.socket:
    """Listen in a state folder that this process has locked. Raises ControlError."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    old_mask = os.umask(0o177)
    try:
        (state / SOCKET_FILE).unlink(missing_ok=True)  # a predecessor that was killed left it
        with short_address(state) as address:
            sock.bind(address)
        sock.listen(CONNECTIONS)
    except OSError as error:
        sock.close()
        raise ControlError(f"state: {state / SOCKET_FILE} cannot be opened: {error.strerror}") from error
    finally:
        os.umask(old_mask)
    return sock


class ControlServer:
    """Answers one request a connection; a request is an object with the key ``verb``."""

    def __init__(self, sock: socket.socket, verbs: Mapping[str, Verb]) -> None:
        self._socket = sock
        self._verbs = verbs
        self._server: asyncio.Server | None = None
        self._open = 0

    async def start(self) -> None:
        """Begin to answer."""
        self._server = await asyncio.start_unix_server(self._serve, sock=self._socket, limit=MAX_REQUEST)

    def stop(self) -> None:
        """Take no more requests."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= CONNECTIONS:
                answer = await self._answer(reader, peer_of(writer.get_extra_info("socket")))
                writer.write(json.dumps(answer).encode() + b"\n")
                async with asyncio.timeout(REQUEST_SECONDS):
                    await writer.drain()
        except (OSError, TimeoutError):
            pass  # whoever asked is gone
        finally:
            self._open -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, peer: Peer) -> Message:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                request = json.loads(await reader.readline())
        except TimeoutError:
            return _refused("no request came in time")
        except (ValueError, RecursionError):
            return _refused("a request is one JSON object on one line")
        match request:
            case {"verb": str(verb)} if verb in self._verbs:
                return await self._verbs[verb](request, peer)
            case _:
                return _refused(f"a request has a verb, one of {', '.join(self._verbs)}")


def peer_of(sock: socket.socket) -> Peer:
    """Ask the kernel who is at the other end of a Unix socket."""
    credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(credentials)
    return peer(uid)


def _refused(why: str) -> Message:
    return {"ok": False, "why": why}
