"""What was applied is told from the journal: changes one by one, anew from a baseline, without what was aborted."""

from pathlib import Path
from typing import Any

import pytest

from resolver.proof.chain import Facts
from resolver.proof.journal import Journal
from resolver.proof.past import PastState, past_states, state_at, state_of


def fact(kind: str, second: int, **facts: Any) -> Facts:  # noqa: ANN401  # as entries have it
    return {"kind": kind, "time": f"2026-11-21T10:00:{second:02}.000000Z", **facts}


def intended(second: int, digest: str, *, baseline: bool = False) -> Facts:
    return fact("intended", second, digest=digest, baseline=baseline, entities=[{"name": "Free"}])


def order(second: int, order_id: str, change: str = "changed") -> Facts:
    return fact("order", second, order=order_id, change=change, version=second)


HISTORY = [
    intended(0, "aa", baseline=True), order(0, "one", "new"), order(0, "two", "new"), fact("in-force", 1, digest="aa"),
    intended(2, "bb"), order(2, "one"), fact("aborted", 3, digest="bb"),
    intended(4, "cc"), order(4, "two", "gone"), order(4, "three", "new"), fact("in-force", 5, digest="cc"),
    fact("stopped", 6), fact("in-force", 7, digest="cc"),
    intended(8, "dd", baseline=True), order(8, "four", "new"), fact("in-force", 9, digest="dd"),
]  # fmt: skip  # a change a line


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    journal = Journal(tmp_path)
    journal.append(HISTORY)
    return journal


def versions(state: PastState | None) -> dict[str, int] | None:
    return None if state is None else {order_id: facts["version"] for order_id, facts in state.orders.items()}


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (0, None),
        (1, {"one": 0, "two": 0}),
        (4, {"one": 0, "two": 0}),
        (5, {"one": 0, "three": 4}),
        (8, {"one": 0, "three": 4}),
        (9, {"four": 8}),
    ],
)
def test_the_state_at_an_instant(journal: Journal, second: int, expected: dict[str, int] | None) -> None:
    assert versions(state_at(journal.connection, f"2026-11-21T10:00:{second:02}.000000Z")) == expected
    journal.close()


def test_the_state_under_a_digest(journal: Journal) -> None:
    assert versions(state_of(journal.connection, "c")) == {"one": 0, "three": 4}
    assert state_of(journal.connection, "bb") is None
    assert [state.digest for state in past_states(journal.connection)] == ["aa", "cc", "cc", "dd"]
    journal.close()
