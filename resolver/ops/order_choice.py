"""Which version of each order stands: the one in its file, or, if that is refused, its last good one.

The unit of refusal is the order. A refused file takes nothing away from the orders beside it, and nothing from its own
order but what the file itself un-blocks.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from resolver.ops.order_files import OrderVersion
from resolver.orders.guard import DEFAULT_THRESHOLDS, AppliedOrder, Thresholds, accidents
from resolver.orders.model import MeasureKind, Order, Place, Problem
from resolver.orders.name_table import DistinctNames


@dataclass(frozen=True, slots=True)
class RefusedVersion:
    """A version that is refused; ``repeats`` says that another file holds the order, and only its history counts."""

    version: OrderVersion
    repeats: bool


class Findings(NamedTuple):
    """What is wrong with an order by itself, for which it is refused, and what is alarming of it though it stands."""

    wrong: tuple[Problem, ...]
    alarms: tuple[Problem, ...] = ()


Inspect = Callable[[Order, Order | None], Findings]
"""Looks at an order by itself, and at its last good version, if there is one."""


@dataclass(frozen=True, slots=True)
class StandingOrder:
    """An order as it will be applied; ``newer`` are refused versions of it that count for what they un-block."""

    order: Order
    version: OrderVersion
    kept: bool
    newer: tuple[RefusedVersion, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that is not applied and why; ``kept`` tells whether the order's last good version stands in for it."""

    file: str
    order: str | None
    problems: tuple[Problem, ...]
    kept: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """The orders that stand, by id, and what was refused; ``confirmed`` looked like an accident, and is meant.

    ``alarms`` are problems of orders, by id, that stand all the same.
    """

    standing: tuple[StandingOrder, ...]
    refused: tuple[Refusal, ...]
    confirmed: Mapping[str, tuple[Problem, ...]]
    alarms: Mapping[str, tuple[Problem, ...]]


@dataclass(slots=True)
class _Sorting:
    """Versions sorted so far; local to one choice."""

    accepted: dict[str, OrderVersion] = field(default_factory=dict)
    refused: list[tuple[str | None, OrderVersion, tuple[Problem, ...]]] = field(default_factory=list)
    newer: dict[str, list[RefusedVersion]] = field(default_factory=dict)
    alarms: dict[str, tuple[Problem, ...]] = field(default_factory=dict)

    def note_newer(self, order_id: str, version: OrderVersion, *, repeats: bool) -> None:
        """Let a refused version count for what it un-blocks, if that could be read."""
        if version.unblocking is not None:
            self.newer.setdefault(order_id, []).append(RefusedVersion(version, repeats))


def choose_orders(
    versions: Sequence[OrderVersion],
    kept: Mapping[str, OrderVersion],
    remembered: Mapping[str, Sequence[RefusedVersion]],
    inspect: Inspect,
    is_over: Callable[[Order], bool],
    *,
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
    confirmed: bool = False,
    beside: int | None = None,
) -> Choice:
    """Choose among the versions on disk and the last good ones.

    ``kept`` holds the latter by id, each with its order, and ``remembered`` the refused versions that counted for what
    they un-block when these were applied; ``is_over`` tells whether nothing of an order can be in force
    any more. ``thresholds`` tell what looks like an accident, and ``confirmed`` that none is; ``beside`` is how many
    names the applied orders hold that are not chosen among, as they stay.
    """
    sorting = _Sorting()
    groups = _by_id(versions, kept, remembered)
    for order_id, group in groups.items():
        _sort(sorting, order_id, group, kept, inspect)
    for order_id, refused_before in remembered.items():
        _remember(sorting, order_id, groups.get(order_id, ()), refused_before)
    found = _accidents(sorting, kept, is_over, partial(accidents, thresholds=thresholds, beside=beside))
    vanished = {} if confirmed else _refuse_accidents(sorting, found)
    stand_in = {one for one, _, _ in sorting.refused if one is not None and one in kept} | set(vanished)
    stand_in -= set(sorting.accepted)
    refused = [Refusal(version.file, one, problems, one in stand_in) for one, version, problems in sorting.refused]
    refused += [Refusal(kept[one].file, one, problems, kept=True) for one, problems in vanished.items()]
    standing = tuple(_standing(sorting, kept, stand_in))
    return Choice(
        standing, tuple(sorted(refused, key=lambda each: each.file)), found if confirmed else {}, sorting.alarms
    )


def _by_id(
    versions: Sequence[OrderVersion],
    kept: Mapping[str, OrderVersion],
    remembered: Mapping[str, Sequence[RefusedVersion]],
) -> dict[str | None, list[OrderVersion]]:
    """Group the versions by order; a file that tells no id is taken for the order that it held when last read."""
    by_file = {each.version.file: order_id for order_id, several in remembered.items() for each in several}
    by_file |= {version.file: order_id for order_id, version in kept.items()}
    groups: dict[str | None, list[OrderVersion]] = {}
    for version in versions:
        groups.setdefault(version.id or by_file.get(version.file), []).append(version)
    return groups


