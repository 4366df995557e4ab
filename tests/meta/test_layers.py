"""Imports go down only, and the decision stays pure; imports inside functions count."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
SOURCES: Final = sorted((ROOT / "resolver").rglob("*.py"))
MODULES: Final = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in SOURCES}

MAY_IMPORT: Final = {
    "__init__": {"compiled"},
    "compiled": set[str](),
    "__main__": {"cli"},
    "cli": {"ops", "net", "notice", "proof", "core", "orders", "dns"},
    "ops": {"net", "notice", "proof", "core", "orders", "dns"},
    "notice": {"core", "orders", "dns"},
    "proof": {"core", "orders", "dns"},
    "net": {"core", "orders", "dns"},
    "core": {"orders", "dns"},
    "orders": {"dns"},
    "dns": set[str](),
}
"""From each layer, which others it may import beside itself."""

IMPURE: Final = {"asyncio", "socket", "time", "random", "logging", "prometheus_client", "threading", "subprocess"}
PURE: Final = re.compile(r"resolver\.(dns|core)(\..+)?|resolver\.orders\.(model|index)")
CORE_SEES_OF_ORDERS: Final = {"resolver.orders.model", "resolver.orders.index"}
NET_SEES_OF_ORDERS: Final = CORE_SEES_OF_ORDERS | {"resolver.orders.public_suffixes"}
"""Which domain somebody registered is no matter of orders alone."""


def imported(path: Path) -> Iterator[str]:
    """Yield the full name of every module that a file imports, wherever in the file the import stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield module
                yield from (inner for alias in names if (inner := f"{module}.{alias.name}") in MODULES)
            case ast.ImportFrom():
                yield "a relative import"


def layer(module: str) -> str:
    """Name the folder below resolver/ that a module stands in."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down_only(module: str) -> None:
    allowed = MAY_IMPORT[layer(module)] | {layer(module), "__init__", "compiled"}
    upwards = {
        name
        for name in imported(MODULES[module])
        if name.split(".")[0] == "resolver" and name != module and layer(name) not in allowed
    }

    assert upwards == set()
    assert "a relative import" not in set(imported(MODULES[module]))


@pytest.mark.parametrize("module", [module for module in MODULES if PURE.fullmatch(module.removesuffix(".__init__"))])
def test_the_decision_does_no_input_or_output(module: str) -> None:
    assert {name.split(".")[0] for name in imported(MODULES[module])} & IMPURE == set()


@pytest.mark.parametrize("module", [module for module in MODULES if layer(module) in {"core", "net"}])
def test_a_query_meets_no_order_file(module: str) -> None:
    of_orders = {name for name in imported(MODULES[module]) if name.startswith("resolver.orders.")}

    assert of_orders <= (CORE_SEES_OF_ORDERS if layer(module) == "core" else NET_SEES_OF_ORDERS)


def test_the_test_sees_imports_inside_functions(tmp_path: Path) -> None:
    source = tmp_path / "late.py"
    source.write_text("def f():\n    import time\n    from resolver.core import counters\n")

    assert set(imported(source)) == {"time", "resolver.core", "resolver.core.counters"}


@pytest.mark.parametrize(
    ("library", "only"),
    [
        ("dnslib", {"resolver.dns.records"}),
        ("marisa_trie", {"resolver.orders.index"}),
        ("publicsuffixlist", {"resolver.orders.guard"}),
        ("aiohttp", {"resolver.notice.server"}),
        ("jinja2", {"resolver.notice.pages"}),
        ("yaml", {"resolver.orders.yaml_document"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_library_has_one_door(library: str, only: set[str]) -> None:
    users = {module for module, path in MODULES.items() if library in {name.split(".")[0] for name in imported(path)}}

    assert users <= only


def test_only_the_proof_keeps_a_database() -> None:
    users = {module for module, path in MODULES.items() if "sqlite3" in {name.split(".")[0] for name in imported(path)}}

    assert users
    assert {layer(module) for module in users} == {"proof"}
