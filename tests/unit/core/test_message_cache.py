"""What is kept of answers and failures, within which bounds."""

import pytest

from resolver.core.message_cache import HEAVIEST, Entry, MessageCache
from resolver.core.step import Failure, Question, Unusable
from resolver.dns.name import parse_name
from tests.worlds import World, ask, upstream_says

TIMEOUT = Unusable(Failure.TIMEOUT)


def question(number: int = 0) -> Question:
    return Question(parse_name(f"n{number}.example"), 1, 1, dnssec_ok=False, checking_disabled=False)


def entry(number: int = 0, *, lifetime: int = 60, body: bytes = b"") -> Entry:
    return Entry(
        question(number),
        0,
        answers=0,
        authorities=0,
        body=body,
        ttl_offsets=(),
        links=(),
        authentic=False,
        errors=(),
        stored=10.0,
        lifetime=lifetime,
        stale_seconds=100,
    )


def test_an_entry_is_found_by_its_question_fresh_or_not() -> None:
    kept = MessageCache(10, 100_000)
    first = entry()
    kept.keep(first)
    assert kept.find(question()) is first
    assert kept.find(question()._replace(dnssec_ok=True)) is None
    assert kept.find(question()._replace(checking_disabled=True)) is None
    assert kept.find(question(1)) is None
    assert (first.expires, first.stale_until) == (70.0, 170.0)


def test_a_newer_answer_takes_the_place_of_the_older_even_if_it_is_for_once() -> None:
    kept = MessageCache(10, 100_000)
    kept.keep(entry())
    kept.keep(second := entry(lifetime=5))
    assert (kept.find(question()), len(kept)) == (second, 1)
    kept.keep(entry(lifetime=0))
    assert (kept.find(question()), len(kept), kept.octets) == (None, 0, 0)


def test_entries_and_octets_are_bounded() -> None:
    kept = MessageCache(100, 10**9)
    heavy = MessageCache(10**6, 200_000)
    for number in range(1_000):
        kept.keep(entry(number))
        heavy.keep(entry(number, body=bytes(5_000)))
        assert len(kept) <= 101
        assert heavy.octets <= 200_000
    assert kept.find(question(999)) is not None
    assert heavy.find(question(999)) is not None


def test_an_answer_heavier_than_half_the_cache_is_not_kept() -> None:
    kept = MessageCache(100, 100_000)
    kept.keep(entry(body=bytes(60_000)))
    assert kept.find(question()) is None


def test_a_flood_of_failures_takes_no_answers_place() -> None:
    kept = MessageCache(10, 100_000)
    kept.keep(entry())
    for number in range(1, 40_000):
        kept.keep_failure(question(number), TIMEOUT, 0.0, stale=False)
    assert kept.find(question()) is not None
    assert kept.failure(question(39_999), 0.5) == TIMEOUT
    assert kept.failure(question(1), 0.5) is None
    assert len(kept._failures) <= 16_385


@pytest.mark.parametrize("failure", [Failure.OVERLOAD, Failure.NO_UPSTREAM])
def test_our_own_limits_are_no_failure_of_the_question(failure: Failure) -> None:
    kept = MessageCache(10, 100_000)
    kept.keep_failure(question(), Unusable(failure), 0.0, stale=False)
    assert kept.failure(question(), 0.0) is None


def test_the_body_counts_down_to_zero_and_not_below() -> None:
    world = World()
    lines = ["www.fine.example. 9 IN A 203.0.113.1", "www.fine.example. 9 IN A 203.0.113.2"]
    forward = world.forwarded(ask("www.fine.example"))
    learned = world.learn(forward, upstream_says("www.fine.example", "A", *lines))
    assert isinstance(learned, Entry)
    nine = learned.aged_body(0)
    assert nine.count(b"\x00\x00\x00\x09") == 2
    assert learned.aged_body(4) == nine.replace(b"\x00\x00\x00\x09", b"\x00\x00\x00\x05")
    assert learned.aged_body(400) == nine.replace(b"\x00\x00\x00\x09", bytes(4))
    assert learned.stale_body(30) == nine.replace(b"\x00\x00\x00\x09", b"\x00\x00\x00\x1e")
    assert learned.aged_body(0) is nine


def test_an_answer_that_is_too_heavy_is_not_kept() -> None:
    kept = MessageCache(10, 10_000_000)
    kept.keep(entry(1, body=bytes(HEAVIEST // 2)))
    kept.keep(entry(2, body=bytes(HEAVIEST)))
    assert [kept.find(question(number)) is not None for number in (1, 2)] == [True, False]
    kept.keep(entry(1, body=bytes(HEAVIEST)))
    assert kept.find(question(1)) is None, "nor is what it takes the place of"
