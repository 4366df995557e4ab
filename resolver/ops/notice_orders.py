"""What the page learns of a policy: what may be said of each order, and nothing of those that are not public."""

from datetime import date
from typing import Final

from resolver.notice.decisions import Confidential, Decision, Published
from resolver.ops.notice_text import cut, on_one_line
from resolver.ops.policy_document import OrderRecord

TEXT_OCTETS: Final = 300
"""Of each text of an order on the page: court texts are short, and no order file may fill it."""
REMEDY_OCTETS: Final = 1_000
APPLICANTS: Final = 20


def published(record: OrderRecord) -> Published:
    """Take from an order of a policy what subscribers may know of it; of a confidential one that is nothing."""
    if record["confidential"]:
        return Confidential(record["id"])
    return Decision(
        order=record["id"],
        authority=_cut(record["authority"]),
        case_number=_cut(record["case_number"]),
        decided=date.fromisoformat(record["decided"]),
        title=_cut_if_any(record["title"], TEXT_OCTETS),
        legal_basis=_cut_if_any(record["legal_basis"], TEXT_OCTETS),
        applicants=tuple(_cut(each) for each in record["applicants"][:APPLICANTS]),
        natural_applicants=record.get("natural_applicants", 0),
        language=record.get("language", "fr"),
        remedy=_cut_if_any(record.get("remedy"), REMEDY_OCTETS),
        administrative=record["nature"] == "administrative",
    )


def _cut(text: str, octets: int = TEXT_OCTETS) -> str:
    return cut(on_one_line(text), octets)


def _cut_if_any(text: str | None, octets: int) -> str | None:
    return None if text is None else _cut(text, octets)
