"""What no order may do by mistake: block a name whose loss would be an incident, or lose or gain names unexplained.

The unit of refusal is the order: each Problem condemns the order it belongs to and no other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from resolver.dns.name import ROOT, WireName, name_of_hierarchy_key, parent_key, present_name
from resolver.orders.model import Listed, ListedNames, MeasureKind, Order, Place, Problem, Reach
from resolver.orders.name_table import DistinctNames
from resolver.orders.protected import Guarded, Protected
from resolver.orders.public_suffixes import Section


class Refusal(NamedTuple):
    """A listed name that may not be blocked, and why."""

    entry: Listed
    what: str

    @property
    def place(self) -> Place:
        """Where the name stands."""
        return self.entry.place


def refusals(order: Order, protected: Protected) -> tuple[Refusal, ...]:
    """Name every listed entry that equals or covers a protected name and may not."""
    allowed = frozenset(entry.name for entry in order.allow_protected)
    return tuple(
        Refusal(entry, what)
        for measure in order.measures
        if measure.kind is MeasureKind.DNS_BLOCK
        for entry in suspects(measure.listed, protected)
        if (what := _refusal(entry, protected, overridden=entry.name in allowed)) is not None
    )


def suspects(listed: ListedNames, protected: Protected) -> Iterator[Listed]:
    """Yield the names that something protected may equal or lie below; of a long file few need be looked at.

    A file is asked for each protected name, all names above one, top-level domains, and the children of those whose
    every child is a suffix. A file shorter than that is gone through.
    """
    guarded, section = protected.all_above, protected.suffixes.section
    yield from (each for each in listed.entries.values() if each.name in guarded or section(each.name) is not None)
    for file in listed.files:
        if len(file.names) < len(guarded):
            near, parents = protected.all_keys, protected.parent_keys
            found = (key for key in file.names if key in near or parent_key(key) in parents)
            yield from filter(None, map(file.find, map(name_of_hierarchy_key, found)))
        else:
            children = (key for parent in protected.parent_keys for key in file.names.children(parent))
            asked = guarded.union(map(name_of_hierarchy_key, children))
            yield from filter(None, map(file.find, sorted(asked)))


_NEVER = "this may never be blocked; if the order says so, ask the authority, and keep the name under cannot_enforce"
_OVERRIDE = "if the order really names it, add it to `allow_protected: [{name, why}]`"


def _refusal(entry: Listed, protected: Protected, *, overridden: bool) -> str | None:
    """Say why one entry is refused, the reasons that nothing overrides first."""
    shown = repr(entry.as_written.strip())
    name, subtree = entry.name, entry.reach is Reach.SUBTREE
    if name == ROOT:
        return f"{shown} is the root: {_NEVER}"
    if own := _hit(name, protected.own_above, subtree=subtree):
        return f"{shown} {_relation(name, own.name, own.why)}: {_NEVER}"
    section = protected.suffixes.section(name)
    below = protected.suffixes.covered(name) if subtree else None
    if section is Section.ICANN or (below is not None and below[1] is Section.ICANN):
        suffix = name if section is Section.ICANN or below is None else below[0]
        kind = "a top-level domain" if suffix[1 + suffix[0] :] == ROOT else "a public suffix"
        return f"{shown} {_relation(name, suffix, kind)}: {_NEVER}"
    if overridden:
        return None
    if section is not None or below is not None:
        suffix = name if section is not None or below is None else below[0]
        return f"{shown} {_relation(name, suffix, 'a name below which anybody may have a site')}: {_OVERRIDE}"
    if shipped := _hit(name, protected.shipped_above, subtree=subtree):
        return f"{shown} {_relation(name, shipped.name, f'protected ({shipped.why})')}: {_OVERRIDE}"
    return None


def _hit(name: WireName, above: Mapping[WireName, Guarded], *, subtree: bool) -> Guarded | None:
    found = above.get(name)
    return found if found is not None and (subtree or found.name == name) else None


def _relation(name: WireName, guarded: WireName, what: str) -> str:
    return f"is {what}" if name == guarded else f"covers {present_name(guarded)}, {what}"


class AppliedOrder(NamedTuple):
    """What the guard remembers of one order: every name it lists to block, in force or not, and whether it is over.

    ``over`` is true once all its measures are lifted, reversed or past their end.
    """

    id: str
    file: str
    names: DistinctNames
    over: bool


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where a change looks like an accident: counts of names, and shares of all or of one order's names."""

    many: int = 1_000
    lost_of_all: float = 0.10
    added_to_all: float = 1.00
    lost_of_order: float = 0.50


