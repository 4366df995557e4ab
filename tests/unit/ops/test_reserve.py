"""Room is held back, given up once when the disk is full, and held again when there is room."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from resolver.ops.reserve import LEAST_OCTETS, make_reserve, with_reserve


def allocated(path: Path) -> int:
    return path.stat().st_blocks * 512


def failing(*numbers: int) -> Callable[[], str]:
    """Fail once with each error, then write."""
    errors = [OSError(number, "said the disk") for number in numbers]

    def write() -> str:
        if errors:
            raise errors.pop(0)
        return "written"

    return write


def test_the_room_is_really_taken_and_only_once(tmp_path: Path) -> None:
    assert make_reserve(tmp_path) is None
    assert allocated(tmp_path / "reserve") >= LEAST_OCTETS
    made = (tmp_path / "reserve").stat().st_mtime_ns
    assert make_reserve(tmp_path) is None
    assert (tmp_path / "reserve").stat().st_mtime_ns == made


def test_it_holds_a_further_policy_like_those_that_are_there(tmp_path: Path) -> None:
    make_reserve(tmp_path)
    (tmp_path / "policy-1.json").write_bytes(bytes(100_000))
    (tmp_path / "sources-1.json").write_bytes(bytes(50_000))
    assert make_reserve(tmp_path) is None
    assert allocated(tmp_path / "reserve") >= LEAST_OCTETS + 150_000


@pytest.mark.parametrize("before", [0, 1_000])
def test_no_room_is_said_and_leaves_what_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int) -> None:
    if before:
        (tmp_path / "reserve").write_bytes(bytes(before))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    said = make_reserve(tmp_path)
    assert said is not None
    assert "No space left on device" in said
    assert "make room" in said
    assert [path.stat().st_size for path in tmp_path.iterdir()] == ([before] if before else [])


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_takes_it(tmp_path: Path, number: int) -> None:
    make_reserve(tmp_path)
    assert with_reserve(tmp_path, failing(number)) == ("written", True)
    assert not (tmp_path / "reserve").exists()


def test_with_room_it_stays(tmp_path: Path) -> None:
    make_reserve(tmp_path)
    assert with_reserve(tmp_path, failing()) == ("written", False)
    assert (tmp_path / "reserve").exists()


@pytest.mark.parametrize(
    ("numbers", "reserved", "left"),
    [
        pytest.param([errno.EACCES], True, True, id="another error"),
        pytest.param([errno.ENOSPC], False, False, id="there is none"),
        pytest.param([errno.ENOSPC, errno.ENOSPC], True, False, id="it is not enough"),
    ],
)
def test_what_it_cannot_help_fails(tmp_path: Path, numbers: list[int], reserved: bool, left: bool) -> None:  # noqa: FBT001  # a table
    if reserved:
        make_reserve(tmp_path)
    with pytest.raises(OSError, match="said the disk"):
        with_reserve(tmp_path, failing(*numbers))
    assert (tmp_path / "reserve").exists() == left
