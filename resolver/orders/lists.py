"""Which names a file of names holds: one a line, a hosts file, or one column of a CSV; and which lines hold none.

Written flat where a million lines pass: plain names are judged and turned by the batch, every other line by
`parse_listed`, which is the twin that tests compare the batches with.
"""

import csv
import re
from array import array
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from io import StringIO
from ipaddress import ip_address
from itertools import chain, islice
from typing import Final, NamedTuple

from resolver.dns.name import MAX_NAME, BadNameError, hierarchy_key
from resolver.orders.listed_names import parse_listed
from resolver.orders.model import Problem
from resolver.orders.name_table import NameTable
from resolver.orders.yaml_document import decode

TOLD: Final = 20
"""How many of the lines that hold no name are told one by one."""
_LONGEST: Final = 2_000
_SHOWN: Final = 100
"""Characters of a line that is looked at, or kept and shown; of a longer one so many."""
READER: Final = "names 2"
"""Names what a file becomes here. It must change with the outcome, for outcomes are remembered under it."""

_BATCH: Final = 65_536
"""Octets that are looked at together; one odd line makes the rest of them slow, so not too many."""
_ROWS: Final = 2_000
_DELIMITERS: Final = ";,\t|"
NAME: Final = r"(?:[a-z0-9_-]{1,63}+\.)++[a-z_][a-z0-9_-]{0,62}+"
"""A plain host name as `parse_listed` knows it, in lower case and without the final dot."""
_PLAIN: Final = re.compile(rf"(?:{NAME}\n)*+")
_SIMPLE: Final = re.compile(rf"(?:(?:0\.0\.0\.0|127\.0\.0\.1|::1?)[ \t]+)?({NAME})\.?(?:[ \t]+#.*|[ \t]*)")
_COMMENT: Final = re.compile(r"\s*(?:#.*)?")
NAME_HEADERS: Final = frozenset(
    {"name", "names", "domain", "domains", "domain name", "domain_name", "fqdn", "host", "hostname", "site"}
    | {"nom", "noms", "domaine", "domaines", "nom de domaine", "noms de domaine", "nom_de_domaine", "hôte"}
)
_LENGTH: Final = [chr(length) for length in range(64)]
_END: Final = "\x00"
_SMALL_PARENTS: Final = 4_096

Tell = Callable[[int, int], None]
"""Takes how much is done, and of how much."""


class Rejected(NamedTuple):
    """A line that holds no name: where, its text, and a sentence about it."""

    line: int
    column: int
    text: str
    what: str


class Totals(NamedTuple):
    """What became of the entries of a file; ``covered`` names are kept, and lie below other kept ones."""

    kept: int
    duplicates: int
    covered: int
    rejected: int


class FileNames(NamedTuple):
    """What a file lists. ``rejected`` are the first lines without a name; ``unreadable`` condemns the whole file."""

    table: NameTable
    totals: Totals
    rejected: tuple[Rejected, ...] = ()
    unreadable: Rejected | None = None


ReadNames = Callable[[bytes, str, str | None], FileNames]
"""Reads the content of a file of this name; the last argument names or numbers the CSV column to take."""


def read_names(content: bytes, file: str, column: str | None = None, tell: Tell = lambda _done, _of: None) -> FileNames:
    """Read a file of names (UTF-8, any line ends); ``column`` names or numbers the CSV column to take.

    A file whose name ends in .csv or .tsv, or for which a column is named, is a CSV; others hold one name a line, or
    hosts lines (``0.0.0.0 name``); ``#`` begins a comment. ``tell`` learns how many octets are done, of how many.
    """
    if isinstance(text := decode(content, file), Problem):
        return _unreadable(text.place.line, text.place.column, text.what)
    del text  # of a million names it is as large as the content; pieces of that are read
    harvest = _Harvest()
    if is_csv(file, column):
        wrong = _read_csv(content, column, harvest, tell)
        if wrong is not None:
            return wrong
    else:
        _read_lines(content, harvest, tell)
    return _sorted(harvest)


def is_csv(file: str, column: str | None) -> bool:
    """Tell whether a file is read as CSV."""
    return column is not None or file.lower().endswith((".csv", ".tsv"))


def _unreadable(line: int, column: int, what: str) -> FileNames:
    return FileNames(NameTable.of(()), Totals(0, 0, 0, 0), (), Rejected(line, column, "", what))


