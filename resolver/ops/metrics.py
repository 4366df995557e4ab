"""What Prometheus is told: the counter pages of all workers added up, and the state of policy, reload and workers.

Nothing is counted here. Labels come from fixed sets, from the configuration and from order files; no name that a
client asked for and no client address ever becomes one. ``docs/metrics.md`` lists every metric, and a test compares.
"""

import math
import platform
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from resolver import __version__
from resolver.core.counters import (
    ANSWERS,
    DROPS,
    DURATION,
    DURATION_BUCKETS,
    GAUGES,
    OBSERVED,
    RCODES,
    TYPES,
    UNANSWERED,
    DropReason,
    Gauge,
    Transport,
    UpstreamCount,
    upstream_latency_slot,
    upstream_slot,
)
from resolver.ops.metrics_state import MetricsState, PolicySummary

MICROSECONDS: Final = 1_000_000

TRANSPORT_LABELS: Final = {
    Transport.UDP4: ("udp", "ipv4"),
    Transport.UDP6: ("udp", "ipv6"),
    Transport.TCP4: ("tcp", "ipv4"),
    Transport.TCP6: ("tcp", "ipv6"),
}
UPSTREAM_FAILURES: Final = {
    "timeout": UpstreamCount.TIMEOUTS,
    "network": UpstreamCount.NETWORK_ERRORS,
    "error-answer": UpstreamCount.ERROR_ANSWERS,
    "unusable-answer": UpstreamCount.UNUSABLE_ANSWERS,
}
CACHES: Final = {
    "packet": (Gauge.PACKET_ENTRIES, Gauge.PACKET_HITS, Gauge.PACKET_MISSES),
    "message": (Gauge.MESSAGE_ENTRIES, Gauge.MESSAGE_HITS, Gauge.MESSAGE_MISSES),
}
OVERLOADS: Final = {
    "in-flight": Gauge.FULL_IN_ALL,
    "client": Gauge.FULL_FOR_CLIENT,
    "domain": Gauge.FULL_FOR_DOMAIN,
}