def _sort(
    sorting: _Sorting,
    order_id: str | None,
    group: list[OrderVersion],
    kept: Mapping[str, OrderVersion],
    inspect: Inspect,
) -> None:
    """Accept one version of an order, or none. Of several, the one in the file that was applied last has the id."""
    if order_id is None:
        sorting.refused += [(None, version, _problems(version, inspect, None).wrong) for version in group]
        return
    known = kept.get(order_id)
    holder = group[0] if len(group) == 1 else next((v for v in group if known and v.file == known.file), None)
    for version in group:
        if version is not holder:
            problems = (*_problems(version, inspect, known).wrong, _used_twice(order_id, version, group))
            sorting.refused.append((order_id, version, problems))
            sorting.note_newer(order_id, version, repeats=True)
    if holder is None:
        return
    found = _problems(holder, inspect, known)
    if found.wrong:
        sorting.refused.append((order_id, holder, found.wrong))
        sorting.note_newer(order_id, holder, repeats=False)
    else:
        sorting.accepted[order_id] = holder
        if found.alarms:
            sorting.alarms[order_id] = found.alarms


def _problems(version: OrderVersion, inspect: Inspect, known: OrderVersion | None) -> Findings:
    """Say all that is wrong with a version by itself, also where not all of it could be read."""
    readable = version.order or version.draft
    found = Findings(()) if readable is None else inspect(readable, known.order if known is not None else None)
    wrong = sorted({*version.problems, *found.wrong}, key=lambda problem: (problem.place, problem.what))
    return found._replace(wrong=tuple(wrong))


def _remember(
    sorting: _Sorting, order_id: str, group: Sequence[OrderVersion], refused_before: Sequence[RefusedVersion]
) -> None:
    """Let a refused version count further while its file is silent, or while no file tells anything of its order.

    So what was un-blocked by a file beside a mistake is not blocked again because that file got lost.
    """
    silent = {version.file for version in group if version.unblocking is None}
    all_silent = len(silent) == len(group)
    for each in refused_before:
        if each.version.file in silent or all_silent:
            sorting.note_newer(order_id, each.version, repeats=each.repeats)


def _used_twice(order_id: str, version: OrderVersion, group: Sequence[OrderVersion]) -> Problem:
    others = ", ".join(other.file for other in group if other is not version)
    place = Place(version.file, 1, 1) if version.order is None else version.order.place
    return Problem(place, f"order {order_id!r} stands in {others} too: an id is never used twice, give one a new id")


def _accidents(
    sorting: _Sorting, kept: Mapping[str, OrderVersion], is_over: Callable[[Order], bool], find: "_FindAccidents"
) -> dict[str, tuple[Problem, ...]]:
    of_version: dict[int, AppliedOrder] = {}

    def applied(version: OrderVersion) -> AppliedOrder:
        """Look at a version that did not change once, for then it is one object."""
        if id(version) not in of_version:
            of_version[id(version)] = _applied(version, is_over)
        return of_version[id(version)]

    before = [applied(version) for version in kept.values()]
    untouched = {one for one, _, _ in sorting.refused if one in kept and one not in sorting.accepted}
    after = [applied(version) for version in sorting.accepted.values()]
    after += [one for one in before if one.id in untouched]
    return find(before, after)


_FindAccidents = Callable[[Sequence[AppliedOrder], Sequence[AppliedOrder]], dict[str, tuple[Problem, ...]]]


def _refuse_accidents(sorting: _Sorting, found: Mapping[str, tuple[Problem, ...]]) -> dict[str, tuple[Problem, ...]]:
    """Move what looks like an accident from the accepted to the refused; returns those whose file is gone."""
    for order_id in [one for one in found if one in sorting.accepted]:
        version = sorting.accepted.pop(order_id)
        sorting.note_newer(order_id, version, repeats=False)
        sorting.refused.append((order_id, version, found[order_id]))
    refused = {one for one, _, _ in sorting.refused}
    return {order_id: problems for order_id, problems in found.items() if order_id not in refused}


def _applied(version: OrderVersion, is_over: Callable[[Order], bool]) -> AppliedOrder:
    order = version.order
    assert order is not None, "neither a kept nor an accepted version is without its order"
    blocked = [measure.listed for measure in order.measures if measure.kind is MeasureKind.DNS_BLOCK]
    alone = len(blocked) == 1 and not blocked[0].files
    tables = (table for listed in blocked for table in listed.tables())
    names = DistinctNames(tables, len(blocked[0].entries) if alone else -1)
    return AppliedOrder(order.id, version.file, names, is_over(order))


def _standing(sorting: _Sorting, kept: Mapping[str, OrderVersion], stand_in: set[str]) -> Iterator[StandingOrder]:
    for order_id in sorted({*sorting.accepted, *stand_in}):
        is_kept = order_id in stand_in
        version = kept[order_id] if is_kept else sorting.accepted[order_id]
        if version.order is not None:
            yield StandingOrder(version.order, version, is_kept, tuple(sorting.newer.get(order_id, ())))
