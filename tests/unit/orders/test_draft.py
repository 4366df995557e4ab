"""What an order with wrong keys says all the same, and what is not believed of it."""

from collections.abc import Sequence

import pytest

from resolver.orders.draft import Path, draft_of
from resolver.orders.yaml_document import YamlDocument, read_yaml
from tests.unit.orders.order_files import complaints, order_text


def document(text: str) -> YamlDocument:
    read = read_yaml(text.encode(), "f")
    assert isinstance(read, YamlDocument)
    return read


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[a]", [()]),
        ("order: a", [("measures",)]),
        ("measures: x", [("measures",)]),
        ("measures: [x]", [("measures", 0)]),
        ("measures: [{lists: x}]", [("measures", 0, "lists", 0, "id")]),
        ("measures: [{names: x}]", [("measures", 0, "names", 0)]),
    ],
    ids=["no mapping", "no measures", "measures that are none", "a measure that is none", "no lists", "no names"],
)
def test_what_leaves_nothing_to_read(text: str, wrong: Sequence[Path]) -> None:
    assert draft_of(document(text), wrong) is None


@pytest.mark.parametrize(
    ("written", "allowed"),
    [("[{nam: x.example, why: asked}]", "x.example"), ("x.example", "x.example"), ("{x.example: 1}", "x.example")],
    ids=["a wrong key", "one text", "a mapping"],
)
def test_whatever_text_stands_there_may_be_a_name_that_the_order_allows_itself(written: str, allowed: str) -> None:
    draft = draft_of(document(order_text(after=f"allow_protected: {written}\n")), [("allow_protected",)])
    assert draft is not None
    assert allowed in {entry.name for entry in draft.shape.allow_protected}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (order_text(names="    names_fil: a.txt\n"), ["8:5: unknown key `names_fil`: did you mean"]),
        (
            order_text("    addressees: [{nam: A}]\n").replace("{until: 2027-01-31}", "{lasts: 1 day, from: service}"),
            ["9:18: `name` is missing", "9:19: unknown key `nam`"],
        ),
        (
            order_text(names="    names: [{}]\n", after="allow_protected: [{name: x.example, why: asked}]\n"),
            ["8:13: `name` is missing"],
        ),
        (
            order_text(
                names="    lists: [{id: A B, names: [y.example, 'a b']}]\n",
                after="history:\n  - {date: 2026-02-01, event: names-removed, list: ab, names: [y.example]}\n",
            ),
            ["8:18: `id`: 'A B' is no id", "8:42: 'a b'"],
        ),
    ],
    ids=["names under a wrong key", "somebody served", "allowed names", "a list"],
)
def test_what_a_repair_brings_about_is_not_told(text: str, said: list[str]) -> None:
    found = complaints(text)
    assert [one.removeprefix("orders/a.yaml:")[: len(start)] for one, start in zip(found, said, strict=True)] == said
