"""An upstream is down after silence for several names, and up at its first word."""

import pytest

from resolver.dns.name import WireName, parse_name
from resolver.net.health import PROBE_EVERY, Health

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
        health.answered()
    assert health.up


def test_a_down_upstream_wants_a_probe_now_and_then_until_it_answers() -> None:
    health = Health()
    assert not health.wants_probe(0.0)
    for name in (A, B, C, A, B):
        health.unanswered(name, 100.0)
    assert not health.wants_probe(100.0 + PROBE_EVERY - 0.1)
    assert health.wants_probe(100.0 + PROBE_EVERY)
    assert not health.wants_probe(100.0 + PROBE_EVERY + 0.1)
    assert health.wants_probe(100.0 + 2 * PROBE_EVERY)
    health.answered()
    assert health.up
    assert not health.wants_probe(1_000.0)
