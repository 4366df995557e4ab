"""What tests of orders are built from: the smallest sound order, changed in one place at a time."""

from collections.abc import Mapping
from pathlib import Path

from resolver.orders.model import Order, Problem
from resolver.orders.parse import parse_order

REPOSITORY = Path(__file__).parents[3]
SHIPPED = "blocklists/tgi-paris-2013-11-28-allostreaming.yaml"

HEAD = """\
order: a-1
authority: A court
case_number: RG 1
decided: 2026-01-31
"""
MEASURE = """\
  - kind: dns-block
    period: {until: 2027-01-31}
"""


def order_text(measure: str = "", *, head: str = "", names: str = "    names: [x.example]\n", after: str = "") -> str:
    """Write an order with one measure; each part ends with a line end."""
    return f"{HEAD}{head}measures:\n{MEASURE}{names}{measure}{after}"


def read(text: str | bytes, files: Mapping[str, bytes] | None = None) -> Order | tuple[Problem, ...]:
    """Parse an order that stands in orders/a.yaml, beside some files."""

    def read_file(path: str) -> bytes:
        if path not in (files or {}):
            raise FileNotFoundError(2, "No such file or directory")
        return (files or {})[path]

    parsed = parse_order(text.encode() if isinstance(text, str) else text, "orders/a.yaml", read_file)
    return parsed if isinstance(parsed, Order) else parsed.problems


def sound(text: str, files: Mapping[str, bytes] | None = None) -> Order:
    """Parse an order that must be sound."""
    order = read(text, files)
    assert isinstance(order, Order), "\n".join(map(str, order))
    return order


def complaints(text: str | bytes, files: Mapping[str, bytes] | None = None) -> list[str]:
    """List what is wrong with an order that must not be sound, as the operator reads it."""
    problems = read(text, files)
    assert not isinstance(problems, Order)
    return [str(problem) for problem in problems]


def shipped_order() -> Order:
    """Parse the order that the project ships."""
    order = parse_order((REPOSITORY / SHIPPED).read_bytes(), SHIPPED, lambda path: Path(path).read_bytes())
    assert isinstance(order, Order), "\n".join(map(str, order.problems))
    return order
