"""How the supervisor keeps the page: one child, followed by a successor when it ends, and changed after the workers.

DNS does not depend on it. What it cannot take over in time, a successor starts on; a page that is down is a page, and
never keeps an order from binding.
"""

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from resolver.net.sockets import ListenAddress
from resolver.notice.site import Site
from resolver.ops.children import Child, cannot_start, end_in_words
from resolver.ops.logs import log_event

START_SECONDS: Final = 30.0
PREPARE_SECONDS: Final = 5.0
COMMIT_SECONDS: Final = 2.0
BACK_OFF: Final = (0.0, 0.25, 1.0, 5.0, 15.0)
"""Seconds before a successor, by how many predecessors in a row lived too short."""
SOUND_LIFE_SECONDS: Final = 10.0

Counts = Mapping[tuple[str, str], int]
"""Answers by order ("" where none blocks) and status."""


@dataclass(frozen=True, slots=True)
class NoticeStanding:
    """What the page is to show: a policy, whose page it is for each brand, and how many connections it may hold."""

    policy: Path
    digest: str
    sites: Mapping[str, Site]
    clients_allow: tuple[str, ...]
    connections: int

    def to_json(self) -> dict[str, Any]:
        """Write what the child needs."""
        return {
            "policy": str(self.policy),
            "sites": {brand: site.to_json() for brand, site in self.sites.items()},
            "clients_allow": list(self.clients_allow),
            "connections": self.connections,
        }


class NoticePlace:
    """The page's sockets, the child that serves them, and what it counted; its successor goes on counting."""

    def __init__(self, sockets: Sequence[tuple[ListenAddress, socket.socket]], clock_offset: float) -> None:
        """Prepare the place; without sockets there is no page, and nothing is ever started."""
        self.addresses = tuple(str(address) for address, _ in sockets)
        self.serving: NoticeStanding | None = None
        self.restarts = 0
        self.counts: Counts = {}
        self.problems: tuple[str, ...] = ()
        """What is wrong with templates that were to be used."""
        self._earlier: Counter[tuple[str, str]] = Counter()
        self._sockets = tuple(sock for _, sock in sockets)
        self._clock_offset = clock_offset
        self._wanted: NoticeStanding | None = None
        self._wanted_known = asyncio.Event()
        self._child: Child | None = None
        self._prepared: NoticeStanding | None = None
        self._short_lives = 0
        self._keeping: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process that serves the page now."""
        return self._child.pid if self._child is not None and self._child.alive else None

    @property
    def wanted(self) -> NoticeStanding | None:
        """What the page is to show."""
        return self._wanted

    def open(self) -> None:
        """Keep a child from the first commit on."""
        if self._sockets:
            self._keeping = asyncio.create_task(self._keep())

    async def prepare(self, standing: NoticeStanding) -> None:
        """Let the page get ready for a change, so that it takes no time once the change is decided."""
        self._prepared = None
        if self._child is not None and self.serving is not None:
            answer = await self._child.ask({"do": "prepare", **standing.to_json()}, PREPARE_SECONDS)
            if answer is None:
                self._child.kill()  # it hangs; its successor starts on whatever is decided
            elif answer["say"] == "prepared":
                self._prepared = standing
                self.problems = tuple(answer["problems"])

    async def commit(self, standing: NoticeStanding) -> None:
        """Show this from now on; who did not get ready, or does not answer, gives way to a successor."""
        before, self._wanted = self._wanted, standing
        self._wanted_known.set()
        if self._child is None or self.serving is None or before is None:
            return
        answer = None
        if self._prepared is standing:
            answer = await self._child.ask({"do": "commit"}, COMMIT_SECONDS)
        if answer is not None and answer["say"] == "in force":
            self.serving = standing
        else:
            log_event("warning", "the page is replaced", pid=self._child.pid, why="it did not take a change over")
            self._child.kill()

    async def end(self) -> None:
        """End it at once."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        if self._child is not None:
            self._child.kill()
            await self._child.ended

    async def _keep(self) -> None:
        await self._wanted_known.wait()
        while True:
            await asyncio.sleep(BACK_OFF[min(self._short_lives, len(BACK_OFF) - 1)])
            begun = time.monotonic()
            try:
                child = self._child = Child(
                    asyncio.get_running_loop(), "notice", [sock.fileno() for sock in self._sockets]
                )
            except OSError as error:
                log_event("error", "the page cannot be served", why=cannot_start(error))
                self._short_lives += 1
                continue
            child.heard_counts = self._note_counts
            await self._live(child)
            child.kill()
            status = await child.ended
            self.serving = None
            self._earlier = Counter(self.counts)
            self.restarts += 1
            self._short_lives = 0 if time.monotonic() - begun >= SOUND_LIFE_SECONDS else self._short_lives + 1
            log_event("error", "the page ended; a successor starts", pid=child.pid, how=end_in_words(status))

    async def _live(self, child: Child) -> None:
        standing = self._wanted
        assert standing is not None, "kept from the first commit on"
        start = {
            "do": "start",
            **standing.to_json(),
            "sockets": [sock.fileno() for sock in self._sockets],
            "clock_offset": self._clock_offset,
        }
        answer = await child.ask(start, START_SECONDS)
        if answer is None or answer["say"] != "ready":
            why = f"not ready within {START_SECONDS:g} s" if answer is None else str(answer["why"])
            log_event("error", "the page cannot be served", pid=child.pid, why=why)
            return
        if standing is not self._wanted:
            return  # a change was committed meanwhile: the successor starts on it
        self.serving = standing
        self.problems = tuple(answer["problems"])
        for problem in self.problems:
            log_event("error", "refused", problem=problem)
        log_event("info", "the page is served", pid=child.pid, listen=list(self.addresses))
        await asyncio.shield(child.ended)

    def _note_counts(self, counts: list[list[Any]]) -> None:
        """Add what the child counted to what its predecessors did; a new mapping, for a scrape may read the old one."""
        total = Counter(self._earlier)
        for order, status, count in counts:
            total[str(order), str(status)] += int(count)
        self.counts = dict(total)
