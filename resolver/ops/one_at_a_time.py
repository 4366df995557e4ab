"""How requests for the same work share it: one run at a time, and all who ask meanwhile share the next."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Outcome = TypeVar("Outcome")


class OneAtATime(Generic[Outcome]):
    """Runs ``work`` for whoever asks. Who asks during a run gets the outcome of the next one, which began later."""

    def __init__(self, work: Callable[[], Awaitable[Outcome]]) -> None:
        self._work = work
        self._wanted: asyncio.Future[Outcome] | None = None
        self._running: asyncio.Task[None] | None = None

    def request(self) -> "asyncio.Future[Outcome]":
        """Ask for a run; the future is shared, so shield it from a caller that gives up."""
        if self._wanted is None:
            self._wanted = asyncio.get_running_loop().create_future()
        wanted = self._wanted
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return wanted

    async def stop(self) -> None:
        """Cancel the run and whoever waits."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        if self._wanted is not None:
            self._wanted.cancel()

    async def _run(self) -> None:
        while self._wanted is not None:
            outcome, self._wanted = self._wanted, None
            try:
                outcome.set_result(await self._work())
            except asyncio.CancelledError:
                outcome.cancel()
                raise
            except Exception as error:  # noqa: BLE001  # whoever asked is told; the next run begins all the same
                outcome.set_exception(error)
        self._running = None
