"""Whatever fails on the short way is compiled on the long one, and that is told."""

import json
import socket
from pathlib import Path

import pytest

from resolver.ops import compile_child
from resolver.ops.channel import LineSplitter, Message, write_line
from resolver.ops.config import Config
from resolver.ops.policy_file import read_current
from tests.unit.ops.desk import Desk, order_text


def answers(desk: Desk) -> list[Message]:
    """Ask for a compilation beside the policy that is applied; give all that is said."""
    applied = read_current(desk.state)
    assert applied is not None
    config = Config.model_validate(desk.settings).to_json()
    asked = {"do": "compile", "plan": None, "tidy": False, "since": applied.digest, "known": applied.digest}
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(write_line({**asked, "wall": desk.wall, "config": config}))
        assert compile_child.compile_once(theirs) == 0
        theirs.shutdown(socket.SHUT_WR)
        octets = b"".join(iter(lambda: ours.recv(65_536), b""))
    return LineSplitter().feed(octets)


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
