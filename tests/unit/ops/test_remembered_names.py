"""Long files of names are read once, whatever happens to what was remembered of them."""

from pathlib import Path

import pytest

from resolver.ops import remembered_names
from resolver.ops.remembered_names import PARSED, WORTH_MAPPING_OCTETS, WORTH_OCTETS, RememberedNames
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


def read_and_keep(state: Path, content: bytes, file: str = "n.txt", column: str | None = None) -> FileNames:
    remembered = RememberedNames(state)
    names = remembered.read(content, file, column)
    remembered.keep_used()
    return names


def same(one: FileNames, other: FileNames) -> bool:
    tables = (one.table.digest, one.table.columns) == (other.table.digest, other.table.columns)
    return tables and one[1:] == other[1:]


@pytest.mark.parametrize("worth_mapping", [0, WORTH_MAPPING_OCTETS], ids=["mapped", "held"])
@pytest.mark.parametrize("content", [LONG, BAD, BAD + b"\xff"], ids=["sound", "bad lines", "unreadable"])
def test_what_was_read_is_recalled(
    tmp_path: Path, readings: Readings, monkeypatch: pytest.MonkeyPatch, content: bytes, worth_mapping: int
) -> None:
    monkeypatch.setattr(remembered_names, "WORTH_MAPPING_OCTETS", worth_mapping)
    first = read_and_keep(tmp_path, content)
    again = RememberedNames(tmp_path).read(content, "elsewhere/m.txt", None)
    assert readings.count == 1
    assert same(first, again)
    assert same(again, read_names(content, "n.txt"))


def test_a_thousand_lists_do_not_take_all_descriptors(tmp_path: Path) -> None:
    read_and_keep(tmp_path, LONG)
    later, before = RememberedNames(tmp_path), sorted(Path("/proc/self/fd").iterdir())
    recalled = later.read(LONG, "n.txt", None)
    assert len(recalled.table) > 0
    assert sorted(Path("/proc/self/fd").iterdir()) == before


def test_another_content_or_form_is_read(tmp_path: Path, readings: Readings) -> None:
    remembered = RememberedNames(tmp_path)
    for content, file, column in ((LONG, "n.txt", None), (BAD, "n.txt", None), (LONG, "n.csv", None), (LONG, "n", "1")):
        remembered.read(content, file, column)
        remembered.read(content, file, column)
    remembered.keep_used()
    assert readings.count == len(files(tmp_path)) == 4


def test_another_reader_reads_anew(tmp_path: Path, readings: Readings, monkeypatch: pytest.MonkeyPatch) -> None:
    read_and_keep(tmp_path, LONG)
    monkeypatch.setattr(remembered_names, "READER", "names 0")
    read_and_keep(tmp_path, LONG)
    assert readings.count == 2


@pytest.mark.parametrize("place", [0, 40, 1_000, -1])
def test_a_flipped_octet_is_noticed(tmp_path: Path, readings: Readings, place: int) -> None:
    read_and_keep(tmp_path, LONG)
    [file] = files(tmp_path)
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    assert same(read_and_keep(tmp_path, LONG), read_names(LONG, "n.txt"))
    assert readings.count == 2


def test_a_file_cut_short_is_noticed(tmp_path: Path, readings: Readings) -> None:
    read_and_keep(tmp_path, LONG)
    [file] = files(tmp_path)
    file.write_bytes(file.read_bytes()[:10])
    read_and_keep(tmp_path, LONG)
    assert readings.count == 2


def test_short_files_and_those_of_a_mere_check_are_not_kept(tmp_path: Path) -> None:
    read_and_keep(tmp_path, b"a.example\n")
    RememberedNames(tmp_path).read(LONG, "n.txt", None)
    assert files(tmp_path) == []


def test_only_what_was_used_stays(tmp_path: Path) -> None:
    read_and_keep(tmp_path, LONG)
    (tmp_path / PARSED / ".half-written.1").write_bytes(b"not")
    later = RememberedNames(tmp_path)
    later.read(BAD, "n.txt", None)
    later.keep_used()
    assert len(files(tmp_path)) == 1
    assert read_and_keep(tmp_path, BAD).totals.rejected == 1


def test_a_full_disk_only_costs_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(remembered_names, "_write", full)
    assert read_and_keep(tmp_path, LONG).totals.kept == WORTH_OCTETS // 10
    assert files(tmp_path) == []
