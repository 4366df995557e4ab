"""An event loop whose time passes only while it waits in vain, so that a busy machine delays tests and fails none.

What the loop's own callbacks take costs no time, nor does a datagram that is there when the loop looks. Whatever else
happens, happens after as many seconds of its own as were asked for, and in that order.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import TypeVar

TURN = 1e-6
"""Seconds that a turn of the loop takes without an event: some, lest a rounded timer be awaited for ever."""

Result = TypeVar("Result")


class FairSelector(selectors.DefaultSelector):
    """Waits as any other, and counts the seconds that were waited to the end; ``now`` is their sum."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for events; without any, as many seconds have passed as were to be waited, however many it were."""
        events = super().select(timeout)
        if not events:
            self.now += max(timeout or 0.0, TURN)
        return events


class FairLoop(asyncio.SelectorEventLoop):
    """An event loop that goes by the time of its selector."""

    def __init__(self) -> None:
        self._fair = FairSelector()
        super().__init__(self._fair)

    def time(self) -> float:
        """Tell the seconds that have passed since the loop was made."""
        return self._fair.now


def run_fairly(main: Callable[[], Coroutine[object, object, Result]]) -> Result:
    """Run something to its end on such a loop."""
    with asyncio.Runner(loop_factory=FairLoop) as runner:
        return runner.run(main())
