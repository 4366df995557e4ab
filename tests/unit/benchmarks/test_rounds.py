"""What dnsperf prints about each answer is read as it prints it, and bad rounds do not count."""

import pytest

from benchmarks.questions import Case
from benchmarks.rounds import Latency, Measurement, read_latency, read_rate


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
