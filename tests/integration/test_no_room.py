"""A state folder without room for a new index: what is in force stays, and the operator reads why.

Root mounts a small file system of its own. Anybody else gets a fake: writing a file fails as on a full disk.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from resolver.orders import index
from tests.unit.ops.desk import Desk, order_text

OCTETS = 3_300_000
NAMES = 20_000


def lines(count: int) -> str:
    return "".join(f"another-{number:08d}.pirate.example\n" for number in range(count))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    desk.state.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={OCTETS}", "tmpfs"]
    mounted = os.geteuid() == 0 and subprocess.run(["mount", *options, desk.state], check=False).returncode == 0
    yield desk
    if mounted:
        subprocess.run(["umount", desk.state], check=True)


@pytest.fixture
def filled(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Desk]:
    """Apply a list that has room, then make it one that has none."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    def fill() -> Desk:
        desk.write("one.yaml", order_text())
        desk.write("two.yaml", order_text("ta-2", [], measure=["names_file: long.txt"]))
        (desk.orders / "long.txt").write_text(lines(NAMES))
        assert desk.apply().problems == ()
        if not desk.state.is_mount():
            monkeypatch.setattr(index, "write_whole", full)
        (desk.orders / "long.txt").write_text(lines(2 * NAMES))
        return desk

    return fill


def test_the_old_policy_stays_and_nothing_is_left_behind(filled: Callable[[], Desk]) -> None:
    desk = filled()
    before = {path.name for path in desk.state.iterdir()} - {"parsed", "kept"}
    with pytest.raises(OSError, match="No space left"):
        desk.apply()
    assert {path.name for path in desk.state.iterdir()} - {"parsed", "kept"} == before
    assert not list(desk.state.rglob(".*"))
    assert desk.blocked("pirate.example") == "ta-1"
    assert desk.blocked(f"another-{NAMES - 1:08d}.pirate.example") == "ta-2"
