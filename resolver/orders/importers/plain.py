"""A plain list: one entry a line; ``#`` begins a comment at the start of a line or behind a space."""

import re
from collections.abc import Iterator
from typing import Final

from resolver.orders.importers.entries import Entry, read_entry

_COMMENT: Final = re.compile(r"(?:^|\s)[#;].*")


def read_plain(text: str) -> Iterator[Entry]:
    """Read the entries."""
    for number, line in enumerate(text.splitlines(), start=1):
        if entry := _COMMENT.sub("", line).strip():
            yield read_entry(number, entry)
