"""Why a name is blocked or not: the verdict agrees with the policy, and every listing is told."""

from dataclasses import replace

import pytest

from resolver.cli.explanation import explain_name
from resolver.cli.law import Law
from resolver.cli.standing import State
from resolver.core.admission import ALLOWED, STRANGER
from resolver.core.policy_entries import load_policy
from resolver.dns.name import parse_name
from tests.unit.cli.laws import DAY, JUNE, law


@pytest.mark.parametrize(
    ("name", "day", "verdict", "listings"),
    [
        ("a.example", 0, "blocked", [("first", State.IN_FORCE, True), ("second", State.NOT_YET, False)]),
        ("www.a.example", 0, "blocked", [("first", State.IN_FORCE, True), ("second", State.NOT_YET, False)]),
        ("a.example", -1, "allowed", [("first", State.NOT_YET, False), ("second", State.NOT_YET, False)]),
        ("a.example", 15, "blocked", [("first", State.IN_FORCE, True), ("second", State.IN_FORCE, False)]),
        ("a.example", 31, "blocked", [("second", State.IN_FORCE, True), ("first", State.OVER, False)]),
        ("b.example", 0, "blocked", [("first", State.IN_FORCE, True)]),
        ("www.b.example", 0, "allowed", []),
        ("c.example", 0, "allowed", []),
    ],
)
def test_verdict_and_listings(name: str, day: int, verdict: str, listings: list[tuple[str, State, bool]]) -> None:
    explanation = explain_name(law(), parse_name(name), JUNE + day * DAY, ALLOWED)

    assert explanation.verdict == verdict
    assert [
        (listing.order["id"], listing.standing.state, listing.decisive) for listing in explanation.listings
    ] == listings


def test_all_rules_of_a_name_and_of_the_names_above_it_are_told() -> None:
    explanation = explain_name(law(), parse_name("x.a.example"), JUNE + 15 * DAY, ALLOWED)

    assert [listing.rule.line for listing in explanation.listings] == [31, 20, 30]
    assert [listing.file for listing in explanation.listings] == ["second.yaml", "first.yaml", "second.yaml"]


def test_a_name_that_nobody_lists_gets_the_nearest_that_are() -> None:
    near = explain_name(law(), parse_name("aa.example"), JUNE, ALLOWED)

    assert parse_name("a.example") in near.nearest
    assert explain_name(law(), parse_name("a.example"), JUNE, ALLOWED).nearest == ()


def test_a_name_that_its_measure_set_free_is_told_apart_from_a_measure_that_is_over() -> None:
    known = law()
    freed: list[list[float | None]] = [[JUNE, JUNE + DAY]]
    whole = known.document["measures"][0]["timelines"][0]
    known.document["measures"][0] |= {"timelines": [whole, freed], "named": {"b.example": 1}, "own_timelines": 1}
    policy = load_policy({"digest": "d" * 64, "measures": known.document["measures"]}, known.policy.index, {})
    explanation = explain_name(replace(known, policy=policy), parse_name("b.example"), JUNE + 2 * DAY, ALLOWED)

    (listing,) = explanation.listings
    assert explanation.verdict == "allowed"
    assert listing.differs
    assert listing.words() == (
        "for this name over since 2014-06-02 00:00 CEST; the measure itself is in force since 2014-06-01 00:00 CEST, "
        "until 2014-07-01 00:00 CEST"
    )


@pytest.mark.parametrize(
    ("lists", "words"),
    [
        ([[""]], ""),
        ([["annex-1", "second"]], "annex-1 and second"),
        ([["", "second"]], "the measure itself and second"),
    ],
    ids=["none", "two", "one beside the measure"],
)
def test_the_lists_that_hold_a_name_are_told(lists: list[list[str]], words: str) -> None:
    known = law()
    known.document["measures"][0]["lists"] = lists

    (listing,) = explain_name(known, parse_name("b.example"), JUNE, ALLOWED).listings

    assert (listing.as_document()["lists"], listing.lists_words()) == (lists[0], words)


def test_a_measure_that_addresses_others_is_said_to() -> None:
    known = law()
    known.document["measures"][0] |= {"ours": False, "addressees": ["Orange"]}

    (listing,) = explain_name(known, parse_name("b.example"), JUNE, ALLOWED).listings

    assert listing.words() == "never in force here, addressed to others: Orange"


