"""Asking for one name all the time, of every worker, and noting when each answer said what."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Final

from benchmarks.made_up_names import NOTICE
from benchmarks.probe import PATIENCE_SECONDS, SOCKETS, addresses, must_be_blocked

PAUSE_SECONDS: Final = 0.002


@dataclass(frozen=True, slots=True)
class Noted:
    """An answer: when its question left and when it came (POSIX seconds), and whether it was the notice."""

    port: int
    sent: float
    came: float
    blocked: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """What was seen of a change that was to happen between two instants (POSIX seconds)."""

    wrong: int
    """Answers of before that came when nothing had begun yet and said otherwise, and those asked for after it that did
    not."""
    ports: int
    """From how many ports was asked after it."""
    last_old: float | None
    """When the last answer came that said what was before."""


class Watch:
    """What was noted so far; ``unanswered`` questions are none."""

    def __init__(self) -> None:
        self.noted: list[Noted] = []
        self.unanswered = 0

    def turn(self, begun: float, done: float, since: float, until: float, *, to: bool) -> Turn:
        """Look at a change to blocked or not, begun and done at two instants, within a stretch of time."""
        within = [each for each in self.noted if since <= each.sent and each.came <= until]
        early = [each for each in within if each.came < begun and each.blocked is to]
        late = [each for each in within if each.sent >= done and each.blocked is not to]
        ports = {each.port for each in within if each.sent >= done}
        old = [each.came for each in within if each.came >= begun and each.blocked is not to]
        return Turn(len(early) + len(late), len(ports), max(old, default=None))


@contextmanager
def watching(port: int, name: str) -> Iterator[Watch]:
    """Ask for a name from several ports in turn, beside the block, until it ends."""
    watch, over = Watch(), threading.Event()
    query = must_be_blocked(name).wire
    lines = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(SOCKETS)]
    for line in lines:
        line.settimeout(PATIENCE_SECONDS)
        line.connect(("127.0.0.1", port))

    def ask() -> None:
        for number, line in cycle(enumerate(lines)):
            if over.wait(PAUSE_SECONDS):
                return
            sent = time.time()
            try:
                line.send(query)
                answer = line.recv(4_096)
            except OSError:
                watch.unanswered += 1
                continue
            watch.noted.append(Noted(number, sent, time.time(), addresses(answer) == {NOTICE}))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()
        for line in lines:
            line.close()
