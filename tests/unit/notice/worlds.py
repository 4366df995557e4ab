"""Small worlds for the page: a policy with orders, what is published of them, and the desk that answers."""

from dataclasses import replace
from datetime import date
from typing import Any

from resolver.core.policy import Policy
from resolver.notice.decisions import Confidential, Decision, Published
from resolver.notice.desk import Answer, Desk
from resolver.notice.holdings import Holdings
from resolver.notice.pages import Pages
from resolver.notice.site import Site
from resolver.notice.translations import read_translations
from tests.worlds import WALL, measure, policy

SITE = Site(
    "Example Télécom",
    contact="mailto:blocage@example.net",
    regulator="Arcep",
    regulator_address="https://jalerte.arcep.fr/",
)
TRANSLATIONS = read_translations()


def decision(order: str = "ta-1", **changed: Any) -> Decision:  # noqa: ANN401  # any field
    """Make a public decision."""
    sound = Decision(
        order=order,
        authority="Tribunal de Paris",
        case_number=f"RG {order}",
        decided=date(2013, 11, 28),
        title=None,
        legal_basis=None,
        applicants=(),
        natural_applicants=0,
        language="fr",
        remedy=None,
        administrative=False,
    )
    return replace(sound, **changed)


def two_orders(second: dict[str, Any] | None = None) -> Policy:
    """Make a policy in which two orders list one name, the first one deciding."""
    measures = [measure(), measure(**({"order": "ta-2", "rank": [1, 0, "2021-01-01"]} | (second or {})))]
    return policy(*measures, names=[("pirate.example", 0), ("pirate.example", 1)])


def desk(law: Policy | None = None, *published: Published, site: Site = SITE, wall: float = WALL) -> Desk:
    """Make a desk; without more, one public order lists pirate.example."""
    law = law or policy(measure(), names=[("pirate.example", 0)])
    known: dict[str, Published] = {each.order: each for each in (decision(), decision("ta-2"), *published)}
    return Desk(Holdings(law, known, wall), {"": Pages.open(site, TRANSLATIONS)}, "d" * 64, lambda: wall)


SECRET = Confidential("ta-1")


def get(at: Desk, host: str = "pirate.example", accept: str = "", languages: str = "") -> Answer:
    """Ask for a page as most clients do."""
    return at.answer("GET", [host], accept, languages, host_required=True)
