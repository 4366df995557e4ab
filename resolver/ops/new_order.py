"""How the answers that somebody gives about a decision become an order file that `arret check` accepts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from resolver.orders.dates import parse_day, parse_moment
from resolver.orders.duration import parse_duration
from resolver.orders.order_writing import Value, write_value

_FORMS: Final = (
    (re.compile(r"(?P<lasts>.+?)\s+from\s+(?P<start>\S+)"), "lasts"),
    (re.compile(r"until\s+(?P<until>\S+)"), "until"),
    (re.compile(r"unlimited,?\s+review\s+by\s+(?P<review>\S+)"), "unlimited"),
)
PERIODS: Final = "`12 months from implementation`, `until 2027-05-30`, or `unlimited, review by 2027-01-31`"
PERIOD_START: Final = frozenset({"implementation", "service", "decision"})


@dataclass(frozen=True, slots=True)
class Answers:
    """What is known of a decision; ``measure`` and ``title`` may be left out."""

    order: str
    authority: str
    case_number: str
    decided: str
    kind: str
    addressees: Sequence[str]
    period: str
    names: Sequence[str]
    action: str | None = None
    scope: str | None = None
    title: str | None = None
    legal_basis: str | None = None
    not_ours: str | None = None


def parse_period(text: str) -> dict[str, Value]:
    """Read a period in words. Raises ValueError with what to write instead."""
    words = " ".join(text.split())
    for form, kind in _FORMS:
        if found := form.fullmatch(words):
            match kind:
                case "lasts":
                    parse_duration(found["lasts"])
                    if found["start"] not in PERIOD_START:
                        parse_day(found["start"])
                    return {"lasts": found["lasts"], "from": found["start"]}
                case "until":
                    parse_moment(found["until"])
                    return {"until": found["until"]}
                case _:
                    parse_day(found["review"])
                    return {"unlimited": True, "review_by": found["review"]}
    raise ValueError(f"{text!r} is no period: write {PERIODS}")


def write_order(answers: Answers) -> str:
    """Write the order file. Raises ValueError for a period that cannot be read."""
    top = {
        "order": answers.order,
        "authority": answers.authority,
        "case_number": answers.case_number,
        "decided": answers.decided,
        "title": answers.title,
        "legal_basis": answers.legal_basis,
        "not_ours": answers.not_ours,
    }
    measure: dict[str, Value | None] = {
        "kind": answers.kind,
        "addressees": list(answers.addressees) or None,
        "period": parse_period(answers.period),
        "action": answers.action,
        "scope": answers.scope,
    }
    lines = [f"{key}: {write_value(value)}" for key, value in top.items() if value]
    lines.append("measures:")
    said = [f"{key}: {write_value(value)}" for key, value in measure.items() if value]
    lines += [f"{'  - ' if number == 0 else '    '}{line}" for number, line in enumerate(said)]
    lines += ["    names:", *(f"      - {write_value(name)}" for name in answers.names)]
    return "\n".join(lines) + "\n"
