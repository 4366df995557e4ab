"""Side by side with the servers an operator would take otherwise: ``python -m benchmarks.bench``, or ``make bench``.

Everything happens on loopback; whatever was started is ended with it. The page goes to ``benchmarks/RESULTS.md``, and
the exit status says whether the run could be made, not whether goals are met. ``--quick`` does little of everything,
to see that it works: its figures mean nothing, and are written only where ``--report`` says.
"""

import argparse
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from benchmarks.circumstances import find_circumstances
from benchmarks.comparison import Comparison
from benchmarks.contenders import FLOOR, NAMES, OURS, PURE, Contender, ended_with_the_block, make_contender
from benchmarks.core_timings import ROUND, timings
from benchmarks.long_list import LongList, measure_long_list
from benchmarks.made_up_names import UPSTREAM_ZONE, ZONE, listed_names
from benchmarks.peer_servers import RECIPES, read_version
from benchmarks.processes import settled_pss
from benchmarks.questions import KINDS, Case, Questions, read_case
from benchmarks.results import Result, findings, write_results
from benchmarks.rounds import BREAKS, Field, Measurement
from resolver.compiled import form
from tests.peers import start_nsd

REPORT: Final = Path(__file__).with_name("RESULTS.md")
LONG_LIST: Final = "long list"
CASES: Final = (*KINDS, "mixed@5000", "mixed@20000", LONG_LIST)
LONGER: Final = 10
"""Times as many names are on the long list."""
LEAST_RATE: Final = 1_000
RATE_UNMEASURED: Final = 3_000
"""For the reload, if the mixed case was not measured."""
FOR_ROUNDS: Final = 0.7
"""Of the time, if there are long lists to be measured afterwards."""
NO_TIME: Final = "the time was over"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure, how often, for how long."""

    contenders: tuple[str, ...]
    cases: tuple[Case, ...]
    long_list: bool
    rounds: int
    seconds: int
    names: int
    calls: int
    """Of each function, for the in-process timings."""
    minutes: float
    """After which nothing new begins."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print every figure as it comes, write the page; the exit status."""
    asked = _parser().parse_args(arguments)
    plan = _plan(asked)
    report = asked.report or (None if asked.quick else REPORT)
    signal.signal(signal.SIGTERM, _interrupt)
    result = run(plan, _command(arguments if arguments is not None else sys.argv[1:]))
    for figure, behind in findings(result):
        verdict = "missed" if figure.missed else "met"
        print(f"{verdict:7} {figure.what}: {figure.value:.2f} {figure.unit} (at most {figure.most:g}) {behind}")
    if report is not None:
        report.write_text(write_results(result))
        print(f"written: {report}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.bench", description="Our server beside its peers, in one run."
    )
    parser.add_argument("--rounds", type=_positive, default=5, help="of which medians are taken (default: 5)")
    parser.add_argument("--seconds", type=_positive, default=2, help="each load lasts (default: 2)")
    parser.add_argument(
        "--minutes", type=_positive, default=35, help="after which no round and no long list begins (default: 35)"
    )
    parser.add_argument("--names", type=_positive, default=100_000, help="blocked; the long list has ten times as many")
    parser.add_argument("--cases", type=_cases, default=CASES, help=f"separated by commas (default: {','.join(CASES)})")
    parser.add_argument("--only", type=_contenders, default=NAMES, help=f"these, of {','.join(NAMES)}")
    parser.add_argument("--quick", action="store_true", help="one round of a second, 1,000 names; writes no RESULTS.md")
    parser.add_argument("--report", type=Path, help="where to write the page instead")
    return parser


def _command(arguments: Sequence[str]) -> str:
    """Write what was asked for as one types it, but for where the page goes."""
    said = list(arguments)
    if "--report" in said:
        place = said.index("--report")
        del said[place : place + 2]
    return shlex.join(["python", "-m", "benchmarks.bench", *said]) if said else "make bench"


def _positive(text: str) -> int:
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return int(text)


