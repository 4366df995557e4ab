"""That reading and writing by pieces gives what doing it at once does, and that no call takes more than a piece."""

from collections.abc import Callable
from io import BufferedWriter, BytesIO, RawIOBase
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pytest

from resolver.orders.large_file import PIECE, WRITTEN_PIECE, holds, read_large, read_whole, write_large

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

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


class Written(RawIOBase):
    """A file that keeps what each call gave it."""

    def __init__(self) -> None:
        self.given: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, octets: "ReadableBuffer", /) -> int:
        self.given.append(bytes(octets))
        return len(self.given[-1])


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
@pytest.mark.parametrize("form", [bytes, memoryview], ids=["octets", "a view"])
def test_all_is_written_and_never_much_at_once(size: int, form: Callable[[bytes], bytes | memoryview]) -> None:
    raw = Written()
    with BufferedWriter(raw) as file:
        write_large(file, form(octets(size)))
    assert b"".join(raw.given) == octets(size)
    assert all(len(piece) <= WRITTEN_PIECE for piece in raw.given)


def test_what_is_mapped_is_written_and_can_be_closed_then(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(octets(2 * WRITTEN_PIECE + 1))
    file = BytesIO()
    with path.open("rb") as source, mmap(source.fileno(), 0, access=ACCESS_READ) as mapped:
        write_large(file, mapped)
    assert file.getvalue() == path.read_bytes()


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
