"""Whose order it is: SIREN first, then exact spellings; what only looks alike is told, not guessed."""

import pytest

from resolver.orders.entities import Bound, Entity, NotOurs, binding, near_matches, plain_form
from resolver.orders.model import Addressee, Measure
from tests.unit.orders.order_files import order_text, sound

OURS = (Entity("Example Télécom SAS", "123456789", ("Free", "Free Télécom")), Entity("Autre"))


def measure(addressees: str) -> Measure:
    """Read a measure with these addressees."""
    return sound(order_text(f"    addressees: [{addressees}]\n")).measures[0]


@pytest.mark.parametrize(
    ("addressees", "bound"),
    [
        ("Orange, Free, SFR", ["Free"]),
        ("Orange, '  Free   Télécom '", ["Free   Télécom"]),
        ("'Free Te\u0301le\u0301com'", ["Free Te\u0301le\u0301com"]),
        ("Free, Autre", ["Free", "Autre"]),
        ("{name: Somebody, siren: '123456789'}, {name: Autre SAS, siren: '999999999'}", ["Somebody"]),
        ("{name: Autre, siren: '999999999'}", ["Autre"]),
    ],
    ids=["a spelling", "spaces", "composed or not", "two brands", "SIREN", "a SIREN that we have not told"],
)
def test_what_binds(addressees: str, bound: list[str]) -> None:
    found = binding(measure(addressees), OURS)
    assert isinstance(found, Bound)
    assert [one.name for one in found.addressees] == bound


def test_a_measure_without_addressees_binds_whoever_loads_it() -> None:
    assert binding(sound(order_text()).measures[0], OURS) == Bound(())


@pytest.mark.parametrize(
    ("addressees", "near"),
    [
        ("Orange, SFR", ()),
        ("Free Mobile, Freebox", ()),
        ("FREE", ("'FREE' looks like our 'Free': if it is, add it to `also` of 'Example Télécom SAS'",)),
        ("Free S.A.S.", ("'Free S.A.S.' looks like our 'Free': if it is, add it to `also` of 'Example Télécom SAS'",)),
        ("SA Autre", ("'SA Autre' looks like our 'Autre': if it is, add it to `also` of 'Autre'",)),
        (
            "Example Telecom",
            (
                (
                    "'Example Telecom' looks like our 'Example Télécom SAS': if it is, add it to `also` of "
                    "'Example Télécom SAS'"
                ),
            ),
        ),
        (
            "{name: Free, siren: '999999999'}",
            ("'Free' is spelled like our 'Free' but has SIREN 999999999, ours is 123456789: correct one of the two",),
        ),
    ],
    ids=["others", "another company", "capitals", "dotted legal form", "legal form first", "accents", "another SIREN"],
)
def test_what_does_not_bind(addressees: str, near: tuple[str, ...]) -> None:
    assert binding(measure(addressees), OURS) == NotOurs()
    assert near_matches(measure(addressees), OURS) == near


@pytest.mark.parametrize(
    ("addressees", "near"),
    [
        ("Free, Orange", ()),
        ("Autre, FREE", ("'FREE' looks like our 'Free': if it is, add it to `also` of 'Example Télécom SAS'",)),
        ("Autre, {name: Free, siren: '999999999'}", ()),
    ],
    ids=["others", "one spelt right, one not", "another company of our name"],
)
def test_what_looks_like_us_beside_one_of_us(addressees: str, near: tuple[str, ...]) -> None:
    assert isinstance(binding(measure(addressees), OURS), Bound)
    assert near_matches(measure(addressees), OURS) == near


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Société Orange S.A.", "orange"),
        ("ORANGE", "orange"),
        ("Orange, société anonyme", "orange"),
        ("Société par actions simplifiée unipersonnelle  Cœur Télécom", "coeur telecom"),
        ("Orange SCIC", "orange"),
        ("Bouygues-Telecom", "bouygues telecom"),
        ("S.F.R.", "sfr"),
        ("SA", "sa"),
    ],
)
def test_plain_forms(name: str, plain: str) -> None:
    assert plain_form(name) == plain


def test_an_addressee_keeps_its_zone() -> None:
    found = binding(measure("{name: Free, timezone: Pacific/Noumea}"), OURS)
    assert found == Bound((Addressee("Free", timezone="Pacific/Noumea"),))
