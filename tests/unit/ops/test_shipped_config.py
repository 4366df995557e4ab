"""The shipped configuration loads, shows every key, and the documentation explains every key and no other."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from resolver.ops.config import NEEDS_RESTART, NOTICE_NEEDS_RESTART, Config, load_config

ROOT = Path(__file__).parents[3]
DOCUMENTED = re.compile(r"^\| `([a-z0-9_.\[\]]+)` \|.*\|$", re.MULTILINE)


def sections(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401  # annotations have no common type
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from sections(inner)


def keys(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """Yield every key that the model takes; a section is named by its keys, a list of sections by itself too."""
    for name, field in model.model_fields.items():
        below = next(sections(field.annotation), None)
        if below is None:
            yield above + name
        elif isinstance(field.annotation, type):
            yield from keys(below, f"{above}{name}.")
        else:
            yield above + name
            yield from keys(below, f"{above}{name}[].")


def documentation() -> str:
    return (ROOT / "docs" / "configuration.md").read_text()


def test_every_key_is_documented_and_no_other() -> None:
    assert sorted(DOCUMENTED.findall(documentation())) == sorted(keys(Config))


def test_what_needs_a_restart_is_marked() -> None:
    keys = {line.split("`")[1] for line in documentation().splitlines() if "**Restart.**" in line}
    of_notice = {key for key in keys if key.startswith("notice.")}
    assert {key.split(".")[0] for key in keys - of_notice} == set(NEEDS_RESTART)
    assert {key.removeprefix("notice.") for key in of_notice} == set(NOTICE_NEEDS_RESTART)


def test_the_shipped_file_loads_and_rehearses() -> None:
    shipped = load_config(ROOT / "config.yaml")
    assert isinstance(shipped, Config), shipped
    assert shipped.rehearse == date(2014, 6, 1)
    assert shipped.operator.who_we_are[0].name == "Free"


@pytest.mark.parametrize("key", sorted(keys(Config)))
def test_the_shipped_file_shows_every_key(key: str) -> None:
    last = key.removesuffix("[]").rpartition(".")[2]
    assert re.search(rf"^\W*{last}:", (ROOT / "config.yaml").read_text(), re.MULTILINE)


@pytest.mark.parametrize("key", sorted(set(Config.model_fields) - {"operator", "rehearse", "upstreams", "notice"}))
def test_the_shipped_file_states_the_defaults(key: str) -> None:
    shipped = load_config(ROOT / "config.yaml")
    assert isinstance(shipped, Config)
    defaults = Config.model_validate(
        {"operator": {"name": "-"}, "orders": "blocklists", "state": "state"}, context={"folder": ROOT}
    )
    assert getattr(shipped, key) == getattr(defaults, key)
