"""YAML read strictly: what values become, where they stood, and what is refused in the operator's words."""

import pytest

from resolver.orders.model import Place, Problem
from resolver.orders.yaml_document import MAX_OCTETS, YamlDocument, read_yaml


def document(text: str) -> YamlDocument:
    """Read YAML that must be readable."""
    read = read_yaml(text.encode(), "f")
    assert isinstance(read, YamlDocument), read
    return read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (
            "a: NO\nb: 010\nc: 1.0\nd: 2014-01-27\ne: =",
            {"a": "NO", "b": "010", "c": "1.0", "d": "2014-01-27", "e": "="},
        ),
        ("a: true\nb: 'true'\nc: True\nd: yes", {"a": True, "b": "true", "c": "True", "d": "yes"}),
        ("a:\nb: ~\nc: null\nd: '~'\ne: ''", {"a": None, "b": None, "c": None, "d": "~", "e": ""}),
        ("true: x\n1: y\n~: z", {"true": "x", "1": "y", "~": "z"}),
        ("- [a, {b: c}]\n- |\n  d\n  e\n", [["a", {"b": "c"}], "d\ne\n"]),
        ("\ufeffa: é\r\nb: ü\r\n", {"a": "é", "b": "ü"}),
        ("<<: {a: b}", {"<<": {"a": "b"}}),
        ('a: "b\\n\\tc\\u00e9"', {"a": "b\n\tc\u00e9"}),
        ("", None),
        ("# nothing\n", None),
    ],
    ids=["scalars", "booleans", "nothing", "keys", "nesting", "windows", "no merging", "escapes", "empty", "comment"],
)
def test_values(text: str, value: object) -> None:
    assert document(text).value == value


PLACES = document("a: x\nlist:\n  - é: [y, z]\n  - w\n")


@pytest.mark.parametrize(
    ("path", "key", "line", "column"),
    [
        ((), False, 1, 1),
        (("a",), False, 1, 4),
        (("a",), True, 1, 1),
        (("list", 0, "é", 1), False, 3, 12),
        (("list", 0, "é"), True, 3, 5),
        (("list", 1), True, 4, 5),
        (("list", 0, "missing"), False, 3, 5),
        (("list", 7), False, 3, 3),
        (("a", "below"), True, 1, 4),
    ],
    ids=str,
)
def test_places(path: tuple[str | int, ...], key: bool, line: int, column: int) -> None:  # noqa: FBT001  # a column of the table
    assert PLACES.place(path, key=key) == Place("f", line, column)


def test_places_of_all_items_of_a_list() -> None:
    assert list(PLACES.item_places(("list", 0, "é"))) == [Place("f", 3, 9), Place("f", 3, 12)]
    assert list(PLACES.item_places(("a",))) == []
    assert list(PLACES.item_places(("missing",))) == []


def test_an_empty_document_has_a_place() -> None:
    assert document("").place(("a",)) == Place("f", 1, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"a: 1\nb: 2\na: 3", "f:3:1: key 'a' stands here again (first in line 1): keep one of the two"),
        (b"a: &x {b: 1}\nc: *x", "f:1:4: reached again by an alias (*name): write the value out in each place"),
        (b"a: &x [*x]", "f:1:4: reached again by an alias (*name): write the value out in each place"),
        (b"names: [*.x.example]", "f:1:10: '*' or '&' has a meaning of its own: use quotes"),
        (b"a: *x", "f:1:4: '*' begins an alias, which is not accepted: put the text between quotes"),
        (
            b"a: !!python/name:os.system x",
            "f:1:4: tag tag:yaml.org,2002:python/name:os.system is not accepted: remove it",
        ),
        (b"a: !!bool yes", "f:1:4: tag tag:yaml.org,2002:bool is not accepted: remove it"),
        (b"a: !!set {b}", "f:1:4: tag tag:yaml.org,2002:set is not accepted: remove it"),
        (b"a\n---\nb", "f:2:1: a second document begins here: one file holds one document"),
        (b"? [a]\n: b", "f:1:3: a key must be plain text"),
        (b"a:\n\tb: 1", "f:2:1: a tab: indent with spaces"),
        (b"a: b: c", "f:1:5: a second ': ' on this line, or a wrong indent: put the text between quotes"),
        (b"a: @b", "f:1:4: nothing may begin with '@': put the text between quotes"),
        (b"a: [b\nc: d", "f:1:4: opened here and not closed: a comma or ] is missing"),
        (b"{a: b", "f:1:1: opened here and not closed: a comma or } is missing"),
        (b"a: 'b\nc", "f:1:4: a quote that is opened here is never closed"),
        (b"{a: b, c:}", "f:1:9: a ':' inside a text: write ': ' before a value, else put the text between quotes"),
        (b'a: "\\q"', "f:1:5: an unknown \\ escape: use single quotes, in which \\ is a plain character"),
        (b"a: 1\nb\nc: 2", "f:3:1: a key without ': ' behind it"),
        (b"a:\n  b: 1\n c: 2", "f:3:2: not a 'key: value' line, or indented differently from the lines above"),
        (b"- a\nb: 1", "f:2:1: not a '- item' line, or indented differently from the items above"),
        (b"  a: 1\n b: 2", "f:2:2: indented differently from the first line, or text after the end"),
        (b"a:\n  - b: 1\n\tc: 2", "f:3:1: a tab: indent with spaces"),
        (b"a: \xe9", "f:1:4: octet 0xE9 is not UTF-8: save the file as UTF-8"),
        (b"a: \xc3\xa9\n\xff", "f:2:1: octet 0xFF is not UTF-8: save the file as UTF-8"),
        ("a: b".encode("utf-16"), "f:1:1: UTF-16 text: save it as UTF-8"),
        (b"a:\n  \x00b", "f:2:3: control character U+0000: remove it"),
        (b'a: "b\\0"', "f:1:4: control character U+0000, written as an escape: remove it"),
        (b'a: ["\\e[2J"]', "f:1:5: control character U+001B, written as an escape: remove it"),
        (b'"a\\x9b": b', "f:1:1: control character U+009B, written as an escape: remove it"),
        (b"%YAML 3\n---\na", "f:1:8: not readable as YAML: did not find expected digit or '.' character"),
        (b"[" * 100_000, "f:1:50: nested more than 50 levels deep: write it flatter"),
        (b"{a: " * 100_000, "f:1:197: nested more than 50 levels deep: write it flatter"),
        (b"#" * (MAX_OCTETS + 1), "f:1:1: larger than 64 MiB: divide it into several files"),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else "",
)
def test_what_is_refused(text: bytes, said: str) -> None:
    problems = read_yaml(text, "f")
    assert isinstance(problems, tuple)
    assert [str(problem) for problem in problems] == [said]


def test_an_alias_bomb_costs_nothing() -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40))]
    problems = read_yaml("\n".join(lines).encode(), "f")
    assert isinstance(problems, tuple)
    assert all(isinstance(problem, Problem) for problem in problems)
    assert len(problems) == 39 * 9
