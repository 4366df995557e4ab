"""The metrics say what the pages hold, for all workers together, and never a name from a query."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from resolver.core.counters import (
    DROPS,
    DURATION_BUCKETS,
    GAUGES,
    NOWHERE,
    ORDERS,
    RCODES,
    SLOTS,
    TYPES,
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
from resolver.ops.metrics import PageCollector
from resolver.ops.metrics_state import MetricsState, OrderDate, OrderRules, PolicySummary, ReloadState, covers
from resolver.ops.timelines import spans
from resolver.orders.model import Span
from resolver.proof.journal import Head
from resolver.proof.writer import WriterState

WALL: Final = 1_401_580_800.0


DATES: Final = (
    OrderDate("paris-1", "comply", WALL - 60.0, None, None),
    OrderDate("paris-1", "comply", WALL + 60.0, None, None),
    OrderDate("paris-1", "comply", WALL - 90.0, None, WALL),
    OrderDate("paris-1", "end", WALL + 5.0, WALL, WALL + 5.0),
    OrderDate("paris-1", "end", WALL + 4.0, WALL + 1.0, WALL + 4.0),
    OrderDate("paris-1", "review", WALL + 7.0, 0.0, None),
)


def page(counts: Mapping[int, int] | None = None) -> memoryview:
    """Make a counter page of ordinary memory."""
    made = memoryview(bytearray(SLOTS * 8)).cast("Q")
    for slot, count in (counts or {}).items():
        made[slot] = count
    return made


def state(*pages: memoryview) -> MetricsState:
    """Make the state of a server with one order of sixteen rules, half of them over."""
    rules = OrderRules("paris-1", (((Span(0.0, None),), 10), ((Span(0.0, WALL),), 6)))
    return MetricsState(
        pages=pages or (page(),),
        policy=PolicySummary("abc123", (rules,), DATES, frozenset({"lyon"})),
        slots={"paris-1/redirect": ORDERS, "lyon/2/nxdomain": ORDERS + 2},
        upstreams=("udp://192.0.2.53:53", "tcp://[2001:db8::53]:53"),
        reload=ReloadState(succeeded=True, last_success=12.5, successes=3, failures=1),
        workers=2,
        workers_in_force=2,
        worker_restarts=4,
        started=11.0,
        order_clock=WALL,
        rehearsal=True,
        log_lines_dropped=5,
        journal=WriterState(Head(3, "ab"), 0),
    )


def samples(told: MetricsState) -> dict[str, float]:
    """Write the metrics out and read them back with the parser of Prometheus' own client."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(PageCollector(told))
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for sample in family.samples:
            labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def test_counts_of_all_worker_places_are_added_up() -> None:
    slot = answer_slot(Transport.UDP4, 1, 0)

    told = samples(state(page({slot: 3}), page({slot: 4})))

    assert told["arret_requests_total{family=ipv4,protocol=udp,type=A}"] == 7
    assert told["arret_responses_total{rcode=NOERROR}"] == 7


def test_a_query_without_an_answer_is_a_request_too() -> None:
    counts = {
        answer_slot(Transport.UDP4, 1, 0): 2,
        unanswered_slot(Transport.UDP4, 1): 3,
        unanswered_slot(Transport.TCP6, 65_280): 4,
        DROPS + DropReason.ACTION: 7,
    }

    told = samples(state(page(counts)))

    assert told["arret_requests_total{family=ipv4,protocol=udp,type=A}"] == 5
    assert told["arret_requests_total{family=ipv6,protocol=tcp,type=other}"] == 4
    assert sum(count for name, count in told.items() if name.startswith("arret_responses_total")) == 2


@pytest.mark.parametrize("transport", Transport, ids=lambda transport: transport.name)
@pytest.mark.parametrize(("number", "label"), [(1, "A"), (28, "AAAA"), (65, "HTTPS"), (255, "ANY"), (65_280, "other")])
@pytest.mark.parametrize(("rcode", "word"), [(0, "NOERROR"), (3, "NXDOMAIN"), (16, "BADVERS"), (9, "other")])
def test_an_answer_is_told_where_it_was_counted(
    transport: Transport, number: int, label: str, rcode: int, word: str
) -> None:
    told = samples(state(page({answer_slot(transport, number, rcode): 1})))

    protocol, family = transport.name[:3].lower(), f"ipv{transport.name[3]}"
    assert {name for name, value in told.items() if value == 1 and name.startswith("arret_requests_total")} == {
        f"arret_requests_total{{family={family},protocol={protocol},type={label}}}"
    }
    assert told[f"arret_responses_total{{rcode={word}}}"] == 1
    assert sum(value for name, value in told.items() if name.startswith("arret_responses_total")) == 1


