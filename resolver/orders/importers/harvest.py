"""What a delivered list comes to: names to list, each once, what DNS cannot do, and what was left out and why."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, assert_never

from resolver.dns.name import WireName, hierarchy_key
from resolver.orders.importers.entries import Beyond, Entry, Named, Rejected
from resolver.orders.model import Reach


class Kept(NamedTuple):
    """A name to list; ``widened`` says why more than what was written, where somebody decided that."""

    line: int
    text: str
    name: WireName
    reach: Reach
    widened: str | None = None


class Duplicate(NamedTuple):
    """A name that stands in the list, or in the measure, already; ``of`` is that line of the list, None the measure."""

    line: int
    text: str
    of: int | None


class Covered(NamedTuple):
    """A name that is kept and lies below another that is listed with all below it."""

    line: int
    text: str
    by: WireName


@dataclass(frozen=True, slots=True)
class Harvest:
    """What every entry came to; ``unused`` are lines that were to be widened and cannot be."""

    kept: tuple[Kept, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()
    covered: tuple[Covered, ...] = ()
    beyond: tuple[Beyond, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    unused: tuple[int, ...] = ()


def harvest(
    entries: Iterable[Entry], scope: Reach, widen: Mapping[int, str] | None = None, known: Collection[WireName] = ()
) -> Harvest:
    """Settle the entries of a list for a measure of this scope, which lists the ``known`` names already.

    A name reaches as far as the list says, and never farther than the measure. ``widen`` gives, by line, why an entry
    that DNS cannot do is to stand for its whole host.
    """
    widen = widen or {}
    kept: dict[WireName, Kept] = {}
    duplicates, beyond, rejected = list[Duplicate](), list[Beyond](), list[Rejected]()
    for entry in entries:
        candidate = _candidate(entry, scope, widen)
        if isinstance(candidate, Rejected):
            rejected.append(candidate)
            continue
        if isinstance(candidate, Beyond):
            beyond.append(candidate)
            continue
        first = kept.get(candidate.name)
        if first is None and candidate.name not in known:
            kept[candidate.name] = candidate
            continue
        if first is not None and candidate.reach is Reach.SUBTREE and first.reach is Reach.EXACT:
            kept[candidate.name] = first._replace(reach=Reach.SUBTREE)  # another line says so itself
        duplicates.append(Duplicate(candidate.line, candidate.text, None if first is None else first.line))
    used = {each.line for each in kept.values() if each.widened is not None}
    return Harvest(
        kept=tuple(kept.values()),
        duplicates=tuple(duplicates),
        covered=tuple(_covered(kept.values())),
        beyond=tuple(beyond),
        rejected=tuple(rejected),
        unused=tuple(sorted(set(widen) - used)),
    )


def _candidate(entry: Entry, scope: Reach, widen: Mapping[int, str]) -> Kept | Beyond | Rejected:
    match entry:
        case Named(line=line, text=text, name=name, reach=reach):
            return Kept(line, text, name, Reach.EXACT if reach is Reach.EXACT else scope)
        case Beyond(line=line, text=text, host=host) if host is not None and line in widen:
            return Kept(line, text, host, scope, widen[line])
        case Beyond() | Rejected():
            return entry
        case _:
            assert_never(entry)


def _covered(kept: Iterable[Kept]) -> Iterable[Covered]:
    """Find the names below others, in the order of the hierarchy, where the nearest above comes last before them."""
    above: list[tuple[bytes, WireName]] = []
    found = []
    for key, each in sorted((hierarchy_key(each.name), each) for each in kept):
        while above and not key.startswith(above[-1][0]):
            above.pop()
        if above:
            found.append(Covered(each.line, each.text, above[-1][1]))
        if each.reach is Reach.SUBTREE:
            above.append((key, each.name))
    return sorted(found)
