"""What a list ten times as long costs each server: to start with, to hold, and to read again while it serves."""

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.contenders import OURS, Listing, can_reload, make_listing
from benchmarks.load import BUFFER_KILOBYTES, Counts, Load, read_counts
from benchmarks.made_up_names import ZONE, cached_names, mix, write_questions
from benchmarks.probe import asking, is_blocked, must_be_allowed, must_be_blocked, probing, ways_to_ask
from benchmarks.processes import Watch, settled_pss
from benchmarks.rounds import CLIENTS, END_SECONDS, Latency, read_latency

KEPT: Final = f"kept.{ZONE}"
"""Listed before and after the reload."""
GONE: Final = f"gone.{ZONE}"
COME: Final = f"come.{ZONE}"
WORKERS: Final = 2
"""Of ours; a peer has its one thread."""
LOOK_SECONDS: Final = 0.2
RELOAD_SECONDS: Final = 120.0
LONGER: Final = 5
"""Times a load's seconds, about as long as a reload: dnsperf asks less than it should for some seconds, and then
makes up for it in a burst."""
ASK_AGAIN_SECONDS: Final = 0.02
AFTERWARDS_SECONDS: Final = 0.5
HOSTS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Reload:
    """One name of the list was exchanged under load."""

    rate: int
    """Queries a second."""
    seconds: float
    """Until the name that came was blocked, where no cache knew it."""
    before: Latency
    during: Latency
    counts: Counts
    looked_at: int
    wrong: int
    unanswered: int
    """Of those looked at."""
    still_cached: int
    """Answers that the upstream gave before, served afterwards for the name that came, of one from each socket."""
    peak: float
    """Megabytes (PSS) of the whole tree, looked at five times a second."""

    @property
    def lost(self) -> int:
        """Queries without an answer, of the load and of those looked at."""
        return self.counts.lost + self.unanswered


@dataclass(frozen=True, slots=True)
class LongList:
    """What it cost one server."""

    threads: int
    first_start: float
    """Seconds from the start to the first blocked answer."""
    restart: float | None
    """The same with what the first start compiled; None if it compiles nothing."""
    memory: float
    """Megabytes (PSS) of the whole tree, after some load."""
    reload: Reload | None
    """None if it can only be started anew."""


def measure_long_list(
    name: str, folder: Path, listed: Sequence[str], upstream: int, *, rate: int, seconds: int, restarts: int
) -> LongList:
    """Start a server with these names, weigh it, and reload it under so many queries a second."""
    threads = WORKERS if name == OURS else 1
    server = make_listing(name, folder, [*listed, KEPT, GONE], upstream, workers=threads)
    try:
        server.launch()
        first = server.wait_for_block(KEPT)
        again = median([_start_again(server) for _ in range(restarts)]) if name == OURS else None
        questions = write_questions(folder / "questions", mix(listed[:HOSTS], cached_names(HOSTS), 20 * HOSTS))
        _wait_at(server.port, questions, rate, seconds)  # so that caches fill
        before = _wait_at(server.port, questions, rate, LONGER * seconds)
        memory = settled_pss(server.pid)
        reload = _reload(server, listed, questions, rate, before) if can_reload(name) else None
        return LongList(threads, first, again, memory, reload)
    finally:
        server.stop()


def _start_again(server: Listing) -> float:
    server.stop()
    server.launch()
    return server.wait_for_block(KEPT)


def _wait_at(port: int, questions: Path, rate: int, seconds: int) -> Latency:
    """Ask at a rate."""
    load = _load(port, questions, rate, seconds)
    try:
        latency = read_latency(load.said(seconds + END_SECONDS))
    finally:
        load.kill()
    if latency is None:
        raise RuntimeError("nothing was answered")
    return latency


def _load(port: int, questions: Path, rate: int, seconds: float) -> Load:
    options = ("-l", str(int(seconds)), "-Q", str(rate), "-q", str(max(200, rate)), "-b", str(BUFFER_KILOBYTES), "-v")
    return Load(port, questions, *options, clients=CLIENTS)


def _reload(server: Listing, listed: Sequence[str], questions: Path, rate: int, before: Latency) -> Reload:
    """Exchange one name, and watch what the load, and a name that stays listed, see of it."""
    with asking(server.port) as asker:
        asker.ask_all([must_be_allowed(COME)])
        if asker.seen.wrong:
            raise RuntimeError("a name that is not listed is blocked")
    server.list_names([*listed, KEPT, COME])
    load = _load(server.port, questions, rate, RELOAD_SECONDS)
    try:
        with probing(server.port, ways_to_ask(KEPT)) as probed, Watch(server.pid, LOOK_SECONDS).looking() as watch:
            time.sleep(AFTERWARDS_SECONDS)
            started = time.monotonic()
            server.reload()
            _wait_until_blocked(server.port, started)
            seconds = time.monotonic() - started
            with asking(server.port) as asker:
                asker.ask_all([must_be_blocked(COME)])
            time.sleep(AFTERWARDS_SECONDS)
            load.interrupt()
            said = load.said(END_SECONDS)
    finally:
        load.kill()
    during = read_latency(said)
    if during is None:
        raise RuntimeError("nothing was answered during the reload")
    return Reload(
        rate=rate,
        seconds=seconds,
        before=before,
        during=during,
        counts=read_counts(said),
        looked_at=probed.asked,
        wrong=probed.wrong,
        unanswered=probed.unanswered,
        still_cached=asker.seen.wrong,
        peak=watch.peak_pss,
    )


def _wait_until_blocked(port: int, started: float) -> None:
    """Ask for hosts below the name that came, each once: an answer from before may stay in a cache."""
    for number in itertools.count():
        if is_blocked(port, f"host{number}.{COME}"):
            return
        if time.monotonic() - started > RELOAD_SECONDS:
            raise TimeoutError(f"the new name is not blocked within {RELOAD_SECONDS:g} s of the reload")
        time.sleep(ASK_AGAIN_SECONDS)