DEFAULT_THRESHOLDS = Thresholds()


def accidents(
    before: Sequence[AppliedOrder],
    after: Sequence[AppliedOrder],
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
    beside: int | None = None,
) -> dict[str, tuple[Problem, ...]]:
    """Find, by order id, the changes against the orders last applied that look like accidents.

    ``beside`` counts the names of applied orders that are not over and stay as they are, beyond those of ``before``.
    Neither is the first start, when nothing is compared. Names of an order that is over are free to go.
    A change that is too large as a whole is held against each order that has a part in it.
    """
    if not before and beside is None:
        return {}
    changes = tuple(_changes(before, after))
    total = (beside or 0) + sum(len(order.names) for order in before if not order.over)
    lost, gained = sum(change.lost for change in changes), sum(change.gained for change in changes)
    losing = lost > thresholds.many and lost > thresholds.lost_of_all * total
    gaining = gained > thresholds.many and gained > thresholds.added_to_all * total
    found: dict[str, tuple[Problem, ...]] = {}
    for change in changes:
        said = [*_lost_by_order(change, thresholds)]
        if losing and change.lost:
            said.append(f"{lost} of {total} names would go at once, {change.lost} of them here: {_MEANT}")
        if gaining and change.gained:
            said.append(f"{gained} names would come on top of {total}, {change.gained} of them here: {_MEANT}")
        if said:
            found[change.order.id] = tuple(Problem(Place(change.order.file, 1, 1), what) for what in said)
    return found


class _Change(NamedTuple):
    """What became of one order: the names it had, lost and gained, and whether its file is gone."""

    order: AppliedOrder
    had: int
    lost: int
    gained: int
    vanished: bool


def _changes(before: Sequence[AppliedOrder], after: Sequence[AppliedOrder]) -> Iterator[_Change]:
    now = {order.id: order for order in after}
    then = {order.id for order in before}
    for order in before:
        current = now.get(order.id)
        if current is None:
            if not order.over:
                yield _Change(order, len(order.names), len(order.names), 0, vanished=True)
        elif current is order:
            yield _Change(order, len(order.names), 0, 0, vanished=False)
        elif not (order.over or current.over):
            lost, gained = order.names.missing_from(current.names), current.names.missing_from(order.names)
            yield _Change(current, len(order.names), lost, gained, vanished=False)
    for order in after:
        if order.id not in then and not order.over:
            yield _Change(order, 0, 0, len(order.names), vanished=False)


_IF_MEANT = "if it is meant, look at `arret plan` and confirm it with `arret apply --plan DIGEST`"
_MEANT = f"restore the file if that is not meant; {_IF_MEANT}"


def _lost_by_order(change: _Change, thresholds: Thresholds) -> Iterator[str]:
    order = change.order
    if change.vanished:
        yield (
            f"the file of order {order.id} is gone, but the order is neither lifted nor past its end: restore it, "
            f"and record `lifted` in its history if it is; {_IF_MEANT}"
        )
    elif change.lost and change.lost >= thresholds.lost_of_order * change.had:
        yield (
            f"order {order.id} lists {change.lost} of its {change.had} names no more: restore the list, and record "
            f"`names-removed` in the history for names that the order gave up; {_IF_MEANT}"
        )
