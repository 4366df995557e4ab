"""Answers that leave one by one: those that come later, and those that found the send buffer full."""

import asyncio
import errno
import socket
from typing import Any, Final

from resolver.core.counters import DROPS, DropReason

LATEST: Final = 1.9
"""Seconds after which nobody waits for an answer over UDP any more; sent in a heap, late answers would be a weapon."""
KEPT: Final = 64
"""Answers that are kept for one more attempt when the send buffer is full."""

Address = tuple[Any, ...]
"""A socket address as Python gives it."""

Control = tuple[tuple[int, int, bytes], ...]
"""Ancillary messages that give an answer its source address; empty where the socket has one address only."""


class UdpSender:
    """Sends on one UDP socket, which stays the caller's; counts what cannot be sent."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: socket.socket, page: memoryview) -> None:
        self._loop = loop
        self._sock = sock
        self._page = page
        self._kept: list[tuple[bytes, Control, Address]] = []

    def send(self, wire: bytes, control: Control, client: Address) -> None:
        """Send an answer; if the send buffer is full, once more a little later."""
        try:
            self._sock.sendmsg((wire,), control, 0, client)
        except OSError as error:
            self.not_sent(error.errno, wire, control, client)

    def send_late(self, wire: bytes, control: Control, client: Address, waited: float) -> None:
        """Send an answer that took so many seconds, unless nobody waits for it any more."""
        if waited > LATEST:
            self._page[DROPS + DropReason.LATE] += 1
        else:
            self.send(wire, control, client)

    def not_sent(self, number: int | None, wire: bytes, control: Control, client: Address) -> None:
        """Keep an answer for one more attempt if the send buffer is full; any other errno is this answer's end."""
        if number not in (errno.EAGAIN, errno.ENOBUFS) or len(self._kept) >= KEPT:
            self._page[DROPS + DropReason.SEND_FAILED] += 1
            return
        if not self._kept:
            self._loop.call_later(0.001, self._send_kept)
        self._kept.append((wire, control, client))

    def _send_kept(self) -> None:
        kept, self._kept = self._kept, []
        for wire, control, client in kept:
            try:
                self._sock.sendmsg((wire,), control, 0, client)
            except OSError:
                self._page[DROPS + DropReason.SEND_FAILED] += 1
