"""How long runs of plain names are read without a YAML node for each: ten thousand orders hold a million of them.

Of lines that follow each other, each ``- name`` behind the same indent, YAML is shown the first one; the others are
left blank, so that every place stays. Where the first one turns out to be an entry of a list of names, so are the
others: each stands where the next entry of that very list begins. Where it turns out to be anything else, this says
nothing, and the whole file is read as it stands.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from resolver.dns.name import MAX_NAME
from resolver.orders.lists import NAME, table_of_lines
from resolver.orders.name_table import NameTable
from resolver.orders.yaml_document import YamlDocument, compose, read_text

Path = tuple[str | int, ...]

_RUN: Final = re.compile(rf"(?m)^( *+)- {NAME}\n(?:\1- {NAME}\n){{7,}}+")
"""At least eight: fewer are not worth it. Lower case alone, so that a name is spelt as it is written."""


@dataclass(frozen=True, slots=True)
class Run:
    """Names on lines that follow each other; the first stands in ``line`` and all in ``column``, both from 1."""

    line: int
    column: int
    names: Sequence[str]

    def table(self) -> NameTable:
        """Pack the names; of equal ones the first place stays."""
        return table_of_lines(self.names, self.line, self.column)


@dataclass(frozen=True, slots=True)
class ShortDocument:
    """A file of which each run is there with its first name alone; ``runs`` are found by the line of that."""

    document: YamlDocument
    runs: Mapping[int, Run]


def read_short(text: bytes, file: str) -> ShortDocument | None:
    """Read an order file that holds runs; None if it holds none, or something about it must be said or looked at."""
    decoded = read_text(text, file)
    if not isinstance(decoded, str):
        return None
    runs: dict[int, Run] = {}
    pieces: list[str] = []
    end, lines = 0, 1
    for found in _RUN.finditer(decoded):
        run = _run(found, lines + decoded.count("\n", end, found.start()))
        if len(max(run.names, key=len)) >= MAX_NAME - 1:
            return None
        runs[run.line] = run
        first_ends = decoded.index("\n", found.start())
        pieces += (decoded[end:first_ends], "\n" * len(run.names))
        end, lines = found.end(), run.line + len(run.names)
    if not runs:
        return None
    document = compose("".join((*pieces, decoded[end:])), file)
    if not isinstance(document, YamlDocument) or _entries(document, runs) != set(runs):
        return None
    return ShortDocument(document, runs)


def _run(found: re.Match[str], line: int) -> Run:
    indent = len(found[1])
    return Run(line, indent + 3, [entry[indent + 2 :] for entry in found[0].splitlines()])


def _entries(document: YamlDocument, runs: Mapping[int, Run]) -> set[int]:
    """Tell which runs begin with an entry of a list of names."""
    return {
        place.line
        for path, names in _lists_of_names(document)
        for name, place in zip(names, document.item_places(path), strict=True)
        if (run := runs.get(place.line)) is not None and (name, place.column) == (run.names[0], run.column)
    }


def _lists_of_names(document: YamlDocument) -> Iterator[tuple[Path, list[object]]]:
    """Find ``names`` of each measure and of each of its lists."""
    for at, measure in _members((), document.value, "measures"):
        for path, holder in ((at, measure), *_members(at, measure, "lists")):
            match holder:
                case {"names": list() as names}:
                    yield (*path, "names"), names


def _members(path: Path, holder: object, key: str) -> Iterator[tuple[Path, object]]:
    members = holder.get(key) if isinstance(holder, dict) else None
    if isinstance(members, list):
        yield from (((*path, key, number), member) for number, member in enumerate(members))
