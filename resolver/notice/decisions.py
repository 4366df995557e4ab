"""What the page may say of an order: all of a public one that concerns its readers, and nothing of another."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Decision:
    """A public order, its texts bounded; ``language`` is theirs (BCP 47).

    ``applicants`` are legal persons. ``administrative``: an agency decided, no court.
    """

    order: str
    authority: str
    case_number: str
    decided: date
    title: str | None
    legal_basis: str | None
    applicants: tuple[str, ...]
    natural_applicants: int
    language: str
    remedy: str | None
    administrative: bool


@dataclass(frozen=True, slots=True)
class Confidential:
    """An order that is not public; its id is for our own counters."""

    order: str


Published = Decision | Confidential
