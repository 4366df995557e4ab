"""What names a measure lists: those in the order file and those in the files it names, each with its place."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from heapq import merge
from itertools import groupby, repeat
from operator import itemgetter
from pathlib import PurePosixPath
from typing import NamedTuple

from resolver.dns.name import BadNameError, WireName, hierarchy_key, name_of_hierarchy_key
from resolver.orders.listed_names import parse_listed
from resolver.orders.lists import FileNames, ReadNames, Totals
from resolver.orders.model import Action, CannotEnforce, Listed, ListedFile, ListedNames, Lists, Place, Problem, Reach
from resolver.orders.plain_runs import Run
from resolver.orders.shape import FileShape, ListShape, MeasureShape, NameShape
from resolver.orders.yaml_document import YamlDocument

ReadFile = Callable[[str], bytes]
"""Reads a file that an order names, by its path relative to the order file; raises OSError."""

Path = tuple[str | int, ...]


class Origin(NamedTuple):
    """Which list of a measure a name comes from; both None for the measure's own names."""

    list_id: str | None = None
    received: datetime | None = None


class _Entry(NamedTuple):
    """One text that the order file lists itself, and its reach if it has one of its own."""

    text: str
    place: Place
    scope: Reach | None


class _File(NamedTuple):
    """A file of names as it was read, under the name that its places carry."""

    file: str
    read: FileNames


_Item = _Entry | _File | Problem


@dataclass(slots=True)
class Listing:
    """What reading the names of one measure gave so far; local to one reading, never handed on.

    ``sources`` tells from which source, counted from 0, each entry and each file comes: a name stands with the first.
    """

    measure: MeasureShape
    entries: dict[WireName, Listed] = field(default_factory=dict)
    files: list[ListedFile] = field(default_factory=list)
    bad: list[Problem] = field(default_factory=list)
    unenforceable: list[CannotEnforce] = field(default_factory=list)
    skipped: list[Problem] = field(default_factory=list)
    entry_sources: dict[WireName, int] = field(default_factory=dict)
    file_sources: list[int] = field(default_factory=list)

    @property
    def listed(self) -> ListedNames:
        """The names that were read."""
        return ListedNames(self.entries, tuple(self.files))


def read_listing(
    measure: MeasureShape,
    document: YamlDocument,
    path: Path,
    read_file: ReadFile,
    read_names: ReadNames,
    runs: Mapping[int, Run],
) -> Listing:
    """Read all names of a measure; what is wrong with them is in ``bad``, with every place.

    Of ``runs``, found by the line of their first names, the document holds these alone.
    """
    listing = Listing(measure)
    reading = _Reading(document, runs, read_file, read_names)
    for number, (origin, source, items) in enumerate(_sources(measure, path, reading)):
        holds_something = False
        for item in items:
            match item:
                case _Entry():
                    _add_entry(listing, origin, number, item)
                case _File():
                    _add_file(listing, origin, number, item)
                case Problem():
                    listing.bad.append(item)
            holds_something |= not isinstance(item, _File) or item.read.unreadable is not None or any(item.read.totals)
        if not holds_something:
            listing.bad.append(Problem(source, "lists no name at all: an empty list is refused, complete or remove it"))
    _settle(listing)
    return listing


def _add_entry(listing: Listing, origin: Origin, source: int, entry: _Entry) -> None:
    reach = entry.scope or listing.measure.scope
    try:
        name = parse_listed(entry.text)
    except BadNameError as error:
        _add_bad(listing, entry.text, entry.place, f"{entry.text!r} {error}")
        return
    known = listing.entries.get(name)
    if known is None:
        listing.entries[name] = Listed(name, reach, entry.text, entry.place, (origin.list_id,), origin.received)
        listing.entry_sources[name] = source
    elif known.reach is not reach:
        listing.bad.append(_two_reaches(entry.text, entry.place, reach, known))
    elif origin.list_id not in known.lists:
        listing.entries[name] = replace(known, lists=(*known.lists, origin.list_id))
    if reach is Reach.EXACT and listing.measure.action is Action.NXDOMAIN:
        listing.bad.append(Problem(entry.place, f"{entry.text!r}: {_CUTS_MORE}"))


