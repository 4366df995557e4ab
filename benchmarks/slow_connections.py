"""Do thousands of TCP connections that send an octet a second hold up who asks over UDP?"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Final

from benchmarks.figures import Figure, Soak
from benchmarks.load import warm_up
from benchmarks.made_up_names import ZONE, cached_names, write_questions
from benchmarks.probe import asking, figures_of, ways_to_ask
from benchmarks.server import ROOT, in_folder
from benchmarks.sizes import Sizes
from benchmarks.waits import percentile, waits

KEPT = f"kept.{ZONE}"
ROUNDS: Final = 2
LONGEST: Final = 5.0
"""Milliseconds that hardly anybody may wait, whatever there is to compare with."""
MOST_GROWTH: Final = 20
"""Percent."""


def done(sizes: Sizes) -> str:
    """Say what is done."""
    return (
        f"{sizes.slow_connections:,} TCP connections that send an octet a second and are opened again when they are "
        f"closed, to a server with the usual limits. Cached names are asked for over UDP, one after the other, for "
        f"{sizes.wait_seconds:g} s before, and {ROUNDS} times in turn while the connections lead to a listener that "
        "only takes and closes them, and while they lead to the server: all of this shares the processors with it."
    )


@contextmanager
def silent_listener() -> Iterator[int]:
    """Run a listener that takes connections and closes them; gives its port."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.silent_listener"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


@contextmanager
def slow_connections(port: int, count: int) -> Iterator[None]:
    """Keep them open until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.slow_clients", str(port), str(count)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip  # one line for what is run, one for how
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield
    finally:
        process.kill()
        process.communicate()


def measure(folder: Path, upstream: int, sizes: Sizes) -> Iterator[Figure]:
    """Measure waits without the connections, with them, and again without."""
    names = cached_names(500)
    with in_folder(folder / "server", [KEPT], upstream) as server:
        server.launch()
        server.wait_for_block(KEPT)
        warm_up(server.port, write_questions(folder / "warm", names), sizes.load_rate)
        before = waits(server.port, cycle(names), sizes.wait_seconds)
        elsewhere: list[float] = []
        meanwhile: list[float] = []
        connections = 0.0
        for _ in range(ROUNDS):
            with silent_listener() as port, slow_connections(port, sizes.slow_connections):
                elsewhere += waits(server.port, cycle(names), sizes.wait_seconds)
            with slow_connections(server.port, sizes.slow_connections):
                meanwhile += waits(server.port, cycle(names), sizes.wait_seconds)
                connections = server.metric("arret_tcp_connections")
        yield Figure("connections open at the end", connections)
        yield Figure("connections closed as overdue", server.metric("arret_tcp_overdue_total"))
        yield Figure("connections turned away", server.metric("arret_tcp_refused_total"))
        yield from compared(before, elsewhere, meanwhile, beside="while it goes elsewhere")
        with asking(server.port) as asker:
            asker.ask_all(ways_to_ask(KEPT))
        yield from figures_of(asker.seen)
        yield server.complaint_count()


def compared(before: list[float], control: list[float], meanwhile: list[float], *, beside: str) -> Iterator[Figure]:
    """Say how long answers take, in milliseconds, and how much longer than before and than in the control, which
    ``beside`` names."""
    for what, found in (("before", before), (beside, control)):
        yield Figure(f"wait for an answer {what}, the median", percentile(sorted(found), 0.5), "ms")
        yield Figure(f"what 99 of 100 wait at most {what}", percentile(sorted(found), 0.99), "ms")
    yield Figure("wait for an answer meanwhile, the median", percentile(sorted(meanwhile), 0.5), "ms")
    slowest = percentile(sorted(meanwhile), 0.99)
    yield Figure("what 99 of 100 wait at most meanwhile", slowest, "ms", LONGEST, at_full_size=True)
    for since, found in (("since before", before), (f"beyond that {beside}", control)):
        growth = 100 * (slowest / percentile(sorted(found), 0.99) - 1)
        yield Figure(f"its growth {since}", growth, "%", MOST_GROWTH, at_full_size=True)


SOAK = Soak("Slow connections", done, measure)
