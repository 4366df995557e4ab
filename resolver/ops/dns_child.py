"""What a dns worker does on the supervisor's word: start, change, read a neighbour's sockets too, drain.

Nothing is taken from the configuration here; all of it comes through the channel. Policies are mapped and checked in
a thread, so that answers go on meanwhile.
"""

import asyncio
import fcntl
import gc
import mmap
import os
import resource
import socket
import time
import traceback
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from resolver.core.counters import PAGE_SIZE
from resolver.core.policy import Policy
from resolver.net.late import WatchfulSelector
from resolver.net.settings import WorkerSettings
from resolver.net.worker import Worker
from resolver.ops.channel import Channel, Message
from resolver.ops.policy_file import DamagedPolicyError
from resolver.ops.policy_reader import PolicyReader, let_others_compute
from resolver.orders.index import DamagedIndexError

DRAIN_SECONDS: Final = 1.5
COMPLAINTS_A_MINUTE: Final = 20
DESCRIPTORS: Final = 8_192
"""Descriptors for which there is room from the start: more than two upstreams and all TCP connections take."""


class Prepared(NamedTuple):
    """What a commit will put in force."""

    change: int
    policy: Policy
    settings: WorkerSettings


class Complaints:
    """How many unexpected errors may still be reported in this minute; a bug on the query path must not flood."""

    def __init__(self) -> None:
        self._minute = 0
        self._said = 0

    def may_say(self, now: float) -> bool:
        """Tell whether one more may be said at this time (monotonic seconds)."""
        minute = int(now // 60)
        if minute != self._minute:
            self._minute, self._said = minute, 0
        self._said += 1
        return self._said <= COMPLAINTS_A_MINUTE


def _let_answers_go_on() -> None:
    """Hand the interpreter to the thread that answers, if it waits, instead of in five milliseconds."""
    time.sleep(0)


def _at_once() -> None:
    """Take no rest: nobody is answered yet."""


def _make_room(descriptor: int) -> None:
    """Have the kernel make its table of our descriptors as large as a flood would make it, by using a high place once.

    It doubles a table that is full, and where there are threads it waits up to 20 ms each time until nobody reads the
    old one (RCU), in the middle of a query.
    """
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    last = DESCRIPTORS if most == resource.RLIM_INFINITY else min(most, DESCRIPTORS)
    with suppress(OSError):  # that place is taken, so the table is as large already
        os.close(fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, last - 1))


class DnsChild:
    """One worker and its end of the channel."""

    def __init__(self, loop: asyncio.AbstractEventLoop, selector: WatchfulSelector, channel: socket.socket) -> None:
        _make_room(channel.fileno())  # while there are no threads, which costs no waiting
        self._loop = loop
        self._selector = selector
        self._worker: Worker | None = None
        self._prepared: Prepared | None = None
        self._reader = PolicyReader()
        self._complaints = Complaints()
        self._tasks: set[asyncio.Task[None]] = set()
        loop.set_exception_handler(self._complain)
        self._channel = Channel(loop, channel, self._obey, loop.stop)

    def _obey(self, message: Message) -> None:
        match message["do"]:
            case "start":
                self._spawn(self._start(message))
            case "prepare":
                self._spawn(self._prepare(message))
            case "commit":
                self._commit(message["change"])
            case "abort":
                self._prepared = None
            case "adopt":
                self._serving().adopt(message["place"])
            case "release":
                self._serving().release(message["place"])
            case "drain":
                self._spawn(self._drain())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _load(self, message: Message, rest: Callable[[], None]) -> Policy | None:
        """Map the policy a message names, or refuse it; ``rest`` after every piece of its index."""
        try:
            path, slots = Path(message["policy"]), message["slots"]
            policy, _ = await asyncio.to_thread(self._reader.open, path, slots, _let_answers_go_on, rest)
        except (DamagedPolicyError, DamagedIndexError, OSError) as error:
            self._say("refused", message, why=str(error), damaged=True)
        except Exception as error:  # noqa: BLE001  # whatever is wrong with a policy, the one in force stays
            self._say("refused", message, why=f"{message['policy']}: {error!r}", damaged=False)
        else:
            return policy
        return None

    async def _start(self, message: Message) -> None:
        policy = await self._load(message, _at_once)
        if policy is None:
            return
        offset = float(message["clock_offset"])
        self._worker = Worker(
            self._loop,
            WorkerSettings.from_json(message["settings"]),
            policy,
            memoryview(mmap.mmap(message["page"], PAGE_SIZE)).cast("Q"),
            lambda: time.time() + offset,
            udp=_sockets(message["udp"]),
            tcp=_sockets(message["tcp"]),
            neighbours={each["place"]: _sockets(each["udp"]) for each in message["neighbours"]},
        )
        self._selector.on_standstill = self._worker.discard_late
        self._worker.start()
        # The query path makes no cycles: from here on collecting garbage would only cost pauses.
        gc.collect()
        gc.freeze()
        gc.disable()
        self._say("ready", message, digest=policy.digest)
        await asyncio.to_thread(self._worker.get_ready_for_floods, _let_answers_go_on)

    async def _prepare(self, message: Message) -> None:
        policy = await self._load(message, let_others_compute)
        if policy is not None:
            settings = WorkerSettings.from_json(message["settings"])
            self._prepared = Prepared(message["change"], policy, settings)
            self._say("prepared", message, digest=policy.digest)

    def _commit(self, change: int) -> None:
        prepared, self._prepared = self._prepared, None
        assert prepared is not None, "only what was prepared is committed"
        assert prepared.change == change, "one change at a time"
        self._serving().swap(prepared.policy, prepared.settings)
        self._channel.send({"say": "in force", "change": change, "digest": prepared.policy.digest})

    def _serving(self) -> Worker:
        assert self._worker is not None, "only a worker that said ready is told this"
        return self._worker

    async def _drain(self) -> None:
        if self._worker is not None:
            await self._worker.drain(DRAIN_SECONDS)
        self._loop.stop()

    def _say(self, what: str, asked: Message, **fields: object) -> None:
        self._channel.send({"say": what, "change": asked["change"], **fields})

    def _complain(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if self._complaints.may_say(time.monotonic()):
            error = context.get("exception")
            trace = "".join(traceback.format_exception(error)) if isinstance(error, BaseException) else None
            self._channel.send({"say": "log", "level": "error", "event": context["message"], "trace": trace})


def _sockets(inherited: list[Message]) -> list[socket.socket]:
    return [socket.socket(fileno=each["fd"]) for each in inherited]


def serve(channel: socket.socket) -> int:
    """Work until the channel ends or a drain is over."""
    selector = WatchfulSelector()
    loop = asyncio.SelectorEventLoop(selector)
    asyncio.set_event_loop(loop)
    child = DnsChild(loop, selector, channel)
    loop.run_forever()
    del child
    os._exit(0)  # nothing is left to save, and tearing a million cache entries down takes seconds
