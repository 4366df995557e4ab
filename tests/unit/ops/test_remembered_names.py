"""Long files of names are read once, whatever happens to what was remembered of them."""

from pathlib import Path

import pytest

from resolver.ops import remembered_names
from resolver.ops.remembered_names import PARSED, WORTH_OCTETS, RememberedNames
from resolver.orders.lists import FileNames, read_names

LONG = "".join(f"n{number}.example\n" for number in range(WORTH_OCTETS // 10)).encode()
BAD = LONG + b"two words\n"


class Readings:
    """Counts how often a file was really read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        monkeypatch.setattr(remembered_names, "read_names", self._read)

    def _read(self, content: bytes, file: str, column: str | None = None, *_: object) -> FileNames:
        self.count += 1
        return read_names(content, file, column)


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> Readings:
    return Readings(monkeypatch)


def files(state: Path) -> list[Path]:
    return sorted((state / PARSED).iterdir())


def same(one: FileNames, other: FileNames) -> bool:
    tables = (one.table.digest, one.table.columns) == (other.table.digest, other.table.columns)
    return tables and one[1:] == other[1:]


@pytest.mark.parametrize("content", [LONG, BAD, BAD + b"\xff"], ids=["sound", "bad lines", "unreadable"])
def test_what_was_read_is_recalled(tmp_path: Path, readings: Readings, content: bytes) -> None:
    first = RememberedNames(tmp_path, keeps=True).read(content, "n.txt", None)
    again = RememberedNames(tmp_path, keeps=False).read(content, "elsewhere/m.txt", None)
    assert readings.count == 1
    assert same(first, again)
    assert same(again, read_names(content, "n.txt"))


def test_another_content_or_form_is_read(tmp_path: Path, readings: Readings) -> None:
    remembered = RememberedNames(tmp_path, keeps=True)
    for content, file, column in ((LONG, "n.txt", None), (BAD, "n.txt", None), (LONG, "n.csv", None), (LONG, "n", "1")):
        remembered.read(content, file, column)
        remembered.read(content, file, column)
    assert readings.count == len(files(tmp_path)) == 4


def test_another_reader_reads_anew(tmp_path: Path, readings: Readings, monkeypatch: pytest.MonkeyPatch) -> None:
    RememberedNames(tmp_path, keeps=True).read(LONG, "n.txt", None)
    monkeypatch.setattr(remembered_names, "READER", "names 0")
    RememberedNames(tmp_path, keeps=True).read(LONG, "n.txt", None)
    assert readings.count == 2


@pytest.mark.parametrize("place", [0, 40, 1_000, -1])
def test_a_flipped_octet_is_noticed(tmp_path: Path, readings: Readings, place: int) -> None:
    RememberedNames(tmp_path, keeps=True).read(LONG, "n.txt", None)
    [file] = files(tmp_path)
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    assert same(RememberedNames(tmp_path, keeps=True).read(LONG, "n.txt", None), read_names(LONG, "n.txt"))
    assert readings.count == 2


def test_a_file_cut_short_is_noticed(tmp_path: Path, readings: Readings) -> None:
    RememberedNames(tmp_path, keeps=True).read(LONG, "n.txt", None)
    [file] = files(tmp_path)
    file.write_bytes(file.read_bytes()[:10])
    RememberedNames(tmp_path, keeps=True).read(LONG, "n.txt", None)
    assert readings.count == 2


def test_short_files_and_those_of_a_mere_check_are_not_kept(tmp_path: Path) -> None:
    RememberedNames(tmp_path, keeps=True).read(b"a.example\n", "n.txt", None)
    RememberedNames(tmp_path, keeps=False).read(LONG, "n.txt", None)
    assert not (tmp_path / PARSED).exists()


def test_only_what_was_used_stays(tmp_path: Path) -> None:
    RememberedNames(tmp_path, keeps=True).read(LONG, "n.txt", None)
    (tmp_path / PARSED / ".half-written.1").write_bytes(b"not")
    later = RememberedNames(tmp_path, keeps=True)
    later.read(BAD, "n.txt", None)
    later.forget_the_rest()
    assert len(files(tmp_path)) == 1
    assert RememberedNames(tmp_path, keeps=True).read(BAD, "n.txt", None).totals.rejected == 1


def test_a_full_disk_only_costs_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(remembered_names, "_write", full)
    assert RememberedNames(tmp_path, keeps=True).read(LONG, "n.txt", None).totals.kept == WORTH_OCTETS // 10
    assert files(tmp_path) == []
