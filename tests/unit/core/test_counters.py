"""Where counts stand in the page: nothing overlaps, and every place is found from what it counts."""

import itertools

import pytest

from resolver.core.counters import (
    ANSWERS,
    ANSWERS_END,
    DROPS,
    DURATION,
    DURATION_BUCKETS,
    GAUGES,
    NOWHERE,
    ORDERS,
    PAGE_SIZE,
    RCODES,
    SLOTS,
    TYPES,
    UNANSWERED,
    UNANSWERED_END,
    UPSTREAM,
    UPSTREAM_END,
    UPSTREAM_STRIDE,
    UPSTREAMS,
    DropReason,
    Gauge,
    Transport,
    UpstreamCount,
    answer_slot,
    duration_slot,
    unanswered_slot,
    upstream_latency_slot,
    upstream_slot,
)
from resolver.dns.codes import Rcode, RRType


@pytest.mark.parametrize("kinds", [Gauge, DropReason, UpstreamCount])
def test_no_two_counts_share_a_place(kinds: type[Gauge | DropReason | UpstreamCount]) -> None:
    assert list(kinds) == list(kinds.__members__.values())


def test_the_regions_of_the_page_stand_apart_and_in_order() -> None:
    regions = [
        (GAUGES, GAUGES + max(Gauge) + 1),
        (DROPS, DROPS + len(DropReason)),
        (DURATION, DURATION + len(DURATION_BUCKETS) + 1),
        (ANSWERS, ANSWERS_END),
        (UNANSWERED, UNANSWERED_END),
        (UPSTREAM, UPSTREAM_END),
        (NOWHERE, NOWHERE + 1),
        (ORDERS, SLOTS),
    ]
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(regions))
    assert SLOTS * 8 == PAGE_SIZE


def test_every_kind_of_answer_has_a_place_of_its_own() -> None:
    types = [*(RRType[name] for name in TYPES[:-1]), 65_280]
    rcodes = [*(Rcode[name] for name in RCODES[:-1]), 23]
    places = [answer_slot(*each) for each in itertools.product(Transport, types, rcodes)]
    assert places == list(range(ANSWERS, ANSWERS_END))


def test_every_kind_of_unanswered_query_has_a_place_of_its_own() -> None:
    types = [*(RRType[name] for name in TYPES[:-1]), 65_280]
    places = [unanswered_slot(*each) for each in itertools.product(Transport, types)]
    assert places == list(range(UNANSWERED, UNANSWERED_END))


def test_what_is_not_counted_apart_is_other() -> None:
    assert answer_slot(Transport.TCP6, 0, 0) == answer_slot(Transport.TCP6, 99, 0)
    assert answer_slot(Transport.UDP4, 1, 9) == answer_slot(Transport.UDP4, 1, 4_095)


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [(0.0, 0), (0.000_249, 0), (0.000_25, 1), (0.000_499, 1), (0.001, 3), (8.0, 15), (8.192, 16), (1e6, 16)],
)
def test_a_duration_falls_into_the_first_bucket_above_it(seconds: float, bucket: int) -> None:
    assert duration_slot(seconds) == DURATION + bucket
    above = [number for number, bound in enumerate(DURATION_BUCKETS) if seconds < bound]
    assert bucket == (above[0] if above else len(DURATION_BUCKETS))


def test_upstreams_do_not_share_places() -> None:
    first = [upstream_slot(0, what) for what in UpstreamCount] + [
        upstream_latency_slot(0, 10.0**n) for n in range(-5, 2)
    ]
    assert max(first) < upstream_slot(1, UpstreamCount(0)) == UPSTREAM + UPSTREAM_STRIDE
    assert len({upstream_latency_slot(3, bound * 0.9) for bound in DURATION_BUCKETS}) == len(DURATION_BUCKETS)
    assert upstream_latency_slot(UPSTREAMS - 1, 1e9) == UPSTREAM_END - 1
