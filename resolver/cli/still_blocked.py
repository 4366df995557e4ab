"""What still holds a name after something of it was suspended or lifted: other orders, and other names of the order."""

from collections.abc import Iterator
from typing import NamedTuple

from resolver.cli.arguments import spelled
from resolver.cli.explanation import Listing, explain_name
from resolver.cli.law import Law
from resolver.core.admission import ALLOWED
from resolver.dns.name import WireName, present_name


class StillHeld(NamedTuple):
    """One rule that still blocks a name."""

    name: WireName
    listing: Listing

    def words(self) -> str:
        """Say that it stays blocked, and by what."""
        order, brand = self.listing.order, self.listing.brand_words()
        held = f"{order['authority']}, {order['case_number']}, lists {spelled(self.listing.rule.name)}"
        return f"{spelled(self.name)} stays blocked: order {order['id']} ({held}){f', {brand}' if brand else ''}"

    def as_document(self) -> dict[str, str]:
        """Write it for scripts."""
        listing = self.listing
        return {
            "name": present_name(self.name),
            "order": listing.order["id"],
            "measure": listing.measure["id"],
            "brand": listing.measure.get("brand", ""),
            "listed": present_name(listing.rule.name),
        }


def still_held(law: Law, name: WireName) -> Iterator[StillHeld]:
    """Find every rule in force that covers a name, whichever order it belongs to."""
    for listing in explain_name(law, name, law.wall, ALLOWED).listings:
        if listing.in_force and not listing.observed:
            yield StillHeld(name, listing)
