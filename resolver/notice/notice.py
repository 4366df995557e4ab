"""What is said of one blocked name: its orders, in detail or in brief, a reference, and where to turn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple
from urllib.parse import quote

import idna

from resolver.dns.name import present_name
from resolver.notice.holdings import Held, Holding
from resolver.notice.site import Site
from resolver.notice.translations import Translation

MOST_BRIEF: Final = 30
"""Orders that are told in one line each, where there is room."""


class Remedy(NamedTuple):
    """What can be done against a decision, and the language in which that is said."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A blocked name as the page tells of it: ``details`` of its public orders in full, then so many ``lines``.

    The rest is counted.
    """

    held: Held
    site: Site
    reference: str
    details: int = 5
    lines: int = MOST_BRIEF

    @property
    def name(self) -> str:
        """The listed name, and what it stands for in letters where that is legible."""
        written = present_name(self.held.listed)
        if "xn--" not in written:
            return written
        try:
            return f"{idna.decode(written)} ({written})"
        except (idna.IDNAError, UnicodeError):
            return written

    @property
    def holdings(self) -> Sequence[Holding]:
        """All public orders that hold the name."""
        return self.held.holdings

    @property
    def detailed(self) -> Sequence[Holding]:
        """Those told in full."""
        return self.held.holdings[: self.details]

    @property
    def brief(self) -> Sequence[Holding]:
        """Those told in one line each."""
        return self.held.holdings[self.details : self.details + self.lines]

    @property
    def unnamed(self) -> int:
        """How many are only counted."""
        return max(len(self.held.holdings) - self.details - self.lines, 0)

    @property
    def agencies(self) -> list[str]:
        """The authorities, among those told in full, that are no courts."""
        found = (each.decision.authority for each in self.detailed if each.decision.administrative)
        return list(dict.fromkeys(found))

    def complaint(self, t: Translation) -> str:
        """Write where a complaint goes; a mailbox gets name and reference as the subject (RFC 6068)."""
        contact = self.site.contact or ""
        if not contact.lower().startswith("mailto:"):
            return contact
        subject = t["subject"].format(name=present_name(self.held.listed), reference=self.reference)
        return f"{contact}{'&' if '?' in contact else '?'}subject={quote(subject)}"

    def remedies(self, t: Translation) -> list[Remedy]:
        """Say what can be done against the decisions told in full; each thing once."""
        return list(dict.fromkeys(self._remedies(t)))

    def _remedies(self, t: Translation) -> Iterator[Remedy]:
        for each in self.detailed:
            decision = each.decision
            if decision.remedy is None:
                yield Remedy(t.language, t.remedy(decision))
            else:
                yield Remedy(decision.language, decision.remedy)


def reference(wall: float, digest: str) -> str:
    """Write what tells the operator which state of which orders a page showed, and of the reader nothing: the minute
    of the order clock, and the beginning of the policy's digest.
    """
    return f"{datetime.fromtimestamp(wall, UTC):%Y%m%d-%H%M}Z-{digest[:8]}"
