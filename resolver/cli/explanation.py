"""Why a name is blocked, or why it is not: the verdict, and every order that lists the name."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from resolver.cli.law import Law
from resolver.cli.standing import Standing, State, measure_standing, standing_at, unsuspended_times
from resolver.core.admission import View
from resolver.core.policy import Allow, Block
from resolver.dns.name import WireName, present_name
from resolver.ops.clock import utc_text
from resolver.ops.exemption_words import exemption_words
from resolver.ops.policy_document import MeasureRecord, OrderRecord
from resolver.orders.index import Rule

NEAREST = 5

Verdict = Literal["blocked", "allowed", "refused"]


@dataclass(frozen=True, slots=True)
class Listing:
    """One rule that covers the name, with the order and measure it belongs to and where it stands.

    ``whole`` is where the measure stands: its history may free single names, or bind them later. ``exempt`` says why
    the measure does not bind this client, if it would, and ``exemptions`` whom it does not bind at all.
    """

    rule: Rule
    order: OrderRecord
    measure: MeasureRecord
    file: str
    standing: Standing
    whole: Standing
    decisive: bool
    exempt: str | None
    exemptions: tuple[str, ...]

    @property
    def observed(self) -> bool:
        """Whether the measure is only observed."""
        return self.measure.get("observe", False)

    def brand_words(self) -> str:
        """Say whose subscribers it binds, unless these are the operator's own."""
        brand = self.measure.get("brand", "")
        return f"binds the subscribers of {brand} alone" if brand else ""

    @property
    def differs(self) -> bool:
        """Whether the measure binds while this name of it is free."""
        return self.whole.state is State.IN_FORCE and self.standing.state is not State.IN_FORCE

    @property
    def lists(self) -> list[str]:
        """The lists of the measure that hold the name; "" stands for the measure itself."""
        groups = self.measure.get("lists")
        return groups[self.rule.timeline] if groups else []

    def binds(self, view: View) -> bool:
        """Tell whether it speaks of the brand whose subscriber a client is."""
        return self.measure.get("brand", "") == view.brand

    @property
    def in_force(self) -> bool:
        """Whether the name is in force, be it observed only."""
        return self.standing.state is State.IN_FORCE

    def lists_words(self) -> str:
        """Name the lists, if any holds the name."""
        return " and ".join(each or "the measure itself" for each in self.lists) if any(self.lists) else ""

    def words(self) -> str:
        """Say where the name stands, and whether the rest of its measure stands elsewhere."""
        if not self.measure["ours"]:
            return f"never in force here, addressed to others: {', '.join(self.measure['addressees'])}"
        if self.differs:
            return f"for this name {self.standing.words()}; the measure itself is {self.whole.words()}"
        return self.standing.words()

    def as_document(self) -> dict[str, object]:
        """Write it for scripts."""
        return {
            "listed": present_name(self.rule.name),
            "reach": self.rule.reach.value,
            "order": self.order["id"],
            "measure": self.measure["id"],
            "brand": self.measure.get("brand", ""),
            "mode": "observe" if self.observed else "enforce",
            "exempt": self.exempt,
            "exemptions": list(self.exemptions),
            "lists": self.lists,
            "action": self.measure["action"],
            "state": self.standing.state.value,
            "state_since": utc_text(self.standing.since),
            "state_until": utc_text(self.standing.until),
            "words": self.words(),
            "because": self.measure["because"],
            "period": self.measure["period"],
            "decisive": self.decisive,
            "authority": self.order["authority"],
            "case_number": self.order["case_number"],
            "decided": self.order["decided"],
            "title": self.order["title"],
            "legal_basis": self.order["legal_basis"],
            "applicants": self.order["applicants"],
            "natural_applicants": self.order.get("natural_applicants", 0),
            "confidential": self.order["confidential"],
            "verified": self.order["verified"],
            "file": self.file,
            "line": self.rule.line,
            "kept": self.order["kept"],
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is to be said about a name at an instant (POSIX seconds), for one client."""

    name: WireName
    wall: float
    verdict: Verdict
    block: Block | None
    listings: tuple[Listing, ...]
    nearest: tuple[WireName, ...]

    def as_document(self) -> dict[str, object]:
        """Write it for scripts."""
        return {
            "name": present_name(self.name),
            "at": utc_text(self.wall),
            "verdict": self.verdict,
            "listings": [listing.as_document() for listing in self.listings],
            "nearest": [present_name(name) for name in self.nearest],
        }


def explain_name(law: Law, name: WireName, wall: float, view: View) -> Explanation:
    """Judge a name as a worker would, and find everything that lists it, the decisive rule first."""
    judged = law.policy.at(wall).judge(name, view)
    block = None if isinstance(judged, Allow) else judged
    rules = law.policy.listings(name)
    listings = [each for rule in rules for each in _listings(law, rule, wall, view, block)]
    listings.sort(key=lambda listing: (not listing.decisive, not listing.binds(view), not listing.in_force))
    verdict: Verdict = "refused" if not view.allowed else "allowed" if block is None else "blocked"
    nearest = () if rules else tuple(law.policy.index.nearest(name, NEAREST))
    return Explanation(name, wall, verdict, block, tuple(listings), nearest)


def _listings(law: Law, rule: Rule, wall: float, view: View, block: Block | None) -> Iterator[Listing]:
    """Find what a rule means for each brand that its measure binds."""
    exempting = law.exempting(view, wall)
    for number, measure in enumerate(law.document["measures"]):
        if measure.get("listed_as", number) == rule.measure:
            brand = measure.get("brand", "")
            standing = standing_at(law.policy.timeline(rule, brand), wall, unsuspended_times(measure, rule))
            exempt = exempting.get(rule.measure) if brand == view.brand and standing.state is State.IN_FORCE else None
            yield Listing(
                rule=rule,
                order=law.order_of(measure),
                measure=measure,
                file=law.document["files"][rule.file],
                standing=standing,
                whole=measure_standing(measure, wall),
                decisive=block is not None and block.rule == rule and block.measure.number == number,
                exempt=None if exempt is None else exemption_words(exempt),
                exemptions=tuple(
                    exemption_words(each) for each in law.exemptions(wall) if rule.measure in each["measures"]
                ),
            )
