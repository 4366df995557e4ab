"""How the supervisor starts a child process, talks to it and learns of its end; nothing here waits without a bound."""

import asyncio
import os
import re
import resource
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from resolver.ops.channel import Channel, Message
from resolver.ops.interpreters import Interpreter, Role, start_interpreter
from resolver.ops.logs import log_event
from resolver.ops.progress import Tell, tell_nobody

CAP_SYS_NICE: Final = 23
LEAST_PRIORITY: Final = 5
"""As RLIMIT_NICE counts (setrlimit(2)): the niceness of a compilation, 15, and nothing more urgent."""
WORKER_PRIORITY: Final = 35
"""The same for workers beside a compilation: `AHEAD`."""
AHEAD: Final = -15
"""The niceness of workers beside a compilation, where the host allows it."""


class Child:
    """A child process and our end of its channel."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        role: Role,
        inherited: Sequence[int] = (),
        begun: Interpreter | None = None,
    ) -> None:
        """Start it; it inherits these descriptors under their numbers, and its end of the channel. Raises OSError.

        One that has ``begun`` in this role is taken over as it is.
        """
        interpreter = begun or start_interpreter(role, inherited)
        self._process = interpreter.process
        self.role = role
        self.heard_progress: Tell = tell_nobody
        self.heard_counts: Callable[[list[list[Any]]], None] = lambda _: None
        self.pid = self._process.pid
        self.ended: asyncio.Future[int] = loop.create_future()
        self._loop = loop
        self._awaited: asyncio.Future[Message | None] | None = None
        self._end_watch = os.pidfd_open(self.pid)
        loop.add_reader(self._end_watch, self._reap)
        self._channel = Channel(loop, interpreter.channel, self._hear, self.kill)

    @property
    def alive(self) -> bool:
        """Whether it has not ended, as far as we know."""
        return not self.ended.done()

    async def end(self) -> int:
        """Wait until it has ended; returns its status. Whoever is cancelled meanwhile leaves the end to others."""
        return await asyncio.shield(self.ended)

    def tell(self, message: Message) -> None:
        """Send what needs no answer."""
        self._channel.send(message)

    async def ask(self, message: Message, within: float) -> Message | None:
        """Send a message and wait for the answer; None if there is none within so many seconds, or the child ends."""
        assert self._awaited is None, "one question at a time"
        if not self.alive:
            return None
        self._awaited = self._loop.create_future()
        self._channel.send(message)
        return await self.wait_on(within)

    async def wait_on(self, within: float) -> Message | None:
        """Wait on for the answer to what was asked; None as for ``ask``."""
        if self._awaited is None:
            return None
        await asyncio.wait({self._awaited}, timeout=within)
        if not self._awaited.done():
            return None
        answer, self._awaited = self._awaited.result(), None
        return answer

    def be_nice(self, niceness: int) -> None:
        """Let it have less of a core that others want, too, or more; 0: as much as we have."""
        if self.alive:  # else its number may be another process's by now
            with suppress(OSError):  # the host does not allow more
                os.setpriority(os.PRIO_PROCESS, self.pid, os.getpriority(os.PRIO_PROCESS, 0) + niceness)

    def give_way(self) -> None:
        """Let it compute only while nobody else wants the core, if that can be ended again (sched(7), SCHED_IDLE).

        Niceness alone lets workers wait for tens of milliseconds at a time on a busy machine.
        """
        if may_hurry():
            self._schedule(os.SCHED_IDLE)

    def hurry(self) -> None:
        """Let it compete for a core again, by its niceness."""
        self._schedule(os.SCHED_OTHER)

    def _schedule(self, policy: int) -> None:
        if self.alive:
            with suppress(OSError):  # the host forbids it: then it stays as it is
                os.sched_setscheduler(self.pid, policy, os.sched_param(0))

    def kill(self) -> None:
        """End it at once."""
        if self.alive:
            with suppress(ProcessLookupError):
                self._process.kill()

    def _hear(self, message: Message) -> None:
        if message.get("say") == "log":
            log_event(
                str(message["level"]), str(message["event"]), role=self.role, pid=self.pid, trace=message.get("trace")
            )
        elif message.get("say") == "progress":
            self.heard_progress(str(message["what"]), int(message["done"]), int(message["of"]))
        elif message.get("say") == "counts":
            self.heard_counts(message["counts"])
        else:
            self._answer(message)

    def _answer(self, message: Message | None) -> None:
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(message)

    def _reap(self) -> None:
        self._loop.remove_reader(self._end_watch)
        os.close(self._end_watch)
        self._channel.close()
        self._answer(None)
        self.ended.set_result(self._process.wait())


def may_hurry() -> bool:
    """Tell whether this process may end what `Child.give_way` begins: by a limit, or as root (capabilities(7))."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NICE)
    held = re.search(r"^CapEff:\t([0-9a-f]+)$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return limit >= LEAST_PRIORITY or (held is not None and bool(int(held[1], 16) >> CAP_SYS_NICE & 1))


def cannot_start(error: OSError) -> str:
    """Say why a child process cannot be started, and what to look at."""
    return (
        f"{error.filename or 'a child process'} cannot be started: {error.strerror or error}; "
        "check that the server's user may run it, and the limits on processes, memory and open files"
    )


def end_in_words(status: int) -> str:
    """Say how a process ended, from its exit status as subprocess gives it."""
    if status < 0:
        try:
            return f"killed by {signal.Signals(-status).name}"
        except ValueError:
            return f"killed by signal {-status}"
    return f"exit status {status}"
