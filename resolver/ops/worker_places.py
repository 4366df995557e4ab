"""How all workers together are kept and changed: a change is prepared by every one, then committed, or by none.

Preparing may be refused, and one refusal aborts the change everywhere. Committing may not. Who is silent, or dies on
the way, is replaced by a successor that starts on whatever was decided; until it serves, a neighbour reads its sockets.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from resolver.ops.adoption import choose_readers
from resolver.ops.channel import Message
from resolver.ops.children import AHEAD
from resolver.ops.logs import LOGGER, log_event
from resolver.ops.standing import Standing
from resolver.ops.worker_place import PlaceSockets, WorkerPlace

SETTLE_SECONDS: Final = 10.0
"""How long a change waits for successors of the workers that did not live through it."""
WATCH_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class InForce:
    """Every worker runs on the new standing; or, where ``late`` is not 0, all but so many whose successors start."""

    standing: Standing
    late: int


@dataclass(frozen=True, slots=True)
class Aborted:
    """Nothing has changed, and why."""

    why: str
    damaged: bool = False


class WorkerPlaces:
    """Every worker place of the server."""

    def __init__(
        self, sockets: Sequence[PlaceSockets], clock_offset: float, damaged: Callable[[], None] = lambda: None
    ) -> None:
        """Prepare every place; ``damaged`` is called when a worker finds the files of the policy damaged."""
        self._standing: Standing | None = None
        self._movement = asyncio.Event()
        self.places = tuple(
            WorkerPlace(number, its_sockets, clock_offset, lambda: self._standing, self._note_movement, damaged)
            for number, its_sockets in enumerate(sockets)
        )
        self._readers: dict[int, int] = {}
        self._keeping: tuple[asyncio.Task[None], ...] = ()

    @property
    def standing(self) -> Standing | None:
        """What every worker is to run on."""
        return self._standing

    def in_force(self) -> int:
        """Count the workers that serve on it."""
        return sum(place.serving is self._standing is not None for place in self.places)

    def open(self) -> None:
        """Start the interpreters and watch over them; they serve once there is something to run on."""
        self._keeping = tuple(asyncio.create_task(place.keep()) for place in self.places)
        self._keeping += (asyncio.create_task(self._watch()),)
        for task in self._keeping:
            task.add_done_callback(_tell_if_broken)

    async def begin(self, standing: Standing) -> str | None:
        """Let every worker start on its first standing; the refusal, if none of them can."""
        self._standing = standing
        for place in self.places:
            place.begin()
        await self._until(lambda: all(place.serving or place.refusal for place in self.places), None)
        return self.places[0].refusal if self.places and not self.in_force() else None

    @contextmanager
    def ahead_of_others(self) -> Iterator[None]:
        """Let workers have a core before others for a while, as far as the host allows it.

        A compilation leaves them their cores, but whoever else wants one then shares theirs.
        """
        for place in self.places:
            place.be_nice(AHEAD)
        try:
            yield
        finally:
            for place in self.places:
                place.be_nice(0)

    async def change(
        self, standing: Standing, decide: Callable[[Standing], Awaitable[Aborted | None]]
    ) -> InForce | Aborted:
        """Prepare everywhere, decide, commit everywhere.

        ``decide`` makes the decision durable once everybody is prepared, or aborts the change if it cannot.
        """
        asked = [place for place in self.places if place.serving is not None]
        answers = await asyncio.gather(*(place.ask({"do": "prepare", **standing.to_json()}) for place in asked))
        prepared = [place for place, answer in zip(asked, answers, strict=True) if answer is not None]
        aborted = _refusal(answers) or await decide(standing)
        if aborted is None:
            self._standing = standing
            await asyncio.gather(*(_commit(place, standing) for place in prepared))
        else:
            for place in prepared:
                place.tell({"do": "abort"})
        self._replace(set(asked) - set(prepared))
        return aborted if aborted is not None else await self._settled(standing)

    def _replace(self, silent: AbstractSet[WorkerPlace]) -> None:
        """Replace who was silent, or serves on what is no longer wanted: it became ready while the others changed."""
        for place in self.places:
            if place in silent:
                place.replace("silent during a change")
            elif place.serving is not None and place.serving is not self._standing:
                place.replace("missed a change")

    async def _settled(self, standing: Standing) -> InForce:
        await self._until(lambda: self.in_force() == len(self.places), SETTLE_SECONDS)
        return InForce(standing, late=len(self.places) - self.in_force())

    async def drain(self, within: float) -> None:
        """End every worker, each after what it has in hand, all of them within so many seconds."""
        await _cancel(self._keeping)
        ends = await asyncio.gather(*(place.end(within) for place in self.places))
        if not all(ends):
            log_event("warning", "workers were killed, for they did not finish in time", count=ends.count(False))

    def _note_movement(self) -> None:
        self._cover()
        self._movement.set()

    def _cover(self) -> None:
        """Have every place read by somebody; where two read one socket, each datagram still goes to one of them."""
        now = time.monotonic()
        reading = {place.number for place in self.places if place.reads(now)}
        before, self._readers = self._readers, choose_readers(len(self.places), reading, self._readers)
        for place, reader in self._readers.items() - before.items():
            self.places[reader].tell({"do": "adopt", "place": place})
        for place, reader in before.items() - self._readers.items():
            self.places[reader].tell({"do": "release", "place": place})

    async def _watch(self) -> None:
        """Cover for workers that are silent, have successors ready for them, and replace those that hang.

        One look in between lets a server that was itself stopped not blame them.
        """
        suspects: set[WorkerPlace] = set()
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            self._cover()
            now = time.monotonic()
            for place in self.places:
                place.foresee(now)
            hung = {place for place in self.places if place.hung(now)}
            for place in hung & suspects:
                place.replace("no tick for two seconds")
            suspects = hung

    async def _until(self, claim: Callable[[], bool], within: float | None) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while not claim():
                    self._movement.clear()
                    await self._movement.wait()


def _refusal(answers: Sequence[Message | None]) -> Aborted | None:
    for answer in answers:
        if answer is not None and answer["say"] == "refused":
            return Aborted(str(answer["why"]), damaged=bool(answer["damaged"]))
    return None


async def _commit(place: WorkerPlace, standing: Standing) -> None:
    answer = await place.ask({"do": "commit", "change": standing.number})
    if answer is not None and answer["say"] == "in force":
        place.note_in_force(standing)


def _tell_if_broken(task: "asyncio.Task[None]") -> None:
    """These tasks end only when they are cancelled; anything else is a bug, and must not go unseen."""
    if not task.cancelled() and (error := task.exception()) is not None:
        LOGGER.error("a worker place is no longer kept", exc_info=error)


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
