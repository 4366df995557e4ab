"""How an error of validation becomes a sentence with a place: what is wrong, where, what to write."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from resolver.orders.model import Problem
from resolver.orders.yaml_document import YamlDocument

KeyPath = tuple[str | int, ...]

_SENTENCES = {
    "missing": "{key} is missing; it has no default",
    "string_type": "{key} takes a text",
    "string_too_short": "{key} is empty",
    "bool_type": "{key} is either true or false",
    "tuple_type": "{key} is a list; write [one, two] or one a line behind a dash",
    "dict_type": "{key} is a mapping; write keys below it",
    "model_type": "{key} is a mapping; write keys below it",
    "model_attributes_type": "{key} is a mapping; write keys below it",
    "too_short": "{key} is an empty list; write at least one",
    "literal_error": "{key} is one of {expected}",
}
_PATTERNS = {
    "siren": "siren is a number of nine digits, in quotes",
    "contact": "contact is mailto:NAME@DOMAIN or an https:// address",
}


def explain_errors(error: ValidationError, model: type[BaseModel], document: YamlDocument) -> tuple[Problem, ...]:
    """Write one Problem for each error that pydantic found; an unknown key is shown where the key stands."""
    return tuple(
        Problem(document.place(path, key=detail["type"] == "extra_forbidden"), _sentence(detail, path, model))
        for detail in error.errors(include_url=False)
        for path in [_path_in_file(detail)]
    )


def _path_in_file(detail: ErrorDetails) -> KeyPath:
    """Leave out what stands in the model only: pydantic marks an error in a mapping's key by ``[key]``."""
    return tuple(step for step in detail["loc"] if step != "[key]")


def _sentence(detail: ErrorDetails, path: KeyPath, model: type[BaseModel]) -> str:
    key = str(path[-1]) if path else "the file"
    match detail["type"]:
        case "extra_forbidden":
            return _unknown_key(key, path[:-1], model)
        case "value_error":
            return detail["msg"].removeprefix("Value error, ")
        case "string_pattern_mismatch" if key in _PATTERNS:
            return _PATTERNS[key]
        case kind if kind in _SENTENCES:
            named = f"an entry of {path[-2]}" if isinstance(path[-1], int) and len(path) > 1 else key
            return _SENTENCES[kind].format(key=named, expected=detail.get("ctx", {}).get("expected", ""))
        case _:
            return f"{key}: {detail['msg']}"


def _unknown_key(key: str, above: KeyPath, model: type[BaseModel]) -> str:
    known = list(_keys_at(above, model))
    section = ".".join(str(step) for step in above if isinstance(step, str))
    where = f"{section} has no key {key!r}" if section else f"there is no key {key!r}"
    close = get_close_matches(key, known, n=1)
    return f"{where}; did you mean {close[0]!r}?" if close else f"{where}; it takes {', '.join(known)}"


def _keys_at(path: KeyPath, model: type[BaseModel]) -> Iterator[str]:
    section = model
    for step in path:
        if isinstance(step, str):
            section = next(_models_in(section.model_fields[step].annotation))
    yield from section.model_fields


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401  # annotations have no common type
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
