"""How one worker place stays occupied: whoever dies, hangs or refuses to start there is followed by a successor.

The sockets and the counter page belong to the place, not to the worker: a neighbour reads the sockets in between, and
the successor goes on counting.
"""

import asyncio
import mmap
import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Final

from resolver.core.counters import GAUGES, PAGE_SIZE, Gauge
from resolver.ops.channel import Message
from resolver.ops.children import Child, cannot_start, end_in_words
from resolver.ops.logs import log_event
from resolver.ops.standing import Standing

START_SECONDS: Final = 20.0
"""From the start of the interpreter to serving; a loaded machine with a million names stays far below."""
SILENT_SECONDS: Final = 1.0
"""A worker that neither answers nor ticks for so long is replaced."""
CHANGE_SECONDS: Final = 10.0
"""Longest time that a worker which does tick may take over its part of a change."""
HUNG_SECONDS: Final = 2.0
SUSPECT_SECONDS: Final = 1.0
"""Three ticks late: its successor's interpreter starts, which on a busy machine takes a second, and waits."""
QUIET_SECONDS: Final = 0.6
"""More than two ticks late: a neighbour reads along, which costs nothing if the worker goes on after all."""
BACK_OFF: Final = (0.0, 0.0, 0.25, 0.5, 1.0, 2.0, 5.0)
"""Seconds before a successor, by how many predecessors in a row ended by themselves after too short a life.

Whom we replace was silent for a second or more, which is pause enough.
"""
SOUND_LIFE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class PlaceSockets:
    """What one worker reads: its own UDP socket of each address, and the TCP listeners that all share.

    ``neighbours`` are the UDP sockets of the other places, which it reads while their own workers do not.
    """

    udp: tuple[tuple[str, socket.socket], ...]
    tcp: tuple[tuple[str, socket.socket], ...]
    neighbours: Mapping[int, tuple[tuple[str, socket.socket], ...]]

    def descriptors(self) -> tuple[int, ...]:
        """All file descriptors that a worker must inherit."""
        return tuple(sock.fileno() for _, sock in (*self.udp, *self.tcp, *chain(*self.neighbours.values())))

    def to_json(self) -> Message:
        """Write them as the start message names them."""
        neighbours = [{"place": place, "udp": _written(sockets)} for place, sockets in self.neighbours.items()]
        return {"udp": _written(self.udp), "tcp": _written(self.tcp), "neighbours": neighbours}


def _written(sockets: Sequence[tuple[str, socket.socket]]) -> list[Message]:
    return [{"fd": sock.fileno(), "address": address} for address, sock in sockets]


class CounterPage:
    """Shared memory for the counts of one place."""

    def __init__(self, number: int) -> None:
        self.descriptor = os.memfd_create(f"arret-counters-{number}", os.MFD_CLOEXEC)
        os.ftruncate(self.descriptor, PAGE_SIZE)
        self.counts = memoryview(mmap.mmap(self.descriptor, PAGE_SIZE)).cast("Q")

    def tick(self) -> float:
        """Tell when its worker last showed a sign of life (monotonic seconds)."""
        return self.counts[GAUGES + Gauge.TICK] / 1000


