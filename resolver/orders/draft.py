"""What an order whose keys are wrong would say without them, so that all its other problems are told at once.

A draft is never applied. What is wrong with it only because of how it was repaired here is not told.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from pydantic import ValidationError

from resolver.orders.model import MeasureKind, Place
from resolver.orders.shape import OrderShape
from resolver.orders.yaml_document import YamlDocument

Path = tuple[str | int, ...]

_STAND_INS: Final[Mapping[str, object]] = {
    "order": "draft",
    "case_number": "-",
    "decided": "1900-01-01",
    "period": {"unlimited": True, "review_by": "2199-12-31"},
}
"""What stands in for keys that an order must have; no other day lies before the one or after the other."""
_STAND_IN_NAME: Final = "draft.invalid"
_LISTED: Final = frozenset({"names", "names_file", "lists"})
_WHOSE: Final = frozenset({"addressees", "not_ours", "kind"})
_HISTORY_RESTS_ON: Final = _LISTED | {"history", "id", "kind", "period", "decided"}


@dataclass(frozen=True, slots=True)
class Draft:
    """A shape made sound, and what not to believe of it.

    ``silent`` are the places where a repair itself may be what is wrong.
    """

    shape: OrderShape
    silent: frozenset[Place]


def draft_of(document: YamlDocument, wrong: Sequence[Path]) -> Draft | None:
    """Repair an order at the paths that are wrong, or return None where that leaves nothing to read."""
    value: Any = deepcopy(document.value)
    # A list whose items are wrong is called too short as well, because no item was good.
    parents = {path[:length] for path in wrong for length in range(len(path))}
    targets = [_target(path) for path in wrong if path not in parents]
    if not isinstance(value, dict) or not all(_repaired(value, target) for target in targets):
        return None
    touched = frozenset(step for target in targets for step in target if isinstance(step, str)) - {"measures"}
    measures = value.get("measures", ())
    if touched & _WHOSE:
        value.pop("not_ours", None)
        for measure in measures:
            measure.pop("addressees", None)
    if touched & _HISTORY_RESTS_ON:
        value.pop("history", None)
    try:
        shape = OrderShape.model_validate(value)
    except ValidationError:
        return None
    silent = frozenset(document.place(path) for path in _silent(touched, shape))
    return Draft(shape, silent)


def _target(path: Path) -> Path:
    """Find what to repair: one listed name, or the whole value of the nearest key of the order, a measure or a list."""
    if path[:1] != ("measures",):
        return path[:1]
    key = 4 if path[2:3] == ("lists",) and len(path) > 4 else 2
    return path[: key + 2] if path[key : key + 1] == ("names",) else path[: key + 1]


def _repaired(value: Any, target: Path) -> bool:  # noqa: ANN401 - what stood in the file
    """Put a stand-in where one is needed, or take the key away; False where there is nothing to put it into."""
    for step in target[:-1]:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return False
    last = target[-1]
    if isinstance(last, int):
        if not isinstance(value, list) or "names" not in target:
            return False
        value[last] = _STAND_IN_NAME
        return True
    if not isinstance(value, dict) or target == ("measures",):
        return False
    written = value.pop(last, None)
    if last == "kind":
        value[last] = _kind_meant([written, *value.values()])
    elif last == "allow_protected":
        value[last] = [{"name": text, "why": "-"} for text in _texts(written)]
    elif last in _STAND_INS:
        value[last] = _STAND_INS[last]
    elif last == "id":
        value[last] = "-".join(["draft", *(str(step) for step in target if isinstance(step, int))])
    return True


def _kind_meant(written: Sequence[object]) -> str:
    """Take a measure for one that blocks, unless something in it looks like the other word: of that none is guarded."""
    texts = [text for text in written if isinstance(text, str)]
    return MeasureKind.DELIST if get_close_matches(MeasureKind.DELIST, texts) else MeasureKind.DNS_BLOCK


def _texts(written: object) -> Iterator[str]:
    """Yield every text in a value, for each may be a name that the order allows itself, whatever its key."""
    match written:
        case str():
            yield written
        case list():
            for each in written:
                yield from _texts(each)
        case dict():
            for each in (*written, *written.values()):
                yield from _texts(each)
        case _:
            return


def _silent(touched: frozenset[str], shape: OrderShape) -> Iterator[Path]:
    """Name the places where other checks would stumble over a repair."""
    for number in range(len(shape.measures)):
        yield ("measures", number)  # without names, perhaps because their key is misspelt
        if "addressees" in touched:
            yield ("measures", number, "period", "from")
    if touched & (_LISTED | {"allow_protected"}):
        for number in range(len(shape.allow_protected)):
            yield ("allow_protected", number, "name")
