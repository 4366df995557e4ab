"""Octets in and out of one TCP socket, without a task, and without a cycle that only the collector would find.

A worker runs with the cycle collector off, and the transports of asyncio refer to themselves: each connection would
leave one behind for good. This one lets go of everything when it closes.
"""

import asyncio
import socket
from contextlib import suppress
from typing import Final, Protocol

HIGH_WATER: Final = 64 * 1024
"""Unsent octets at which the owner is asked to stop writing ..."""
LOW_WATER: Final = 16 * 1024
"""... and at which it may go on."""
PIECE: Final = 64 * 1024
"""Octets read or written at once."""


class Owner(Protocol):
    """Whoever makes sense of the octets."""

    def data_received(self, data: bytes) -> None:
        """Take what came."""

    def eof_received(self) -> None:
        """Take note that no more will come."""

    def pause_writing(self) -> None:
        """Take note that the peer does not read."""

    def resume_writing(self) -> None:
        """Take note that the peer has read."""

    def connection_lost(self) -> None:
        """Take note that the socket is closed."""


class TcpStream:
    """One connected socket in an event loop; owns the socket. Nothing is reported after ``connection_lost``."""

    __slots__ = ("_closing", "_descriptor", "_ended", "_last", "_loop", "_owner", "_reading", "_sock", "_stuck",
                 "_unsent", "_writing")  # fmt: skip  # two lines, not eleven

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: socket.socket, owner: Owner) -> None:
        """Begin to read."""
        sock.settimeout(0)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop = loop
        self._sock: socket.socket | None = sock
        self._descriptor = sock.fileno()
        """For the event loop, which describes a socket object in words each time it does not know it yet."""
        self._owner = owner
        self._unsent = bytearray()
        self._reading = self._ended = self._stuck = self._closing = self._last = self._writing = False
        self.resume_reading()

    @property
    def is_reading(self) -> bool:
        """Whether octets that come are taken in."""
        return self._reading

    @property
    def unsent(self) -> int:
        """Octets that the kernel has not taken yet."""
        return len(self._unsent)

    def pause_reading(self) -> None:
        """Leave octets where they are until further notice."""
        if self._reading and self._sock is not None:
            self._reading = False
            self._loop.remove_reader(self._descriptor)

    def resume_reading(self) -> None:
        """Take octets in again, unless the peer sends no more or the stream is closing."""
        if self._sock is not None and not (self._reading or self._ended or self._closing):
            self._reading = True
            self._loop.add_reader(self._descriptor, self._readable)

    def write(self, octets: bytes) -> None:
        """Send, now as far as the kernel takes it, the rest when it does."""
        if self._sock is None or self._closing:
            return
        if self._unsent:
            self._unsent += octets
        else:
            sent = self._send(octets)
            if sent is None or sent == len(octets):
                return
            self._unsent += octets[sent:]
            self._writing = True
            self._loop.add_writer(self._descriptor, self._writable)
        if not self._stuck and len(self._unsent) > HIGH_WATER:
            self._stuck = True
            self._owner.pause_writing()

    def end_writing(self) -> None:
        """Tell the peer, when everything is sent, that no more will come, and read on until it ends too."""
        self._last = True
        self.resume_reading()
        if not self._unsent:
            self._shut_down()

    def close(self) -> None:
        """Close when everything is sent."""
        self.pause_reading()
        self._closing = True
        if not self._unsent:
            self.abort()

    def abort(self) -> None:
        """Close at once."""
        if self._sock is None:
            return
        self.pause_reading()
        self._write_no_more()
        sock, self._sock = self._sock, None
        self._unsent.clear()
        sock.close()
        self._owner.connection_lost()

    def _readable(self) -> None:
        assert self._sock is not None
        try:
            octets = self._sock.recv(PIECE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:  # reset by the peer
            self.abort()
            return
        if octets:
            self._owner.data_received(octets)
        else:
            self.pause_reading()
            self._ended = True
            self._owner.eof_received()

    def _writable(self) -> None:
        assert self._sock is not None
        sent = self._send(bytes(self._unsent[:PIECE]))
        if sent is None:
            return
        del self._unsent[:sent]
        if not self._unsent:
            self._write_no_more()
            if self._closing:
                self.abort()
                return
            if self._last:
                self._shut_down()
        if self._stuck and not self._closing and len(self._unsent) <= LOW_WATER:
            self._stuck = False
            self._owner.resume_writing()

    def _write_no_more(self) -> None:
        if self._writing:
            self._writing = False
            self._loop.remove_writer(self._descriptor)

    def _shut_down(self) -> None:
        with suppress(OSError):  # the peer is gone already, which reading will tell
            if self._sock is not None:
                self._sock.shutdown(socket.SHUT_WR)

    def _send(self, octets: bytes) -> int | None:
        """Hand octets to the kernel; return how many it took, None if the connection is gone."""
        assert self._sock is not None
        try:
            return self._sock.send(octets)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:
            self.abort()
            return None
