"""What do those who ask notice of a reload of a million names, while one worker does half of what it can?

Load, upstream, server and compilation share the processors of one machine, so what the same compilation costs when it
has nothing to do with the server is measured, too: only what goes beyond that is the reload's.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.changing_list import ChangingList
from benchmarks.figures import Figure, Soak
from benchmarks.load import Counts, running_load, warm_up
from benchmarks.made_up_names import ZONE, cached_names, listed_names, mix, write_questions
from benchmarks.probe import Seen, asking, figures_of, probing, ways_to_ask
from benchmarks.server import ROOT, Server, in_folder
from benchmarks.sizes import Sizes
from benchmarks.waits import percentile
from resolver.net.worker import TICK

KEPT: Final = f"kept.{ZONE}"
COMPILE_SECONDS: Final = 100.0
MOST_PAUSE: Final = 20.0
CLIENTS: Final = 64
"""Sockets of the load, each with a buffer of its own: it shares the processors, too, and must not lose what came."""


def done(sizes: Sizes) -> str:
    """Say what is done."""
    return (
        f"One order with {sizes.many_names:,} names, one worker, asked half as often as it can answer (1 in 20 "
        "blocked, the others cached). A listed name is asked for all the time, and the waits are those of its "
        "questions: while nothing else happens; beside a process that compiles as many names for nobody, and only "
        "while a processor is idle; and beside a reload that changes one name."
    )


class Stretch(NamedTuple):
    """What was seen of the server while something happened."""

    counts: Counts
    dropped: float
    """Datagrams that found no room at the server's socket."""
    seen: Seen

    def figures(self, when: str) -> Iterator[Figure]:
        """Say what was lost and how long answers took."""
        rising = sorted(self.seen.waits)
        yield Figure(f"queries sent {when}", self.counts.sent)
        yield Figure(f"queries that found no room at the server {when}", self.dropped)
        yield Figure(f"what 99 of 100 wait at most {when}", percentile(rising, 0.99), "ms")
        yield Figure(f"longest wait for an answer {when}", rising[-1], "ms")

    def slowest(self) -> float:
        """Give what 99 of 100 questions wait at most, in milliseconds."""
        return percentile(sorted(self.seen.waits), 0.99)


def measure(folder: Path, upstream: int, sizes: Sizes) -> Iterator[Figure]:
    """Find the maximum; then watch thrice."""
    listed = [*listed_names(sizes.many_names - 1), KEPT]
    questions = write_questions(folder / "questions", mix(listed[:1_000], cached_names(1_000), 20_000))
    elsewhere = Server(folder / "elsewhere", listed, upstream)
    with in_folder(folder / "server", listed, upstream, workers=1) as server:
        server.launch()
        server.wait_for_block(KEPT)
        warm_up(server.port, questions, sizes.load_rate)
        with running_load(server.port, questions, seconds=sizes.busy_seconds) as load:
            most = load.counts(sizes.busy_seconds + 30.0).completed / sizes.busy_seconds
        yield Figure("answers a second at most", most)
        rate = int(most / 2)
        before = _watch(server, questions, sizes.busy_seconds, rate, lambda: time.sleep(sizes.busy_seconds))
        yield from before.figures("before")
        beside = _watch(server, questions, sizes.busy_seconds, rate, lambda: _compile_for_nobody(elsewhere))
        yield from beside.figures("beside the compilation for nobody")
        changing = ChangingList(server, listed)
        with asking(server.port) as asker:
            took: list[float] = []
            meanwhile = _watch(
                server,
                questions,
                sizes.busy_seconds,
                rate,
                lambda: took.append(changing.change(asker)),
            )
        yield Figure("reload that changes one name", took[0], "s", 30, at_full_size=True)
        yield from meanwhile.figures("meanwhile")
        yield Figure("queries that the server lost meanwhile", meanwhile.dropped, "", 0, at_full_size=True)
        yield from _judged(before, beside, meanwhile)
        yield from figures_of(meanwhile.seen, asker.seen)
        yield server.complaint_count()


def _judged(before: Stretch, beside: Stretch, meanwhile: Stretch) -> Iterator[Figure]:
    yield Figure("answers that were no NOERROR", meanwhile.counts.other_rcodes, "", 0)
    slowest, longest = meanwhile.slowest(), meanwhile.seen.longest_wait
    yield Figure("what 99 of 100 wait, times that before", slowest / before.slowest(), "", 2, at_full_size=True)
    yield Figure("longest wait of them all", longest, "ms", MOST_PAUSE, at_full_size=True)
    yield Figure("the same, times that beside the compilation", slowest / beside.slowest(), "", 2, at_full_size=True)
    beyond = max(0.0, longest - beside.seen.longest_wait)
    yield Figure("longest wait beyond that beside the compilation", beyond, "ms", MOST_PAUSE, at_full_size=True)


def _watch(server: Server, questions: Path, settle: float, rate: int, act: Callable[[], object]) -> Stretch:
    """Load the server at a rate, ask for what stays listed, and have something happen once the load is even.

    dnsperf asks less than it should for its first three seconds, and then makes up for it in a burst.
    """
    with running_load(server.port, questions, rate=rate, seconds=int(COMPILE_SECONDS), clients=CLIENTS) as load:
        time.sleep(settle)
        dropped = _dropped(server)
        with probing(server.port, ways_to_ask(KEPT)) as seen:
            act()
        dropped = _dropped(server) - dropped
        return Stretch(load.stop(), dropped, seen)


def _dropped(server: Server) -> float:
    """Count what the kernel dropped at the server's sockets so far; a worker tells it four times a second."""
    time.sleep(2 * TICK)
    return server.metric("arret_kernel_drops_total")


def _compile_for_nobody(elsewhere: Server) -> None:
    """Compile a list of the same names, as gently as a server does beside its workers."""
    with subprocess.Popen(
        [sys.executable, "-m", "resolver", "check", "-c", str(elsewhere.folder / "config.yaml")],
        cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    ) as process:  # fmt: skip  # one line for what is run, one for how
        try:
            os.sched_setscheduler(process.pid, os.SCHED_IDLE, os.sched_param(0))
            process.wait(COMPILE_SECONDS)
        finally:
            process.kill()


SOAK = Soak("A reload at half of the maximum", done, measure)
