"""When only what changed is compiled, and when everything is."""

import os
from pathlib import Path
from typing import Any

import pytest

from resolver.ops.basis import BASIS
from resolver.ops.config import Config
from resolver.ops.current_policy import write_current
from resolver.ops.kept_orders import KEPT
from resolver.ops.policy_file import read_current, store_lines
from resolver.ops.policy_lines import PolicyLines
from resolver.ops.recompilation import Recompiled, recompile
from tests.unit.ops.desk import Desk, order_text


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    for number in (1, 3, 5):
        desk.write(f"{number}.yaml", order_text(f"ta-{number}", [f"{number}.example", "shared.example"]))
    desk.apply()
    return desk


def recompiled(desk: Desk, **changed: Any) -> Recompiled | None:  # noqa: ANN401  # settings of any type
    applied = read_current(desk.state)
    assert applied is not None
    return recompile(Config.model_validate(desk.settings | changed), desk.wall, applied)


def new_orders(done: Recompiled | None) -> list[str] | None:
    return None if done is None else [order["id"] for order in done.part.document["orders"]]


def test_nothing_changed(desk: Desk) -> None:
    done = recompiled(desk)
    assert new_orders(done) == []
    assert done is not None
    assert done.written.policy == desk.apply().policy


@pytest.mark.parametrize(
    ("file", "text", "new", "gone"),
    [
        pytest.param("3.yaml", order_text("ta-3", ["other.example"]), ["ta-3"], (), id="edited"),
        pytest.param("2.yaml", order_text("ta-2", ["other.example"]), ["ta-2"], (), id="added between"),
        pytest.param("3.yaml", order_text("ta-0", ["other.example"]), ["ta-0", "ta-3"], (), id="another id"),
        pytest.param("3.yaml", "broken: [", ["ta-3"], (), id="broken"),
        pytest.param("9.yaml", order_text("ta-1", ["other.example"]), ["ta-1"], (), id="an id that another file has"),
    ],
)
def test_only_what_changed_is_compiled(desk: Desk, file: str, text: str, new: list[str], gone: tuple[str, ...]) -> None:
    desk.write(file, text)

    done = recompiled(desk)

    assert new_orders(done) == new
    assert done is not None
    assert done.part.gone == gone
    assert done.told.digest == desk.compile().digest


def test_an_order_that_is_lifted_and_gone(desk: Desk) -> None:
    desk.write("3.yaml", order_text("ta-3", ["3.example"], ["{date: 2026-05-01, event: lifted}"]))
    desk.apply()
    (desk.orders / "3.yaml").unlink()

    done = recompiled(desk)

    assert done is not None
    assert (new_orders(done), done.part.gone) == ([], ("ta-3",))
    assert done.told.digest == desk.compile().digest


def test_a_kept_copy_that_was_damaged_is_written_again(desk: Desk) -> None:
    copies = sorted((desk.state / KEPT).iterdir())
    sound = copies[0].read_bytes()
    copies[0].write_bytes(b"damaged")

    assert recompiled(desk) is not None
    assert copies[0].read_bytes() == sound


def test_too_many_names_at_once_are_refused_as_ever(desk: Desk) -> None:
    names = [*(f"{number}.example" for number in range(1_002)), "shared.example"]
    desk.write("1.yaml", order_text("ta-1", names))

    done = recompiled(desk)

    assert done is not None
    assert "names would come on top of 6" in done.problems[0].what
    assert done.problems == desk.compile().problems


def test_many_names_beside_a_policy_without_orders_are_a_first_start(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.apply()
    desk.write("1.yaml", order_text("ta-1", [f"{number}.example" for number in range(1_002)]))

    done = recompiled(desk)

    assert done is not None
    assert (done.problems, new_orders(done)) == ((), ["ta-1"])
    assert done.told.digest == desk.compile().digest


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"notice": {"ipv4": "192.0.2.81"}}, id="notice"),
        pytest.param({"operator": {"name": "Somebody Else"}}, id="who we are"),
        pytest.param({"guard": {"own_names": ["isp.example"]}}, id="protected names"),
        pytest.param(
            {"exempt": [{"clients": ["10.0.0.0/8"], "orders": ["ta-1"], "why": "x", "until": "2026-12-31"}]},
            id="exemptions",
        ),
    ],
)
def test_another_configuration_takes_everything(desk: Desk, changed: dict[str, Any]) -> None:
    assert recompiled(desk, **changed) is None


