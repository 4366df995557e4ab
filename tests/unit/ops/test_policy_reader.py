"""What did not change between two policies is not read again, and what is read is that of the policy at hand."""

from pathlib import Path

import pytest

from resolver.core.counters import NOWHERE
from resolver.core.policy import Policy
from resolver.ops.current_policy import write_current
from resolver.ops.policy_reader import MadeOfLines, PolicyReader
from tests.unit.ops.desk import Desk, order_text

SUSPENDED = "{date: 2026-05-01, event: suspended}"
SLOTS = {"ta-1/redirect": 100, "ta-2/redirect": 102}


def test_a_line_that_stands_where_it_stood_is_not_made_again() -> None:
    made = MadeOfLines[tuple[int, bytes]]()
    seen: list[bytes] = []

    def make(number: int, line: bytes) -> tuple[int, bytes]:
        seen.append(line)
        return number, line

    made.take([b"a", b"b", b"c"], make)
    first = made.all
    made.take([b"a", b"c"], make)

    assert seen == [b"a", b"b", b"c", b"c"]
    assert made.all == ((0, b"a"), (1, b"c"))
    assert made.all[0] is first[0]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    for number in (1, 2):
        desk.write(f"{number}.yaml", order_text(f"ta-{number}", [f"{number}.example"]))
    return desk


def applied(desk: Desk) -> Path:
    policy = desk.compile().policy
    assert policy is not None
    write_current(desk.state, policy)
    return policy


def read_twice(desk: Desk, first: dict[str, int], then: dict[str, int]) -> tuple[Policy, Policy]:
    reader = PolicyReader()
    before, _ = reader.open(applied(desk), first)
    desk.write("2.yaml", order_text("ta-2", ["2.example"], [SUSPENDED]))
    after, lines = reader.open(applied(desk), then)
    assert [lines.order(number)["id"] for number in (0, 1)] == ["ta-1", "ta-2"]
    return before, after


def test_only_the_measure_that_changed_is_read(desk: Desk) -> None:
    before, after = read_twice(desk, SLOTS, {**SLOTS, "ta-3/redirect": 104})

    assert after.measures[0] is before.measures[0]
    assert [len(policy.measures[1].timelines[0]) for policy in (before, after)] == [1, 1]
    assert after.measures[1].timelines != before.measures[1].timelines
    assert [each.slot for each in after.measures] == [100, 102]


@pytest.mark.parametrize(
    ("first", "then"),
    [
        pytest.param(SLOTS, {"ta-1/redirect": 200, "ta-2/redirect": 202}, id="other counters"),
        pytest.param({"ta-2/redirect": 102}, {**SLOTS, "ta-1/redirect": 200}, id="a counter at last"),
        pytest.param(SLOTS, {"ta-2/redirect": 102}, id="no counter any more"),
    ],
)
def test_a_measure_counts_where_it_is_said_now(desk: Desk, first: dict[str, int], then: dict[str, int]) -> None:
    _, after = read_twice(desk, first, then)

    assert [each.slot for each in after.measures] == [then.get(f"ta-{n}/redirect", NOWHERE) for n in (1, 2)]
