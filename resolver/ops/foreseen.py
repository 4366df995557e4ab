"""An interpreter that loads while somebody still writes what it is to compile; loading takes longer than amending."""

import asyncio
from contextlib import suppress
from typing import Final

from resolver.ops.children import Child
from resolver.ops.interpreters import Ahead

KEPT_SECONDS: Final = 10.0
"""How long it waits for work: writing one entry takes a fraction of a second."""


class ForeseenChild:
    """At most one compile child that has nothing to do yet; the first is the one that loads ahead of us, if any."""

    def __init__(self, ahead: Ahead | None = None) -> None:
        self._ahead = ahead or Ahead()
        self._child: Child | None = None
        self._end: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Let one load from now on; without one, whoever needs it starts his own."""
        loop = asyncio.get_running_loop()
        if self._child is None:
            with suppress(OSError):
                self._child = Child(loop, "compile")
                self._end = loop.call_later(KEPT_SECONDS, self.end)

    def take(self) -> Child:
        """Give the one that loads, or a new one. Raises OSError."""
        child, self._child = self._child, None
        if self._end is not None:
            self._end.cancel()
        if child is not None and child.alive:
            return child
        loop, begun = asyncio.get_running_loop(), self._ahead.take()
        return Child(loop, "compile") if begun is None else Child(loop, "compile", begun=begun)

    def end(self) -> None:
        """Do without it."""
        self._ahead.end()
        if self._child is not None:
            self._child.kill()
            self._child = None
