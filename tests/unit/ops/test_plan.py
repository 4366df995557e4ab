"""A plan's digest stands for exactly the files on the disk, and lets through what looks like an accident in them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from resolver.cli.plan import Difference, differences_of
from resolver.ops.compile import CompileReport, compile_orders
from resolver.ops.config import Config
from resolver.ops.current_policy import write_current
from resolver.ops.plan import PlanChangedError, confirms_anything, confirms_only
from resolver.ops.policy_file import read_current, read_document
from tests.unit.ops.desk import Desk, order_text


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write("one.yaml", order_text("ta-1", [f"pirate-{number}.example" for number in range(10)]))
    desk.write("two.yaml", order_text("ta-2", ["other.example"]))
    desk.apply()
    return desk


def apply(desk: Desk, plan: str) -> CompileReport:
    """Do what a confirmed reload does."""
    config = Config.model_validate(desk.settings)
    report = compile_orders(config, desk.wall, read_current(desk.state), confirms=confirms_only(plan))
    assert report.policy is not None
    write_current(desk.state, report.policy)
    return report


def plan(desk: Desk) -> tuple[CompileReport, list[Difference]]:
    """Do what `arret plan` does."""
    applied = read_current(desk.state)
    assert applied is not None
    assert applied.path is not None
    config = Config.model_validate(desk.settings)
    report = compile_orders(config, desk.wall, applied, write=False, confirms=confirms_anything)
    return report, list(differences_of(report, read_document(applied.path)))


def shrink(desk: Desk) -> None:
    desk.write("one.yaml", order_text("ta-1", ["pirate-9.example", "new.example"]))


def test_what_comes_and_goes(desk: Desk) -> None:
    shrink(desk)
    desk.write("three.yaml", order_text("ta-3", ["third.example"]))
    report, (first, second) = plan(desk)
    assert (first.order, first.coming, first.first_coming) == ("ta-1", 1, ("new.example",))
    assert (first.going, first.first_going) == (9, tuple(f"pirate-{number}.example" for number in range(5)))
    assert "lists 9 of its 10 names no more" in first.accident[0]
    assert second == Difference("ta-3", "new, 1 name", 1, ("third.example",), 0, (), ())
    assert (report.problems, report.policy) == ((), None)


def test_a_vanished_order_goes_only_by_plan(desk: Desk) -> None:
    (desk.orders / "one.yaml").unlink()
    assert desk.apply().refused[0].kept
    report, (difference,) = plan(desk)
    assert (difference.order, difference.going) == ("ta-1", 10)
    assert "is gone" in difference.accident[0]
    assert apply(desk, report.plan).problems == ()
    assert (desk.blocked("pirate-1.example"), desk.blocked("other.example")) == (None, "ta-2")
    assert desk.apply().problems == ()


def test_the_digest_lets_an_accident_through_and_nothing_else(desk: Desk) -> None:
    shrink(desk)
    desk.write("two.yaml", order_text("ta-2", ["other.example", "google.fr"]))
    report, _ = plan(desk)
    assert len(desk.apply().refused) == 2
    applied = apply(desk, report.plan)
    assert [refusal.order for refusal in applied.refused] == ["ta-2"]
    assert (desk.blocked("pirate-1.example"), desk.blocked("new.example")) == (None, "ta-1")
    assert (desk.blocked("google.fr"), desk.blocked("other.example")) == (None, "ta-2")


@pytest.mark.parametrize(
    "change",
    [
        lambda desk: desk.write("two.yaml", order_text("ta-2", ["other.example", "more.example"])),
        lambda desk: (desk.orders / "two.yaml").unlink(),
        lambda desk: desk.write("three.yaml", "order: ["),
        lambda desk: (desk.orders / "two.yaml").rename(desk.orders / "moved.yaml"),
        lambda desk: (desk.orders / "annex.txt").write_text("listed.example\nmore.example\n"),
    ],
    ids=["edited", "removed", "another file", "renamed", "a list that an order names"],
)
def test_with_other_files_nothing_is_done(desk: Desk, change: Callable[[Desk], object]) -> None:
    shrink(desk)
    (desk.orders / "annex.txt").write_text("listed.example\n")
    desk.write("annexed.yaml", order_text("ta-4", [], measure=["names_file: annex.txt"]))
    report, _ = plan(desk)
    change(desk)
    before = {path: path.stat().st_mtime_ns for path in desk.state.rglob("*")}
    with pytest.raises(PlanChangedError, match="the files have changed since"):
        apply(desk, report.plan)
    assert {path: path.stat().st_mtime_ns for path in desk.state.rglob("*")} == before


def test_a_plan_outlives_a_reload_that_changes_no_file(desk: Desk) -> None:
    shrink(desk)
    desk.write("three.yaml", order_text("ta-3", ["third.example"]))
    report, _ = plan(desk)
    assert desk.apply().plan == report.plan
    assert apply(desk, report.plan).problems == ()
    assert desk.blocked("pirate-1.example") is None


def test_a_folder_that_cannot_be_read_is_never_meant(desk: Desk) -> None:
    desk.orders.rename(desk.orders.with_name("elsewhere"))
    report, _ = plan(desk)
    assert apply(desk, report.plan).problems
    assert desk.blocked("other.example") == "ta-2"


def test_nothing_would_change(desk: Desk) -> None:
    assert plan(desk)[1] == []