_CUTS_MORE = "`action: nxdomain` denies all below too (RFC 8020), which `scope: exact` does not: use `action: nodata`"


def _two_reaches(text: str, place: Place, reach: Reach, known: Listed) -> Problem:
    return Problem(place, f"{text!r} is {reach} here and {known.reach} at {known.place}: keep one of the two")


def _add_bad(listing: Listing, text: str, place: Place, what: str) -> None:
    if listing.measure.on_bad_name == "skip":
        listing.skipped.append(Problem(place, what))
        listing.unenforceable.append(CannotEnforce(text, what, place))
    else:
        listing.bad.append(Problem(place, what))


def _add_file(listing: Listing, origin: Origin, source: int, item: _File) -> None:
    """Add the names of a file, which may be a million; of its bad lines the first ones are told, and the totals."""
    file, read, reach = item.file, item.read, listing.measure.scope
    if read.unreadable is not None:
        listing.bad.append(Problem(Place(file, read.unreadable.line, read.unreadable.column), read.unreadable.what))
        return
    for line in read.rejected:
        _add_bad(listing, line.text, Place(file, line.line, line.column), line.what)
    if read.rejected:
        skips = listing.measure.on_bad_name == "skip"
        (listing.skipped if skips else listing.bad).append(_totals(item, reach, skips=skips))
    if len(read.table) and reach is Reach.EXACT and listing.measure.action is Action.NXDOMAIN:
        listing.bad.append(Problem(Place(file, 1, 1), _CUTS_MORE))
    listing.files.append(ListedFile(file, read.table, reach, (origin.list_id,), origin.received))
    listing.file_sources.append(source)


def _totals(item: _File, reach: Reach, *, skips: bool) -> Problem:
    """Say what became of a whole file; an order with bad lines stands only where they are to be passed over."""
    totals = item.read.totals
    untold = totals.rejected - len(item.read.rejected)
    said = (
        f"{_counted(totals.rejected, 'line')} rejected"
        + (f", of which {untold} are not shown" if untold else "")
        + f"; {_counted(totals.kept, 'name')} kept, {_counted(totals.duplicates, 'duplicate')}"
        + (f", {totals.covered} covered by other names" if reach is Reach.SUBTREE else "")
    )
    advice = "" if skips else ": correct the lines, or let the measure say `on_bad_name: skip`"
    return Problem(Place(item.file, 1, 1), said + advice)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _settle(listing: Listing) -> None:
    """Leave each name with the first source that lists it, which says there what other lists hold it, too."""
    surplus: dict[int, set[bytes]] = {}
    shared: dict[tuple[int, Lists], set[bytes]] = {}
    for key, holders in _shared(listing):
        name = name_of_hierarchy_key(key)
        entry = listing.entries.get(name)
        for number in holders:
            if entry is not None and entry.reach is not listing.measure.scope:
                there = listing.files[number].find(name)
                assert there is not None, "a holder holds it"
                listing.bad.append(_two_reaches(there.as_written, there.place, there.reach, entry))
        lists = _lists_together(listing, entry, holders)
        if entry is not None and listing.entry_sources[name] < listing.file_sources[holders[0]]:
            listing.entries[name] = replace(entry, lists=lists)
            leavers = holders
        else:
            listing.entries.pop(name, None)
            leavers = holders[1:]
            if lists != listing.files[holders[0]].lists:
                shared.setdefault((holders[0], lists), set()).add(key)
                leavers = holders
        for number in leavers:
            surplus.setdefault(number, set()).add(key)
    for (number, lists), keys in shared.items():
        file = listing.files[number]
        listing.files.append(replace(file, names=file.names.only(keys), lists=lists))
    for number, keys in surplus.items():
        file = listing.files[number]
        listing.files[number] = replace(file, names=file.names.without(keys))