def test_every_loaded_order_has_series_before_anything_was_blocked() -> None:
    told = samples(state())

    assert {name: value for name, value in told.items() if name.startswith("arret_blocked_total")} == {
        "arret_blocked_total{action=redirect,order=paris-1,via=name}": 0,
        "arret_blocked_total{action=redirect,order=paris-1,via=alias}": 0,
        "arret_blocked_total{action=nxdomain,order=lyon/2,via=name}": 0,
        "arret_blocked_total{action=nxdomain,order=lyon/2,via=alias}": 0,
    }


def test_blocks_by_name_and_through_an_alias_are_told_apart() -> None:
    told = samples(state(page({ORDERS: 5, ORDERS + 1: 2, NOWHERE: 99})))

    assert told["arret_blocked_total{action=redirect,order=paris-1,via=name}"] == 5
    assert told["arret_blocked_total{action=redirect,order=paris-1,via=alias}"] == 2
    assert 99 not in told.values()


def test_the_duration_histogram_is_cumulative() -> None:
    counts = {duration_slot(0.000_1): 1, duration_slot(0.000_3): 2, duration_slot(100.0): 4}
    told = samples(state(page({**counts, GAUGES + Gauge.DURATION_MICROSECONDS: 1_500_000})))

    buckets = [value for name, value in told.items() if name.startswith("arret_request_duration_seconds_bucket")]
    assert len(buckets) == len(DURATION_BUCKETS) + 1
    assert told["arret_request_duration_seconds_bucket{le=0.00025}"] == 1
    assert told["arret_request_duration_seconds_bucket{le=0.0005}"] == 3
    assert told["arret_request_duration_seconds_bucket{le=8.192}"] == 3
    assert told["arret_request_duration_seconds_bucket{le=+Inf}"] == 7
    assert told["arret_request_duration_seconds_count"] == 7
    assert told["arret_request_duration_seconds_sum"] == 1.5


@pytest.mark.parametrize(
    ("slot", "metric"),
    [
        (GAUGES + Gauge.PACKET_ENTRIES, "arret_cache_entries{cache=packet}"),
        (GAUGES + Gauge.PACKET_HITS, "arret_cache_hits_total{cache=packet}"),
        (GAUGES + Gauge.PACKET_MISSES, "arret_cache_misses_total{cache=packet}"),
        (GAUGES + Gauge.MESSAGE_ENTRIES, "arret_cache_entries{cache=message}"),
        (GAUGES + Gauge.MESSAGE_HITS, "arret_cache_hits_total{cache=message}"),
        (GAUGES + Gauge.MESSAGE_MISSES, "arret_cache_misses_total{cache=message}"),
        (GAUGES + Gauge.MESSAGE_BYTES, "arret_cache_bytes"),
        (GAUGES + Gauge.STALE_ANSWERS, "arret_stale_answers_total"),
        (GAUGES + Gauge.JOINED, "arret_joined_total"),
        (GAUGES + Gauge.IN_FLIGHT, "arret_in_flight"),
        (GAUGES + Gauge.FULL_IN_ALL, "arret_overload_total{bound=in-flight}"),
        (GAUGES + Gauge.FULL_FOR_CLIENT, "arret_overload_total{bound=client}"),
        (GAUGES + Gauge.FULL_FOR_DOMAIN, "arret_overload_total{bound=domain}"),
        (GAUGES + Gauge.TCP_OVERDUE, "arret_tcp_overdue_total"),
        (DROPS + DropReason.RATE_LIMIT, "arret_rate_limited_total{action=drop}"),
        (GAUGES + Gauge.RATE_TRUNCATED, "arret_rate_limited_total{action=truncate}"),
        (GAUGES + Gauge.RATE_LOGGED, "arret_rate_limited_total{action=log}"),
        (GAUGES + Gauge.MISMATCHES, "arret_upstream_mismatches_total"),
        (GAUGES + Gauge.FILTERED_UPSTREAM, "arret_upstream_filtered_total"),
        (GAUGES + Gauge.KERNEL_DROPS, "arret_kernel_drops_total"),
        (GAUGES + Gauge.TCP_CONNECTIONS, "arret_tcp_connections"),
        (GAUGES + Gauge.TCP_REFUSED, "arret_tcp_refused_total"),
        (DROPS + DropReason.NOT_A_QUERY, "arret_dropped_total{reason=not-a-query}"),
        (DROPS + DropReason.OVERLOAD, "arret_dropped_total{reason=overload}"),
        (upstream_slot(1, UpstreamCount.UDP_REQUESTS), "arret_upstream_requests_total{protocol=udp,%s}"),
        (upstream_slot(1, UpstreamCount.TCP_REQUESTS), "arret_upstream_requests_total{protocol=tcp,%s}"),
        (upstream_slot(1, UpstreamCount.TIMEOUTS), "arret_upstream_failures_total{reason=timeout,%s}"),
        (upstream_slot(1, UpstreamCount.NETWORK_ERRORS), "arret_upstream_failures_total{reason=network,%s}"),
        (upstream_slot(1, UpstreamCount.ERROR_ANSWERS), "arret_upstream_failures_total{reason=error-answer,%s}"),
        (upstream_slot(1, UpstreamCount.UNUSABLE_ANSWERS), "arret_upstream_failures_total{reason=unusable-answer,%s}"),
        (upstream_slot(1, UpstreamCount.HEALTHY), "arret_upstream_healthy_workers{%s}"),
        (upstream_latency_slot(1, 0.05), "arret_upstream_latency_seconds_count{%s}"),
    ],
)
def test_a_count_is_told_under_its_name(slot: int, metric: str) -> None:
    told = samples(state(page({slot: 77})))

    second = "upstream=tcp://[2001:db8::53]:53"
    assert told[metric % second if "%s" in metric else metric] == 77