class WorkerPlace:
    """One place: its sockets, its page, and the worker that holds it now, if any."""

    def __init__(
        self,
        number: int,
        sockets: PlaceSockets,
        clock_offset: float,
        wanted: Callable[[], Standing | None],
        moved: Callable[[], None],
        damaged: Callable[[], None],
    ) -> None:
        """Prepare the place.

        ``wanted`` tells what a worker is to run on now. ``moved`` is called when one begins to serve, refuses to, or
        ends; ``damaged`` when one finds the files of the policy damaged, so that they are made anew.
        """
        self.number = number
        self.page = CounterPage(number)
        self.serving: Standing | None = None
        self.restarts = 0
        self.refusal: str | None = None
        self._sockets = sockets
        self._clock_offset = clock_offset
        self._wanted = wanted
        self._moved = moved
        self._damaged = damaged
        self._child: Child | None = None
        self._spare: Child | None = None
        self._ready_at = 0.0
        self._short_lives = 0
        self._replaced = False
        self._wanted_known = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The process that holds the place now."""
        return self._child.pid if self._child is not None and self._child.alive else None

    def begin(self) -> None:
        """Let the worker that waits for its first standing go on: there is one now."""
        self.refusal = None
        self._wanted_known.set()

    async def keep(self) -> None:
        """Start worker after worker until cancelled."""
        while True:
            await asyncio.sleep(BACK_OFF[min(self._short_lives, len(BACK_OFF) - 1)])
            child = self._child = self._take_spare() or self._start_child()
            if child is None:
                self._short_lives += 1
                continue
            await self._live(child)
            child.kill()
            status = await child.end()
            self._mourn(child, status)

    def _take_spare(self) -> Child | None:
        spare, self._spare = self._spare, None
        return spare if spare is not None and spare.alive else None

    def _start_child(self) -> Child | None:
        """Start an interpreter; the host may lack memory, processes or descriptors, or forbid it."""
        try:
            return self._interpreter()
        except OSError as error:
            self.refusal = cannot_start(error)
            log_event("error", "worker cannot start", place=self.number, why=self.refusal)
            self._moved()
            return None

    def _interpreter(self) -> Child:
        return Child(asyncio.get_running_loop(), "dns", (*self._sockets.descriptors(), self.page.descriptor))

    async def _live(self, child: Child) -> None:
        await self._wanted_known.wait()
        standing = self._wanted()
        assert standing is not None, "begin is called once there is one"
        self._ready_at = 0.0
        answer = await child.ask(self._start_message(standing), START_SECONDS)
        if answer is None or answer["say"] != "ready":
            self._note_refusal(child, answer, standing)
            return
        self._ready_at = time.monotonic()
        self.refusal = None
        if standing is not self._wanted():
            return  # a change was committed meanwhile: the successor starts on it
        self.serving = standing
        self._moved()
        await child.end()

    def _note_refusal(self, child: Child, answer: Message | None, standing: Standing) -> None:
        if answer is not None:
            why = str(answer["why"])
        else:
            why = f"not ready within {START_SECONDS:g} s" if child.alive else "ended before it was ready"
        log_event("error", "worker cannot start", place=self.number, pid=child.pid, why=why)
        if standing is self._wanted():
            self.refusal = why
            self._moved()
            if answer is not None and answer["damaged"]:
                self._damaged()

    def _start_message(self, standing: Standing) -> Message:
        return {
            "do": "start",
            **standing.to_json(),
            **self._sockets.to_json(),
            "page": self.page.descriptor,
            "clock_offset": self._clock_offset,
        }

    def _mourn(self, child: Child, status: int) -> None:
        lived = time.monotonic() - self._ready_at if self._ready_at else 0.0
        sound, self._replaced = self._replaced or lived >= SOUND_LIFE_SECONDS, False
        self._short_lives = 0 if sound else self._short_lives + 1
        self.serving = None
        self.restarts += 1
        log_event(
            "error", "worker ended; a successor starts", place=self.number, pid=child.pid, how=end_in_words(status)
        )
        self._moved()

    async def ask(self, message: Message) -> Message | None:
        """Put a question of a change to the worker; None if it is dead, or silent without a tick for a second."""
        child = self._child
        if child is None:
            return None
        asked = time.monotonic()
        answer = await child.ask(message, SILENT_SECONDS)
        while answer is None and child.alive and self._ticks() and time.monotonic() - asked < CHANGE_SECONDS:
            answer = await child.wait_on(SILENT_SECONDS)
        return answer

    def tell(self, message: Message) -> None:
        """Send the worker what needs no answer."""
        if self._child is not None:
            self._child.tell(message)

    def note_in_force(self, standing: Standing) -> None:
        """Note that the worker said it runs on this now."""
        self.serving = standing
        self._moved()

    def be_nice(self, niceness: int) -> None:
        """Let the worker have more or less of a core that others want, too; 0: as much as we have."""
        if self._child is not None:
            self._child.be_nice(niceness)

    def replace(self, why: str) -> None:
        """End the worker at once; a successor starts on what is wanted then."""
        if self.pid is not None:
            log_event("warning", "worker is replaced", place=self.number, pid=self.pid, why=why)
        if self._child is not None:
            self._replaced = self._child.alive
            self._child.kill()

    def foresee(self, now: float) -> None:
        """Have a successor's interpreter at hand while the worker is suspiciously silent (``now`` is monotonic)."""
        suspicious = self.serving is not None and self._silence(now) > SUSPECT_SECONDS
        if suspicious and self._spare is None:
            with suppress(OSError):  # it is tried again when the place is empty, and said then
                self._spare = self._interpreter()
        elif self._spare is not None and self.reads(now):
            self._dismiss_spare()

    def _dismiss_spare(self) -> None:
        if (spare := self._take_spare()) is not None:
            spare.kill()

    def hung(self, now: float) -> bool:
        """Tell whether the worker serves but has not ticked for two seconds (``now`` is monotonic)."""
        return self.serving is not None and self._silence(now) > HUNG_SECONDS

    def reads(self, now: float) -> bool:
        """Tell whether the worker serves, and ticks: its sockets need no neighbour (``now`` is monotonic)."""
        return self.serving is not None and self._silence(now) <= QUIET_SECONDS

    def _silence(self, now: float) -> float:
        return now - max(self.page.tick(), self._ready_at)

    def _ticks(self) -> bool:
        return time.monotonic() - self.page.tick() < SILENT_SECONDS

    async def end(self, within: float) -> bool:
        """Let the worker finish what it has in hand, for so many seconds; False if it had to be killed."""
        self._dismiss_spare()
        child = self._child
        if child is None or not child.alive:
            return True
        child.tell({"do": "drain"})
        await asyncio.wait({child.ended}, timeout=within)
        drained = not child.alive
        child.kill()
        await child.end()
        return drained