def _cases(text: str) -> tuple[str, ...]:
    try:
        return tuple(part if part == LONG_LIST else read_case(part).name for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _contenders(text: str) -> tuple[str, ...]:
    by_lower = {name.lower(): name for name in NAMES} | {"arret": OURS, "pure": PURE}
    try:
        chosen = {by_lower[part.strip().lower()] for part in text.split(",")}
    except KeyError as error:
        raise argparse.ArgumentTypeError(f"{error} does not take part; choose from {', '.join(NAMES)}") from None
    return tuple(name for name in NAMES if name in chosen)


def _plan(asked: argparse.Namespace) -> Plan:
    quick: bool = asked.quick
    return Plan(
        contenders=asked.only,
        cases=tuple(read_case(name) for name in asked.cases if name != LONG_LIST),
        long_list=LONG_LIST in asked.cases,
        rounds=1 if quick else asked.rounds,
        seconds=1 if quick else asked.seconds,
        names=1_000 if quick else asked.names,
        calls=ROUND // 20 if quick else ROUND,
        minutes=asked.minutes,
    )


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def run(plan: Plan, command: str) -> Result:
    """Make the run."""
    began = time.monotonic()
    circumstances = find_circumstances(command)
    in_process = timings(plan.calls)
    with tempfile.TemporaryDirectory(prefix="arret-bench-") as scratch:
        folder = Path(scratch)
        with start_nsd(folder, {ZONE: UPSTREAM_ZONE}) as upstream:
            for_rounds = 60 * plan.minutes * (FOR_ROUNDS if plan.long_list else 1.0)
            starts, comparison, memory = _measure_short_list(plan, folder, upstream.port, began + for_rounds)
            until = began + 60 * plan.minutes
            lists = _measure_long_lists(plan, folder, upstream.port, comparison, until) if plan.long_list else ()
            long_lists = dict(lists)
    return Result(
        circumstances=circumstances,
        versions=_versions(plan.contenders, circumstances.commit),
        comparison=comparison,
        starts=starts,
        memory=memory,
        long_lists=long_lists,
        timings=in_process,
        names=plan.names,
        long_names=LONGER * plan.names,
        seconds=plan.seconds,
        minutes=(time.monotonic() - began) / 60,
    )


def _measure_short_list(
    plan: Plan, folder: Path, upstream: int, until: float
) -> tuple[dict[str, str], Comparison, dict[str, float]]:
    """Start everybody, go through the rounds, weigh everybody; without who breaks, and no round begins too late."""
    listed = listed_names(plan.names)
    asked = folder / "questions"
    asked.mkdir()
    questions = Questions(asked, listed, plan.seconds)
    starts: dict[str, str] = {}
    with ended_with_the_block() as contenders:
        for name in plan.contenders:
            contender = make_contender(name, folder / "short" / name, listed, upstream)
            try:
                starts[name] = _start(name, contender, listed[0])
                contenders[name] = contender
            except BREAKS as error:
                contender.stop()
                starts[name] = _broke(name, error)
        field = Field(contenders, questions, listed, plan.seconds)
        measured = []
        for each in field.measure_rounds(plan.cases, plan.rounds, until):
            _print_measurement(each)
            measured.append(each)
        rounds = 1 + max((each.turn for each in measured), default=0)
        memory = {name: settled_pss(each.pid) for name, each in contenders.items() if name not in field.broken}
    return starts, Comparison(measured, rounds), memory


def _broke(name: str, error: Exception) -> str:
    """Print what broke a contender; its kind is all that the page says, for the rest may name paths of this machine."""
    print(f"{name:18} BROKEN: {error}", flush=True)
    return type(error).__name__


def _start(name: str, contender: Contender, listed: str) -> str:
    """Start it; ours a second time, with what the first start compiled. Gives the seconds in words."""
    contender.launch()
    seconds = f"{contender.wait_for_block(listed):.2f}"
    if name == OURS:
        contender.stop()
        contender.launch()
        seconds += f", again {contender.wait_for_block(listed):.2f}"
    print(f"{name:18} first blocked answer after {seconds} s", flush=True)
    return seconds


def _measure_long_lists(
    plan: Plan, folder: Path, upstream: int, comparison: Comparison, until: float
) -> Iterator[tuple[str, LongList | str]]:
    """Give what each found, or what broke it: a server that fails here leaves the other figures alone."""
    listed = listed_names(LONGER * plan.names)
    for name in plan.contenders:
        if name not in {FLOOR, PURE}:
            middle = comparison.middle(name, Case("mixed"))
            rate = max(LEAST_RATE, int(middle.rate / 2)) if middle is not None else RATE_UNMEASURED
            home = folder / "long" / name
            found: LongList | str = NO_TIME
            if time.monotonic() < until:
                try:
                    found = measure_long_list(
                        name, home, listed, upstream, rate=rate, seconds=plan.seconds, rounds=plan.rounds
                    )
                except BREAKS as error:
                    found = _broke(name, error)
            print(f"{name:18} {found}", flush=True)
            yield name, found


def _versions(contenders: Sequence[str], commit: str) -> Mapping[str, str]:
    versions = {OURS: f"{OURS} {commit} ({form()})"} if OURS in contenders else {}
    for recipe in RECIPES:
        if recipe.name in contenders:
            said = subprocess.run(
                [recipe.find(), *recipe.version], capture_output=True, text=True, check=False, timeout=20
            )
            versions[recipe.name] = f"{recipe.name} {read_version(said.stdout + said.stderr)}"
    return versions


def _print_measurement(each: Measurement) -> None:
    wait = f"  p50 {each.latency.p50:.2f} ms, p99 {each.latency.p99:.2f} ms" if each.latency else ""
    verdict = "" if each.counts else f"  DOES NOT COUNT: {each.noerror:.2f} % NOERROR, {each.wrong} wrong"
    print(
        f"{each.turn + 1} {each.case.name:12} {each.contender:18} {each.microseconds:7.2f} µs {each.rate:9,.0f}/s"
        f"  lost {each.lost:.2f} %{wait}  others {each.others:.0f} %{verdict}",
        flush=True,
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