def exposition(state: MetricsState, accept: str) -> tuple[str, bytes]:
    """Write every metric in the text format that a scraper accepts; gives the content type, too."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(PageCollector(state))
    encode, content_type = choose_encoder(accept)
    return content_type, encode(registry)


class PageCollector(Collector):
    """Turns one state into metric families; Prometheus' client library writes them out."""

    def __init__(self, state: MetricsState) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        """Yield every metric family, also those that are all zero."""
        yield from self._answers()
        yield from self._blocks()
        yield from self._caches()
        yield from self._losses()
        yield from self._upstreams()
        yield from self._policy()
        yield from self._journal()
        yield from self._service()

    def _total(self, slot: int) -> int:
        return sum(page[slot] for page in self._state.pages)

    def _gauge(self, gauge: Gauge) -> int:
        return self._total(GAUGES + gauge)

    def _answers(self) -> Iterator[Metric]:
        what = "Queries read: those answered, and those that an order has us drop."
        requests = _counter("requests", what, "protocol", "family", "type")
        by_rcode = dict.fromkeys(RCODES, 0)
        slot = ANSWERS
        for transport in Transport:
            for kind, record_type in enumerate(TYPES):
                asked = self._total(UNANSWERED + transport * len(TYPES) + kind)
                for rcode in RCODES:
                    count = self._total(slot)
                    asked += count
                    by_rcode[rcode] += count
                    slot += 1
                requests.add_metric([*TRANSPORT_LABELS[transport], record_type], asked)
        responses = _counter("responses", "Answers sent, by response code.", "rcode")
        for rcode, count in by_rcode.items():
            responses.add_metric([rcode], count)
        yield requests
        yield responses
        yield self._histogram(
            HistogramMetricFamily("arret_request_duration_seconds", "From receiving a query to its answer."),
            [],
            DURATION,
            self._gauge(Gauge.DURATION_MICROSECONDS),
        )

    def _blocks(self) -> Iterator[Metric]:
        blocked = _counter("blocked", "Answers that an order blocked.", "order", "action", "via")
        observed = _counter("order_observed", "Answers that an order would block if it were enforced.", "order", "via")
        for key, slot in sorted(self._state.slots.items()):
            order, _, action = key.rpartition("/")
            family, labels = (observed, [order]) if action == OBSERVED else (blocked, [order, action])
            family.add_metric([*labels, "name"], self._total(slot))
            family.add_metric([*labels, "alias"], self._total(slot + 1))
        yield blocked
        yield observed
        pages = _counter("notice_requests", "Requests that the notice page answered.", "order", "status")
        for (order, status), count in sorted(self._state.notice.items()):
            pages.add_metric([order, status], count)
        yield pages

    def _caches(self) -> Iterator[Metric]:
        entries = GaugeMetricFamily("arret_cache_entries", "Entries held.", labels=["cache"])
        hits = _counter("cache_hits", "Answers found in the cache.", "cache")
        misses = _counter("cache_misses", "Look-ups that found nothing.", "cache")
        for cache, (held, hit, missed) in CACHES.items():
            entries.add_metric([cache], self._gauge(held))
            hits.add_metric([cache], self._gauge(hit))
            misses.add_metric([cache], self._gauge(missed))
        yield entries
        yield hits
        yield misses
        yield GaugeMetricFamily(
            "arret_cache_bytes", "Octets held by the message cache.", self._gauge(Gauge.MESSAGE_BYTES)
        )
        yield _single("stale_answers", "Answers past their TTL, upstreams failing.", self._gauge(Gauge.STALE_ANSWERS))

    def _losses(self) -> Iterator[Metric]:
        drops = _counter("dropped", "Datagrams and queries that got no answer.", "reason")
        for reason in DropReason:
            drops.add_metric([reason.name.lower().replace("_", "-")], self._total(DROPS + reason))
        yield drops
        limited = _counter("rate_limited", "Replies over UDP beyond a rate limit.", "action")
        limited.add_metric(["drop"], self._total(DROPS + DropReason.RATE_LIMIT))
        limited.add_metric(["truncate"], self._gauge(Gauge.RATE_TRUNCATED))
        limited.add_metric(["log"], self._gauge(Gauge.RATE_LOGGED))
        yield limited
        yield _single("kernel_drops", "Datagrams lost to a full receive buffer.", self._gauge(Gauge.KERNEL_DROPS))
        yield GaugeMetricFamily(
            "arret_tcp_connections", "TCP connections of clients now open.", self._gauge(Gauge.TCP_CONNECTIONS)
        )
        yield _single("tcp_overdue", "TCP connections closed for want of activity.", self._gauge(Gauge.TCP_OVERDUE))
        yield _single("tcp_refused", "TCP connections closed over a limit.", self._gauge(Gauge.TCP_REFUSED))

    def _upstreams(self) -> Iterator[Metric]:
        requests = _counter("upstream_requests", "Queries sent.", "upstream", "protocol")
        failures = _counter("upstream_failures", "Queries without a usable answer.", "upstream", "reason")
        latency = HistogramMetricFamily(
            "arret_upstream_latency_seconds", "From sending to the answer.", labels=["upstream"]
        )
        healthy = GaugeMetricFamily(
            "arret_upstream_healthy_workers", "Workers that hold it healthy.", labels=["upstream"]
        )
        for number, label in enumerate(self._state.upstreams):
            count = {what: self._total(upstream_slot(number, what)) for what in UpstreamCount}
            requests.add_metric([label, "udp"], count[UpstreamCount.UDP_REQUESTS])
            requests.add_metric([label, "tcp"], count[UpstreamCount.TCP_REQUESTS])
            for reason, what in UPSTREAM_FAILURES.items():
                failures.add_metric([label, reason], count[what])
            self._histogram(
                latency, [label], upstream_latency_slot(number, 0.0), count[UpstreamCount.LATENCY_MICROSECONDS]
            )
            healthy.add_metric([label], count[UpstreamCount.HEALTHY])
        yield requests
        yield failures
        yield latency
        yield healthy
        yield _single("upstream_mismatches", "Answers that matched no query.", self._gauge(Gauge.MISMATCHES))
        yield _single("upstream_filtered", "Answers an upstream filtered.", self._gauge(Gauge.FILTERED_UPSTREAM))
        yield _single("special_names", "Answers for special names.", self._gauge(Gauge.SPECIAL_NAMES))
        yield _single("rebinding_withheld", "Answers with a private address withheld.", self._gauge(Gauge.WITHHELD))
        continued = "Aliases asked on where an upstream had left a chain."
        yield _single("chains_continued", continued, self._gauge(Gauge.CONTINUED))
        yield _single("joined", "Queries that waited for another's upstream answer.", self._gauge(Gauge.JOINED))
        full = _counter("overload", "Queries answered at once, too many waiting.", "bound")
        for bound, gauge in OVERLOADS.items():
            full.add_metric([bound], self._gauge(gauge))
        yield full
        waiting = "Queries now waiting for upstreams, those that joined another's included."
        yield GaugeMetricFamily("arret_in_flight", waiting, self._gauge(Gauge.IN_FLIGHT))

    def _policy(self) -> Iterator[Metric]:
        policy = self._state.policy
        rules = GaugeMetricFamily("arret_rules_in_force", "Rules in force, by order.", labels=["order"])
        digest = GaugeMetricFamily("arret_policy_info", "The policy in force, by its digest.", labels=["digest"])
        if policy is not None:
            digest.add_metric([policy.digest], 1)
            for order in policy.orders:
                rules.add_metric([order.order], order.in_force(self._state.order_clock))
        yield rules
        yield from self._dates(policy)
        yield digest
        yield GaugeMetricFamily("arret_orders", "Orders loaded.", len(policy.orders) if policy else 0)
        refused = policy.refused if policy else 0
        yield GaugeMetricFamily("arret_orders_refused", "Order files that are not applied.", refused)
        yield GaugeMetricFamily("arret_rehearsal", "1 if the order clock is rehearsed.", int(self._state.rehearsal))

    def _journal(self) -> Iterator[Metric]:
        head, waiting, begun_anew = self._state.journal
        what = "Entries that are not in the journal yet: it cannot be written."
        yield GaugeMetricFamily("arret_journal_entries", "Entries in the journal.", head.entries)
        yield GaugeMetricFamily("arret_journal_waiting", what, waiting)
        what = "When the journal last lost what was before, and was begun anew; 0 if it never did."
        lost = 0.0 if begun_anew is None else datetime.fromisoformat(begun_anew.time).timestamp()
        yield GaugeMetricFamily("arret_journal_begun_anew_timestamp_seconds", what, lost)
        link = GaugeMetricFamily("arret_journal_head_info", "The last hash of the journal.", labels=["hash"])
        link.add_metric([head.hash], 1)
        yield link

    def _dates(self, policy: PolicySummary | None) -> Iterator[Metric]:
        what = "Seconds until the next date of an order; a deadline that is overdue is below zero."
        deadlines = GaugeMetricFamily("arret_order_deadline_seconds", what, labels=["order", "kind"])
        what = "0 if an order counts from an implementation that nobody recorded."
        pinned = GaugeMetricFamily("arret_order_implementation_pinned", what, labels=["order"])
        if policy is not None:
            wall = self._state.order_clock
            next_date: dict[tuple[str, str], float] = {}
            for each in policy.dates:
                if each.is_open(wall):
                    next_date[each.order, each.kind] = min(each.at, next_date.get((each.order, each.kind), math.inf))
            for (order, kind), at in sorted(next_date.items()):
                deadlines.add_metric([order, kind], at - wall)
            for rules in policy.orders:
                pinned.add_metric([rules.order], int(rules.order not in policy.unpinned))
        yield deadlines
        yield pinned

    def _service(self) -> Iterator[Metric]:
        state = self._state
        reloads = _counter("reloads", "Reloads, the start included.", "result")
        reloads.add_metric(["success"], state.reload.successes)
        reloads.add_metric(["failure"], state.reload.failures)
        yield reloads
        yield GaugeMetricFamily(
            "arret_last_reload_success", "1 if the last reload refused nothing.", int(state.reload.succeeded)
        )
        yield GaugeMetricFamily(
            "arret_last_reload_success_timestamp_seconds", "When a reload last succeeded.", state.reload.last_success
        )
        notice = GaugeMetricFamily("arret_notice_up", "1 while the notice page is served.")
        if state.notice_up is not None:
            notice.add_metric([], int(state.notice_up))
        yield notice
        yield GaugeMetricFamily("arret_workers", "Workers wanted.", state.workers)
        yield GaugeMetricFamily("arret_workers_in_force", "Workers under the policy.", state.workers_in_force)
        yield _single("worker_restarts", "Workers that were replaced.", state.worker_restarts)
        yield _single("log_lines_dropped", "Log lines lost to a slow reader.", state.log_lines_dropped)
        yield GaugeMetricFamily("arret_start_time_seconds", "When the server started.", state.started)
        build = GaugeMetricFamily("arret_build_info", "Version.", labels=["version", "python"])
        build.add_metric([__version__, platform.python_version()], 1)
        yield build

    def _histogram(
        self, family: HistogramMetricFamily, labels: list[str], first_slot: int, sum_microseconds: int
    ) -> HistogramMetricFamily:
        buckets: list[tuple[str, float]] = []
        below = 0
        for place, bound in enumerate((*DURATION_BUCKETS, math.inf)):
            below += self._total(first_slot + place)
            buckets.append(("+Inf" if bound == math.inf else repr(bound), below))
        family.add_metric(labels, buckets, sum_microseconds / MICROSECONDS)
        return family


def _counter(name: str, what: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"arret_{name}", what, labels=labels)


def _single(name: str, what: str, value: int) -> CounterMetricFamily:
    return CounterMetricFamily(f"arret_{name}", what, value=value)
