"""How commands reach the running server: one JSON object each way, over a socket in the state folder that only its
user may open.

A Unix socket's address holds 107 octets (unix(7)); a state folder's path may be longer. So both sides open the folder
and go through its descriptor, ``/proc/self/fd/N/control.sock``, which is short wherever the folder lies.
"""

import asyncio
import json
import os
import pwd
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

Message = dict[str, Any]


class Peer(NamedTuple):
    """Who asks, as the kernel says (SO_PEERCRED, unix(7)): a user id, and its name on this machine."""

    uid: int
    user: str


Verb = Callable[[Message, Peer], Awaitable[Message]]

SOCKET_FILE: Final = "control.sock"
MAX_REQUEST: Final = 65_536
MAX_ANSWER: Final = 16 * 1024 * 1024
REQUEST_SECONDS: Final = 5.0
CONNECTIONS: Final = 32
_CREDENTIALS: Final = struct.Struct("iii")
"""struct ucred: process, user, group."""


class ControlError(Exception):
    """The server cannot be asked; the message is one line that says what to do."""


class NoServerError(ControlError):
    """No server runs on a state folder."""


@contextmanager
def _short_address(state: Path) -> Iterator[str]:
    folder = os.open(state, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{SOCKET_FILE}"
    finally:
        os.close(folder)


def open_control_socket(state: Path) -> socket.socket:
    """Listen in a state folder that this process has locked. Raises ControlError."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    old_mask = os.umask(0o177)
    try:
        (state / SOCKET_FILE).unlink(missing_ok=True)  # a predecessor that was killed left it
        with _short_address(state) as address:
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


def peer(uid: int) -> Peer:
    """Name a user; one who is not in the user database is called by the number."""
    try:
        return Peer(uid, pwd.getpwuid(uid).pw_name)
    except KeyError:
        return Peer(uid, str(uid))


def _refused(why: str) -> Message:
    return {"ok": False, "why": why}


def call(state: Path, verb: str, *, within: float = 120.0, **arguments: object) -> Message:
    """Ask the server that runs on this state folder; waits ``within`` seconds for the answer. Raises ControlError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(within)
        try:
            with _short_address(state) as address:
                sock.connect(address)
            sock.sendall(json.dumps({**arguments, "verb": verb}).encode() + b"\n")
            return _read_answer(sock)
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
            raise NoServerError(f"no server runs on {state}; start it with `arret serve`") from None
        except PermissionError:
            raise ControlError(f"{state / SOCKET_FILE} belongs to another user; ask as that user or as root") from None
        except TimeoutError:
            raise ControlError(f"the server on {state} gave no answer within {within:g} s; see its log") from None
        except OSError as error:
            raise ControlError(f"the server on {state} cannot be asked: {error.strerror or error}") from error


def _read_answer(sock: socket.socket) -> Message:
    answer = bytearray()
    while not answer.endswith(b"\n"):
        chunk = sock.recv(65_536)
        if not chunk or len(answer) > MAX_ANSWER:
            raise ControlError("the server ended before it answered; see its log")
        answer += chunk
    with suppress(ValueError):
        read = json.loads(answer)
        if isinstance(read, dict):
            return read
    raise ControlError("the server's answer cannot be read; client and server may differ in version")
