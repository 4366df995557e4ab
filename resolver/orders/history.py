"""What happened to an order, read from its history, and which entries cannot have happened."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Final, NamedTuple

from resolver.dns.name import BadNameError, WireName, present_name
from resolver.orders.dates import day_of
from resolver.orders.listed_names import parse_listed
from resolver.orders.model import Event, EventKind, Listed, Measure, Order, Place, Problem
from resolver.orders.shape import EventShape, OrderShape
from resolver.orders.yaml_document import YamlDocument

ABOUT_NAMES = frozenset({EventKind.NAMES_ADDED, EventKind.NAMES_REMOVED})
NEVER_ABOUT_NAMES = frozenset({EventKind.IMPLEMENTED, EventKind.END_MOVED})
TAKES_UNTIL = frozenset({EventKind.SUSPENDED, EventKind.END_MOVED})
UNBLOCKS_FOR_GOOD = frozenset({EventKind.LIFTED, EventKind.REVERSED})
NOT_AFTER_THE_END = frozenset({EventKind.RESUMED, EventKind.NAMES_ADDED, EventKind.END_MOVED, EventKind.IMPLEMENTED})


def concerns(event: Event, measure: Measure) -> bool:
    """Tell whether an entry is about a measure, in whole or in part."""
    if event.measure is not None and event.measure != measure.id:
        return False
    return event.list_id is None or any(named.id == event.list_id for named in measure.lists)


def is_about_all_names(event: Event) -> bool:
    """Tell whether an entry concerns every name of its measures."""
    return event.names is None and event.list_id is None


def without_suspensions(order: Order) -> Order:
    """Tell of an order as if nothing of it had ever been suspended."""
    kept = tuple(event for event in order.history if event.kind not in {EventKind.SUSPENDED, EventKind.RESUMED})
    return replace(order, history=kept)


def read_history(
    order: OrderShape, measures: Sequence[Measure], document: YamlDocument
) -> tuple[tuple[Event, ...], tuple[Problem, ...]]:
    """Read the history of an order against the measures that it may speak of."""
    events: list[Event] = []
    problems: list[Problem] = []
    for index, shape in enumerate(order.history):
        names, bad = _names(shape, document, index)
        event = _event(shape, names, document.place(("history", index)))
        wrong = (*bad, *_wrong_alone(event, shape, order, _Reading(document, index)))
        wrong = wrong or tuple(_wrong_subject(event, measures, _Reading(document, index)))
        problems += wrong
        if not wrong:
            events.append(event)
    return tuple(events), tuple(problems) or tuple(_wrong_together(events, measures))


def _event(shape: EventShape, names: tuple[WireName, ...] | None, place: Place) -> Event:
    return Event(
        day=shape.date,
        kind=shape.event,
        place=place,
        measure=shape.measure,
        list_id=shape.list,
        names=names,
        until=shape.until,
        ground=shape.ground,
        why=shape.why,
        by=shape.by,
        effect=shape.effect,
        document=shape.document,
    )


class _Reading(NamedTuple):
    """Where one entry stands in its file."""

    document: YamlDocument
    number: int

    def problem(self, key: str, what: str) -> Problem:
        return Problem(self.document.place(("history", self.number, key)), what)


def _names(
    shape: EventShape, document: YamlDocument, index: int
) -> tuple[tuple[WireName, ...] | None, tuple[Problem, ...]]:
    if shape.names is None:
        return None, ()
    names: list[WireName] = []
    problems: list[Problem] = []
    for text, place in zip(shape.names, document.item_places(("history", index, "names")), strict=True):
        try:
            names.append(parse_listed(text))
        except BadNameError as error:
            problems.append(Problem(place, f"{text!r} {error}"))
    return tuple(names), tuple(problems)


def _wrong_alone(event: Event, shape: EventShape, order: OrderShape, reading: _Reading) -> Iterator[Problem]:
    """Find what is wrong with one entry whatever the measures say."""
    kind, day = event.kind, day_of(event.day)
    if day < order.decided:
        yield reading.problem("date", f"{day} is before the decision of {order.decided}: correct one of the two dates")
    if kind in ABOUT_NAMES and is_about_all_names(event):
        yield reading.problem("event", f"{kind} says no names: add `names:` or `list:`")
    if kind in NEVER_ABOUT_NAMES and not is_about_all_names(event):
        yield reading.problem("event", f"{kind} concerns a whole measure: remove `names:` and `list:`")
    if event.names == ():
        yield reading.problem("names", "lists no name: write the names, or remove the key if all are meant")
    if kind is EventKind.END_MOVED and event.until is None:
        yield reading.problem("event", "end-moved says no new end: add `until:`, the new last day")
    if event.until is not None and kind not in TAKES_UNTIL:
        yield reading.problem("until", f"{kind} has no `until`: remove it, or is it suspended or end-moved?")
    if event.until is not None and day_of(event.until) < day:
        yield reading.problem(
            "until", f"{shape.until} is before the event itself ({day}): correct one of the two dates"
        )


def _wrong_subject(event: Event, measures: Sequence[Measure], reading: _Reading) -> Iterator[Problem]:
    """Find measures, lists and names that the order does not have."""
    ids = [measure.id for measure in measures]
    if event.measure is not None and event.measure not in ids:
        yield reading.problem("measure", f"no measure {event.measure!r} in this order: it has {', '.join(ids)}")
        return
    concerned = [measure for measure in measures if event.measure in {None, measure.id}]
    lists = [named.id for measure in concerned for named in measure.lists]
    if event.list_id is not None and event.list_id not in lists:
        yield reading.problem("list", f"no list {event.list_id!r} here: there is {', '.join(lists) or 'none'}")
        return
    places = reading.document.item_places(("history", reading.number, "names"))
    for name, place in zip(event.names or (), places, strict=event.names is not None):
        entries = [entry for measure in concerned if (entry := measure.listed.find(name)) is not None]
        if not entries:
            yield Problem(place, _not_listed(name, concerned))
        elif not any(event.list_id in {None, *entry.lists} for entry in entries):
            yield Problem(place, f"{present_name(name)!r} is not in list {event.list_id!r}, {_where(entries[0])}")


def _where(entry: Listed) -> str:
    lists = [f"in {each!r}" if each else "in the measure itself" for each in entry.lists]
    return f"but {' and '.join(lists)}: correct `list:`, or leave it out if all are meant"


_COMPARED: Final = 10_000
"""How many listed names a misspelt one is compared with, for each measure."""


def _not_listed(name: WireName, concerned: Iterable[Measure]) -> str:
    """Say that a name is not listed; the list keeps every name, and the history says what became of it."""
    listed = (present_name(other) for measure in concerned for other in measure.listed.some(_COMPARED))
    near = get_close_matches(present_name(name), listed, n=1, cutoff=0.8)
    meant = f"did you mean {near[0]!r}? Otherwise add it: " if near else ""
    kept = "the list keeps every name, also one that is added or removed here"
    return f"{present_name(name)!r} is not listed: {meant}{kept}"


def _wrong_together(events: Sequence[Event], measures: Sequence[Measure]) -> Iterator[Problem]:
    """Find entries that contradict others of the same measure."""
    seen: set[tuple[Place, str]] = set()
    for measure in measures:
        own = [event for event in events if concerns(event, measure)]
        for check in _CHECKS:
            for event, what in check(own):
                if (event.place, what) not in seen:
                    seen.add((event.place, what))
                    yield Problem(event.place, what)


def _implemented_twice(own: Sequence[Event]) -> Iterator[tuple[Event, str]]:
    dates = [event for event in own if event.kind is EventKind.IMPLEMENTED]
    for event in dates[1:]:
        yield (
            event,
            f"implemented a second time (first at {dates[0].place}): a measure has one implementation, keep one",
        )


def _resumed_from_nothing(own: Sequence[Event]) -> Iterator[tuple[Event, str]]:
    suspensions = [event for event in own if event.kind is EventKind.SUSPENDED]
    for event in own:
        if event.kind is not EventKind.RESUMED:
            continue
        before = [other for other in suspensions if day_of(other.day) <= day_of(event.day)]
        if not before:
            yield event, "resumed, but nothing was suspended before: correct the date or remove the entry"
        elif is_about_all_names(event) and not any(is_about_all_names(other) for other in before):
            yield event, "resumed as a whole, but only single names were suspended: say which with `names:` or `list:`"


def _moved_after_the_end(own: Sequence[Event]) -> Iterator[tuple[Event, str]]:
    ends = [event for event in own if event.kind in UNBLOCKS_FOR_GOOD and is_about_all_names(event)]
    for event in own:
        for end in ends:
            if event.kind in NOT_AFTER_THE_END and day_of(event.day) > day_of(end.day):
                yield event, f"{event.kind} after the measure was {end.kind} ({end.place}): {_NEW_ORDER}"


_NEW_ORDER = "a new decision is a new order with a file of its own"
_Check = Callable[[Sequence[Event]], Iterator[tuple[Event, str]]]
_CHECKS: tuple[_Check, ...] = (_implemented_twice, _resumed_from_nothing, _moved_after_the_end)
