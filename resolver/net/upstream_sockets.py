"""Which socket and which message id a question goes out with, so that an answer cannot be forged from elsewhere.

A forger must hit the port, the id and the time. So each upstream has many connected sockets, each on a random port;
every query takes one at random and an id that is random and free on it; and each socket serves few queries for a short
while (RFC 5452 sections 4, 9 and 10). Sockets are opened as load asks for them, later ones beside the queries.
"""

import resource
import socket
from collections import deque
from typing import TYPE_CHECKING, Final

from resolver.net.arrivals import Arrivals
from resolver.net.draws import Draws, pick_below
from resolver.net.settings import UpstreamAddress
from resolver.net.upstream_lines import open_datagram_socket

if TYPE_CHECKING:
    from resolver.net.attempt import Attempt

SOCKETS: Final = 1_024
"""Sockets of one upstream in one worker."""
FEWEST: Final = 16
FEWEST_RETIRED: Final = 64
MOST_USES: Final = 32
OLDEST: Final = 50.0
"""Seconds after which a socket is replaced; the replacing is spread over the ten seconds after that."""
PATIENCE: Final = 6.0
"""Seconds for which a retired socket still waits for what it was asked."""
RENEWED_AT_ONCE: Final = 32
"""Sockets replaced in one turn, a fraction of a millisecond's work; fifty turns a second serve 51,200 queries."""
_KEPT_FREE: Final = 768
"""File descriptors left to clients' connections and everything else."""


def sockets_for_each(upstreams: int) -> int:
    """Tell how many sockets each of so many upstreams may have: 1 024, or what the limit on open files leaves.

    Half of an upstream's descriptors are for retired sockets that still wait for answers.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return SOCKETS
    return max(FEWEST, min(SOCKETS, (limit - _KEPT_FREE) // (2 * max(upstreams, 1))))


class UpstreamSocket:
    """A connected socket and what was asked through it, by message id.

    ``place`` is where it stands among the ready ones, -1 once it is retired; ``opened`` is monotonic seconds.
    """

    __slots__ = ("descriptor", "line", "opened", "pending", "place", "uses")

    def __init__(self, line: socket.socket, place: int, opened: float) -> None:
        self.line = line
        self.descriptor = line.fileno()
        self.pending: dict[int, Attempt] = {}
        self.place = place
        self.opened = opened
        self.uses = 0


class UpstreamSockets:
    """The sockets that lead to one upstream."""

    __slots__ = ("_address", "_arrivals", "_by_age", "_draws", "_owed", "_ready", "_retired", "_size")

    def __init__(self, address: UpstreamAddress, arrivals: Arrivals, draws: Draws, size: int) -> None:
        """Keep at most ``size`` sockets ready and as many retired ones open, or 64 if more; none is open yet."""
        self._address = address
        self._arrivals = arrivals
        self._draws = draws
        self._size = size
        self._ready: list[UpstreamSocket] = []
        self._by_age: deque[UpstreamSocket] = deque()
        self._retired: dict[UpstreamSocket, float] = {}
        self._owed = 0

    def __len__(self) -> int:
        return len(self._ready) + len(self._retired)

    def assign(self, attempt: "Attempt", now: float) -> tuple[UpstreamSocket, int]:
        """Choose socket and message id for an attempt; an answer under that id belongs to it.

        While there are fewer sockets than allowed and none is owed, a fresh one is opened, which is as random as any.
        Raises OSError if there is no socket and none can be opened.
        """
        message_id, pick = self._draws.draw()
        count = len(self._ready)
        if count + self._owed < self._size or not count:
            chosen = self._open_or_any(pick, now)
        else:
            chosen = self._ready[pick_below(pick, count)]
        pending = chosen.pending
        while message_id in pending:
            message_id, _ = self._draws.draw()
        pending[message_id] = attempt
        chosen.uses += 1
        if chosen.uses >= MOST_USES:
            self._retire(chosen, now)
            self._owed += 1
        return chosen, message_id

    def release(self, chosen: UpstreamSocket) -> None:
        """Take note that an id of this socket is free again; a retired socket without any is closed."""
        if chosen.place < 0 and not chosen.pending and self._retired.pop(chosen, None) is not None:
            self._close(chosen)

    def renew(self, now: float) -> None:
        """Replace what is used up or old, and close what nobody waits for any more; bounded work, off the query path.

        An old socket that was never used goes without successor, so that a quiet upstream holds few.
        """
        self._retire_old(now)
        try:
            for _ in range(min(self._owed, RENEWED_AT_ONCE)):
                self._open(now)
                self._owed -= 1
        except OSError:
            pass  # No descriptor to be had, or no way there: the next turn tries again.
        while self._retired and next(iter(self._retired.values())) + PATIENCE <= now:
            self._close_oldest_retired()

    def close(self) -> None:
        """Close all sockets; what was asked through them is forgotten."""
        for chosen in (*self._ready, *self._retired):
            self._close(chosen)
        self._ready.clear()
        self._retired.clear()
        self._by_age.clear()
        self._owed = 0

    def _open_or_any(self, pick: int, now: float) -> UpstreamSocket:
        try:
            return self._open(now)
        except OSError:
            if not self._ready:
                raise
            return self._ready[pick_below(pick, len(self._ready))]

    def _open(self, now: float) -> UpstreamSocket:
        opened = UpstreamSocket(open_datagram_socket(self._address), len(self._ready), now)
        self._ready.append(opened)
        self._by_age.append(opened)
        self._arrivals.watch(opened)
        return opened

    def _retire_old(self, now: float) -> None:
        retired = 0
        while self._by_age and retired < RENEWED_AT_ONCE:
            oldest = self._by_age[0]
            if oldest.place >= 0:
                if oldest.opened + OLDEST > now:
                    return
                self._retire(oldest, now)
                self._owed += 1 if oldest.uses else 0
                retired += 1
            self._by_age.popleft()

    def _retire(self, used: UpstreamSocket, now: float) -> None:
        last = self._ready.pop()
        if last is not used:
            self._ready[used.place] = last
            last.place = used.place
        used.place = -1
        if not used.pending:
            self._close(used)
            return
        self._retired[used] = now
        if len(self._retired) > max(self._size, FEWEST_RETIRED):
            self._close_oldest_retired()

    def _close_oldest_retired(self) -> None:
        oldest = next(iter(self._retired))
        del self._retired[oldest]
        self._close(oldest)

    def _close(self, chosen: UpstreamSocket) -> None:
        self._arrivals.forget(chosen)
        chosen.pending.clear()
        chosen.line.close()
