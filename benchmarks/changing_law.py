"""What do clients see, under load, while an order begins by its date, ends by it, and is suspended and resumed?"""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.figures import Figure, Soak
from benchmarks.load import running_load, warm_up
from benchmarks.made_up_names import ZONE, cached_names, listed_names, mix, write_questions
from benchmarks.probe import SOCKETS
from benchmarks.server import ROOT, Server, in_folder
from benchmarks.short_orders import write_order
from benchmarks.sizes import Sizes
from benchmarks.watch import Turn, Watch, watching

KEPT: Final = f"kept.{ZONE}"
DATED: Final = f"dated.{ZONE}"
ACTED_ON: Final = f"suspended.{ZONE}"
AROUND_SECONDS: Final = 1.5
"""How long before and after a change is looked at."""
AHEAD_SECONDS: Final = 4.0
PATIENCE: Final = 30.0


def done(sizes: Sizes) -> str:
    """Say what is done."""
    return (
        f"{sizes.law_rate:,} queries/s to two workers (1 in 20 blocked, the others cached). One order begins and ends "
        f"by its date meanwhile; another is suspended and resumed {sizes.suspensions} times, by `arret suspend` and "
        f"`arret resume` as somebody types them. The name of each is asked for from {SOCKETS} ports all the time, so "
        "that every worker has it in its caches, and every answer is looked at: one that came before the change began "
        "must be the old one, one that was asked for after it the new one."
    )


def measure(folder: Path, upstream: int, sizes: Sizes) -> Iterator[Figure]:
    """Load, let dates pass, suspend, resume."""
    listed = [*listed_names(1_000), KEPT]
    questions = write_questions(folder / "questions", mix(listed, cached_names(1_000), 10_000))
    with in_folder(folder / "server", listed, upstream) as server:
        write_order(server, "acted-on", ACTED_ON, "2024-02-01", "2099-12-31")
        server.launch()
        server.wait_for_block(KEPT)
        warm_up(server.port, questions, sizes.law_rate)
        with running_load(server.port, questions, rate=sizes.law_rate, seconds=sizes.deadline_seconds) as load:
            yield from _dates(server)
            yield from _acts(server, sizes.suspensions)
            counts = load.stop()
        yield Figure("queries sent", counts.sent)
        yield Figure("queries lost", counts.lost, "", 0)
        yield Figure("answers that were no NOERROR", counts.other_rcodes, "", 0)
        yield server.complaint_count()


def _dates(server: Server) -> Iterator[Figure]:
    begin = float(int(time.time() + AHEAD_SECONDS))
    end = begin + AHEAD_SECONDS
    write_order(server, "dated", DATED, _text(begin), _text(end))
    server.reload()
    with watching(server.port, DATED) as watch:
        time.sleep(end + AROUND_SECONDS - time.time())
    for what, at, to in (("begin", begin, True), ("end", end, False)):
        turn = watch.turn(at, at, at - AROUND_SECONDS, at + AROUND_SECONDS, to=to)
        yield from _figures(f"{what} by its date", turn)
    yield from _totals(watch)


def _acts(server: Server, rounds: int) -> Iterator[Figure]:
    longest = {"suspend": 0.0, "resume": 0.0}
    commands, wrong, ports = dict(longest), 0, SOCKETS
    with watching(server.port, ACTED_ON) as watch:
        time.sleep(AROUND_SECONDS)
        for verb in ("suspend", "resume") * rounds:
            begun, done = _act(server, verb)
            time.sleep(AROUND_SECONDS)
            turn = watch.turn(begun, done, begun - AROUND_SECONDS, time.time(), to=verb == "resume")
            wrong, ports = wrong + turn.wrong, min(ports, turn.ports)
            longest[verb] = max(longest[verb], (turn.last_old or begun) - begun)
            commands[verb] = max(commands[verb], done - begun)
    for verb, seconds in longest.items():
        what = f"arret {verb}, from its start until the last answer of before"
        yield Figure(what, seconds, "s", 1, at_full_size=True)
        yield Figure(f"arret {verb}, until it returned", commands[verb], "s")
    yield from _figures("suspensions and resumptions", Turn(wrong, ports, None))
    yield from _totals(watch)


def _figures(what: str, turn: Turn) -> Iterator[Figure]:
    yield Figure(f"{what}: wrong answers before and after", turn.wrong, "", 0)
    yield Figure(f"{what}: ports without an answer after it", SOCKETS - turn.ports, "", 0)


def _totals(watch: Watch) -> Iterator[Figure]:
    yield Figure("answers looked at", len(watch.noted))
    yield Figure("answers that did not come, of those", watch.unanswered, "", 0)


def _act(server: Server, verb: str) -> tuple[float, float]:
    """Run a verb to its end, which must be a good one; gives begin and end (POSIX seconds)."""
    ground = ["--ground", "court"] if verb == "suspend" else []
    command = [sys.executable, "-m", "resolver", verb, "acted-on", *ground, "--why", "a soak"]
    begun = time.time()
    subprocess.run(
        [*command, "-c", str(server.folder / "config.yaml")],
        cwd=ROOT, check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE,
    )  # fmt: skip  # one line for what, one for how
    return begun, time.time()


def _text(wall: float) -> str:
    return f"'{datetime.fromtimestamp(wall, UTC):%Y-%m-%dT%H:%M:%SZ}'"


SOAK = Soak("Orders that begin, end and are suspended under load", done, measure)
