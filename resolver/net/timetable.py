"""When something must be done about an exchange: at fixed delays after its start, the same for all.

Because the delays are the same for all, whatever starts first is due first at every stage; so a queue for each stage
is in order by itself, and one timer for all is enough.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar


class Schedule(NamedTuple):
    """Seconds after the first send: of further sends, of the client's answer, and of the exchange's end."""

    sends: tuple[float, ...] = (0.4, 1.0)
    answer: float = 1.6
    close: float = 6.0


class Timed(Protocol):
    """Something with a start (monotonic seconds) that may be over before its time."""

    started: float
    open: bool


Item = TypeVar("Item", bound=Timed)


class Timetable(Generic[Item]):
    """What waits for its next stage."""

    __slots__ = ("_delays", "_queues")

    def __init__(self, delays: Sequence[float]) -> None:
        """Take the delays of the stages in seconds, rising."""
        self._delays = tuple(delays)
        self._queues: tuple[deque[Item], ...] = tuple(deque() for _ in delays)

    def __bool__(self) -> bool:
        return any(self._queues)

    def enter(self, item: Item) -> None:
        """Begin the stages of something that starts now; items are entered in the order of their starts."""
        self._queues[0].append(item)

    def due(self, now: float) -> Iterator[tuple[int, Item]]:
        """Take out what has reached a stage, with the number of that stage; it then waits for the next one."""
        for stage, (delay, queue) in enumerate(zip(self._delays, self._queues, strict=True)):
            while queue and (not queue[0].open or queue[0].started + delay <= now):
                item = queue.popleft()
                if not item.open:
                    continue
                if stage + 1 < len(self._queues):
                    self._queues[stage + 1].append(item)
                yield stage, item
