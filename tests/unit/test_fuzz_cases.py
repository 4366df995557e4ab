"""What fuzzing begins with, what reaches each part of the readers, and what it once found, replayed.

`tests/fuzz/TARGET.hex` holds one case a line: inputs that a run kept because each reached something new.
"""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from fuzz import order_parser, query_reader, response_reader

FOUND: Final = Path(__file__).parents[1] / "fuzz"
TARGETS: Final[list[ModuleType]] = [query_reader, response_reader, order_parser]


def cases() -> Iterator[object]:
    for target in TARGETS:
        name = target.__name__.partition(".")[2]
        for number, octets in enumerate(target.seeds()):
            yield pytest.param(target, octets, id=f"{name}-seed-{number}")
        for number, line in enumerate((FOUND / f"{name}.hex").read_text().split()):
            yield pytest.param(target, bytes.fromhex(line), id=f"{name}-reach-{number}")
        for path in sorted((FOUND / name).glob("*")):
            yield pytest.param(target, path.read_bytes(), id=f"{name}-{path.name}")


@pytest.mark.parametrize(("target", "octets"), list(cases()))
def test_a_case_holds(target: ModuleType, octets: bytes) -> None:
    target.check(octets)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.__name__)
def test_what_lies_next_to_a_seed_holds_too(target: ModuleType) -> None:
    """A short walk through what lies next to the seeds, for those who cannot run the fuzzer."""
    for octets in target.seeds()[:4]:
        for place in range(0, len(octets), max(1, len(octets) // 60)):
            target.check(octets[:place] + bytes([octets[place] ^ 0xC0]) + octets[place + 1 :])
            target.check(octets[:place])
