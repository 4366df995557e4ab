"""A call that comes when it is due, some microseconds to milliseconds from now.

The event loop's own timers wait whole milliseconds, counted anew after whatever else wakes it: beside other traffic,
what is to come in two comes in up to three, and after everything that came meanwhile. Here the kernel makes a
descriptor ready when it is time (timerfd), and the loop finds it among its sockets, in the order in which they became
ready.
"""

import asyncio
import os
import time
from collections.abc import Callable
from typing import Any, Final

from resolver.net.kernel_structs import ffi as _ffi

SOONEST: Final = 1e-9
"""Seconds to what is due now: 0 would mean never."""

_FLAGS: Final = os.O_NONBLOCK | os.O_CLOEXEC
_NANOSECONDS: Final = 1_000_000_000


class Beat:
    """One call that can be set again and again; once it is due, it comes at every turn of the loop until it is set."""

    __slots__ = ("_descriptor", "_library", "_loop", "_times")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Come in this loop; nothing is open before ``start``."""
        self._loop = loop
        self._library: Any = _ffi.dlopen(None)
        self._times = _ffi.new("struct itimerspec *")
        self._descriptor = -1

    def start(self, call: Callable[[], None]) -> None:
        """Open the timer, which is not set. Raises OSError where there are no descriptors left."""
        descriptor = self._library.timerfd_create(time.CLOCK_MONOTONIC, _FLAGS)
        if descriptor < 0:
            raise OSError(_ffi.errno, os.strerror(_ffi.errno))
        self._descriptor = descriptor
        self._loop.add_reader(descriptor, call)

    def set(self, seconds: float) -> None:
        """Come so many seconds from now, less than one of them, and not when it was set for before; 0: not at all."""
        self._times.nanoseconds = int(seconds * _NANOSECONDS)
        self._library.timerfd_settime(self._descriptor, 0, self._times, _ffi.NULL)

    def stop(self) -> None:
        """Come no more; the second time nothing happens."""
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1