@dataclass(slots=True)
class _Harvest:
    """What was found so far: keys tagged with their place, and lines that hold no name; local to one reading."""

    found: list[str] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    rejections: int = 0
    parents: dict[str, str] = field(default_factory=dict)

    def add_plain(self, names: list[str], first_line: int) -> None:
        """Add lower-cased host names, one a line."""
        tags = (f"{_END}{line:09d}{_END}1" for line in range(first_line, first_line + len(names)))
        self.found += [key + tag for key, tag in zip(self.keys(names), tags, strict=True)]

    def add_named(self, names: list[str], lines: Sequence[int]) -> None:
        """Add lower-cased host names with the lines where they stand."""
        tags = (f"{_END}{line:09d}{_END}1" for line in lines)
        self.found += [key + tag for key, tag in zip(self.keys(names), tags, strict=True)]

    def add_simple(self, name: str, line: int, column: int) -> None:
        """Add one lower-cased host name."""
        (key,) = self.keys([name])
        self.found.append(f"{key}{_END}{line:09d}{_END}{column}")

    def add_text(self, text: str, line: int, column: int) -> None:
        """Add whatever stands there, if it is a name."""
        if len(text) > _LONGEST:
            self.reject(Rejected(line, column, text, f"{text[:_SHOWN] + '…'!r} is longer than any name: correct it"))
            return
        try:
            key = hierarchy_key(parse_listed(text)).decode("ascii")
        except BadNameError as error:
            self.reject(Rejected(line, column, text, f"{text!r} {error}"))
        else:
            self.found.append(f"{key}{_END}{line:09d}{_END}{column}")

    def reject(self, rejected: Rejected) -> None:
        """Note a line without a name; the first ones in full."""
        self.rejections += 1
        if len(self.rejected) < TOLD:
            text = rejected.text
            self.rejected.append(rejected._replace(text=text if len(text) <= _LONGEST else f"{text[:_SHOWN]}…"))

    def keys(self, names: Sequence[str]) -> list[str]:
        """Turn host names into hierarchy keys.

        Flat, and with the keys of a few thousand parents at hand: this saves two thirds of the time of `hierarchy_key`.
        """
        parents = self.parents
        keys = []
        for name in names:
            label, _, parent = name.partition(".")
            above = parents.get(parent)
            if above is None:
                above = _key(parent)
                if len(parents) < _SMALL_PARENTS:
                    parents[parent] = above
            keys.append(above + _LENGTH[len(label)] + label)
        return keys


def _key(name: str) -> str:
    key = ""
    for label in name.split("."):
        key = _LENGTH[len(label)] + label + key
    return key


def _read_lines(content: bytes, harvest: _Harvest, tell: Tell) -> None:
    line = 1
    for batch, done in _batches(content):
        plain = batch.lower().replace("\r\n", "\n").replace(".\n", "\n")
        names = plain.split("\n")
        names.pop()
        if _PLAIN.fullmatch(plain) and len(max(names, key=len, default="")) < MAX_NAME - 1:
            harvest.add_plain(names, line)
            line += len(names)
        else:
            for written in lines_of(batch):
                _read_line(written.rstrip("\r\n"), line, harvest)
                line += 1
        tell(done, len(content))


def lines_of(text: str) -> Iterable[str]:
    """Cut a text into lines with their ends (LF, CRLF, CR), and not where only ``str.splitlines`` sees one."""
    return StringIO(text, newline="")


def _batches(content: bytes) -> Iterator[tuple[str, int]]:
    """Cut UTF-8 text behind line ends; gives each piece, ended by one, and behind how many octets it ends."""
    position = len(BOM_UTF8) * content.startswith(BOM_UTF8)
    while position < len(content):
        cut = content.find(b"\n", position + _BATCH) + 1 or len(content)
        piece = content[position:cut].decode()
        yield piece if piece.endswith("\n") else piece + "\n", cut
        position = cut


def _read_line(line: str, number: int, harvest: _Harvest) -> None:
    simple = _SIMPLE.fullmatch(line.lower())
    if simple is not None and len(simple[1]) < MAX_NAME - 1:
        harvest.add_simple(simple[1], number, simple.start(1) + 1)
    elif not _COMMENT.fullmatch(line):
        _read_odd_line(line, number, harvest)


def _read_odd_line(line: str, number: int, harvest: _Harvest) -> None:
    words = list(re.finditer(r"\S+", re.sub(r"(?:^|\s)#.*", "", line)))
    if len(words) > 1 and not _is_address(words[0][0]):
        what = "a second word: one name a line, comments behind '#'"
        harvest.reject(Rejected(number, words[1].start() + 1, line, what))
        return
    for word in words[1:] if len(words) > 1 else words:
        harvest.add_text(word[0], number, word.start() + 1)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _read_csv(content: bytes, column: str | None, harvest: _Harvest, tell: Tell) -> FileNames | None:
    """Read the names of a CSV, or say why it cannot be read."""
    delimiter = max(_DELIMITERS, key=content.partition(b"\n")[0].decode().count)

    def lines() -> Iterator[str]:
        for batch, done in _batches(content):
            yield from lines_of(batch)
            tell(done, len(content))

    reader = csv.reader(lines(), delimiter=delimiter, strict=True)
    rows = _numbered(reader)
    try:
        first = next(rows, None)
        choice = None if first is None else _choose_column(first[1], column)
        match first, choice:
            case (line, row), _Choice(has_header=False, position=position):
                _add_rows(chain([(line, row)], rows), position, delimiter, harvest)
            case _, _Choice(position=position):
                _add_rows(rows, position, delimiter, harvest)
            case (line, _), str(what):
                return _unreadable(line, 1, what)
    except csv.Error as error:
        return _unreadable(reader.line_num, 1, f"not readable as CSV ({error}): correct the quotes in this line")
    return None


