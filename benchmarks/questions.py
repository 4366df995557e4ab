"""What is asked in each case of the side-by-side run, as files for dnsperf.

Text for names that may come again; messages as they travel over TCP (RFC 1035, section 4.2.2) where each datagram
differs. dnsperf goes through the latter, and through the names of the cold case, once only: nothing comes twice.
"""

import itertools
import math
import random
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Final

import dns.message

from benchmarks.made_up_names import cached_names, distinct_names, mix

KINDS: Final = {
    "blocked": "listed names, half of them with www. before them",
    "cached": "20,000 questions that the upstream answered before",
    "mixed": "one in twenty blocked, the others cached",
    "letter case": "cached, each datagram in letter case of its own",
    "cookie": "cached, each datagram with a client cookie of its own (RFC 7873)",
    "option": "cached, each datagram with an EDNS option of a private code and a value of its own",
    "cold": "names that nobody has asked for, one after the other; 100 open at a time",
}
ONCE: Final = frozenset({"letter case", "cookie", "option", "cold"})
BINARY: Final = frozenset({"letter case", "cookie", "option"})

CACHED: Final = 10_000
"""Names; each is asked for A and for AAAA."""
BLOCKED: Final = 50_000
MIXED: Final = 200_000
MOST_A_SECOND: Final = 250_000
"""More than anybody answers, so that no file is too short."""
MOST_COLD_A_SECOND: Final = 100_000
COOKIE: Final = 10
PRIVATE_OPTION: Final = 65_001
"""RFC 6891, section 9: for local and experimental use."""
_TYPES: Final = ("A", "AAAA")


@dataclass(frozen=True, slots=True)
class Case:
    """Questions of one kind, asked at a rate (queries a second), or as fast as they are answered."""

    kind: str
    rate: int | None = None

    @property
    def name(self) -> str:
        """Write it as it is asked for: ``cached``, ``mixed@5000``."""
        return self.kind if self.rate is None else f"{self.kind}@{self.rate}"


def read_case(text: str) -> Case:
    """Read what ``Case.name`` writes. Raises ValueError if there is no such case."""
    kind, at, rate = text.strip().partition("@")
    if kind not in KINDS or (at and not (rate.isdecimal() and int(rate))):
        raise ValueError(f"{text!r} is no case; write one of {', '.join(KINDS)}, each perhaps with @RATE behind it")
    return Case(kind, int(rate) if at else None)


class Questions:
    """Files of questions in a folder; those that come once only are written anew for each round."""

    def __init__(self, folder: Path, listed: Sequence[str], seconds: int) -> None:
        self._folder = folder
        self._seconds = seconds
        self._blocks = itertools.count()
        names = cached_names(CACHED)
        self.warm = self._write("warm", (f"{name} {rdtype}" for name in names for rdtype in _TYPES))
        self._write("cached", _drawn(names, BLOCKED))
        self._write("blocked", _hosts(listed[:BLOCKED]))
        self._write("mixed", (f"{name} A" for name in mix(listed[:BLOCKED], names, MIXED)))

    def file(self, case: Case, turn: int) -> Path:
        """Name the file of a case in this round."""
        if case.kind not in ONCE:
            return self._folder / case.kind
        path = self._folder / f"{case.name}-{turn}"
        if not path.exists():
            self._write_once(case, turn, path)
        return path

    def forget(self, case: Case, turn: int) -> None:
        """Remove what comes once only, after its round."""
        if case.kind in ONCE:
            self.file(case, turn).unlink()

    def _write_once(self, case: Case, turn: int, path: Path) -> None:
        count = self._seconds * (case.rate or (MOST_COLD_A_SECOND if case.kind == "cold" else MOST_A_SECOND))
        if case.kind == "cold":
            stem = f"at{case.rate or 0}round{turn}n"
            path.write_text("".join(f"{name} A\n" for name in distinct_names(count, stem)))
            return
        blocks = islice(self._blocks, math.ceil(count / len(_plain())))
        with path.open("wb") as file:
            file.writelines(map(_DISTINCT[case.kind], blocks))

    def _write(self, name: str, questions: Iterator[str]) -> Path:
        path = self._folder / name
        path.write_text("".join(f"{question}\n" for question in questions))
        return path


def _drawn(names: Sequence[str], count: int) -> Iterator[str]:
    draw = random.Random(5)
    return (f"{draw.choice(names)} {draw.choice(('A', 'A', 'AAAA'))}" for _ in range(count))


def _hosts(listed: Sequence[str]) -> Iterator[str]:
    draw = random.Random(9)
    return (f"{draw.choice(('', 'www.'))}{name} A" for name in listed)


@cache
def _plain() -> list[bytes]:
    """Write a query for each of the cached names and types, without an OPT record."""
    names = cached_names(CACHED)
    wires = [dns.message.make_query(name, rdtype, id=0).to_wire() for name in names for rdtype in _TYPES]
    random.Random(6).shuffle(wires)
    return wires


def _block_in_letter_case(number: int) -> bytes:
    """Write all cached questions with the same letters large; which ones counts up with the number of the block."""
    bits = {length: _case_bits(length, number + 1) for length in {len(wire) for wire in _plain()}}
    small = b"".join(map(_framed, _plain()))
    change = b"".join(b"\0\0" + bits[len(wire)] for wire in _plain())
    return (int.from_bytes(small, "big") ^ int.from_bytes(change, "big")).to_bytes(len(small), "big")


def _case_bits(length: int, number: int) -> bytes:
    """Place the bits of a number on the letters of host, bench and example: 0x20 makes a letter large."""
    end = length - 5
    letters = [*range(13, 17), *range(end - 13, end - 8), *range(end - 7, end)]
    bits = bytearray(length)
    for place, letter in enumerate(letters):
        bits[letter] = 0x20 * (number >> place & 1)
    return bytes(bits)


def _block_with_option(code: int, number: int) -> bytes:
    """Write all cached questions, each with an option of eight octets that no other message has."""
    tail = number.to_bytes(4, "big")
    return b"".join(head + tail for head in _heads(code))


@cache
def _heads(code: int) -> list[bytes]:
    """Write the messages up to the last four octets of the option; the four before them are the message's number."""
    return [_framed(_with_option(wire, code, place))[:-4] for place, wire in enumerate(_plain())]


def _with_option(wire: bytes, code: int, place: int) -> bytes:
    opt = struct.pack("!BHHIHHH", 0, 41, 1_232, 0, 12, code, 8)
    return wire[:11] + b"\x01" + wire[12:] + opt + place.to_bytes(4, "big") + bytes(4)


def _framed(wire: bytes) -> bytes:
    return len(wire).to_bytes(2, "big") + wire


_DISTINCT: Final[dict[str, Callable[[int], bytes]]] = {
    "letter case": _block_in_letter_case,
    "cookie": partial(_block_with_option, COOKIE),
    "option": partial(_block_with_option, PRIVATE_OPTION),
}