def _lists_together(listing: Listing, entry: Listed | None, holders: Sequence[int]) -> Lists:
    """Put together, in the order of the measure, the lists of an entry and of files that hold the same name."""
    held = {each for number in holders for each in listing.files[number].lists} | set(entry.lists if entry else ())
    return tuple(each for each in (None, *(named.id for named in listing.measure.lists)) if each in held)


def _shared(listing: Listing) -> Iterator[tuple[bytes, list[int]]]:
    """Find the names that more than one source lists, and the numbers of the files that do.

    One file is asked for each entry; several, of which each may hold as many, are read side by side.
    """
    if len(listing.files) == 1:
        table = listing.files[0].names
        yield from [(hierarchy_key(name), [0]) for name in listing.entries if table.find(name) is not None]
        return
    entries = sorted(map(hierarchy_key, listing.entries)) if listing.files else []
    streams = [zip(each.names, repeat(number)) for number, each in enumerate(listing.files)]
    walk = merge(zip(entries, repeat(-1)), *streams)
    for key, group in groupby(walk, key=itemgetter(0)):
        numbers = [number for _, number in group]
        if len(numbers) > 1:
            yield key, [number for number in numbers if number >= 0]


class _Reading(NamedTuple):
    """The file that is read, its runs, and how to read the files that it names."""

    document: YamlDocument
    runs: Mapping[int, Run]
    read_file: ReadFile
    read_names: ReadNames


def _sources(measure: MeasureShape, path: Path, reading: _Reading) -> Iterator[tuple[Origin, Place, Iterable[_Item]]]:
    """Yield each source of names: where it comes from, where it stands, and what it holds."""
    document = reading.document
    if measure.names is not None:
        where = (*path, "names")
        yield Origin(), document.place(where, key=True), _inline(measure.names, where, reading)
    if measure.names_file is not None:
        where = (*path, "names_file")
        shape = measure.names_file if isinstance(measure.names_file, FileShape) else FileShape(file=measure.names_file)
        yield Origin(), document.place(where), _from_file(shape, where, reading)
    for index, named in enumerate(measure.lists):
        yield from _list_sources(named, (*path, "lists", index), reading)


def _list_sources(named: ListShape, where: Path, reading: _Reading) -> Iterator[tuple[Origin, Place, Iterable[_Item]]]:
    document = reading.document
    received = named.received if isinstance(named.received, datetime) else None
    if named.received is not None and received is None:
        received = datetime.combine(named.received, datetime.min.time())
    origin = Origin(named.id, received)
    if named.names is None and named.file is None:
        yield origin, document.place(where), ()
    if named.names is not None:
        yield origin, document.place(where), _inline(named.names, (*where, "names"), reading)
    if named.file is not None:
        shape = FileShape(file=named.file, sha256=named.sha256, column=named.column)
        yield origin, document.place((*where, "file")), _from_file(shape, where, reading)


def _inline(names: Sequence[str | NameShape], path: Path, reading: _Reading) -> Iterator[_Item]:
    """Yield what an order file lists itself: a list that is one run packed, any other name by name."""
    for name, place in zip(names, reading.document.item_places(path), strict=True):
        run = reading.runs.get(place.line)
        if run is not None and len(names) == 1:
            table = run.table()
            totals = Totals(len(table), len(run.names) - len(table), 0, 0)
            yield _File(place.file, FileNames(table, totals))
        elif run is not None:
            for line, text in enumerate(run.names, run.line):
                yield _Entry(text, Place(place.file, line, place.column), None)
        elif isinstance(name, str):
            yield _Entry(name, place, None)
        else:
            yield _Entry(name.name, place, name.scope)


def _from_file(shape: FileShape, path: Path, reading: _Reading) -> Iterator[_Item]:
    document, read_file, read_names = reading.document, reading.read_file, reading.read_names
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
    file = str(PurePosixPath(document.file).parent / relative)
    yield _File(file, read_names(content, file, shape.column))
