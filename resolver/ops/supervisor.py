"""What `arret serve` runs: the process that opens the sockets, keeps the workers, and decides every change.

It parses no order and serves no subscriber. Its life from top to bottom: `run_supervisor` reads the configuration and
takes what only one server may have (state folder, addresses); `_serve` starts the workers on the first policy, answers
signals and commands, and ends everything in two seconds.
"""

import asyncio
import os
import resource
import signal
import socket
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from resolver.net.sockets import ListenAddress, Listener, ListenError, Opened, open_listeners, open_page_listeners
from resolver.ops.children import LEAST_PRIORITY, WORKER_PRIORITY
from resolver.ops.chronicle import Chronicle
from resolver.ops.clock import OrderClock, order_clock
from resolver.ops.config import Config, load_config
from resolver.ops.control import SOCKET_FILE, ControlError, Message, Peer
from resolver.ops.control_server import ControlServer, open_control_socket
from resolver.ops.interpreters import PRIVATE_FILES, Ahead, fill_standard_descriptors
from resolver.ops.journal_facts import NO_RETENTION, SIGNAL, act_of, who_is
from resolver.ops.logs import Log, log_event, start_log
from resolver.ops.metrics_server import MetricsAddressError, MetricsServer, get_ready
from resolver.ops.notice_place import NoticePlace
from resolver.ops.notify import notify, watchdog_seconds
from resolver.ops.one_at_a_time import OneAtATime
from resolver.ops.privileges import PrivilegeError, become, check_interpreter
from resolver.ops.progress import Tell, tell_nobody
from resolver.ops.reload import Reloader, ReloadOutcome
from resolver.ops.state_lock import StateError, StateLock
from resolver.ops.status import RunningServer
from resolver.ops.widening import widened_facts
from resolver.ops.worker_place import PlaceSockets
from resolver.ops.worker_places import WorkerPlaces

DRAIN_SECONDS: Final = 1.9

CannotStart = (StateError, ListenError, ControlError, MetricsAddressError, PrivilegeError)


def run_supervisor(
    config_path: Path, tell: Tell = tell_nobody, ahead: Ahead | None = None, *, page_only: bool = False
) -> int:
    """Serve until SIGTERM or SIGINT; the exit status is 0, or 1 if it could not start, which the log explains.

    ``tell`` learns how far a compilation of orders is. ``ahead`` holds the interpreter of the first one, if it loads
    already. ``page_only``: serve the notice page, and no DNS.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is something to reload
    fill_standard_descriptors()
    log = start_log()
    try:
        config = load_config(config_path)
        if isinstance(config, Config):
            log.restyle(config.log.format, config.log.level)
            if page_only and not config.notice.listen:
                raise ListenError("notice.listen: says no address, and without DNS there would be nothing to serve")
            return _run(config_path, config, log, tell, ahead or Ahead(), page_only=page_only)
        for problem in config:
            log_event("error", "configuration refused", problem=str(problem))
    except CannotStart as error:
        log_event("error", "cannot start", why=str(error))
    finally:
        log.stop()
    return 1


@dataclass(frozen=True, slots=True)
class Premises:
    """What one server holds and no other: taken before privileges are given up, released at the end."""

    config_path: Path
    config: Config
    clock: OrderClock
    listeners: tuple[Listener, ...]
    notice: tuple[tuple[ListenAddress, socket.socket], ...]
    warnings: tuple[str, ...]
    started: float
    log: Log
    tell: Tell
    ahead: Ahead

    def place_sockets(self) -> list[PlaceSockets]:
        """Divide the sockets among the workers."""
        tcp = tuple((str(listener.address), listener.tcp) for listener in self.listeners)
        udp = {
            number: tuple((str(listener.address), listener.udp[number]) for listener in self.listeners)
            for number in range(self.config.worker_count if self.listeners else 0)
        }
        return [
            PlaceSockets(own, tcp, {other: sockets for other, sockets in udp.items() if other != number})
            for number, own in udp.items()
        ]


def _open_listeners(config: Config) -> Opened:
    addresses = [ListenAddress(endpoint.host, endpoint.port) for endpoint in config.listen]
    return open_listeners(addresses, config.worker_count, strict=config.listen_strict)


def _run(config_path: Path, config: Config, log: Log, tell: Tell, ahead: Ahead, *, page_only: bool) -> int:
    os.umask(PRIVATE_FILES)
    _raise_file_limit()
    _let_compilations_hurry()
    with ExitStack() as held:
        lock = StateLock(config.state)
        held.callback(lock.release)
        opened = Opened((), ()) if page_only else _open_listeners(config)
        for listener in opened.listeners:
            held.callback(listener.close)
        pages = open_page_listeners([ListenAddress(*each) for each in config.notice.listen], strict=page_only)
        for _, page in pages.listeners:
            held.callback(page.close)
        started = time.time()
        clock = order_clock(config.rehearse, started)
        warnings = opened.warnings + pages.warnings
        premises = Premises(
            config_path, config, clock, opened.listeners, pages.listeners, warnings, started, log, tell, ahead
        )
        return asyncio.run(_serve(premises))


def _raise_file_limit() -> None:
    """Let workers open as many sockets as the host allows: each question should leave from a port of its own."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _let_compilations_hurry() -> None:
    """Let a compilation that takes only what is left over compete again, at low priority, if it takes too long; and
    workers come first meanwhile."""
    _, most = resource.getrlimit(resource.RLIMIT_NICE)
    for wanted in (LEAST_PRIORITY, WORKER_PRIORITY):
        with suppress(ValueError):  # not ours to raise; compilations compete at low priority from the beginning then
            endless = most == resource.RLIM_INFINITY
            resource.setrlimit(resource.RLIMIT_NICE, (wanted, most if endless else max(most, wanted)))


