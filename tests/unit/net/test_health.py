"""An upstream is down after silence for several names or to probes, up at its first word, and near or far."""

import pytest

from resolver.dns.name import WireName, parse_name
from resolver.net.health import DOUBT_EVERY, DOWN, FAR, NEAR, PROBE_EVERY, Health

A, B, C = (parse_name(text) for text in ("a.test", "b.test", "c.test"))


@pytest.mark.parametrize(
    ("silences", "up"),
    [
        ([A, B, C, A], True),
        ([A] * 50, True),
        ([A, B] * 20, True),
        ([A, B, C, A, A], False),
        ([A, A, A, A, B, C], False),
    ],
    ids=["too few", "one name", "two names", "enough", "several names at last"],
)
def test_silence(silences: list[WireName], up: bool) -> None:  # noqa: FBT001 - a column of the table
    health = Health()
    for name in silences:
        health.unanswered(name, 0.0)
    assert health.up is up


def test_any_word_begins_the_count_anew() -> None:
    health = Health()
    for _ in range(10):
        for name in (A, B, C, A):
            health.unanswered(name, 0.0)
        health.answered(0.01)
    assert health.up


def test_a_down_upstream_wants_a_probe_now_and_then_until_it_answers() -> None:
    health = Health()
    assert not health.wants_probe(0.0)
    for name in (A, B, C, A, B):
        health.unanswered(name, 100.0)
    assert health.rank == DOWN
    assert not health.wants_probe(100.0 + PROBE_EVERY - 0.1)
    assert health.wants_probe(100.0 + PROBE_EVERY)
    assert not health.wants_probe(100.0 + PROBE_EVERY + 0.1)
    assert health.wants_probe(100.0 + 2 * PROBE_EVERY)
    health.answered(0.01)
    assert health.rank == NEAR
    assert not health.wants_probe(1_000.0)


def test_one_silence_raises_a_doubt_that_probes_settle_within_two_seconds() -> None:
    health = Health()
    health.has_rivals = True
    health.unanswered(A, 0.4)
    assert health.in_doubt
    now = 0.4
    while health.up:
        assert health.wants_probe(now)
        assert not health.wants_probe(now + DOUBT_EVERY / 2)
        now += DOUBT_EVERY
    assert 0.4 + 3 * DOUBT_EVERY < now < 2.0 + DOUBT_EVERY


def test_a_probe_that_is_answered_ends_the_doubt_whatever_the_name_does() -> None:
    health = Health()
    health.has_rivals = True
    for second in range(50):
        health.unanswered(A, float(second))
        assert health.wants_probe(float(second))
        health.answered(0.01)
        assert not health.in_doubt
        assert not health.wants_probe(second + 0.9)
    assert health.up


def test_without_anybody_else_to_ask_nothing_is_asked_more() -> None:
    health = Health()
    for _ in range(4):
        health.unanswered(A, 1.0)
    assert not health.wants_probe(2.0)
    assert not health.in_doubt


@pytest.mark.parametrize(
    ("latency", "nearest", "rank"),
    [
        (0.001, 0.001, NEAR),
        (0.006, 0.001, NEAR),
        (0.008, 0.001, FAR),
        (0.02, 0.01, NEAR),
        (0.06, 0.02, FAR),
        (0.0, 0.0, NEAR),
    ],
)
def test_near_is_about_as_near_as_the_nearest(latency: float, nearest: float, rank: int) -> None:
    health = Health()
    health.latency = latency
    health.compare(nearest)
    assert health.rank == rank


def test_a_far_one_is_forgiven_in_time() -> None:
    health = Health()
    for _ in range(100):
        health.answered(0.06)
    assert health.latency == pytest.approx(0.06, rel=0.01)
    looks = 0
    while health.rank == FAR or not looks:
        health.compare(0.01)
        looks += 1
    assert 10 < looks < 60


def test_silence_makes_an_upstream_farther_and_never_nearer() -> None:
    health = Health()
    health.answered(0.8)
    before = health.latency
    health.unanswered(A, 0.0, 0.0)
    assert health.latency == before
    health.unanswered(A, 0.0, 0.4)
    assert health.latency > before
    assert health.up
