"""Dates that pass are noted, also those that passed while the server was stopped; what is intended is durable first."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from resolver.ops.chronicle import Chronicle
from resolver.ops.clock import OrderClock
from resolver.ops.journal_facts import SERVER
from resolver.ops.metrics_state import OrderRules, PolicySummary
from resolver.orders.model import Span
from resolver.proof.journal import JOURNAL_FILE, Journal, open_for_reading
from resolver.proof.reading import entries

DAY = 86_400.0


def now() -> float:
    return datetime.now(UTC).timestamp()


def written(state: Path) -> list[dict[str, Any]]:
    reading = open_for_reading(state / JOURNAL_FILE)
    found = [dict(entry.facts) for entry in entries(reading) if entry.facts is not None]
    reading.close()
    return found


def policy(*spans: Span) -> PolicySummary:
    return PolicySummary("d", (OrderRules("a", ((spans, 3),)),))


async def _run_with(state: Path, summary: PolicySummary) -> None:
    chronicle = Chronicle(state, OrderClock(), rehearsal=False)
    await chronicle.start()
    chronicle.watch(summary)
    keeping = asyncio.create_task(chronicle.keep())
    await asyncio.sleep(0)
    keeping.cancel()
    await chronicle.stop()


@pytest.mark.parametrize(
    ("last_entry", "ended", "noted"),
    [
        pytest.param(10 * DAY, 5 * DAY, True, id="while the server was stopped"),
        pytest.param(5 * DAY, 10 * DAY, False, id="before, when it ran"),
        pytest.param(5 * DAY, -DAY, False, id="not yet"),
    ],
)
def test_an_end_by_date_is_noted_once(tmp_path: Path, last_entry: float, ended: float, *, noted: bool) -> None:
    journal = Journal(tmp_path)
    journal.append([{"kind": "stopped", "time": datetime.fromtimestamp(now() - last_entry, UTC).isoformat()}])
    journal.close()

    for _ in range(2):
        asyncio.run(_run_with(tmp_path, policy(Span(now() - 100 * DAY, now() - ended))))

    found = [entry for entry in written(tmp_path) if entry["kind"] in {"began", "ended"}]
    assert [(entry["kind"], entry["order"], entry["rules"]) for entry in found] == [("ended", "a", 3)] * noted


def test_the_first_start_notes_nothing_of_the_past(tmp_path: Path) -> None:
    asyncio.run(_run_with(tmp_path, policy(Span(now() - 9 * DAY, now() - DAY))))

    assert [entry["kind"] for entry in written(tmp_path)] == ["started", "stopped"]


def test_what_cannot_be_written_is_not_to_be_enforced(tmp_path: Path) -> None:
    async def intend() -> tuple[str | None, str | None]:
        chronicle = Chronicle(tmp_path / "missing", OrderClock(), rehearsal=False)
        await chronicle.start()
        refusal = await chronicle.intend("d", {"orders": [], "confirmed": []}, (SERVER,))
        await chronicle.stop()
        return refusal, chronicle.known

    refusal, known = asyncio.run(intend())

    assert refusal is not None
    assert "nothing is changed without an entry" in refusal
    assert known is None


def test_an_aborted_intention_is_no_policy(tmp_path: Path) -> None:
    async def abort() -> str | None:
        chronicle = Chronicle(tmp_path, OrderClock(), rehearsal=False)
        await chronicle.start()
        assert await chronicle.intend("d", None, (SERVER,)) is None
        assert await chronicle.intend("d", None, (SERVER,)) is None
        chronicle.note_aborted("d", "no room")
        await chronicle.stop()
        return chronicle.known

    assert asyncio.run(abort()) is None
    assert [entry["kind"] for entry in written(tmp_path)] == ["started", "intended", "aborted", "stopped"]
