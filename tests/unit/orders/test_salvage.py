"""What still counts of a refused file."""

import pytest

from resolver.dns.name import parse_name
from resolver.orders.model import EventKind
from resolver.orders.salvage import salvage

HISTORY = """
history:
  - {date: 2026-06-01, event: lifted, measure: block}
  - {date: 2026-06-02, event: names-removed, names: [a.example, not a name]}
  - {date: 2026-06-02, event: names-removed, names: [not a name]}
  - {date: 2026-06-03, event: implemented}
  - {date: 2026-06-04, event: names-added, names: [b.example]}
  - {date: 2026-06-05, event: lifted, unknown: key}
  - {date: not a date, event: lifted}
  - lifted
"""


def test_what_unblocks_is_read_and_nothing_else() -> None:
    found = salvage(f"order: ta-1\ndecidid: 2026-01-01\n{HISTORY}".encode(), "one.yaml")
    assert found.id == "ta-1"
    assert found.unblocking is not None
    assert [(event.kind, event.day.isoformat()[:10]) for event in found.unblocking] == [
        (EventKind.LIFTED, "2026-06-01"),
        (EventKind.NAMES_REMOVED, "2026-06-02"),
    ]
    assert found.unblocking[0].measure == "block"
    assert found.unblocking[1].names == (parse_name("a.example"),)
    assert found.unblocking[0].place.line == 5


@pytest.mark.parametrize(
    "text", [b"", b"order: [", b"- order", b"\xff", b"order: {}\nhistory: lifted", b"history:\n", b"order:\n"]
)
def test_a_file_that_says_nothing(text: bytes) -> None:
    assert salvage(text, "one.yaml") == salvage(b"{}", "one.yaml")
    assert salvage(text, "one.yaml").unblocking is None


def test_a_history_without_unblocking() -> None:
    assert salvage(b"history: [[], {date: 2026-06-01, event: appealed}]", "one.yaml").unblocking == ()
