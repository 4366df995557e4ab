"""Runs of plain names: read as if each stood in YAML by itself, or not at all."""

import pytest

from resolver.orders.model import Listed, Order
from resolver.orders.plain_runs import read_short
from tests.unit.orders.order_files import complaints, order_text, sound

NAMES = [f"n{number}.{'abc'[number % 3]}.example" for number in range(12)]


def run(names: list[str], indent: int = 6) -> str:
    """Write names as a run."""
    return "".join(f"{' ' * indent}- {name}\n" for name in names)


def quoted(text: str) -> str:
    """Write the same names so that they are no run: between quotes."""
    return "".join(
        f"{line[: line.index('- ')]}- '{line.strip()[2:]}'\n" if line.strip().startswith("- n") else f"{line}\n"
        for line in text.splitlines()
    )


def listed(order: Order) -> set[Listed]:
    """Take all that is said of the names of an order."""
    return {entry for measure in order.measures for entry in measure.listed}


LISTS = "    lists:\n      - {}      - id: second\n        by: decision\n        names:\n{}"
FIRST = "id: first\n        by: decision\n        received: 2026-02-03\n        names:\n"


@pytest.mark.parametrize(
    "names",
    [
        pytest.param("    names:\n" + run(NAMES), id="one run"),
        pytest.param("    names:\n" + run(NAMES, 4), id="at the indent of its key"),
        pytest.param("    names:\n" + run(NAMES + NAMES[:3]), id="a name twice"),
        pytest.param("    names:\n      - x.other.example # why\n" + run(NAMES), id="a run behind a comment"),
        pytest.param("    names:\n" + run(NAMES) + "\n" + run(NAMES[:9]), id="two runs"),
        pytest.param(
            "    names:\n      - {name: n.x.example, scope: exact}\n" + run(NAMES), id="an entry of another form"
        ),
        pytest.param("    names:\n" + run(NAMES) + "      - 'bücher.example'\n", id="an entry of another alphabet"),
        pytest.param(LISTS.format(FIRST + run(NAMES, 10), run(NAMES[3:], 10)), id="two lists with names in common"),
        pytest.param(
            "    names:\n" + run(NAMES[:10]) + LISTS.format(FIRST + run(NAMES, 10), run(NAMES, 10)), id="all of them"
        ),
    ],
)
def test_a_run_says_what_its_names_say_one_by_one(names: str) -> None:
    text = order_text(names=names)
    assert read_short(text.encode(), "f") is not None
    assert read_short(quoted(text).encode(), "f") is None
    assert listed(sound(text)) == listed(sound(quoted(text)))


@pytest.mark.parametrize(
    ("head", "names"),
    [
        pytest.param("notes: |\n" + run(NAMES, 2), "    names: [x.example]\n", id="in a text"),
        pytest.param("notes: as\n" + run(NAMES, 2), "    names: [x.example]\n", id="in a plain text of many lines"),
        pytest.param('notes: "a\n' + run(NAMES, 2) + '  "\n', "    names: [x.example]\n", id="between quotes"),
        pytest.param("sources:\n" + run(NAMES, 2), "    names: [x.example]\n", id="in another list"),
        pytest.param("notes: |\n" + run(NAMES, 2), "    names:\n" + run(NAMES), id="in a text beside a list"),
    ],
)
def test_what_looks_like_a_run_and_is_none_stays_as_it_is(head: str, names: str) -> None:
    text = order_text(head=head, names=names)
    assert read_short(text.encode(), "f") is None
    order = sound(text)
    assert sum(str(part).count(NAMES[-1]) for part in (order.notes, order.sources)) == 1


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(run(NAMES) + "        and more\n", id="a text that goes on"),
        pytest.param(run(NAMES) + "      - https://n.example/x\n", id="a URL behind it"),
        pytest.param(run(NAMES) + "     - n.example\n", id="another indent"),
        pytest.param(run(NAMES) + "      - {name: n1.b.example, scope: exact}\n", id="another reach"),
    ],
)
def test_what_is_wrong_beside_a_run_is_told_as_without_one(names: str) -> None:
    text = order_text(names="    names:\n" + names)
    assert complaints(text)
    if "and more" not in names:
        assert complaints(text) == complaints(quoted(text))


def test_a_name_that_is_too_long_is_told_with_its_line() -> None:
    long = ".".join(["a" * 60] * 5)
    text = order_text(names="    names:\n" + run([*NAMES, long]))
    line = text.splitlines().index(f"      - {long}") + 1
    assert complaints(text)[0].startswith(f"orders/a.yaml:{line}:9: ")


def test_what_is_wrong_beside_two_runs_keeps_its_line() -> None:
    text = order_text(names="    names:\n" + run(NAMES) + "      # more\n" + run(NAMES) + "      - '*.x'\n")
    line = len(text.splitlines())
    assert complaints(text)[0].startswith(f"orders/a.yaml:{line}:9: ")