def test_without_knowing_what_a_policy_was_made_on_everything_is_compiled(desk: Desk) -> None:
    (desk.state / BASIS).write_text("something else")
    assert recompiled(desk) is None
    (desk.state / BASIS).unlink()
    assert recompiled(desk) is None


def test_a_list_of_protected_names_that_changed_takes_everything(desk: Desk, tmp_path: Path) -> None:
    listed = tmp_path / "protected.yaml"
    listed.write_text("one.example: ours\n")
    desk.settings["guard"] = {"protected": str(listed)}
    desk.apply()
    assert recompiled(desk) is not None
    listed.write_text("1.example: ours\n")
    assert recompiled(desk) is None


@pytest.mark.parametrize("everything", [pytest.param(True, id="everything"), pytest.param(False, id="what changed")])
def test_a_list_of_protected_names_that_changed_meanwhile_takes_everything(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, everything: bool
) -> None:
    listed = tmp_path / "protected.yaml"
    listed.write_text("one.example: ours\n")
    desk.settings["guard"] = {"protected": str(listed)}
    desk.apply()
    desk.write("3.yaml", order_text("ta-3", ["3.example", "shared.example", "other.example"]))

    def store(state: Path, lines: PolicyLines) -> Path:
        listed.write_text("1.example: ours\n")
        return store_lines(state, lines)

    monkeypatch.setattr("resolver.ops.policy_writing.store_lines", store)
    done = desk.compile().policy if everything else recompiled(desk)
    assert done is not None
    policy = done if isinstance(done, Path) else done.written.policy
    assert policy is not None
    write_current(desk.state, policy)

    assert recompiled(desk) is None
    assert "1.example" in desk.compile().problems[0].what


def test_a_folder_that_cannot_be_read_takes_everything(desk: Desk) -> None:
    desk.settings["orders"] = [str(desk.orders), str(desk.orders / "missing")]
    desk.apply()
    assert recompiled(desk) is None


def test_a_lost_copy_of_what_stands_in_takes_everything(desk: Desk) -> None:
    desk.write("3.yaml", "broken: [")
    report = desk.apply()
    assert [refusal.kept for refusal in report.refused] == [True]
    applied = read_current(desk.state)
    assert applied is not None
    (lost,) = [digest for each in applied.manifest if each.id == "ta-3" for _, digest in each.sources]
    (desk.state / KEPT / lost).unlink()

    assert recompiled(desk) is None


def test_a_long_list_that_changed_takes_everything(desk: Desk) -> None:
    desk.write("names.txt", "\n".join(f"{number}.example" for number in range(9_000)))
    desk.write("7.yaml", order_text("ta-7", [], measure=["names_file: names.txt"]))
    assert recompiled(desk) is None


def test_what_was_made_can_be_applied_and_compiled_upon_again(desk: Desk) -> None:
    for number in (2, 4):
        desk.write(f"{number}.yaml", order_text(f"ta-{number}", [f"{number}.example", "shared.example"]))
        done = recompiled(desk)
        assert done is not None
        assert done.written.policy is not None
        write_current(desk.state, done.written.policy)
    assert [desk.blocked(f"{number}.example") for number in range(1, 6)] == [f"ta-{number}" for number in range(1, 6)]


def test_a_file_whose_name_is_no_text_is_refused_and_takes_nothing_from_the_others(desk: Desk) -> None:
    (desk.orders / os.fsdecode(b"\xff.yaml")).write_text(order_text("ta-7", ["seven.example"]))
    desk.write("3.yaml", order_text("ta-3", ["3.example", "shared.example", "other.example"]))

    done = recompiled(desk)
    everything = desk.compile()

    (problem,) = everything.problems
    assert problem.place.file.endswith("\\xff.yaml")
    assert "rename it" in problem.what
    assert done is not None
    assert done.problems == everything.problems
    assert done.written.policy == everything.policy
