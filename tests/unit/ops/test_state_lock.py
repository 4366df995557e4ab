"""One server at a time owns a state folder; the second one is told who holds it."""

import os
from pathlib import Path

import pytest

from resolver.ops.state_lock import StateError, StateLock


def test_the_second_is_told_who_holds_it(tmp_path: Path) -> None:
    first = StateLock(tmp_path / "deep" / "state")
    with pytest.raises(StateError, match=f"in use by process {os.getpid()}; stop it") as error:
        StateLock(tmp_path / "deep" / "state")
    assert "\n" not in str(error.value)
    first.release()
    StateLock(tmp_path / "deep" / "state").release()


def test_a_folder_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match=r"cannot be used: .*make it writable"):
        StateLock(tmp_path / "file" / "state")


def test_the_lock_file_is_not_followed_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    (tmp_path / "lock").symlink_to(tmp_path / "precious")
    with pytest.raises(StateError):
        StateLock(tmp_path)
    assert (tmp_path / "precious").read_text() == "kept"
