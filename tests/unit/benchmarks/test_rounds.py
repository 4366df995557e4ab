"""What dnsperf prints about each answer is read as it prints it, and bad rounds do not count."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import rounds
from benchmarks.contenders import Program
from benchmarks.made_up_names import listed_names
from benchmarks.questions import Case, Questions
from benchmarks.rounds import Field, Latency, Measurement, read_latency, read_rate


def measurement(*, noerror: float = 100.0, lost: float = 0.0, wrong: int = 0) -> Measurement:
    return Measurement("Unbound", Case("cached"), 0, 7.0, 1e5, noerror, lost, None, wrong, 0.0)


def test_waits_are_read_and_time_outs_are_none() -> None:
    said = "".join(f"> NOERROR host{number}.bench.example A 0.{number:06}\n" for number in range(1, 201))

    assert read_latency(f"{said}> T late.bench.example A\n> SERVFAIL binary input 0.009000\n") == Latency(
        p50=0.101, p99=0.199, longest=9.0
    )


def test_without_answers_there_is_no_wait() -> None:
    assert read_latency("Statistics:\n\n  Queries sent: 0\n") is None


def test_the_rate_is_read() -> None:
    assert read_rate("  Run time (s):         2.008065\n  Queries per second:   48305.209244\n") == 48305.209244


@pytest.mark.parametrize(
    ("measured", "counts"),
    [
        (measurement(), True),
        (measurement(noerror=99.9, lost=0.1), True),
        (measurement(noerror=99.89), False),
        (measurement(lost=0.11), False),
        (measurement(wrong=1), False),
    ],
    ids=["sound", "on the bounds", "errors", "lost", "wrong"],
)
def test_a_round_counts_only_if_nearly_all_was_answered_rightly(measured: Measurement, *, counts: bool) -> None:
    assert measured.counts is counts


class Scripted(Field):
    """Measures nothing; who is named in ``breaks`` breaks."""

    breaks: frozenset[str] = frozenset()

    def measure(self, name: str, case: Case, turn: int) -> Measurement:
        if name in self.breaks:
            raise RuntimeError(f"{name} ended")
        return replace(measurement(), contender=name, case=case, turn=turn)


def field_of(names: Sequence[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Scripted:
    monkeypatch.setattr(rounds, "warm_up", lambda *_: None)
    contenders = {name: Program(name, lambda _port: (), tmp_path / "log") for name in names}
    return Scripted(contenders, Questions(tmp_path, listed_names(10), 1), listed_names(10), 1)


def test_without_who_breaks_the_others_are_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    field = field_of(["Unbound", "BIND"], monkeypatch, tmp_path)
    monkeypatch.setattr(Scripted, "breaks", frozenset({"Unbound"}))

    measured = list(field.measure_rounds([Case("cached"), Case("blocked")], 2))

    assert [(each.contender, each.case.name, each.turn) for each in measured] == [
        ("BIND", "cached", 0),
        ("BIND", "blocked", 0),
        ("BIND", "cached", 1),
        ("BIND", "blocked", 1),
    ]
    assert field.broken == {"Unbound": "RuntimeError"}


def test_no_round_begins_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    field = field_of(["BIND"], monkeypatch, tmp_path)

    assert len(list(field.measure_rounds([Case("cached")], 3, until=time.monotonic() + 3600))) == 3
    assert list(field.measure_rounds([Case("cached")], 3, until=0.0)) == []
