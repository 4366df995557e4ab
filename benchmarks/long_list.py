"""What a list ten times as long costs each server: to start with, to hold, and to read again while it serves."""

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.contenders import OURS, Listing, can_reload, make_listing
from benchmarks.load import ANSWER_SECONDS, BUFFER_KILOBYTES, Counts, Load, read_counts
from benchmarks.made_up_names import ZONE, cached_names, mix, write_questions
from benchmarks.probe import asking, is_blocked, must_be_allowed, must_be_blocked, probing, ways_to_ask
from benchmarks.processes import Watch, settled_pss
from benchmarks.rounds import CLIENTS, END_SECONDS, Latency, read_latency

KEPT: Final = f"kept.{ZONE}"
"""Listed before and after each reload."""
GONE: Final = f"gone.{ZONE}"
WORKERS: Final = 2
"""Of ours; a peer has its one thread."""
RELOADS: Final = 3
LOOK_SECONDS: Final = 0.2
RELOAD_SECONDS: Final = 120.0
SETTLING: Final = 1.5
"""Times a load's seconds. dnsperf pauses after every other query until it has asked as many as may be open, and makes
up for that in a burst, whoever answers: with a tenth of a second's worth, in the first second."""
LONGER: Final = 5
"""Times a load's seconds, about as long as a reload."""
ASK_AGAIN_SECONDS: Final = 0.02
AFTERWARDS_SECONDS: Final = 0.5
HOSTS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Reload:
    """One name of the list was exchanged under load, and nothing else changed between "before" and "during"."""

    rate: int
    """Queries a second."""
    seconds: float
    """Until the name that came was blocked, where no cache knew it."""
    before: Latency
    during: Latency
    counts: Counts
    """Of the whole load, from its start until every query of the reload was answered or given up."""
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

    @property
    def growth(self) -> float:
        """What 99 of 100 wait at most, times that before."""
        return self.during.p99 / self.before.p99


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
    reloads: tuple[Reload, ...]
    """One after the other; none if it can only be started anew."""

    @property
    def middle(self) -> Reload | None:
        """The reload that made waits grow by the median."""
        return sorted(self.reloads, key=lambda each: each.growth)[len(self.reloads) // 2] if self.reloads else None


def measure_long_list(
    name: str, folder: Path, listed: Sequence[str], upstream: int, *, rate: int, seconds: int, rounds: int
) -> LongList:
    """Start a server with these names, weigh it, and reload it under so many queries a second."""
    threads = WORKERS if name == OURS else 1
    server = make_listing(name, folder, [*listed, KEPT, GONE], upstream, workers=threads)
    try:
        server.launch()
        first = server.wait_for_block(KEPT)
        again = median([_start_again(server) for _ in range(rounds)]) if name == OURS else None
        questions = write_questions(folder / "questions", mix(listed[:HOSTS], cached_names(HOSTS), 20 * HOSTS))
        _fill_caches(server.port, questions, rate, seconds)
        memory = settled_pss(server.pid)
        names = [f"come{number}.{ZONE}" for number in range(min(rounds, RELOADS))] if can_reload(name) else []
        reloads = tuple(_reload(server, listed, comes, questions, rate, seconds) for comes in names)
        return LongList(threads, first, again, memory, reloads)
    finally:
        server.stop()


def _start_again(server: Listing) -> float:
    server.stop()
    server.launch()
    return server.wait_for_block(KEPT)


def _fill_caches(port: int, questions: Path, rate: int, seconds: int) -> None:
    load = _load(port, questions, rate, seconds)
    try:
        load.said(seconds + END_SECONDS)
    finally:
        load.kill()


def _load(port: int, questions: Path, rate: int, seconds: float) -> Load:
    """Ask at a rate, whether or not earlier queries are answered, unless a tenth of a second's worth is open."""
    most = str(max(200, rate // 10))
    options = ("-l", str(int(seconds)), "-Q", str(rate), "-q", most, "-b", str(BUFFER_KILOBYTES), "-v")
    return Load(port, questions, *options, clients=CLIENTS)


def _reload(server: Listing, listed: Sequence[str], comes: str, questions: Path, rate: int, seconds: int) -> Reload:
    """Load the server, and have it reload in the middle; watch what the load, and a name that stays listed, see of it.

    Whoever watches does so before the reload, too, so that this is the same for both.
    """
    with asking(server.port) as asker:
        asker.ask_all([must_be_allowed(comes)])
        if asker.seen.wrong:
            raise RuntimeError("a name that is not listed is blocked")
    server.list_names([*listed, KEPT, comes])
    load = _load(server.port, questions, rate, RELOAD_SECONDS + LONGER * seconds)
    try:
        time.sleep(SETTLING * seconds)
        with probing(server.port, ways_to_ask(KEPT)) as probed, Watch(server.pid, LOOK_SECONDS).looking() as watch:
            settled = load.so_far()
            time.sleep(LONGER * seconds)
            begun, started = load.so_far(), time.monotonic()
            server.reload()
            _wait_until_blocked(server.port, comes, started)
            took = time.monotonic() - started
            with asking(server.port) as asker:
                asker.ask_all([must_be_blocked(comes)])
            time.sleep(AFTERWARDS_SECONDS)
            done = load.so_far()
        time.sleep(ANSWER_SECONDS)  # else what was lost meanwhile would count nowhere
        load.interrupt()
        said = load.said(END_SECONDS)
    finally:
        load.kill()
    return Reload(
        rate=rate,
        seconds=took,
        before=_latency(said[settled:begun]),
        during=_latency(said[begun:done]),
        counts=read_counts(said),
        looked_at=probed.asked,
        wrong=probed.wrong,
        unanswered=probed.unanswered,
        still_cached=asker.seen.wrong,
        peak=watch.peak_pss,
    )


def _latency(said: str) -> Latency:
    """Read how long answers took, but for the line that the piece begins with, which may be half of one."""
    latency = read_latency(said.partition("\n")[2].rpartition("\n")[0])
    if latency is None:
        raise RuntimeError("nothing was answered")
    return latency


def _wait_until_blocked(port: int, comes: str, started: float) -> None:
    """Ask for hosts below the name that came, each once: an answer from before may stay in a cache."""
    for number in itertools.count():
        if is_blocked(port, f"host{number}.{comes}"):
            return
        if time.monotonic() - started > RELOAD_SECONDS:
            raise TimeoutError(f"the new name is not blocked within {RELOAD_SECONDS:g} s of the reload")
        time.sleep(ASK_AGAIN_SECONDS)
