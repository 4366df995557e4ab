"""What one entry of the journal is, and how each is chained to the one before, so that no past can be changed unseen.

The content of an entry is canonical JSON: keys sorted, no spaces, UTF-8. Its hash is the SHA-256 of the canonical JSON
``{"content": SHA-256 of the content, "number": its number, "previous": the hash before}``. So the chain can still be
followed when the content of a closed order was deleted, for what is chained is the content's checksum.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

GENESIS: Final = "0" * 64
"""What stands for the hash before the first entry."""

Facts = Mapping[str, Any]
"""What an entry says, as JSON has it; ``kind`` and ``time`` are in every one, ``order`` where it is about one."""


class Kind(StrEnum):
    """What an entry is about."""

    STARTED = "started"
    STOPPED = "stopped"
    INTENDED = "intended"
    ORDER = "order"
    IN_FORCE = "in-force"
    ABORTED = "aborted"
    REFUSED = "refused"
    CONFIRMED = "confirmed"
    BEGAN = "began"
    ENDED = "ended"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    LIFTED = "lifted"
    IMPLEMENTED = "implemented"
    WIDENED = "widened"
    ROLLED_BACK = "rolled-back"
    PRUNED = "pruned"
    BEGUN_ANEW = "begun-anew"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; ``facts`` is None where its content was pruned."""

    number: int
    hash: str
    facts: Facts | None


def entry_of(row: tuple[int, str | None, str]) -> Entry:
    """Make an entry of what its row holds."""
    number, content, digest = row
    return Entry(number, digest, None if content is None else json.loads(content))


def canonical(value: object) -> str:
    """Write a value as JSON in the one form that is hashed."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def digest_of(content: str) -> str:
    """Name a content by its SHA-256, in hexadecimal."""
    return sha256(content.encode()).hexdigest()


def chained(number: int, previous: str, content: str) -> str:
    """Hash one link of the chain; ``content`` is the checksum of what the entry says."""
    link = f'{{"content":"{content}","number":{number},"previous":"{previous}"}}'  # canonical, and three times as fast
    return sha256(link.encode()).hexdigest()
