"""How each case is measured: every server in turn, round after round, never one of them all its rounds at once."""

import math
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.contenders import FLOOR, Contender
from benchmarks.cpu import used_by, used_by_all, used_by_us
from benchmarks.load import ANSWER_SECONDS, Load, read_counts
from benchmarks.made_up_names import cached_names
from benchmarks.probe import asking, must_be_allowed, must_be_blocked
from benchmarks.questions import BINARY, ONCE, Case, Questions

CLIENTS: Final = 8
OPEN: Final = 200
"""Most queries that wait for an answer at any time: more would not fit the receive buffer that Linux gives."""
COLD_CLIENTS: Final = 1
COLD_OPEN: Final = 100
WARM_SECONDS: Final = 30
LEAST_NOERROR: Final = 99.9
MOST_LOST: Final = 0.1
LOOKED_UP: Final = 20
ASTRAY: Final = "response with an unexpected"
"""What dnsperf says of an answer that it did not ask for, or gave up long ago."""
BREAKS: Final = (OSError, RuntimeError, ValueError, subprocess.SubprocessError)
"""What a server that fails makes of its measurement."""
END_SECONDS: Final = ANSWER_SECONDS + 30.0


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds until the answer: the median, the 99th percentile, the longest."""

    p50: float
    p99: float
    longest: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """One server under one load."""

    contender: str
    case: Case
    turn: int
    microseconds: float
    """Processor time for each answered query: the whole tree of processes, user and system."""
    rate: float
    """Answers a second."""
    noerror: float
    """Percentage of the answers."""
    lost: float
    """Percentage of the queries."""
    latency: Latency | None
    """Known where queries are asked at a rate."""
    wrong: int
    """Answers that no query of their socket waited for, and wrong ones among those looked at afterwards."""
    others: float
    """Percentage of the machine that neither this run nor idleness used."""

    @property
    def counts(self) -> bool:
        """Whether nearly all was answered, and rightly."""
        return self.noerror >= LEAST_NOERROR and self.lost <= MOST_LOST and self.wrong == 0


@dataclass(frozen=True, slots=True)
class Field:
    """The contenders that run, what they are asked, which names they block, and for how long each load lasts."""

    contenders: Mapping[str, Contender]
    questions: Questions
    listed: Sequence[str]
    seconds: int
    broken: dict[str, str] = field(default_factory=dict)
    """By contender: what broke; it is asked no more."""

    def measure_rounds(self, cases: Sequence[Case], rounds: int, until: float = math.inf) -> Iterator[Measurement]:
        """Measure each case with each server, in as many rounds; who begins changes from round to round.

        No round begins that would not end by ``until`` (monotonic seconds), taking as long as the longest.
        """
        longest = 0.0
        for turn in range(rounds):
            began = time.monotonic()
            if began + longest > until:
                print(f"the time is over after {turn} of {rounds} rounds", flush=True)
                return
            yield from self._measure_round(cases, turn)
            longest = max(longest, time.monotonic() - began)

    def _measure_round(self, cases: Sequence[Case], turn: int) -> Iterator[Measurement]:
        names = [name for name in self.contenders if name not in self.broken]
        order = names[turn % max(1, len(names)) :] + names[: turn % max(1, len(names))]
        for name in order:
            with self._without_who_breaks(name):
                warm_up(self.contenders[name].port, self.questions)
        for case in cases:
            for name in order:
                if name not in self.broken and (name != FLOOR or _is_for_the_floor(case)):
                    with self._without_who_breaks(name):
                        yield self.measure(name, case, turn)
            self.questions.forget(case, turn)

    @contextmanager
    def _without_who_breaks(self, name: str) -> Iterator[None]:
        """Go on without a contender that cannot be measured any more; the others still tell something."""
        try:
            yield
        except BREAKS as error:
            self.broken[name] = type(error).__name__  # what it says may name paths of this machine
            print(f"{name:18} BROKEN: {error}", flush=True)

    def measure(self, name: str, case: Case, turn: int) -> Measurement:
        """Load one server with one case."""
        contender = self.contenders[name]
        file = self.questions.file(case, turn)
        started, before, ours, everybody = time.monotonic(), used_by(contender.pid), used_by_us(), used_by_all()
        said = _ask(contender.port, case, file, self.seconds)
        used = used_by(contender.pid) - before
        others = (used_by_all() - everybody) - (used_by_us() - ours)
        machine = (time.monotonic() - started) * len(os.sched_getaffinity(0))
        counts = read_counts(said)
        return Measurement(
            contender=name,
            case=case,
            turn=turn,
            microseconds=1e6 * used / max(1, counts.completed),
            rate=read_rate(said),
            noerror=100 * counts.rcodes.get("NOERROR", 0) / max(1, counts.completed),
            lost=counts.lost_share,
            latency=read_latency(said) if case.rate is not None else None,
            wrong=said.count(ASTRAY) + (0 if name == FLOOR else _wrong_answers(contender, self.listed)),
            others=max(0.0, 100 * others / machine),
        )


def warm_up(port: int, questions: Questions) -> None:
    """Ask every cached question once, at the pace of the server."""
    load = Load(port, questions.warm, "-n", "1", "-l", str(WARM_SECONDS), "-q", str(COLD_OPEN), clients=CLIENTS)
    try:
        load.counts(WARM_SECONDS + END_SECONDS)
    finally:
        load.kill()


def _is_for_the_floor(case: Case) -> bool:
    """Tell whether the floor is held against this case; it answers all alike."""
    return case.rate is None and case.kind in {"blocked", "cached"}


def _ask(port: int, case: Case, file: Path, seconds: int) -> str:
    """Run dnsperf, and give what it printed."""
    cold = case.kind == "cold"
    options = ["-l", str(seconds), "-q", str(COLD_OPEN if cold else OPEN)]
    if case.rate is not None:
        options += ["-Q", str(case.rate), "-v"]
    if case.kind in ONCE:
        options += ["-n", "1"]
    if case.kind in BINARY:
        options += ["-B"]
    load = Load(port, file, *options, clients=COLD_CLIENTS if cold else CLIENTS)
    try:
        return load.said(seconds + END_SECONDS)
    finally:
        load.kill()


def read_rate(said: str) -> float:
    """Read how many answers a second dnsperf counted."""
    found = re.search(r"Queries per second:\s+([\d.]+)", said)
    return float(found[1]) if found else 0.0


def read_latency(said: str) -> Latency | None:
    """Read the lines that ``dnsperf -v`` prints for each answer; None if there is none."""
    waits = sorted(map(float, re.findall(r"^> (?!T )\S+ .* (\d+\.\d+)$", said, re.MULTILINE)))
    if not waits:
        return None
    p99 = waits[min(len(waits) - 1, math.ceil(0.99 * len(waits)) - 1)]
    return Latency(1e3 * median(waits), 1e3 * p99, 1e3 * waits[-1])


def _wrong_answers(contender: Contender, listed: Sequence[str]) -> int:
    """Ask for a few names, and count those that are not blocked but listed, or the other way round, or unanswered."""
    with asking(contender.port) as asker:
        for blocked, allowed in zip(listed[:LOOKED_UP], cached_names(LOOKED_UP), strict=True):
            asker.ask(must_be_blocked(blocked))
            asker.ask(must_be_allowed(allowed))
    return asker.seen.wrong + asker.seen.unanswered
