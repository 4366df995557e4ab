"""One TCP connection to an upstream, which many questions may wait on, and what makes it unfit for more.

There is no task: the event loop calls when the connection can be read or written.
"""

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from resolver.dns.framing import MessageSplitter, frame

if TYPE_CHECKING:
    from resolver.net.attempt import Attempt

MOST_PENDING: Final = 8_192
"""Questions that wait on one connection."""
MOST_UNSENT: Final = 1024 * 1024
MOST_HALTING: Final = 0.2
"""Seconds within a message after which a connection is not trusted with more."""
MOST_STRIKES: Final = 10
"""Messages that answer nothing we asked, after which a connection is given up."""
_CHUNK: Final = 65_536


class UpstreamStream:
    """One connection; ``heard`` is when the last octets came (monotonic seconds), None before the first."""

    __slots__ = ("_descriptor", "_ended", "_line", "_loop", "_read", "_splitter", "_unsent", "_writing", "connected",
                 "heard", "opened", "pending", "strikes", "used")  # fmt: skip  # two lines, not thirteen

    def __init__(
        self,
        line: socket.socket,
        loop: asyncio.AbstractEventLoop,
        read: Callable[["UpstreamStream", list[bytes]], None],
        ended: Callable[["UpstreamStream"], None],
        now: float,
    ) -> None:
        """Take a socket that is being connected; ``read`` gets the messages, ``ended`` the end, whatever its cause."""
        self._line = line
        self._descriptor = line.fileno()
        self._loop = loop
        self._read = read
        self._ended = ended
        self._splitter = MessageSplitter()
        self._unsent = bytearray()
        self._writing = True
        self.connected = False
        self.heard: float | None = None
        self.opened = now
        self.used = now
        self.pending: dict[int, Attempt] = {}
        self.strikes = 0
        loop.add_writer(self._descriptor, self._writable)

    @property
    def is_open(self) -> bool:
        """Whether something can still be sent."""
        return self._line.fileno() >= 0

    def can_take(self, now: float) -> bool:
        """Tell whether one more question may go here: there is room, nothing strange came, nor half of a message for
        long."""
        if not self.is_open or self.strikes or len(self.pending) >= MOST_PENDING:
            return False
        return not self._splitter.partial or self.heard is None or now - self.heard <= MOST_HALTING

    def silent_since(self, when: float) -> bool:
        """Tell whether nothing has come since a moment at which the connection was open already."""
        return self.opened <= when and (self.heard is None or self.heard <= when)

    def send(self, message: bytes) -> None:
        """Send a message as soon as the event loop finds the connection writable.

        Raises OSError if too much waits already.
        """
        if len(self._unsent) > MOST_UNSENT:
            raise OSError(errno.ENOBUFS, "the upstream does not read")
        self._unsent += frame(message)
        if self.connected:
            self._write_when_possible()

    def strike(self) -> None:
        """Take note of a message that answers nothing we asked; after several the connection ends."""
        self.strikes += 1
        if self.strikes >= MOST_STRIKES:
            self.end()

    def end(self) -> None:
        """Close, and say so once; who still waits is in ``pending``."""
        if self.is_open:
            self._loop.remove_reader(self._descriptor)
            self._loop.remove_writer(self._descriptor)
            self._line.close()
            self._ended(self)

    def _writable(self) -> None:
        if not self.connected and not self._connect():
            return
        try:
            sent = self._line.send(self._unsent) if self._unsent else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self.end()
            return
        del self._unsent[:sent]
        self._write_when_possible()

    def _connect(self) -> bool:
        code = self._line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self.end()
            return False
        self.connected = True
        self._loop.add_reader(self._descriptor, self._readable)
        return True

    def _write_when_possible(self) -> None:
        wanted = bool(self._unsent)
        if wanted and not self._writing:
            self._loop.add_writer(self._descriptor, self._writable)
        elif not wanted and self._writing:
            self._loop.remove_writer(self._descriptor)
        self._writing = wanted

    def _readable(self) -> None:
        try:
            octets = self._line.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        if not octets:
            self.end()
            return
        self._read(self, self._splitter.feed(octets))
