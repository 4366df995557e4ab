"""How the verbs print: tables and colour on a terminal, plain columns elsewhere, JSON for scripts.

What is printed may come from the network or from an order file, so that characters which a terminal would obey are
replaced first.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

GOOD: Final = "green"
BAD: Final = "bold red"
DOUBTFUL: Final = "yellow"
QUIET: Final = "dim"
TITLE: Final = "bold"

WIDE: Final = 160
"""Columns of a terminal that shows a wide table."""


def printable(text: str) -> str:
    """Replace control characters, and those that change the direction of writing."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def counted(number: int, noun: str) -> str:
    """Write ``1 name``, ``2 names``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def from_here(path: str) -> str:
    """Write a path as somebody in this folder would; one outside of it stays as it is."""
    return path.removeprefix(f"{Path.cwd()}/")


def say(text: str, style: str = "") -> None:
    """Print one line; style and colour only where a terminal shows them and NO_COLOR is not set."""
    _console().print(Text(printable(text), style=style), soft_wrap=True)


def say_pairs(pairs: Iterable[tuple[str, str]], indent: int = 2) -> None:
    """Print names and values, the values below each other; a pair without a value is left out."""
    shown = [(name, value) for name, value in pairs if value]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        line = Text(" " * indent).append(f"{name:<{width}}  ", QUIET).append(printable(value))
        _console().print(line, soft_wrap=True)


def is_narrow() -> bool:
    """Tell whether we print to a terminal on which a wide table would be folded."""
    return sys.stdout.isatty() and _console().width < WIDE


def say_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows below their headings; a pipe gets every column in full, without lines around it."""
    cells = [[printable(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        _plain_table(columns, cells)
        return
    table = Table(*columns, box=box.SIMPLE_HEAD, header_style=TITLE)
    for row in cells:
        table.add_row(*(Text(cell, overflow="fold") for cell in row))
    _console().print(table)


def _plain_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [columns, *rows]
    widths = [max(len(line[number]) for line in lines) for number in range(len(columns))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def say_json(document: Mapping[str, object] | Sequence[object]) -> None:
    """Print a document for scripts."""
    print(json.dumps(document, indent=2, ensure_ascii=False))


def complain(text: str) -> None:
    """Print one line on standard error."""
    print(printable(text), file=sys.stderr)


def _console() -> Console:
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
