"""That reading by pieces gives what reading at once does, and that no call reads more than a piece."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import pytest

from resolver.orders.large_file import PIECE, holds, read_large, read_whole

SIZES = pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 5])


def octets(size: int) -> bytes:
    return (bytes(range(256)) * (size // 256 + 1))[:size]


class Counted(BytesIO):
    """A file that keeps how much each call asked for."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.asked: list[int | None] = []

    def read(self, size: int | None = -1, /) -> bytes:
        self.asked.append(size)
        return super().read(size)


@SIZES
def test_all_of_a_file_is_read(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(octets(size))
    assert read_whole(path) == octets(size)


def test_a_file_that_takes_the_place_of_another_lends_it_no_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, other = tmp_path / "file", tmp_path / "other"
    path.write_bytes(octets(100))
    other.write_bytes(octets(10))
    opens = Path.open

    def replaced_once_open(self: Path, mode: str) -> IO[Any]:
        file = opens(self, mode)
        other.replace(path)
        return file

    monkeypatch.setattr(Path, "open", replaced_once_open)
    assert read_whole(path) == octets(100)


@SIZES
@pytest.mark.parametrize("most", [0, 1, PIECE, 2 * PIECE + 1])
def test_no_more_is_read_than_asked_for_and_never_much_at_once(size: int, most: int) -> None:
    file = Counted(octets(size))
    assert read_large(file, most) == octets(size)[:most]
    assert all(asked is not None and 0 <= asked <= PIECE for asked in file.asked)
    assert file.tell() == min(size, most), "what follows is left to others"


@SIZES
@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda content: content, True),
        (lambda content: content + b"x", False),
        (lambda content: content[:-1] + b"?" if content else b"?", False),
        (lambda content: content[:-1] if content else b"x", False),
    ],
    ids=["the same", "longer", "another octet at the end", "shorter"],
)
def test_whether_a_file_holds_something(
    tmp_path: Path, size: int, change: Callable[[bytes], bytes], *, same: bool
) -> None:
    path = tmp_path / "file"
    path.write_bytes(change(octets(size)))
    assert holds(path, octets(size)) is same
    assert holds(path, memoryview(octets(size))) is same


def test_a_file_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert not holds(tmp_path / "file", b"")