def _add_rows(rows: Iterator[tuple[int, list[str]]], position: int, delimiter: str, harvest: _Harvest) -> None:
    while batch := list(islice(rows, _ROWS)):
        for line, row in batch:
            if len(row) <= position:
                what = f"has no column {position + 1}: complete the row"
                harvest.reject(Rejected(line, 1, delimiter.join(row), what))
        _add_cells([(line, row[position].strip()) for line, row in batch if len(row) > position], harvest)


def _numbered(reader: "Iterator[list[str]]") -> Iterator[tuple[int, list[str]]]:
    """Number each row that is not blank by its first line."""
    line = 1
    for row in reader:
        if any(cell and not cell.isspace() for cell in row):
            yield line, row
        line = reader.line_num + 1  # type: ignore[attr-defined]  # csv's reader has it


def _add_cells(cells: list[tuple[int, str]], harvest: _Harvest) -> None:
    names = [cell.lower().removesuffix(".") for _, cell in cells]
    lines = "\n".join([*names, ""])
    one_in_each = lines.count("\n") == len(names)
    if one_in_each and _PLAIN.fullmatch(lines) and len(max(names, key=len, default="")) < MAX_NAME - 1:
        harvest.add_named(names, [line for line, _ in cells])
        return
    for line, cell in cells:
        harvest.add_text(cell, line, 1)


class _Choice(NamedTuple):
    position: int
    has_header: bool


def _choose_column(header: list[str], column: str | None) -> _Choice | str:
    """Find the column that holds the names, or say how to name it."""
    titles = [cell.strip().casefold() for cell in header]
    if column is not None and column.strip().casefold() in titles:
        return _Choice(titles.index(column.strip().casefold()), has_header=True)
    if column is not None and column.isdecimal() and 1 <= int(column) <= len(titles):
        index = int(column) - 1
        return _Choice(index, has_header="." not in titles[index])
    if column is not None:
        return f"no column {column!r} here: `column` is one of {', '.join(header)}, or a number from 1"
    known = [index for index, title in enumerate(titles) if title in NAME_HEADERS]
    if len(known) == 1:
        return _Choice(known[0], has_header=True)
    if len(titles) == 1:
        return _Choice(0, has_header="." not in titles[0])
    return f"which column holds the names? Add `column:` with one of {', '.join(header)}, or a number from 1"


def table_of_lines(names: Sequence[str], line: int, column: int) -> NameTable:
    """Pack plain names, one a line from this one on; of equal ones the first stays."""
    lines: dict[str, int] = {}
    for number, key in enumerate(_Harvest().keys(names), line):
        lines.setdefault(key, number)
    keys = sorted(lines)
    places = array("I", map(lines.__getitem__, keys))
    return NameTable(_END.join(keys).encode("ascii"), places, array("I", (column,)) * len(keys))


_TOGETHER: Final = 32_768
"""Entries that are taken apart at once."""


def _sorted(harvest: _Harvest) -> FileNames:
    """Sort what was found, once, and pack it; of equal names the first place stays."""
    found = harvest.found
    entries = len(found)
    found.sort()
    packed = bytearray()
    lines, columns = array("I"), array("I")
    covered, last, top = 0, "", _END
    for start in range(0, entries, _TOGETHER):
        fields = _END.join(found[start : start + _TOGETHER]).split(_END)
        keys, places = fields[0::3], [fields[1::3], fields[2::3]]
        if keys[0] == last or len(set(keys)) < len(keys):
            fresh = [at for at, key in enumerate(keys) if key != (keys[at - 1] if at else last)]
            keys, places = [keys[at] for at in fresh], [[each[at] for at in fresh] for each in places]
        for key in keys:
            if key.startswith(top):
                covered += 1
            else:
                top = key
        if keys:
            last = keys[-1]
            packed += (_END.join(keys) + _END).encode("ascii")
        lines.extend(map(int, places[0]))
        columns.extend(map(int, places[1]))
    found.clear()
    table = NameTable(bytes(packed[:-1]), lines, columns)
    totals = Totals(len(table), entries - len(table), covered, harvest.rejections)
    return FileNames(table, totals, tuple(harvest.rejected))
