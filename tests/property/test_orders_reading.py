"""Reading order files: whatever stands in them, there is an answer, and it is never half an order."""

from pathlib import Path

import idna
from hypothesis import given
from hypothesis import strategies as st

from resolver.dns.name import BadNameError, labels, parse_name, present_name
from resolver.orders.listed_names import parse_listed
from resolver.orders.lists import read_names
from resolver.orders.model import Order
from resolver.orders.parse import parse_order
from resolver.orders.yaml_document import YamlDocument, read_yaml

SHIPPED = Path(__file__).parents[2] / "blocklists/tgi-paris-2013-11-28-allostreaming.yaml"
LINES = SHIPPED.read_text().splitlines()
LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True).filter(lambda label: label[2:4] != "--")
NAME = st.lists(LABEL, min_size=1, max_size=5).map(lambda parts: ".".join([*parts, "example"]))


def no_file(path: str) -> bytes:
    """Stand for a folder without files."""
    raise FileNotFoundError(2, "No such file or directory", path)


@given(st.text(max_size=60) | st.text("ab.-:/*@[]0123456789éß\u3002\uff0e% ", max_size=30))
def test_a_text_is_a_name_or_is_refused_with_a_reason(text: str) -> None:
    try:
        name = parse_listed(text)
    except BadNameError as error:
        reason = str(error)
    else:
        assert labels(name)
        assert parse_listed(present_name(name)) == name
        reason = "is a name"
    assert reason[0].islower()


@given(st.from_regex(r"([A-Za-z0-9_-]{1,63}\.){1,4}[A-Za-z_][A-Za-z0-9_-]{0,62}\.?", fullmatch=True))
def test_the_short_way_to_the_wire_gives_what_the_long_one_does(text: str) -> None:
    if len(text) < 250:
        assert parse_listed(text) == parse_name(text)


@given(NAME)
def test_letter_case_dots_and_spaces_do_not_matter(text: str) -> None:
    name = parse_name(text)
    assert {parse_listed(other) for other in (text, text.upper(), text + ".", f" {text}\t")} == {name}
    assert parse_listed(text.replace(".", "\u3002")) == name


@given(st.text("abcäöüéèßçñλπδжщ例え", min_size=1, max_size=20).filter(lambda text: not text.isascii()))
def test_both_spellings_are_one_name(label: str) -> None:
    try:
        spelled = idna.encode(label, uts46=True).decode("ascii")
    except idna.IDNAError:
        return
    assert parse_listed(f"{label}.example") == parse_listed(f"{spelled}.example") == parse_name(f"{spelled}.example")


@given(st.binary(max_size=200) | st.text(":-#'\"[]{}*&!|>%@` \n\tab", max_size=60).map(str.encode))
def test_no_octets_stop_the_reader(content: bytes) -> None:
    read = read_yaml(content, "f")
    if isinstance(read, YamlDocument):
        assert read.place(("a", 0)).line >= 1
    else:
        assert all(problem.place.line >= 1 and problem.place.column >= 1 and problem.what for problem in read)


@given(st.binary(max_size=200), st.sampled_from(["n.txt", "n.csv"]), st.sampled_from([None, "1", "name"]))
def test_no_octets_stop_the_reader_of_lists(content: bytes, file: str, column: str | None) -> None:
    read = read_names(content, file, column)
    assert len(read.table) == read.totals.kept
    assert len(read.rejected) == min(read.totals.rejected, 20)
    assert read.unreadable is None or not any(read.totals)


@given(
    st.integers(0, len(LINES) - 1), st.sampled_from(["", "  x", "? [", "- {}", "id:", "names: {a: [~]}", "\t", "é: é"])
)
def test_an_order_with_one_line_changed_is_sound_or_every_problem_has_a_place(number: int, instead: str) -> None:
    text = "\n".join([*LINES[:number], instead, *LINES[number + 1 :]]) + "\n"
    order = parse_order(text.encode(), "f", no_file)
    if not isinstance(order, Order):
        assert order.problems
        assert all(1 <= problem.place.line <= len(LINES) + 1 and problem.what for problem in order.problems)


@given(st.sets(st.integers(0, len(LINES) - 1), max_size=8))
def test_an_order_with_lines_missing_never_blocks_another_name(gone: set[int]) -> None:
    text = "\n".join(line for number, line in enumerate(LINES) if number not in gone)
    order = parse_order(text.encode(), "f", no_file)
    if isinstance(order, Order):
        whole = parse_order(SHIPPED.read_bytes(), "f", no_file)
        assert isinstance(whole, Order)
        allowed = {entry.name for measure in whole.measures for entry in measure.listed}
        assert {entry.name for measure in order.measures for entry in measure.listed} <= allowed
