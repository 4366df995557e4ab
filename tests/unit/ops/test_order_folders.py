"""Folders of orders that cannot be read, or that hold none: the folder is what is wrong, not its orders."""

from pathlib import Path

import pytest

from tests.unit.ops.desk import Desk, order_text

LIFTED = "{date: 2026-03-01, event: lifted}"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Make a desk with a second folder, for urgent orders."""
    desk = Desk(tmp_path)
    (tmp_path / "urgent").mkdir()
    desk.settings["orders"] = [str(desk.orders), str(tmp_path / "urgent")]
    return desk


def urgent(desk: Desk) -> Path:
    return desk.orders.parent / "urgent"


def hide(folder: Path) -> None:
    """Put something in the folder's place that even root cannot list."""
    folder.rename(folder.with_name(f"{folder.name}-elsewhere"))
    folder.touch()


def test_a_folder_that_cannot_be_read_is_the_only_problem(desk: Desk) -> None:
    names = [f"pirate-{number}.example" for number in range(4)]
    for number in range(3):
        desk.write(f"{number}.yaml", order_text(f"ta-{number}", [names[number]]))
    (urgent(desk) / "3.yaml").write_text(order_text("ta-3", [names[3]]))
    desk.apply()
    hide(desk.orders)
    for _ in range(2):
        report = desk.apply()
        [problem] = report.problems
        assert str(problem) == (
            f"{desk.orders}:1:1: orders cannot be read here (Not a directory), so the last good version of each stays: "
            "give this user the right to read the folder, or correct `orders:`"
        )
        assert [(each.order, each.kept) for each in report.refused] == [(f"ta-{number}", True) for number in range(3)]
        assert [desk.blocked(name) for name in names] == ["ta-0", "ta-1", "ta-2", "ta-3"]


def test_the_orders_of_other_folders_change_as_ever(desk: Desk) -> None:
    desk.write("many.yaml", order_text("ta-1", [f"many-{number}.example" for number in range(2_000)]))
    (urgent(desk) / "2.yaml").write_text(order_text("ta-2", ["one.example", "two.example", "three.example"]))
    desk.apply()
    hide(desk.orders)
    (urgent(desk) / "2.yaml").write_text(order_text("ta-2", ["one.example", "two.example"]))
    assert [each.order for each in desk.apply().refused] == ["ta-1"]
    assert desk.blocked("three.example") is None


def test_an_order_may_leave_a_folder_that_cannot_be_read(desk: Desk) -> None:
    desk.write("one.yaml", order_text())
    desk.apply()
    (urgent(desk) / "one.yaml").write_text(order_text(names=["pirate.example", "more.example"]))
    hide(desk.orders)
    report = desk.apply()
    assert len(report.problems) == 1
    assert desk.blocked("more.example") == "ta-1"


def test_what_a_file_in_such_a_folder_unblocked_stays_so(desk: Desk) -> None:
    desk.write("one.yaml", order_text())
    desk.apply()
    (urgent(desk) / "copy.yaml").write_text(order_text(history=[LIFTED]))
    desk.apply()
    assert desk.blocked("pirate.example") is None
    hide(urgent(desk))
    for _ in range(2):
        desk.apply()
        assert desk.blocked("pirate.example") is None


def test_a_folder_without_orders_is_worth_a_warning(desk: Desk) -> None:
    desk.write("one.yaml", order_text())
    (urgent(desk) / "note.txt").write_text("no order")
    report = desk.apply()
    assert report.problems == ()
    assert [str(warning) for warning in report.warnings] == [
        f"{urgent(desk)}:1:1: no order file is here (*.yaml, *.yml), so nothing is blocked because of this folder"
    ]
    (urgent(desk) / "2.yaml").write_text(order_text("ta-2"))
    assert desk.apply().warnings == ()


def test_a_lost_policy_is_a_problem_even_if_nothing_is_left_of_it(desk: Desk) -> None:
    desk.write("one.yaml", order_text())
    (urgent(desk) / "2.yaml").write_text(order_text("ta-2", ["other.example"]))
    first = desk.apply().policy
    desk.write("one.yaml", order_text(names=["pirate.example", "more.example"]))
    second = desk.apply().policy
    assert first is not None
    assert second is not None
    for passed_over, what_counts in ((second, "an older policy counts"), (first, "nothing of what was applied last")):
        passed_over.write_bytes(b"?")
        passed_over.with_name(passed_over.name.replace("policy-", "sources-")).unlink()
        told = [str(problem) for problem in desk.compile(write=False).problems]
        assert any(
            f"{passed_over}: its checksum does not match" in problem and what_counts in problem for problem in told
        )
