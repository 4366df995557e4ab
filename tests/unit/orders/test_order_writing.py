"""Something is added to an order file, and nothing else in it changes."""

from pathlib import Path

import pytest

from resolver.orders.order_writing import OrderWritingError, Value, replace_file, with_added

LIFTED = {"date": "2026-11-21T10:00:00Z", "event": "lifted", "why": "l'arrêt: fin"}
WRITTEN = '{date: "2026-11-21T10:00:00Z", event: lifted, why: "l\'arrêt: fin"}'

CASES = {
    "behind the last entry, before a comment": (
        "order: a\nhistory:   # what happened\n  - {date: 2026-01-01, event: appealed}  # by us\n\n# the end\n",
        ["history"],
        f"order: a\nhistory:   # what happened\n  - {{date: 2026-01-01, event: appealed}}  # by us\n  - {WRITTEN}\n\n# the end\n",  # noqa: E501  # as the file has it
    ),
    "entries in lines of their own, not indented": (
        "history:\n- date: 2026-01-01\n  event: appealed\norder: a\n",
        ["history"],
        f"history:\n- date: 2026-01-01\n  event: appealed\n- {WRITTEN}\norder: a\n",
    ),
    "behind a text of several lines": (
        "history:\n    - why: |\n        one\n        two\n    # indented\norder: a\n",
        ["history"],
        f"history:\n    - why: |\n        one\n        two\n    - {WRITTEN}\n    # indented\norder: a\n",
    ),
    "no history yet": ("order: a\nnotes: >\n  x\n", ["history"], f"order: a\nnotes: >\n  x\nhistory:\n  - {WRITTEN}\n"),
    "no line break at the end": ("order: a", ["history"], f"order: a\nhistory:\n  - {WRITTEN}\n"),
    "line breaks of Windows": (
        "order: a\r\nhistory:\r\n  - {event: x}\r\n",
        ["history"],
        f"order: a\r\nhistory:\r\n  - {{event: x}}\r\n  - {WRITTEN}\r\n",
    ),
    "between brackets": (
        "history: [{event: x}, {event: y},  # note\n  ]\n",
        ["history"],
        f"history: [{{event: x}}, {{event: y}}, {WRITTEN},  # note\n  ]\n",
    ),
    "nothing between brackets": ("history: []  # none\n", ["history"], f"history: [{WRITTEN}]  # none\n"),
    "a list of a measure": (
        "measures:\n  - id: a\n    lists:\n      - {id: b}\n  - id: c\n",
        ["measures", 0, "lists"],
        f"measures:\n  - id: a\n    lists:\n      - {{id: b}}\n      - {WRITTEN}\n  - id: c\n",
    ),
    "a measure without the list": (
        "measures:\n  - id: a\n    names: [x]   # one\n  # the other\n  - id: c\n",
        ["measures", 0, "lists"],
        f"measures:\n  - id: a\n    names: [x]   # one\n    lists:\n      - {WRITTEN}\n  # the other\n  - id: c\n",
    ),
    "a measure between braces": (
        "measures: [{id: a}]\n",
        ["measures", 0, "lists"],
        f"measures: [{{id: a, lists: [{WRITTEN}]}}]\n",
    ),
}


@pytest.mark.parametrize(("before", "path", "after"), CASES.values(), ids=CASES)
def test_only_the_new_member_is_new(before: str, path: list[str | int], after: str) -> None:
    assert with_added(before.encode(), "order.yaml", path, [LIFTED]).decode() == after


def test_names_are_added_as_they_are() -> None:
    added = with_added(b"names:\n  - a.example\n", "order.yaml", ["names"], ["b.example", "true", "*.x"])

    assert added == b'names:\n  - a.example\n  - b.example\n  - "true"\n  - "*.x"\n'


def test_a_byte_order_mark_stays() -> None:
    assert with_added(b"\xef\xbb\xbforder: a\n", "f", ["x"], ["y"]) == b"\xef\xbb\xbforder: a\nx:\n  - y\n"


@pytest.mark.parametrize(
    ("before", "path", "said"),
    [
        pytest.param("a: [", ["history"], "f:2:1", id="broken"),
        pytest.param("a: 1", ["measures", 0, "lists"], "has no measures", id="no such measure"),
        pytest.param("history: x", ["history"], "by hand", id="no list"),
        pytest.param("", ["history"], "has no mapping", id="empty"),
    ],
)
def test_what_cannot_be_added_to_is_said(before: str, path: list[str | int], said: str) -> None:
    with pytest.raises(OrderWritingError, match=said):
        with_added(before.encode(), "f", path, [LIFTED])


def test_a_file_is_exchanged_with_its_mode(tmp_path: Path) -> None:
    path, link = tmp_path / "order.yaml", tmp_path / "link.yaml"
    path.write_bytes(b"before")
    path.chmod(0o640)
    link.symlink_to(path)

    replace_file(link, b"before", b"after")

    assert path.read_bytes() == b"after"
    assert path.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [link, path]


@pytest.mark.parametrize("content", [b"changed", None], ids=["changed", "gone"])
def test_a_file_that_changed_meanwhile_stays(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "order.yaml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(OrderWritingError, match="order"):
        replace_file(path, b"before", b"after")

    assert [each.read_bytes() for each in tmp_path.iterdir()] == ([content] if content is not None else [])


def test_types_of_members() -> None:
    member: Value = {"skip": True, "names": ["a.example", "b.example"]}

    assert with_added(b"x: []\n", "f", ["x"], [member]) == b"x: [{skip: true, names: [a.example, b.example]}]\n"
