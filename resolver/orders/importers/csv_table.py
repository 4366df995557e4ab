"""A CSV: the delimiter and the column of names are found, or named; its other columns are not looked at."""

import csv
from collections.abc import Iterator, Sequence
from typing import Final

from resolver.orders.importers.entries import Beyond, Entry, Named, Rejected, read_entry
from resolver.orders.lists import NAME_HEADERS, lines_of

DELIMITERS: Final = ";,\t|"
_SAMPLE: Final = 50


class ColumnError(ValueError):
    """The column of names cannot be told; the message says how to name it."""


def read_csv(text: str, column: str | None = None, delimiter: str | None = None) -> Iterator[Entry]:
    """Read the entries; ``column`` is a header or a number from 1. Raises ColumnError at once."""
    separator = delimiter or max(DELIMITERS, key=text.partition("\n")[0].count)
    rows = list(_rows(text, separator))
    filled = [row for _, row in rows if not isinstance(row, str)]
    position, header = _column(filled, column) if filled else (0, False)
    return _entries(rows, position, separator, header=header)


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """Yield each row that is not blank with its first line; what is no CSV ends it, as a text."""
    reader = csv.reader(lines_of(text), delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        yield line, f"is not readable as CSV from here on ({error})"


def _column(rows: Sequence[list[str]], column: str | None) -> tuple[int, bool]:
    """Find the column, and whether the first row is a header."""
    titles = [cell.strip().casefold() for cell in rows[0]]
    if column is not None and column.strip().casefold() in titles:
        return titles.index(column.strip().casefold()), True
    if column is not None:
        if not (column.isdecimal() and 1 <= int(column) <= len(titles)):
            raise ColumnError(f"no column {column!r} here: name one of {', '.join(rows[0])}, or a number from 1")
        return int(column) - 1, not _is_entry(rows[0][int(column) - 1])
    known = [place for place, title in enumerate(titles) if title in NAME_HEADERS]
    if len(known) == 1:
        return known[0], True
    holding = [place for place in range(len(titles)) if _holds_names(rows[1 : _SAMPLE + 1] or rows, place)]
    if len(holding) == 1:
        return holding[0], not _is_entry(rows[0][holding[0]])
    raise ColumnError(
        f"which column holds the names? Say --column with one of {', '.join(rows[0])}, or a number from 1"
    )


def _holds_names(rows: Sequence[list[str]], place: int) -> bool:
    cells = [row[place] for row in rows if len(row) > place and row[place].strip()]
    return bool(cells) and 2 * sum(map(_is_entry, cells)) > len(cells)


def _is_entry(cell: str) -> bool:
    return isinstance(read_entry(0, cell), Named | Beyond)


def _entries(
    rows: Sequence[tuple[int, list[str] | str]], position: int, delimiter: str, *, header: bool
) -> Iterator[Entry]:
    for line, row in rows[1:] if header else rows:
        if isinstance(row, str):
            yield Rejected(line, "", row)
        elif len(row) <= position:
            yield Rejected(line, delimiter.join(row), f"has no column {position + 1}")
        elif row[position].strip():
            yield read_entry(line, row[position])
        else:
            yield Rejected(line, delimiter.join(row), "holds no name")
