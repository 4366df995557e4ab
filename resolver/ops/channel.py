"""How supervisor and child talk: one JSON object a line, over one socketpair, both ways; neither end ever waits.

Both ends are ours and of one version. What cannot be read ends the channel, and the end of the channel ends the child.
"""

import asyncio
import json
import socket
from collections.abc import Callable
from typing import Any, Final

Message = dict[str, Any]

MAX_LINE: Final = 16 * 1024 * 1024
"""Octets; the largest message hands out the counter places of every order."""
MAX_UNSENT: Final = 32 * 1024 * 1024
_CHUNK: Final = 65_536


class ChannelError(Exception):
    """The other end sent what is no message, or too much of it."""


def write_line(message: Message) -> bytes:
    """Write a message as the channel carries it."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


class LineSplitter:
    """Cuts a stream of octets into messages."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, chunk: bytes) -> list[Message]:
        """Take octets, give the messages that are now complete. Raises ChannelError."""
        self._rest += chunk
        if b"\n" not in chunk:
            self._bound()
            return []
        *lines, last = self._rest.split(b"\n")
        self._rest = bytearray(last)
        self._bound()
        return [_read_line(line) for line in lines]

    def _bound(self) -> None:
        if len(self._rest) > MAX_LINE:
            raise ChannelError(f"a line of more than {MAX_LINE} octets")


def _read_line(line: bytes | bytearray) -> Message:
    try:
        message = json.loads(line)
    except ValueError as error:
        raise ChannelError(f"not JSON: {error}") from None
    if not isinstance(message, dict):
        raise ChannelError("not an object")
    return message


class Channel:
    """One end, in an event loop: calls back with each message, and once when the other end is gone."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        on_message: Callable[[Message], None],
        on_end: Callable[[], None],
    ) -> None:
        sock.setblocking(False)  # noqa: FBT003  # the socket module's own signature
        self._loop = loop
        self._socket = sock
        self._on_message = on_message
        self._on_end = on_end
        self._splitter = LineSplitter()
        self._unsent = bytearray()
        self._open = True
        loop.add_reader(sock.fileno(), self._read)

    def send(self, message: Message) -> bool:
        """Send without waiting; what the socket does not take is kept. False if the other end is gone or stuck."""
        if not self._open or len(self._unsent) > MAX_UNSENT:
            return False
        was_empty = not self._unsent
        self._unsent += write_line(message)
        if was_empty:
            self._write()
        return self._open

    def close(self) -> None:
        """Give the channel up; ``on_end`` is not called."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._socket.fileno())
            self._loop.remove_writer(self._socket.fileno())
            self._socket.close()

    def _read(self) -> None:
        try:
            chunk = self._socket.recv(_CHUNK)
            messages = self._splitter.feed(chunk)
        except BlockingIOError:
            return
        except (OSError, ChannelError):
            self._end()
            return
        for message in messages:
            self._on_message(message)
        if not chunk:
            self._end()

    def _write(self) -> None:
        try:
            while self._unsent:
                sent = self._socket.send(self._unsent)
                del self._unsent[:sent]
        except BlockingIOError:
            self._loop.add_writer(self._socket.fileno(), self._write)
        except OSError:
            self._end()
        else:
            self._loop.remove_writer(self._socket.fileno())

    def _end(self) -> None:
        if self._open:
            self.close()
            self._on_end()
