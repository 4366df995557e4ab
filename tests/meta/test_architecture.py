"""docs/architecture.md speaks of files and functions that exist, and of every package."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.meta.documents import ROOT

PAGE: Final = ROOT / "docs" / "architecture.md"
FILE: Final = r"`((?:resolver|tests|benchmarks|scripts)/[\w./]+)`"
NAME: Final = r"`([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_]\w*)?)`"
NAMED_BEHIND_A_FILE: Final = re.compile(rf"{FILE}((?:(?:,| and|)\s+{NAME})*)")
METHOD: Final = re.compile(r"`([A-Z]\w+\.\w+)`")


def text() -> str:
    """Read the page."""
    return PAGE.read_text()


def files_and_names() -> Iterator[tuple[str, str]]:
    """Yield each file that the page names, and each name behind it; a file alone comes with an empty name."""
    for file, names, _ in NAMED_BEHIND_A_FILE.findall(text()):
        yield from ((file, name) for name in re.findall(NAME, names) or [""])


@cache
def defined_in(path: Path) -> frozenset[str]:
    """Name what a module defines: functions, classes, constants, and what is inside its classes as `Class.member`."""
    return frozenset(_defined(ast.parse(path.read_text()).body, ""))


def _defined(body: list[ast.stmt], prefix: str) -> Iterator[str]:
    for statement in body:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield prefix + name
            case ast.ClassDef(name=name, body=inner):
                yield prefix + name
                yield from _defined(inner, f"{prefix}{name}.")
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                yield prefix + name
            case _:
                pass


def test_the_page_names_what_it_walks_through() -> None:
    assert len(set(files_and_names())) > 80


@pytest.mark.parametrize(("file", "name"), sorted(set(files_and_names())), ids=lambda value: value or "-")
def test_what_the_page_names_exists(file: str, name: str) -> None:
    assert (ROOT / file).exists()
    assert not name or name in defined_in(ROOT / file)


@pytest.mark.parametrize("method", sorted(set(METHOD.findall(text()))))
def test_a_method_named_without_its_file_exists_somewhere(method: str) -> None:
    assert any(method in defined_in(path) for path in (ROOT / "resolver").rglob("*.py"))


@pytest.mark.parametrize(
    "package", sorted(path.parent.name for path in (ROOT / "resolver").glob("*/__init__.py")), ids=str
)
def test_every_package_is_a_layer_of_the_page(package: str) -> None:
    assert f"| `resolver/{package}/` |" in text()


def test_a_name_that_does_not_exist_is_noticed() -> None:
    names = defined_in(ROOT / "resolver" / "net" / "udp_lane.py")

    assert {"UdpLane", "UdpLane.start", "SOURCES"} <= names
    assert not {"start", "UdpLane.begin", "asyncio"} & names
