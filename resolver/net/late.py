"""Which datagrams have waited so long that nobody wants their answers any more, found without a cost to the others.

They are old only where nobody read for a while: the worker was stopped, or dead, or the whole machine was. So the
selector notices that its loop stood still, which costs one look at the clock for each wake-up, and only then are the
arrivals looked at, before anything is answered. The kernel knows when each datagram came. It is asked for the last one
that was peeked at (ioctl SIOCGSTAMPNS), since the time as an ancillary message (SO_TIMESTAMPNS) would have to be
carried, and skipped, with every datagram.
"""

import fcntl
import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from struct import Struct
from typing import Any, Final

STANDSTILL: Final = 0.5
"""Seconds between two wake-ups that are no idleness: a worker's tick wakes it far more often."""

_SIOCGSTAMPNS: Final = 0x8907  # linux/sockios.h; the socket module does not name it
_TIMESPEC: Final = Struct("=qq")

Selected = list[tuple[selectors.SelectorKey, int]]


class WatchfulSelector(selectors.DefaultSelector):
    """A selector that calls ``on_standstill`` when its loop stood still, before it tells what is ready."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.on_standstill: Callable[[], Any] = lambda: None
        self._monotonic = monotonic
        self._woken = monotonic()

    def select(self, timeout: float | None = None) -> Selected:
        """Wait as selectors do."""
        ready = super().select(timeout)
        before, self._woken = self._woken, self._monotonic()
        if self._woken - before > STANDSTILL:
            self.on_standstill()
        return ready


def note_arrivals(sock: socket.socket) -> None:
    """Have the kernel note when each datagram comes, from a moment later on (it puts the beginning off)."""
    with suppress(OSError):  # ENOENT: there is none yet, but the noting has begun
        _arrival(sock)


def discard_before(sock: socket.socket, instant: float) -> int:
    """Drop the datagrams that came before an instant of the real clock (POSIX seconds); return how many.

    One that came before the noting began counts as coming now. The socket must not block.
    """
    discarded = 0
    with suppress(OSError):  # EAGAIN: there is no more
        while _next_arrival(sock) < instant:
            sock.recv(1)
            discarded += 1
    return discarded


def _next_arrival(sock: socket.socket) -> float:
    sock.recv(1, socket.MSG_PEEK)
    return _arrival(sock)


def _arrival(sock: socket.socket) -> float:
    """Tell when the datagram came that was read or peeked at last (POSIX seconds). Raises OSError."""
    seconds, nanoseconds = _TIMESPEC.unpack(fcntl.ioctl(sock, _SIOCGSTAMPNS, bytes(_TIMESPEC.size)))
    return float(seconds + nanoseconds / 1e9)
