"""What does a worker that dies or hangs under load take with it, and how long until its successor serves?"""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, Soak
from benchmarks.load import running_load, warm_up
from benchmarks.made_up_names import ZONE, cached_names, listed_names, mix, write_questions
from benchmarks.probe import figures_of, probing, ways_to_ask
from benchmarks.server import Server, in_folder
from benchmarks.sizes import Sizes

KEPT = f"kept.{ZONE}"
LOOK_SECONDS = 0.01
SUCCESSOR_SECONDS = 30.0


def done(sizes: Sizes) -> str:
    """Say what is done."""
    return (
        f"{sizes.kill_rate:,} queries/s for {sizes.kill_seconds} s to two workers (1 in 20 blocked, the others "
        "cached), twice; the second time one of them gets SIGKILL after a third of the time. A query without an "
        f"answer for five seconds is lost. At last the worker of one place gets SIGSTOP, {sizes.hangs} times in a row."
    )


def measure(folder: Path, upstream: int, sizes: Sizes) -> Iterator[Figure]:
    """Load, kill, wait for the successor."""
    listed = [*listed_names(1_000), KEPT]
    questions = write_questions(folder / "questions", mix(listed, cached_names(1_000), 10_000))
    with in_folder(folder / "server", listed, upstream) as server:
        server.launch()
        server.wait_for_block(KEPT)
        warm_up(server.port, questions, min(3_000, sizes.kill_rate * 4))
        with running_load(server.port, questions, rate=sizes.kill_rate, seconds=sizes.kill_seconds) as load:
            sound = load.counts(sizes.kill_seconds + 30.0)
        yield Figure("lost of all before, with nobody killed", sound.lost_share, "%")
        with (
            running_load(server.port, questions, rate=sizes.kill_rate, seconds=sizes.kill_seconds) as load,
            probing(server.port, ways_to_ask(KEPT)) as probed,
        ):
            time.sleep(sizes.kill_seconds / 3)
            until_succeeded = wait_for_a_successor(server, signal.SIGKILL)
            counts = load.counts(sizes.kill_seconds + 30.0)
        yield Figure("queries sent", counts.sent)
        yield Figure("queries answered a second", counts.completed / sizes.kill_seconds)
        yield Figure("queries lost", counts.lost)
        yield Figure("datagrams that the kernel dropped", server.metric("arret_kernel_drops_total"))
        yield Figure("lost of all", counts.lost_share, "%", 0.1, at_full_size=True)
        yield Figure("answers that were no NOERROR", counts.other_rcodes, "", 0)
        yield from figures_of(probed, missing=None)
        yield Figure("from the kill until the successor serves", until_succeeded, "s", 1, at_full_size=True)
        with (
            running_load(server.port, questions, rate=sizes.kill_rate, seconds=sizes.deadline_seconds),
            probing(server.port, ways_to_ask(KEPT)) as probed,
        ):
            slowest = max(wait_for_a_successor(server, signal.SIGSTOP) for _ in range(sizes.hangs))
        yield from figures_of(probed, missing=None)
        yield Figure("from SIGSTOP until a successor serves, at most", slowest, "s", 3, at_full_size=True)
        yield server.complaint_count(expected=1 + sizes.hangs)


def wait_for_a_successor(server: Server, number: signal.Signals) -> float:
    """Send the first worker a signal; gives the seconds until another process serves in its place."""
    killed = server.worker_pids()[0]
    os.kill(killed, number)
    started = time.monotonic()
    while time.monotonic() - started < SUCCESSOR_SECONDS:
        worker = server.status()["workers"][0]
        if worker["in_force"] and worker["pid"] != killed:
            return time.monotonic() - started
        time.sleep(LOOK_SECONDS)
    raise TimeoutError(f"no successor within {SUCCESSOR_SECONDS:g} s")


SOAK = Soak("A worker killed under load", done, measure)
