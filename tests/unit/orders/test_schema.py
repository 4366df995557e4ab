"""The published JSON Schema: in step with the parser, and every example of the documentation obeys both."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from resolver.orders.model import Order
from resolver.orders.schema import written_schema
from resolver.orders.shape import OrderShape
from resolver.orders.shape_problems import keys_at
from resolver.orders.yaml_document import YamlDocument, read_yaml
from tests.unit.orders.order_files import REPOSITORY, SHIPPED, read, sound
from tests.unit.orders.test_parse import COMPLAINTS

PUBLISHED = REPOSITORY / "docs/order.schema.json"
README = (REPOSITORY / "blocklists/README.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", README, flags=re.DOTALL)
ANNEX = {"annexe-1.csv": b"rang;domaine\n1;annex.example\n"}


def schema() -> dict[str, Any]:
    """Read the published schema."""
    found: dict[str, Any] = json.loads(PUBLISHED.read_text())
    return found


def values(text: str) -> object:
    """Read YAML as our parser sees it: every scalar text."""
    document = read_yaml(text.encode(), "f")
    assert isinstance(document, YamlDocument)
    return document.value


def test_the_published_schema_is_the_parsers() -> None:
    assert PUBLISHED.read_text() == written_schema(), "run: python -m resolver.orders.schema > docs/order.schema.json"


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 4


@pytest.mark.parametrize("text", EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_examples_of_the_documentation_are_sound(text: str) -> None:
    assert sound(text, ANNEX).measures
    jsonschema.validate(values(text), schema())


def test_the_shipped_order_obeys_it() -> None:
    jsonschema.validate(values((REPOSITORY / SHIPPED).read_text()), schema())


class _EditorLoader(yaml.SafeLoader):
    """Reads YAML as editors do for JSON Schema: numbers and booleans, but dates as text."""


_EditorLoader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@pytest.mark.parametrize("path", sorted((REPOSITORY / "blocklists").glob("*.yaml")), ids=lambda path: path.name)
def test_editors_accept_the_shipped_orders(path: Path) -> None:
    jsonschema.validate(yaml.load(path.read_text(), _EditorLoader), schema())  # derives from SafeLoader


SHAPE_ERRORS = [
    "everything missing",
    "no measure",
    "a bad id",
    "a key with a typing error",
    "two words for the authority",
    "text for a list",
    "yes for true",
    "another nature",
    "a French date",
    "no period",
    "a period in one word",
    "a period from nowhere",
    "a period from an unknown fact",
    "two kinds of period",
    "a name in an unknown form",
    "another action",
]


@pytest.mark.parametrize("case", SHAPE_ERRORS)
def test_what_the_parser_refuses_for_its_shape_the_schema_refuses(case: str) -> None:
    text = COMPLAINTS[case][0]
    assert not isinstance(read(text), Order)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(values(text), schema())


def documented_keys() -> set[str]:
    """Collect the keys that the tables of the documentation explain."""
    rows = re.findall(r"^\| (`.*?) \|", README, flags=re.MULTILINE)
    return {key for row in rows for key in re.findall(r"`([a-z_-]+)`", row)}


@pytest.mark.parametrize("path", [(), ("measures", 0)], ids=["order", "measure"])
def test_every_key_is_documented(path: tuple[str | int, ...]) -> None:
    assert set(keys_at(schema(), path)) <= documented_keys()


@pytest.mark.parametrize(
    "path", [("measures", 0, "period"), ("measures", 0, "lists", 0), ("measures", 0, "addressees", 0), ("history", 0)]
)
def test_every_key_of_the_parts_is_mentioned(path: tuple[str | int, ...]) -> None:
    assert {key for key in keys_at(schema(), path) if f"{key}:" not in README and f"`{key}`" not in README} <= {
        "timezone"
    }


def test_the_documented_events_are_those_there_are() -> None:
    events = set(schema()["$defs"]["EventKind"]["enum"])
    assert events <= documented_keys()


def test_every_key_has_a_description() -> None:
    defined = OrderShape.model_json_schema()["$defs"].values()
    assert all("description" in about for one in defined for about in one.get("properties", {}).values())
