"""Runs one target: `python -m fuzz TARGET [SECONDS]`. What it finds stays in tests/fuzz/TARGET, and tests replay it."""

import os
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Final

import atheris

os.environ["ARRET_PURE"] = "1"  # here, as nothing of resolver is imported yet: what is compiled shows no coverage

TARGETS: Final = ("query_reader", "response_reader", "order_parser")
CASES: Final = Path(__file__).parents[1] / "tests" / "fuzz"
LONGEST: Final = {"query_reader": 600, "response_reader": 2_000, "order_parser": 4_000}


def run(target: str, seconds: int) -> None:
    """Fuzz for so many seconds; ends the process, with another status than 0 if something was found."""
    with atheris.instrument_imports(include=["resolver", "fuzz"]):
        module = import_module(f"fuzz.{target}")
    found = CASES / target
    found.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        known = [bytes.fromhex(line) for line in (CASES / f"{target}.hex").read_text().split()]
        for number, seed in enumerate(module.seeds() + known):
            (Path(corpus) / f"seed-{number}").write_bytes(seed)
        options = (
            f"-max_total_time={seconds}",
            f"-max_len={LONGEST[target]}",
            "-timeout=10",
            f"-artifact_prefix={found}/",
        )
        atheris.Setup([f"fuzz.{target}", *options, corpus, str(found)], module.check)
        atheris.Fuzz()


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"usage: python -m fuzz {{{','.join(TARGETS)}}} [SECONDS]")
    run(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 60)
