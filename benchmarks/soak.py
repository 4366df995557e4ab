"""The full-size runs, one after the other: ``python -m benchmarks.soak``, or ``make soak``.

Everything happens on loopback and is bounded in time and count; whatever was started is ended with it, also on failure
and Ctrl-C. The figures go to ``benchmarks/SOAK.md``, and the exit status is 1 if one of them is out of its bound.
``--quick`` does little of everything in two minutes or so, judges no times and no memory, and writes no file.
"""

import argparse
import shlex
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from benchmarks import (
    broken_messages,
    busy_reload,
    changing_law,
    distinct_names,
    full_caches,
    full_disk,
    hundred_reloads,
    killed_supervisor,
    killed_worker,
    many_orders,
    million_names,
    notice_flood,
    random_subdomains,
    silent_upstreams,
    slow_connections,
)
from benchmarks.circumstances import find_circumstances
from benchmarks.figures import Figure, Run, Soak
from benchmarks.made_up_names import UPSTREAM_ZONE, ZONE
from benchmarks.report import write_report
from benchmarks.sizes import FULL, QUICK, Sizes
from tests.peers import start_nsd

OVERDUE: Final = "the time for all runs is over"
REPORT: Final = Path(__file__).with_name("SOAK.md")
SOAKS: Final = (million_names.SOAK, busy_reload.SOAK, many_orders.SOAK, hundred_reloads.SOAK, distinct_names.SOAK,
         full_caches.SOAK, broken_messages.SOAK, slow_connections.SOAK, random_subdomains.SOAK, silent_upstreams.SOAK,
         killed_worker.SOAK, notice_flood.SOAK, changing_law.SOAK, killed_supervisor.SOAK,
         full_disk.SOAK)  # fmt: skip  # four lines, not sixteen


class Overdue(BaseException):
    """The time for all runs is over: the one that is being made ends now, and none comes after it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print every figure as it comes, write the report; the exit status."""
    asked = _parser().parse_args(arguments)
    sizes = QUICK if asked.quick else FULL
    report = asked.report or (None if asked.quick else REPORT)
    signal.signal(signal.SIGALRM, _overdue)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.alarm(sizes.deadline_seconds)
    circumstances = find_circumstances(_command(asked))
    runs = run_all(sizes, [soak for soak in SOAKS if soak.title in asked.only])
    signal.alarm(0)
    if report is not None:
        report.write_text(write_report(circumstances, runs))
    return 0 if all(run.passed for run in runs) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description="Full-size runs against the server.")
    parser.add_argument("--quick", action="store_true", help="a little of everything; judges no times and no memory")
    titles = [soak.title for soak in SOAKS]
    parser.add_argument(
        "--only", nargs="+", metavar="TITLE", choices=titles, default=titles, help=f"these, of {', '.join(titles)}"
    )
    parser.add_argument(
        "--report", type=Path, help="where to write the report; default: benchmarks/SOAK.md, if not --quick"
    )
    return parser


def _command(asked: argparse.Namespace) -> str:
    """Write what was asked for as one types it."""
    options = ["--quick"] if asked.quick else []
    if len(asked.only) < len(SOAKS):
        options += ["--only", *asked.only]
    return shlex.join(["python", "-m", "benchmarks.soak", *options]) if options else "make soak"


def _overdue(_number: int, _frame: FrameType | None) -> None:
    raise Overdue


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def run_all(sizes: Sizes, soaks: Sequence[Soak]) -> list[Run]:
    """Make these runs at these sizes, beside one upstream."""
    runs: list[Run] = []
    with tempfile.TemporaryDirectory(prefix="arret-soak-") as scratch:
        folder = Path(scratch)
        with start_nsd(folder, {ZONE: UPSTREAM_ZONE}) as upstream:
            for number, soak in enumerate(soaks):
                runs.append(_run(soak, folder / str(number), upstream.port, sizes))
                if runs[-1].broke == OVERDUE:
                    break
    return runs + [Run(soak.title, soak.done(sizes), (), 0.0, broke=OVERDUE) for soak in soaks[len(runs) :]]


def _run(soak: Soak, folder: Path, upstream: int, sizes: Sizes) -> Run:
    """Make one run; what breaks it is part of what it found, and the next run is made all the same."""
    print(f"{soak.title}: {soak.done(sizes)}", flush=True)
    folder.mkdir()
    figures: list[Figure] = []
    broke = None
    started = time.monotonic()
    try:
        for figure in soak.measure(folder, upstream, sizes):
            judged = figure if sizes is FULL else figure.at_small_size()
            figures.append(judged)
            _print_figure(judged)
    except Overdue:
        broke = OVERDUE
        print(f"  FAIL  {broke}", flush=True)
    except Exception as error:  # noqa: BLE001  # a broken run fails; those after it may still tell something
        broke = type(error).__name__  # what it says may name paths of this machine
        print(f"  FAIL  {broke}: {error}", flush=True)
    return Run(soak.title, soak.done(sizes), tuple(figures), time.monotonic() - started, broke)


def _print_figure(figure: Figure) -> None:
    verdict = "FAIL" if figure.missed else "pass" if figure.most is not None else ""
    bound = f"  (at most {figure.most:g})" if figure.most is not None else ""
    print(f"  {verdict:4}  {figure.what}: {figure.value:.6g} {figure.unit}{bound}", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
