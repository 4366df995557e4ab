"""Which entries a file of names holds: one a line, a hosts file, or one column of a CSV."""

import csv
import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import NamedTuple

from resolver.orders.model import Place, Problem
from resolver.orders.yaml_document import read_text

_DELIMITERS = ";,\t|"
_ONE_WORD = re.compile(r"[^\s#]+")
_NAME_HEADERS = frozenset(
    {"name", "names", "domain", "domains", "domain name", "domain_name", "fqdn", "host", "hostname", "site"}
    | {"nom", "noms", "domaine", "domaines", "nom de domaine", "noms de domaine", "nom_de_domaine", "hôte"}
)


class Entry(NamedTuple):
    """One text that a file lists, and where; whether it is a name is judged later."""

    text: str
    place: Place


def entries_of(content: bytes, file: str, column: str | None = None) -> tuple[Entry, ...] | tuple[Problem, ...]:
    """Read the entries of a list file (UTF-8, any line ends); ``column`` names or numbers the CSV column to take.

    A file whose name ends in .csv or .tsv, or for which a column is named, is a CSV; others hold one name a line, or
    hosts lines (``0.0.0.0 name``); ``#`` begins a comment. An empty tuple means that the file lists nothing.
    """
    text = read_text(content, file)
    if isinstance(text, Problem):
        return (text,)
    if column is not None or file.lower().endswith((".csv", ".tsv")):
        return _csv_entries(text, file, column)
    found = [item for number, line in enumerate(text.splitlines(), 1) for item in _line_entries(line, file, number)]
    problems = tuple(item for item in found if isinstance(item, Problem))
    return problems or tuple(item for item in found if isinstance(item, Entry))


def _line_entries(line: str, file: str, number: int) -> Iterator[Entry | Problem]:
    if _ONE_WORD.fullmatch(line):
        yield Entry(line, Place(file, number, 1))
        return
    words = list(re.finditer(r"\S+", re.sub(r"(?:^|\s)#.*", "", line)))
    if len(words) > 1 and not _is_address(words[0][0]):
        yield Problem(Place(file, number, words[1].start() + 1), "a second word: one name a line, comments behind '#'")
        return
    for word in words[1:] if len(words) > 1 else words:
        yield Entry(word[0], Place(file, number, word.start() + 1))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _csv_entries(text: str, file: str, column: str | None) -> tuple[Entry, ...] | tuple[Problem, ...]:
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((line, row))
            line = reader.line_num + 1
    except csv.Error as error:
        return (Problem(Place(file, line, 1), f"not readable as CSV ({error}): correct the quotes in this line"),)
    if not rows:
        return ()
    place = Place(file, rows[0][0], 1)
    choice = _choose_column(rows[0][1], column)
    if isinstance(choice, str):
        return (Problem(place, choice),)
    return _column_entries(rows[1 if choice.has_header else 0 :], choice.position, file)


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
    known = [index for index, title in enumerate(titles) if title in _NAME_HEADERS]
    if len(known) == 1:
        return _Choice(known[0], has_header=True)
    if len(titles) == 1:
        return _Choice(0, has_header="." not in titles[0])
    return f"which column holds the names? Add `column:` with one of {', '.join(header)}, or a number from 1"


def _column_entries(
    rows: list[tuple[int, list[str]]], index: int, file: str
) -> tuple[Entry, ...] | tuple[Problem, ...]:
    short = [line for line, row in rows if len(row) <= index]
    if short:
        return tuple(Problem(Place(file, line, 1), f"has no column {index + 1}: complete the row") for line in short)
    return tuple(Entry(row[index].strip(), Place(file, line, 1)) for line, row in rows)