async def _serve(premises: Premises) -> int:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    supervisor = Supervisor(premises)
    try:
        refusal = await _start_unless(stopping, supervisor)
        if refusal is not None:
            log_event("error", "cannot start", why=refusal)
            return 1
        await stopping.wait()
        log_event("info", "stopping")
        return 0
    finally:
        await supervisor.stop()


async def _start_unless(stopping: asyncio.Event, supervisor: "Supervisor") -> str | None:
    """Start, or give it up as soon as the server is told to stop."""
    start, stop = asyncio.create_task(supervisor.start()), asyncio.create_task(stopping.wait())
    await asyncio.wait({start, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not start.done():
        start.cancel()
        await asyncio.gather(start, return_exceptions=True)
        return None
    return start.result()


class Supervisor:
    """The running server: workers, reloads, control socket, metrics."""

    def __init__(self, premises: Premises) -> None:
        self._config = premises.config
        self._places = WorkerPlaces(premises.place_sockets(), premises.clock.offset, self._rebuild)
        rehearsal = premises.config.rehearse is not None
        self._chronicle = Chronicle(premises.config.state, premises.clock, rehearsal=rehearsal)
        self._notice = NoticePlace(premises.notice, premises.clock.offset)
        self._reloader = Reloader(
            premises.config_path,
            premises.config,
            premises.clock,
            self._places,
            premises.log,
            premises.warnings,
            self._chronicle,
            premises.tell,
            self._notice,
            ahead=premises.ahead,
        )
        self._server = RunningServer(
            premises.config_path,
            tuple(str(listener.address) for listener in premises.listeners),
            premises.clock,
            premises.started,
            self._places,
            self._reloader,
            self._notice,
            premises.log,
            self._chronicle,
        )
        self._reloads = OneAtATime(self._reloader.reload)
        self._metrics: MetricsServer | None = None
        self._control: ControlServer | None = None
        self._keeping: tuple[asyncio.Task[None], ...] = ()

    async def start(self) -> str | None:
        """Give up root, start the workers, open control socket and metrics; a sentence if nobody can be served."""
        config = self._config
        if config.metrics.listen is not None:
            self._metrics = MetricsServer(config.metrics.listen, self._server.metrics_state)
            self._metrics.start()
        if config.user is not None:
            if self._metrics is not None:
                get_ready()
            self._reloader.foreseen.end()  # it is root, and nobody else may end it then
            become(config.user, config.state)
            check_interpreter(config.user)
        verbs = {
            "reload": self._answer_reload,
            "status": self._answer_status,
            "progress": self._answer_progress,
            "widened": self._answer_widened,
            "act": self._answer_act,
            "prune": self._answer_prune,
        }
        self._control = ControlServer(open_control_socket(config.state), verbs)
        await self._chronicle.start()
        await self._reloader.hold_reserve()
        self._places.open()
        self._notice.open()
        refusal = await self._reloader.start()  # its compilation, which takes longest, starts before the workers do
        if refusal is not None:
            return refusal
        if self._metrics is not None:
            await asyncio.to_thread(get_ready)
        await self._control.start()
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._reload_on_signal)
        self._keeping = (asyncio.create_task(_feed_watchdog()), asyncio.create_task(self._chronicle.keep()))
        notify("READY=1")
        self._announce()
        return None

    async def stop(self) -> None:
        """End everything, the workers after what they have in hand."""
        notify("STOPPING=1")
        for task in self._keeping:
            task.cancel()
        if self._control is not None:
            self._control.stop()
        await self._reloads.stop()
        self._reloader.foreseen.end()
        await asyncio.gather(self._places.drain(DRAIN_SECONDS), self._notice.end())
        await self._chronicle.stop()
        if self._metrics is not None:
            self._metrics.stop()
        if self._control is not None:
            (self._config.state / SOCKET_FILE).unlink(missing_ok=True)

    def _announce(self) -> None:
        status = self._status()
        if status["rehearsal"]:
            log_event("warning", "REHEARSAL: the order clock is not the real one", starts=status["rehearsal"])
        told = ("listen", "metrics", "policy", "orders", "names", "rehearsal", "pid", "control")
        log_event("info", "serving", workers=len(status["workers"]), **{key: status[key] for key in told})

    def _status(self) -> Message:
        metrics = None
        if self._metrics is not None:
            metrics = str(ListenAddress(*self._metrics.address))
        return {**self._server.status(), "metrics": metrics}

    async def _answer_status(self, request: Message, _peer: Peer) -> Message:
        """Tell how things are; to whom is about to act, with an interpreter on its way that will amend the policy."""
        if request.get("act_follows"):
            self._reloader.foreseen.start()
        return self._status()

    async def _answer_progress(self, _request: Message, _peer: Peer) -> Message:
        now = self._reloader.progress
        return {"ok": True, "progress": None if now is None else now._asdict()}

    async def _answer_widened(self, request: Message, peer: Peer) -> Message:
        facts = widened_facts(request.get("entries"), who_is(peer))
        refusal = "that is not how it is said what was widened"
        if facts is not None and (failure := await self._chronicle.record(facts)) is None:
            return {"ok": True}
        return {"ok": False, "why": refusal if facts is None else failure}

    async def _answer_reload(self, request: Message, peer: Peer) -> Message:
        plan = request.get("plan")
        if not isinstance(plan, str | None):
            return {"ok": False, "why": "the plan of a reload is its digest, as text"}
        self._reloader.asked_by.append(who_is(peer))
        outcome = await asyncio.shield(self._reloads.request(plan))
        if outcome.void:
            return {"ok": False, "why": "; ".join(outcome.problems)}
        return self._told(outcome)

    def _told(self, outcome: ReloadOutcome) -> Message:
        status = self._status()
        return {
            "ok": not outcome.problems,
            "changed": outcome.changed,
            "problems": list(outcome.problems),
            "warnings": list(outcome.warnings),
            **{key: status[key] for key in ("digest", "orders", "names", "rehearsal")},
        }

    async def _answer_act(self, request: Message, peer: Peer) -> Message:
        """Journal what a command did to an order's file, and put it in force if it says so."""
        entry = act_of(request, who_is(peer))
        if isinstance(entry, str):
            return {"ok": False, "why": entry}
        refusal = await self._chronicle.record([entry])
        if refusal is not None:
            return {"ok": False, "why": refusal}
        if not request.get("apply"):
            return {"ok": True}
        outcome = await asyncio.shield(self._reloader.amend(Path(entry["file"]), who_is(peer)))
        if outcome is None:
            self._reloader.asked_by.append(who_is(peer))
            outcome = await asyncio.shield(self._reloads.request(None))
        return self._told(outcome)

    async def _answer_prune(self, _request: Message, peer: Peer) -> Message:
        retention = self._reloader.config.journal.retention
        if retention is None:
            return {"ok": False, "why": NO_RETENTION}
        pruned = await self._chronicle.prune(time.time() - retention, who_is(peer))
        if isinstance(pruned, str):
            return {"ok": False, "why": pruned}
        if pruned.entries:
            self._reloader.pruned = True
            self._reloads.request(None)
        return {"ok": True, "orders": dict(pruned.orders), "entries": pruned.entries}

    def _rebuild(self) -> None:
        """Have the policy's files made anew, which a worker's successor found damaged; the start does so by itself."""
        if self._reloader.last is not None:
            log_event("warning", "the policy is compiled again, for its files are damaged")
            self._reloads.request(None)

    def _reload_on_signal(self) -> None:
        log_event("info", "reload by SIGHUP")
        self._reloader.asked_by.append(SIGNAL)
        self._reloads.request(None)


async def _feed_watchdog() -> None:
    """Tell the service manager, as often as it wants, that this loop still turns."""
    seconds = watchdog_seconds()
    while seconds is not None:
        notify("WATCHDOG=1")
        await asyncio.sleep(seconds)
