"""What the operator reads when a YAML file does not have the shape it must have: place, thing, what to do."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from resolver.orders.model import Problem
from resolver.orders.yaml_document import YamlDocument

Path = tuple[str | int, ...]


def shape_problems(error: ValidationError, document: YamlDocument, schema: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Turn every error of a validation into a Problem.

    ``schema`` is the JSON Schema of the same shape; it says which keys there are. Tags of unions (``<long>``) are no
    keys of the file and are left out of the path.
    """
    wrong = [(path_of(details), details) for details in error.errors(include_url=False)]
    # A list whose items are wrong is also said to be too short, because no item was good.
    parents = {path[:length] for path, _ in wrong for length in range(len(path))}
    return tuple(
        _problem(path, details, document, schema)
        for path, details in wrong
        if not (details["type"] == "too_short" and path in parents)
    )


def path_of(details: ErrorDetails) -> Path:
    """Tell where in the file an error stands.

    Tags of unions are left out; an unknown key stands last, and may look like one (``<<``).
    """
    above, last = details["loc"][:-1], details["loc"][-1:]
    kept = last if details["type"] == "extra_forbidden" else _without_tags(last)
    return (*_without_tags(above), *kept)


def _without_tags(steps: Path) -> Path:
    return tuple(step for step in steps if not (isinstance(step, str) and step.startswith("<")))


def _problem(path: Path, details: ErrorDetails, document: YamlDocument, schema: Mapping[str, Any]) -> Problem:
    if details["type"] == "missing":
        return Problem(document.place(path[:-1]), _missing(path, schema))
    if details["type"] == "extra_forbidden":
        return Problem(document.place(path, key=True), _unknown(path, schema))
    return Problem(document.place(path), f"{_called(path)}{_wrong(details)}")


def _called(path: Path) -> str:
    keys = [step for step in path if isinstance(step, str)]
    return f"`{keys[-1]}`: " if keys else ""


def _missing(path: Path, schema: Mapping[str, Any]) -> str:
    description = keys_at(schema, path[:-1]).get(str(path[-1]), "")
    return f"`{path[-1]}` is missing: add it. {description}".rstrip()


def _unknown(path: Path, schema: Mapping[str, Any]) -> str:
    known = keys_at(schema, path[:-1])
    if path[-1] in known:
        return f"`{path[-1]}` does not go with the other keys here: keep one form"
    near = get_close_matches(str(path[-1]), known, n=1, cutoff=0.7)
    advice = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(sorted(known))}"
    return f"unknown key `{path[-1]}`: {advice}"


def _wrong(details: ErrorDetails) -> str:
    """Say what is wrong with a value, by the kind of error; our own sentences pass unchanged."""
    value, context = details["input"], details.get("ctx", {})
    if details["type"] == "complaint":
        return str(context.get("what", details["msg"]))
    match details["type"]:
        case "enum" | "literal_error":
            expected = "true" if context["expected"] == "True" else f"one of {context['expected']}"
            return f"{value!r} is not {expected}"
        case "tuple_type" | "list_type":
            return "must be a list: write [a, b], or one '- item' a line"
        case "model_type" | "model_attributes_type" | "dict_type":
            return "must be keys and values, one 'key: value' a line"
        case "string_type":
            return "must be text"
        case "bool_type":
            return f"{value!r} is neither true nor false"
        case "string_too_short" | "too_short":
            return "is empty: write something or remove the key"
        case "string_pattern_mismatch":
            return f"{value!r} is no id: use a-z, 0-9, '.', '_' and '-', beginning with a letter or digit"
        case _:
            return f"{details['msg']} (it says {value!r})"


def without_value(path: Path, document: YamlDocument) -> Problem:
    """Say that a key or an item has no value."""
    return Problem(document.place(path, key=True), f"{_called(path)}has no value: write one, or remove the line")


def empty_paths(value: object, path: Path = ()) -> Iterator[Path]:
    """Find keys and items without a value: taken as absent, an event's ``names:`` would turn one name into all."""
    if value is None:
        yield path
    elif isinstance(value, dict):
        for key, below in value.items():
            yield from empty_paths(below, (*path, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            if not isinstance(below, str):
                yield from empty_paths(below, (*path, index))


def keys_at(schema: Mapping[str, Any], path: Sequence[str | int]) -> dict[str, str]:
    """List the keys that a JSON Schema knows at a path, each with its description, whatever form it takes there."""
    found = list(_forms(schema, schema))
    for step in path:
        found = [form for parent in found for form in _forms(schema, _below(parent, step))]
    return {key: below.get("description", "") for form in found for key, below in form.get("properties", {}).items()}


def _below(form: Mapping[str, Any], step: str | int) -> Mapping[str, Any]:
    below = form.get("items", {}) if isinstance(step, int) else form.get("properties", {}).get(step)
    if below is None:
        below = form.get("additionalProperties", {})
    return below if isinstance(below, Mapping) else {}


def _forms(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the object and list forms behind references and alternatives."""
    if reference := node.get("$ref"):
        yield from _forms(schema, schema["$defs"][str(reference).rpartition("/")[2]])
        return
    alternatives = [*node.get("anyOf", []), *node.get("oneOf", [])]
    for alternative in alternatives:
        yield from _forms(schema, alternative)
    yield node
