"""One order's history takes effect by itself; whatever else changed is left to a reload."""

from pathlib import Path

import pytest

from resolver.ops.amendment import Amended, amend
from resolver.ops.config import Config
from resolver.ops.current_policy import write_current
from resolver.ops.policy_file import read_current
from tests.unit.ops.desk import Desk, order_text

SUSPENDED = "{date: 2026-05-01, event: suspended}"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write("names.txt", "listed.example\nother.example\n")
    desk.write("one.yaml", order_text("ta-1", ["one.example", "two.example"]))
    desk.write("two.yaml", order_text("ta-2", [], measure=["names_file: names.txt"]))
    desk.apply()
    return desk


def amended(desk: Desk, file: str) -> Amended | None:
    applied = read_current(desk.state)
    assert applied is not None
    found = amend(Config.model_validate(desk.settings), applied, desk.orders / file, desk.wall)
    if found is not None:
        write_current(desk.state, found.policy)
    return found


@pytest.mark.parametrize(
    ("entry", "one", "two"),
    [
        pytest.param(SUSPENDED, None, None, id="suspended"),
        pytest.param("{date: 2026-05-01, event: lifted, names: [one.example]}", None, "ta-1", id="one name lifted"),
        pytest.param("{date: 2026-05-01, event: end-moved, until: 2026-05-02}", None, None, id="end moved"),
        pytest.param("{date: 2026-05-01, event: appealed}", "ta-1", "ta-1", id="appealed"),
    ],
)
def test_an_entry_of_the_history_takes_effect(desk: Desk, entry: str, one: str | None, two: str | None) -> None:
    desk.write("one.yaml", order_text("ta-1", ["one.example", "two.example"], [entry]))

    found = amended(desk, "one.yaml")

    assert found is not None
    assert (desk.blocked("one.example"), desk.blocked("two.example")) == (one, two)
    assert desk.blocked("listed.example") == "ta-2"
    (change,) = found.account["orders"]
    assert (change["order"], change["change"], change["came"], change["went"]) == ("ta-1", "changed", 0, 0)


@pytest.mark.parametrize("file", ["one.yaml", "two.yaml"])
def test_it_is_what_a_compilation_makes_of_it(desk: Desk, file: str) -> None:
    path = desk.orders / file
    path.write_text(path.read_text() + f"history:\n  - {SUSPENDED}\n")

    found = amended(desk, file)

    assert found is not None
    assert desk.compile().digest == found.policy.name.removeprefix("policy-").removesuffix(".json")


def test_names_of_a_file_need_not_be_read_anew(desk: Desk) -> None:
    path = desk.orders / "two.yaml"
    path.write_text(path.read_text() + f"history:\n  - {SUSPENDED}\n")

    assert amended(desk, "two.yaml") is not None
    assert desk.blocked("listed.example") is None
    assert desk.blocked("one.example") == "ta-1", "another order's"


def test_other_files_stay_as_they_were_applied(desk: Desk) -> None:
    desk.write("two.yaml", "broken: [")
    desk.write("three.yaml", order_text("ta-3", ["new.example"]))
    desk.write("one.yaml", order_text("ta-1", ["one.example", "two.example"], [SUSPENDED]))

    assert amended(desk, "one.yaml") is not None
    assert [desk.blocked(name) for name in ("one.example", "listed.example", "new.example")] == [None, "ta-2", None]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(order_text("ta-1", ["one.example"], [SUSPENDED]), id="a name less"),
        pytest.param(order_text("ta-1", ["two.example", "one.example"], [SUSPENDED]), id="names moved"),
        pytest.param("# why\n" + order_text("ta-1", ["one.example", "two.example"], [SUSPENDED]), id="a line more"),
        pytest.param(
            order_text("ta-1", ["one.example", "two.example"], [SUSPENDED], period="{until: 2027-12-31}"), id="period"
        ),
        pytest.param(order_text("ta-9", ["one.example", "two.example"], [SUSPENDED]), id="another id"),
        pytest.param("order: ta-1", id="broken"),
    ],
)
def test_anything_else_takes_a_reload(desk: Desk, text: str) -> None:
    before = read_current(desk.state)
    desk.write("one.yaml", text)

    assert amended(desk, "one.yaml") is None
    assert read_current(desk.state) == before


def test_a_file_that_was_not_applied_takes_a_reload(desk: Desk) -> None:
    desk.write("new.yaml", order_text("ta-5", ["new.example"]))

    assert amended(desk, "new.yaml") is None
