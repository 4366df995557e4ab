"""docs/conformance.md names tests that exist, and a row has a test or a record that says why not."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from resolver.core.continuation import MOST_LINKS
from resolver.core.sanitise import MAX_LINKS
from resolver.net import tcp_connection, upstream_sockets

ROOT: Final = Path(__file__).parents[2]
TESTS: Final = ROOT / "tests"
PAGE: Final = ROOT / "docs" / "conformance.md"
ROW: Final = re.compile(r"^\| ([A-Z]\d+) \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)
NAMED: Final = re.compile(r"`([\w/]+\.py)::(\w+)`")
RECORD: Final = re.compile(r"\]\((decisions/[\w-]+\.md)\)")


class Row(NamedTuple):
    """A row of the page."""

    number: str
    happens: str
    comes: str
    shown: str


ROWS: Final = [Row(*found) for found in ROW.findall(PAGE.read_text())]


@cache
def functions(path: str) -> frozenset[str]:
    """List the functions of a test file, those in classes too."""
    tree = ast.parse((TESTS / path).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.number)
def test_a_row_names_what_exists(row: Row) -> None:
    named = NAMED.findall(row.shown)
    assert row.shown.count("::") == len(named), "a test is written `path.py::function`"
    assert named or RECORD.search(row.shown), "a row has a test, or a record that says why not"
    for path, function in named:
        assert (TESTS / path).is_file(), path
        assert function in functions(path), f"{path} has no {function}"
    for record in RECORD.findall(row.shown):
        assert (PAGE.parent / record).is_file()


def test_the_rows_of_a_table_are_numbered_through() -> None:
    tables = {letter: [int(row.number[1:]) for row in ROWS if row.number[0] == letter] for letter in "PATMRUOBS"}
    assert {letter: numbers for letter, numbers in tables.items() if numbers != list(range(1, len(numbers) + 1))} == {}
    assert sum(map(len, tables.values())) == len(ROWS)


def test_every_line_of_a_table_is_a_row() -> None:
    assert PAGE.read_text().count("::test_") == sum(row.shown.count("::test_") for row in ROWS)


@pytest.mark.parametrize(
    ("number", "said", "bound", "figure"),
    [
        pytest.param("P1", "replaced after 32 queries", upstream_sockets.MOST_USES, 32, id="queries of a socket"),
        pytest.param("P1", "1 024 connected sockets", upstream_sockets.SOCKETS, 1024, id="sockets"),
        pytest.param("T1", "each message has a deadline", tcp_connection.WHOLE_MESSAGE, 5, id="seconds of a message"),
        pytest.param("T2", "3 s without a word", tcp_connection.FIRST_MESSAGE, 3, id="seconds before the first"),
        pytest.param("T2", "10 s without another", tcp_connection.IDLE, 10, id="seconds between two"),
        pytest.param("T5", "what waits for it is bounded", tcp_connection.MOST_UNSENT, 1 << 20, id="octets unread"),
        pytest.param("U8", "a failure", MAX_LINKS, 16, id="aliases in an answer"),
        pytest.param("B5", "every name of the chain is judged", MOST_LINKS, 11, id="aliases that we continue"),
    ],
)
def test_a_bound_is_what_the_page_says(number: str, said: str, bound: float, figure: float) -> None:
    """The tests of these rows count in the bounds themselves, so that none of them would notice another figure."""
    (row,) = (row for row in ROWS if row.number == number)
    assert said in row.comes
    assert bound == figure
