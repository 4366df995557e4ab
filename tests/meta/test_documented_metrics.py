"""docs/metrics.md lists exactly the metrics that exist, with their types and labels."""

import re
from pathlib import Path
from typing import NamedTuple

from resolver.core.counters import SLOTS
from resolver.ops.metrics import PageCollector
from resolver.ops.metrics_state import MetricsState, OrderDate, OrderRules, PolicySummary, ReloadState
from resolver.orders.model import Span
from resolver.proof.journal import Head
from resolver.proof.writer import WriterState

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
ROW = re.compile(r"^\| `(arret_\w+)` \| (\w+) \|([^|]*)\|", re.MULTILINE)


class Documented(NamedTuple):
    """What a row of the page says, and what a metric family is."""

    name: str
    kind: str
    labels: frozenset[str]


def state() -> MetricsState:
    """Make a state in which every metric has at least one series."""
    return MetricsState(
        pages=(memoryview(bytearray(SLOTS * 8)).cast("Q"),),
        policy=PolicySummary(
            "d", (OrderRules("o", (((Span(0.0, None),), 1),)),), (OrderDate("o", "end", 1.0, None, None),)
        ),
        slots={"o/redirect": 4_096, "o/observe": 4_098},
        upstreams=("udp://192.0.2.1:53",),
        reload=ReloadState(succeeded=True, last_success=0.0, successes=1, failures=0),
        workers=1,
        workers_in_force=1,
        worker_restarts=0,
        started=0.0,
        order_clock=0.0,
        rehearsal=False,
        log_lines_dropped=0,
        journal=WriterState(Head(3, "ab"), 0),
        notice={("o", "451"): 1},
        notice_up=True,
    )


def existing() -> set[Documented]:
    """Ask the code what it exports."""
    found = set()
    for family in PageCollector(state()).collect():
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = frozenset(label for sample in family.samples for label in sample.labels) - {"le"}
        found.add(Documented(name, family.type, labels))
    return found


def documented() -> set[Documented]:
    """Read the rows of the page."""
    rows = ROW.findall(PAGE.read_text())
    return {Documented(name, kind, frozenset(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def test_the_page_lists_exactly_what_exists() -> None:
    assert documented() == existing()


def test_no_metric_is_listed_twice() -> None:
    names = [name for name, _, _ in ROW.findall(PAGE.read_text())]

    assert sorted(names) == sorted(set(names))