def test_a_client_that_may_not_ask_is_refused_but_the_listings_are_told() -> None:
    explanation = explain_name(law(), parse_name("a.example"), JUNE, STRANGER)

    assert explanation.verdict == "refused"
    assert len(explanation.listings) == 2


def test_the_document_for_scripts_has_everything() -> None:
    document = explain_name(law(), parse_name("a.example"), JUNE, ALLOWED).as_document()

    assert document["verdict"] == "blocked"
    listings = document["listings"]
    assert isinstance(listings, list)
    assert listings[0] == {
        "listed": "a.example",
        "reach": "subtree",
        "order": "first",
        "measure": "block",
        "brand": "",
        "mode": "enforce",
        "exempt": None,
        "exemptions": [],
        "lists": [],
        "action": "redirect",
        "state": "in force",
        "state_since": "2014-05-31T22:00:00Z",
        "state_until": "2014-06-30T22:00:00Z",
        "words": "in force since 2014-06-01 00:00 CEST, until 2014-07-01 00:00 CEST",
        "because": "implemented on 2014-06-01",
        "period": "12 months from implementation",
        "decisive": True,
        "authority": "Tribunal de Paris",
        "case_number": "RG first",
        "decided": "2013-11-28",
        "title": None,
        "legal_basis": "art. L336-2",
        "applicants": ["APC", "FNDF"],
        "natural_applicants": 0,
        "confidential": False,
        "verified": None,
        "file": "first.yaml",
        "line": 20,
        "kept": False,
    }


def test_what_is_only_observed_decides_nothing_and_says_so() -> None:
    known = law()
    known.document["measures"][0]["observe"] = True
    known = with_document(known)
    explanation = explain_name(known, parse_name("b.example"), JUNE, ALLOWED)
    (listing,) = explanation.listings
    assert (explanation.verdict, listing.observed, listing.decisive) == ("allowed", True, False)


def test_an_exemption_is_told_while_it_lasts_to_the_clients_whom_it_frees() -> None:
    known = law()
    known.document["exempt"] = [
        {
            "key": "k",
            "clients": ["10.9.0.0/24"],
            "measures": [0],
            "ends": JUNE + 5 * DAY,
            "orders": ["first"],
            "legal_basis": None,
            "why": "research",
            "until": "2014-06-05",
        }
    ]
    known = with_document(known)
    research = known.view_of(bytes([10, 9, 0, 1]), ["10.0.0.0/8"])
    told = explain_name(known, parse_name("b.example"), JUNE, research)
    assert (told.verdict, told.listings[0].exempt) == (
        "allowed",
        "10.9.0.0/24 exempt from first until 2014-06-05: research",
    )
    other = explain_name(known, parse_name("b.example"), JUNE, ALLOWED).listings[0]
    assert (other.exempt, other.exemptions) == (None, (told.listings[0].exempt,))
    ended = explain_name(known, parse_name("b.example"), JUNE + 5 * DAY, research)
    assert (ended.verdict, ended.listings[0].exempt) == ("blocked", None)


def test_each_brand_is_told_and_that_of_the_client_first() -> None:
    known = law()
    theirs = known.document["measures"][0].copy()
    theirs |= {"brand": "Pacifique", "listed_as": 0}
    known.document["measures"].append(theirs)
    known.document["orders"][0]["measures"] = [0, 3]
    known.document["brands"] = [{"name": "Pacifique", "clients": ["10.20.0.0/16"]}]
    known = with_document(known)
    pacific = known.view_of(bytes([10, 20, 0, 1]), ["10.0.0.0/8"])
    for view, brands in ((ALLOWED, ["", "Pacifique"]), (pacific, ["Pacifique", ""])):
        told = explain_name(known, parse_name("b.example"), JUNE, view)
        assert [listing.measure.get("brand", "") for listing in told.listings] == brands
        assert [listing.decisive for listing in told.listings] == [True, False]
        assert told.block is not None


def with_document(known: Law) -> Law:
    """Make the policy of a law anew, from its document as it is now."""
    return replace(known, policy=load_policy({**known.document, "digest": "d" * 64}, known.policy.index, {}))
