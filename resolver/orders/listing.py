"""What names a measure lists: those in the order file and those in the files it names, each with its place."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import PurePosixPath
from typing import NamedTuple

from resolver.dns.name import BadNameError, WireName
from resolver.orders.listed_names import parse_listed
from resolver.orders.lists import Entry, entries_of
from resolver.orders.model import Action, CannotEnforce, Listed, Place, Problem, Reach
from resolver.orders.shape import FileShape, ListShape, MeasureShape, NameShape
from resolver.orders.yaml_document import YamlDocument

ReadFile = Callable[[str], bytes]
"""Reads a file that an order names, by its path relative to the order file; raises OSError."""

Path = tuple[str | int, ...]


class Origin(NamedTuple):
    """Which list of a measure a name comes from; both None for the measure's own names."""

    list_id: str | None = None
    received: datetime | None = None


@dataclass(slots=True)
class Listing:
    """What reading the names of one measure gave so far; local to one reading, never handed on."""

    listed: dict[WireName, Listed] = field(default_factory=dict)
    bad: list[Problem] = field(default_factory=list)
    unenforceable: list[CannotEnforce] = field(default_factory=list)
    skipped: list[Problem] = field(default_factory=list)


def read_listing(measure: MeasureShape, document: YamlDocument, path: Path, read_file: ReadFile) -> Listing:
    """Read all names of a measure; what is wrong with them is in ``bad``, with every place."""
    listing = Listing()
    for origin, source, entries in _sources(measure, document, path, read_file):
        before = len(listing.bad)
        count = 0
        for entry in entries:
            count += 1
            if isinstance(entry, Problem):
                listing.bad.append(entry)
            else:
                _add(listing, measure, origin, *entry)
        if not count and len(listing.bad) == before:
            listing.bad.append(Problem(source, "lists no name at all: an empty list is refused, complete or remove it"))
    return listing


def _add(listing: Listing, measure: MeasureShape, origin: Origin, entry: Entry, scope: Reach | None) -> None:
    reach = scope or measure.scope
    try:
        name = parse_listed(entry.text)
    except BadNameError as error:
        _add_bad(listing, measure, entry, str(error))
        return
    known = listing.listed.get(name)
    if known is None:
        listing.listed[name] = Listed(name, reach, entry.text, entry.place, origin.list_id, origin.received)
    elif known.reach is not reach:
        what = f"{entry.text!r} is {reach} here and {known.reach} at {known.place}: keep one of the two"
        listing.bad.append(Problem(entry.place, what))
    if reach is Reach.EXACT and measure.action is Action.NXDOMAIN:
        what = (
            f"{entry.text!r}: `action: nxdomain` denies all below too (RFC 8020), which `scope: exact` does not: "
            "use `action: nodata`"
        )
        listing.bad.append(Problem(entry.place, what))


def _add_bad(listing: Listing, measure: MeasureShape, entry: Entry, why: str) -> None:
    problem = Problem(entry.place, f"{entry.text!r} {why}")
    if measure.on_bad_name == "skip":
        listing.skipped.append(problem)
        listing.unenforceable.append(CannotEnforce(entry.text, why, entry.place))
    else:
        listing.bad.append(problem)


_Item = tuple[Entry, Reach | None] | Problem


def _sources(
    measure: MeasureShape, document: YamlDocument, path: Path, read_file: ReadFile
) -> Iterator[tuple[Origin, Place, Iterable[_Item]]]:
    """Yield each source of names: where it comes from, where it stands, and what it holds."""
    if measure.names is not None:
        where = (*path, "names")
        yield Origin(), document.place(where, key=True), _inline(measure.names, document, where)
    if measure.names_file is not None:
        where = (*path, "names_file")
        shape = measure.names_file if isinstance(measure.names_file, FileShape) else FileShape(file=measure.names_file)
        yield Origin(), document.place(where), _from_file(shape, document, where, read_file)
    for index, named in enumerate(measure.lists):
        yield from _list_sources(named, document, (*path, "lists", index), read_file)


def _list_sources(
    named: ListShape, document: YamlDocument, where: Path, read_file: ReadFile
) -> Iterator[tuple[Origin, Place, Iterable[_Item]]]:
    received = named.received if isinstance(named.received, datetime) else None
    if named.received is not None and received is None:
        received = datetime.combine(named.received, datetime.min.time())
    origin = Origin(named.id, received)
    if named.names is None and named.file is None:
        yield origin, document.place(where), ()
    if named.names is not None:
        yield origin, document.place(where), _inline(named.names, document, (*where, "names"))
    if named.file is not None:
        shape = FileShape(file=named.file, sha256=named.sha256, column=named.column)
        yield origin, document.place((*where, "file")), _from_file(shape, document, where, read_file)


def _inline(names: Sequence[str | NameShape], document: YamlDocument, path: Path) -> Iterator[_Item]:
    for name, place in zip(names, document.item_places(path), strict=True):
        if isinstance(name, str):
            yield Entry(name, place), None
        else:
            yield Entry(name.name, place), name.scope


def _from_file(shape: FileShape, document: YamlDocument, path: Path, read_file: ReadFile) -> Iterator[_Item]:
    place = document.place((*path, "file"))
    relative = PurePosixPath(shape.file)
    if relative.is_absolute() or ".." in relative.parts or "\\" in shape.file or "\0" in shape.file:
        yield Problem(place, f"{shape.file!r} leads out of the order's folder: put the file beside the order")
        return
    try:
        content = read_file(shape.file)
    except OSError as error:
        yield Problem(place, f"{shape.file!r} cannot be read ({error.strerror or error}): put it beside the order file")
        return
    if shape.sha256 is not None and (found := sha256(content).hexdigest()) != shape.sha256:
        yield Problem(
            place, f"{shape.file!r} has SHA-256 {found}, not the one given: find out which file is the right one"
        )
        return
    for entry in entries_of(content, str(PurePosixPath(document.file).parent / relative), shape.column):
        yield entry if isinstance(entry, Problem) else (entry, None)
