"""Whatever becomes of an order file: what it ordered stays in force, the others change, and the file is named."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.unit.ops.desk import Desk, order_text

SOUND: Final = order_text("ta-1", ["pirate.example", "second.example"]).encode()


def vanish(path: Path) -> None:
    path.unlink()


def become_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def lead_nowhere(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def lead_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def become_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def holding(octets: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(octets)

    return write


DAMAGES: Final[dict[str, Callable[[Path], None]]] = {
    "no octets": holding(b""),
    "a line end alone": holding(b"\n"),
    "broken YAML": holding(SOUND.replace(b"    names:", b"    names: [")),
    "cut in half": holding(SOUND[: len(SOUND) // 2]),
    "cut within the names": holding(SOUND[:-20]),
    "random octets": holding(bytes(range(256)) * 4),
    "octets 0 alone": holding(bytes(4_096)),
    "UTF-16": holding(SOUND.decode().encode("utf-16")),
    "Latin 1": holding(SOUND.replace(b"Paris", b"\xc9vry")),
    "an octet 0 in the middle": holding(SOUND.replace(b"pirate", b"pir\x00ate")),
    "a program": holding(b"\x7fELF\x02\x01\x01" + bytes(600)),
    "a web page": holding(b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>\n"),
    "JSON of something else": holding(b'{"error": "not found"}'),
    "one very long line": holding(b"order: " + b"x" * 2_000_000),
    "brackets without end": holding(b"[" * 100_000),
    "anchors that multiply": holding(
        b"a: &a [x, x, x, x, x, x, x, x]\n"
        + b"".join(b"%c: &%c [*%c, *%c, *%c, *%c]\n" % (n + 1, n + 1, n, n, n, n) for n in range(97, 112))
    ),
    "half of the names gone": holding(order_text("ta-1", ["pirate.example"]).encode()),
    "no names": holding(SOUND.partition(b"    names:")[0] + b"    names: []\n"),
    "another order's id": holding(SOUND.replace(b"order: ta-1", b"order: ta-2")),
    "vanished": vanish,
    "a folder": become_a_folder,
    "a link to nowhere": lead_nowhere,
    "a link to itself": lead_to_itself,
    "a pipe": become_a_pipe,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_was_in_force_stays_and_the_others_change(tmp_path: Path, damage: str) -> None:
    desk = Desk(tmp_path)
    path = desk.write("one.yaml", SOUND.decode())
    desk.write("two.yaml", order_text("ta-2", ["other.example"]))
    assert desk.apply().problems == ()
    DAMAGES[damage](path)
    desk.write("three.yaml", order_text("ta-3", ["third.example"]))
    report = desk.apply()
    assert {name: desk.blocked(name) for name in ("pirate.example", "second.example", "other.example")} == {
        "pirate.example": "ta-1",
        "second.example": "ta-1",
        "other.example": "ta-2",
    }
    assert desk.blocked("third.example") == "ta-3"
    assert report.problems
    assert all(problem.what for problem in report.problems)
    path_or_order = {"one.yaml", "ta-1"}
    assert any(each in str(problem) for problem in report.problems for each in path_or_order)