def test_what_is_in_flight_is_told_as_it_is_counted() -> None:
    [family] = [each for each in PageCollector(state()).collect() if each.name == "arret_in_flight"]

    assert family.documentation == "Queries now waiting for upstreams, those that joined another's included."


def test_rules_in_force_follow_the_order_clock() -> None:
    told = state()

    assert samples(told)["arret_rules_in_force{order=paris-1}"] == 10
    assert samples(replace(told, order_clock=WALL - 1))["arret_rules_in_force{order=paris-1}"] == 16


def test_the_state_of_the_service_is_told() -> None:
    told = samples(state())

    assert told["arret_last_reload_success"] == 1
    assert told["arret_last_reload_success_timestamp_seconds"] == 12.5
    assert told["arret_reloads_total{result=failure}"] == 1
    assert told["arret_policy_info{digest=abc123}"] == 1
    assert told["arret_workers_in_force"] == 2
    assert told["arret_worker_restarts_total"] == 4
    assert told["arret_rehearsal"] == 1
    assert told["arret_log_lines_dropped_total"] == 5


def test_without_a_policy_the_metrics_are_still_there() -> None:
    told = samples(replace(state(), policy=None, slots={}, upstreams=()))

    assert told["arret_orders"] == 0
    assert not any(name.startswith("arret_policy_info") for name in told)


def test_labels_come_from_known_sets() -> None:
    known = {
        "protocol": {"udp", "tcp"},
        "family": {"ipv4", "ipv6"},
        "type": set(TYPES),
        "rcode": set(RCODES),
        "reason": None,
        "cache": {"packet", "message"},
        "bound": {"in-flight", "client", "domain"},
        "via": {"name", "alias"},
        "result": {"success", "failure"},
        "le": None,
        "order": {"paris-1", "lyon/2"},
        "action": {"redirect", "nxdomain", "drop", "truncate", "log"},
        "kind": {"comply", "end", "review", "error"},
        "upstream": set(state().upstreams),
        "digest": {"abc123"},
        "hash": {"ab"},
        "version": None,
        "python": None,
    }
    for sample in samples(state()):
        for label, value in re.findall(r"(\w+)=([^,}]*)", sample):
            allowed = known[label]
            assert allowed is None or value in allowed


@pytest.mark.parametrize(
    ("workers", "in_force", "ready"),
    [(2, 2, True), (2, 1, False), (2, 0, False), (0, 0, False)],
)
def test_ready_means_every_worker(workers: int, in_force: int, *, ready: bool) -> None:
    assert replace(state(), workers=workers, workers_in_force=in_force).ready is ready


def test_not_ready_without_a_policy() -> None:
    assert not replace(state(), policy=None).ready


@pytest.mark.parametrize(
    ("wall", "inside"), [(9.9, False), (10.0, True), (19.9, True), (20.0, False), (30.0, True), (1e12, True)]
)
def test_a_timeline_covers_its_spans_without_their_ends(wall: float, *, inside: bool) -> None:
    assert covers(spans([(10.0, 20.0), (30.0, None)]), wall) is inside


def test_the_next_open_date_of_each_kind_is_told_in_seconds() -> None:
    told = samples(state())
    assert {key: value for key, value in told.items() if key.startswith("arret_order_")} == {
        "arret_order_deadline_seconds{kind=comply,order=paris-1}": -60.0,
        "arret_order_deadline_seconds{kind=end,order=paris-1}": 5.0,
        "arret_order_deadline_seconds{kind=review,order=paris-1}": 7.0,
        "arret_order_implementation_pinned{order=paris-1}": 1.0,
    }


def test_an_implementation_that_nobody_recorded_is_an_alarm() -> None:
    policy = PolicySummary("abc123", (OrderRules("lyon", ()),), (), frozenset({"lyon"}))
    assert samples(replace(state(), policy=policy))["arret_order_implementation_pinned{order=lyon}"] == 0


def test_what_is_observed_is_counted_apart() -> None:
    told = samples(replace(state(page({ORDERS: 3, ORDERS + 1: 2})), slots={"lyon/observe": ORDERS}))
    assert told["arret_order_observed_total{order=lyon,via=name}"] == 3
    assert told["arret_order_observed_total{order=lyon,via=alias}"] == 2
    assert not any(key.startswith("arret_blocked_total") for key in told)
