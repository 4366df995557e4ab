"""How requests for the same work share it: one run at a time, and all who ask the same meanwhile share the next."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Wish = TypeVar("Wish")
Outcome = TypeVar("Outcome")


class OneAtATime(Generic[Wish, Outcome]):
    """Runs ``work`` for whoever asks. Who asks during a run gets the outcome of a later one, which began later.

    Different wishes are runs of their own, in the order in which they were first asked for.
    """

    def __init__(self, work: Callable[[Wish], Awaitable[Outcome]]) -> None:
        self._work = work
        self._wanted: dict[Wish, asyncio.Future[Outcome]] = {}
        self._running: asyncio.Task[None] | None = None

    def request(self, wish: Wish) -> "asyncio.Future[Outcome]":
        """Ask for a run; the future is shared, so shield it from a caller that gives up."""
        if wish not in self._wanted:
            self._wanted[wish] = asyncio.get_running_loop().create_future()
        wanted = self._wanted[wish]
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return wanted

    async def stop(self) -> None:
        """Cancel the run and whoever waits."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        for wanted in self._wanted.values():
            wanted.cancel()

    async def _run(self) -> None:
        while self._wanted:
            wish = next(iter(self._wanted))
            outcome = self._wanted.pop(wish)
            try:
                outcome.set_result(await self._work(wish))
            except asyncio.CancelledError:
                outcome.cancel()
                raise
            except Exception as error:  # noqa: BLE001  # whoever asked is told; the next run begins all the same
                outcome.set_exception(error)
        self._running = None
