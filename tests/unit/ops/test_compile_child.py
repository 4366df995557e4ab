"""Whatever fails on the short way is compiled on the long one, and that is told."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from resolver.ops import compile_child, remembered_names
from resolver.ops.channel import LineSplitter, Message, write_line
from resolver.ops.config import Config
from resolver.ops.policy_file import AppliedPolicy, read_current
from resolver.ops.recompilation import Recompiled, recompile
from resolver.orders.lists import FileNames, read_names
from tests.unit.ops.desk import Desk, order_text


def answers(desk: Desk, *, start: bool = False) -> list[Message]:
    """Ask for a compilation beside the policy that is applied, which nobody knows at a start; give all that is said."""
    applied = read_current(desk.state)
    assert applied is not None
    config = Config.model_validate(desk.settings).to_json()
    asked = {
        "do": "compile",
        "plan": None,
        "tidy": False,
        "since": None if start else applied.digest,
        "known": applied.digest,
    }
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(write_line({**asked, "wall": desk.wall, "config": config}))
        assert compile_child.compile_once(theirs) == 0
        theirs.shutdown(socket.SHUT_WR)
        octets = b"".join(iter(lambda: ours.recv(65_536), b""))
    return LineSplitter().feed(octets)


@pytest.mark.parametrize("change", ["nothing", "another order"])
def test_a_start_compiles_what_changed_and_tells_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    desk = Desk(tmp_path)
    desk.write("1.yaml", order_text("ta-1", ["one.example"]))
    desk.apply()
    if change != "nothing":
        desk.write("2.yaml", order_text("ta-2", ["two.example"]))

    done: list[Recompiled | None] = []

    def noted(config: Config, wall: float, applied: AppliedPolicy) -> Recompiled | None:
        done.append(recompile(config, wall, applied))
        return done[-1]

    monkeypatch.setattr(compile_child, "recompile", noted)
    (short,) = answers(desk, start=True)
    monkeypatch.setattr(compile_child, "recompile", lambda *_: None)
    (long,) = answers(desk, start=True)

    assert done != [None]
    assert short == long
    assert short["since"] is None


def test_a_start_with_a_long_list_that_changed_reads_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path)
    listed = tmp_path / "orders" / "long.txt"
    listed.write_text("".join(f"n{number}.example\n" for number in range(10_000)))
    desk.write("1.yaml", order_text("ta-1", [], measure=["names_file: long.txt"]))
    desk.apply()
    readings: list[str] = []

    def noted(content: bytes, file: str, column: str | None, tell: Callable[[int, int], None]) -> FileNames:
        readings.append(file)
        return read_names(content, file, column, tell)

    monkeypatch.setattr(remembered_names, "read_names", noted)
    for more in ("", "one.example\n"):
        listed.write_text(listed.read_text() + more)
        told = answers(desk, start=True)[-1]
        assert told["names"] == 10_000 + bool(more)
        assert len(readings) == bool(more)


def test_a_fault_where_only_what_changed_is_compiled_keeps_no_order_from_binding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path)
    desk.write("1.yaml", order_text("ta-1", ["one.example"]))
    desk.apply()
    desk.write("2.yaml", order_text("ta-2", ["two.example"]))

    *_, sound = answers(desk)
    monkeypatch.setattr(compile_child, "recompile", lambda *_: json.loads("no JSON"))
    *before, fallen_back = answers(desk)

    (complaint,) = [each for each in before if each["say"] == "log"]
    assert "everything is compiled" in complaint["event"]
    assert "JSONDecodeError" in complaint["trace"]
    assert fallen_back["say"] == "compiled"
    assert fallen_back["digest"] == sound["digest"]
    assert (sound["since"], fallen_back["since"]) == (read_current(desk.state).digest, None)  # type: ignore[union-attr]
