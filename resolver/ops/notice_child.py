"""What the process of the page does on the supervisor's word: start, get ready for a change, take it over.

Templates that cannot be used leave those in use where they are, or else ours stand in, and that is told: subscribers
learn of a block in any case.
"""

import asyncio
import json
import os
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from resolver.core.admission import Admission
from resolver.notice.decisions import Published
from resolver.notice.desk import Desk
from resolver.notice.holdings import Holdings
from resolver.notice.pages import PageError, Pages
from resolver.notice.server import NoticeServer
from resolver.notice.site import Site
from resolver.notice.translations import read_translations
from resolver.ops.channel import Channel, Message
from resolver.ops.notice_orders import published
from resolver.ops.policy_file import DamagedPolicyError, digest_in_name
from resolver.ops.policy_reader import MadeOfLines, PolicyReader, let_others_compute
from resolver.orders.index import DamagedIndexError

NICENESS: Final = 5
"""Queries come first: without an answer nobody gets here."""
COUNT_SECONDS: Final = 1.0
COMPLAINTS: Final = 20
"""Errors of our own that are told in the life of a process; a bug must not flood the log."""


class NoticeChild:
    """The page's process and its end of the channel."""

    def __init__(self, loop: asyncio.AbstractEventLoop, channel: socket.socket) -> None:
        self._loop = loop
        self._server: NoticeServer | None = None
        self._prepared: Desk | None = None
        self._reader = PolicyReader()
        self._published = MadeOfLines[Published]()
        self._sites: Mapping[str, Site] = {}
        self._pages: Mapping[str, Pages] = {}
        self._problems: Sequence[str] = ()
        self._clock_offset = 0.0
        self._told: dict[tuple[str, int], int] = {}
        self._complaints = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._channel = Channel(loop, channel, self._obey, loop.stop)

    def _obey(self, message: Message) -> None:
        match message["do"]:
            case "start":
                self._spawn(self._start(message))
            case "prepare":
                self._spawn(self._prepare(message))
            case "commit":
                self._commit()

    def _clock(self) -> float:
        return time.time() + self._clock_offset

    def _spawn(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _start(self, message: Message) -> None:
        self._clock_offset = float(message["clock_offset"])
        desk = await self._open(message)
        if desk is None:
            return
        self._server = NoticeServer(desk, self._complain, connections=int(message["connections"]))
        await self._server.start([socket.socket(fileno=number) for number in message["sockets"]])
        os.nice(NICENESS)
        self._channel.send({"say": "ready", "problems": list(self._problems)})
        self._spawn(self._tell_counts(self._server))

    async def _prepare(self, message: Message) -> None:
        self._prepared = await self._open(message)
        if self._prepared is not None:
            self._channel.send({"say": "prepared", "problems": list(self._problems)})

    def _commit(self) -> None:
        assert self._server is not None, "only who said ready is told this"
        assert self._prepared is not None, "only what was prepared is committed"
        self._server.replace(self._prepared)
        self._prepared = None
        self._channel.send({"say": "in force"})

    async def _open(self, message: Message) -> Desk | None:
        """Map the policy a message names, and load the pages; None if the policy was refused."""
        try:
            sites = {brand: Site.from_json(site) for brand, site in message["sites"].items()}
            return await asyncio.to_thread(self._open_desk, Path(message["policy"]), sites, message["clients_allow"])
        except (DamagedPolicyError, DamagedIndexError, OSError) as error:
            self._channel.send({"say": "refused", "why": str(error)})
        except Exception as error:  # noqa: BLE001  # whatever is wrong with a policy, what is shown stays
            self._channel.send({"say": "refused", "why": f"{message['policy']}: {error!r}"})
        return None

    def _open_desk(self, path: Path, sites: Mapping[str, Site], clients_allow: Sequence[str]) -> Desk:
        policy, lines = self._reader.open(path, {}, rest=let_others_compute)
        self._published.take(lines.orders, lambda _, line: published(json.loads(line)))
        holdings = Holdings(policy, {each.order: each for each in self._published.all}, self._clock())
        if sites != self._sites:
            self._open_all_pages(sites)
            self._sites = sites
        admission = None
        if policy.brands or policy.exemptions:
            exempt = [(each.key, each.clients) for each in policy.exemptions]
            admission = Admission(clients_allow, policy.brands, exempt)
        return Desk(holdings, self._pages, digest_in_name(path), self._clock, admission)

    def _open_all_pages(self, sites: Mapping[str, Site]) -> None:
        translations, pages, problems = read_translations(), {}, dict[str, None]()
        for brand, site in sites.items():
            try:
                pages[brand] = Pages.open(site, translations)
            except PageError as error:
                problems[f"notice.templates: {error}; those in use stay, or the shipped ones"] = None
                used = self._pages.get(brand) or Pages.open(replace(site, templates=None), translations)
                pages[brand] = replace(used, site=site)
        self._pages, self._problems = pages, tuple(problems)

    async def _tell_counts(self, server: NoticeServer) -> None:
        while True:
            await asyncio.sleep(COUNT_SECONDS)
            if server.counts != self._told:
                self._told = dict(server.counts)
                counts = [[order, status, count] for (order, status), count in self._told.items()]
                self._channel.send({"say": "counts", "counts": counts})

    def _complain(self, error: BaseException) -> None:
        self._complaints += 1
        if self._complaints <= COMPLAINTS:
            place = error.__traceback__
            while place is not None and place.tb_next is not None:
                place = place.tb_next
            where = "" if place is None else f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}: "
            # The kind of the error and its place, and not its words: they might repeat what was asked.
            self._say("error", "a page could not be written", f"{where}{type(error).__name__}")

    def _say(self, level: str, event: str, trace: str | None) -> None:
        self._channel.send({"say": "log", "level": level, "event": event, "trace": trace})


def serve(channel: socket.socket) -> int:
    """Work until the channel ends."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    child = NoticeChild(loop, channel)
    loop.run_forever()
    del child
    os._exit(0)  # connections are cut: a page is asked for again by who wants it
