"""What shall come once comes once, and asks for what the upstream knows."""

import struct
from pathlib import Path

import dns.edns
import dns.message
import dns.name
import pytest

from benchmarks.made_up_names import cached_names
from benchmarks.questions import CACHED, Case, Questions, read_case

LISTED = [f"listed{number}.example" for number in range(100)]


def messages(path: Path) -> list[bytes]:
    octets, found, place = path.read_bytes(), [], 0
    while place < len(octets):
        (length,) = struct.unpack_from("!H", octets, place)
        found.append(octets[place + 2 : place + 2 + length])
        place += 2 + length
    return found


@pytest.fixture
def questions(tmp_path: Path) -> Questions:
    return Questions(tmp_path, LISTED, seconds=1)


@pytest.mark.parametrize(("kind", "code"), [("letter case", None), ("cookie", 10), ("option", 65_001)])
def test_no_datagram_comes_twice_in_any_round_or_rate(questions: Questions, kind: str, code: int | None) -> None:
    wires: list[bytes] = []
    for case, turn in ((Case(kind, 30_000), 0), (Case(kind, 30_000), 1), (Case(kind, 5_000), 1)):
        wires += messages(questions.file(case, turn))
        questions.forget(case, turn)
    asked = [dns.message.from_wire(wire) for wire in wires[:: len(wires) // 50]]

    assert len(set(wires)) == len(wires) >= 65_000
    known = {dns.name.from_text(name) for name in cached_names(CACHED)}
    for message in asked:
        assert message.question[0].name in known
        assert [int(option.otype) for option in message.options] == ([] if code is None else [code])


def test_cold_names_come_once(questions: Questions) -> None:
    names = [questions.file(case, turn).read_text() for case in (Case("cold", 900), Case("cold")) for turn in (0, 1)]
    lines = "".join(names).splitlines()

    assert len(set(lines)) == len(lines) == 201_800


def test_the_others_are_written_once_and_stay(questions: Questions) -> None:
    blocked = questions.file(Case("blocked"), 0)
    questions.forget(Case("blocked"), 0)

    assert blocked == questions.file(Case("blocked", 5_000), 3)
    hosts = {line.removesuffix(" A").removeprefix("www.") for line in blocked.read_text().splitlines()}
    assert hosts == set(LISTED)


@pytest.mark.parametrize("text", ["cached", "letter case", "mixed@5000"])
def test_a_case_is_read_as_it_is_written(text: str) -> None:
    assert read_case(text).name == text


@pytest.mark.parametrize("text", ["", "warm", "mixed@", "mixed@0", "mixed@fast", "@5000"])
def test_no_other_case_is_read(text: str) -> None:
    with pytest.raises(ValueError, match="is no case"):
        read_case(text)
