"""What still counts of an order file that is refused: whose it is, and what un-blocks.

Nothing may delay un-blocking, so a lift that stands in a file beside somebody's typing error still applies. Only what
takes blocking away is looked for; a file that is no YAML says nothing.
"""

from dataclasses import dataclass

from pydantic import ValidationError

from resolver.dns.name import BadNameError, WireName
from resolver.orders.listed_names import parse_listed
from resolver.orders.model import Event, EventKind
from resolver.orders.shape import EventShape
from resolver.orders.yaml_document import YamlDocument, read_yaml

UNBLOCKING = frozenset(
    {
        EventKind.SUSPENDED,
        EventKind.RESUMED,  # ends a suspension that may stand in the same file; it can add nothing by itself
        EventKind.NAMES_REMOVED,
        EventKind.END_MOVED,
        EventKind.REVERSED,
        EventKind.LIFTED,
    }
)


@dataclass(frozen=True, slots=True)
class Salvage:
    """The id and the un-blocking events that could be read; these are None where not even a history was found."""

    id: str | None
    unblocking: tuple[Event, ...] | None


def salvage(text: bytes, file: str) -> Salvage:
    """Read what still counts of a refused order file; never fails."""
    document = read_yaml(text, file)
    if not isinstance(document, YamlDocument) or not isinstance(document.value, dict):
        return Salvage(None, None)
    identifier = document.value.get("order")
    unblocking = _unblocking(document.value.get("history"), document)
    return Salvage(identifier if isinstance(identifier, str) else None, unblocking)


def _unblocking(history: object, document: YamlDocument) -> tuple[Event, ...] | None:
    if not isinstance(history, list):
        return None
    events = (_event(entry, document, number) for number, entry in enumerate(history))
    return tuple(event for event in events if event is not None)


def _event(entry: object, document: YamlDocument, number: int) -> Event | None:
    try:
        shape = EventShape.model_validate(entry)
    except ValidationError:
        return None
    names = None if shape.names is None else tuple(_names(shape.names))
    if shape.event not in UNBLOCKING or names == ():
        return None
    return Event(
        day=shape.date,
        kind=shape.event,
        place=document.place(("history", number)),
        measure=shape.measure,
        list_id=shape.list,
        names=names,
        until=shape.until,
        why=shape.why,
    )


def _names(texts: tuple[str, ...]) -> list[WireName]:
    names = []
    for text in texts:
        try:
            names.append(parse_listed(text))
        except BadNameError:
            continue
    return names
