"""What no order may do by mistake: real incidents and their neighbours."""

import pytest

from resolver.dns.name import WireName, parse_name
from resolver.orders.guard import AppliedOrder, Thresholds, accidents, refusals
from resolver.orders.name_table import DistinctNames
from resolver.orders.protected import Protected, protect
from tests.unit.orders.order_files import order_text, shipped_order, sound

PROTECTED: Protected = protect(
    {
        parse_name("isp.example"): "one of our own names",
        parse_name("notice.isp.example"): "the notice host",
        parse_name("dns.upstream.example"): "an upstream's host name",
    }
)
NEVER = "this may never be blocked; if the order says so, ask the authority, and keep the name under cannot_enforce"
OVERRIDE = "if the order really names it, add it to `allow_protected: [{name, why}]`"


def refused(names: str, *, scope: str = "subtree", head: str = "") -> list[str]:
    """List what the guard says of an order with these names."""
    order = sound(order_text(f"    scope: {scope}\n", names=f"    names: [{names}]\n", head=head))
    return [problem.what for problem in refusals(order, PROTECTED)]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("fr", f"'fr' is a top-level domain: {NEVER}"),
        ("unknowntld", f"'unknowntld' is a top-level domain: {NEVER}"),
        ("рф", f"'рф' is a top-level domain: {NEVER}"),
        ("co.uk", f"'co.uk' is a public suffix: {NEVER}"),
        ("gouv.fr", f"'gouv.fr' is a public suffix: {NEVER}"),
        ("anything.ck", f"'anything.ck' is a public suffix: {NEVER}"),
        ("GitHub.io", f"'GitHub.io' is a name below which anybody may have a site: {OVERRIDE}"),
        ("resolver.arpa", f"'resolver.arpa' is the name of encrypted-resolver discovery (RFC 9462): {NEVER}"),
        ("notice.isp.example", f"'notice.isp.example' is the notice host: {NEVER}"),
        ("isp.example", f"'isp.example' is one of our own names: {NEVER}"),
        ("upstream.example", f"'upstream.example' covers dns.upstream.example, an upstream's host name: {NEVER}"),
        (
            "google.fr",
            (
                "'google.fr' is protected (search engine; redirected by a test file of an access provider on "
                f"17 October 2016): {OVERRIDE}"
            ),
        ),
        (
            "usercontent.google.com",
            (
                "'usercontent.google.com' covers drive.usercontent.google.com, protected (downloads of Google Drive; "
                f"blocked for hours in Italy on 19 October 2024): {OVERRIDE}"
            ),
        ),
    ],
)
def test_what_is_refused(name: str, what: str) -> None:
    assert refused(name) == [what]


def test_a_name_above_public_suffixes_is_refused_only_with_all_below() -> None:
    assert refused("kawasaki.jp") == [f"'kawasaki.jp' is a public suffix: {NEVER}"]
    assert "covers" in refused("herokuapp.com.s3.amazonaws.com, amazonaws.com")[0]
    assert refused("usercontent.google.com, upstream.example", scope="exact") == []


@pytest.mark.parametrize(
    "name",
    [
        "pirate.github.io",
        "www.ck",
        "city.kawasaki.jp",
        "pirate.google.fr",
        "x.notice.isp.example",
        "dpstream.tv",
        "notgoogle.fr",
    ],
)
def test_what_is_not_refused(name: str) -> None:
    assert refused(name) == []


@pytest.mark.parametrize("names", ["google.fr, fr.wikipedia.org, ovh.com", "drive.usercontent.google.com"])
def test_the_incidents_of_2016_and_2024_do_not_happen_here(names: str) -> None:
    assert len(refused(names)) == len(names.split(","))


@pytest.mark.parametrize("name", ["google.fr", "github.io", "wikipedia.org"])
def test_an_order_may_override_shipped_names_and_private_suffixes(name: str) -> None:
    assert refused(name, head=f"allow_protected: [{{name: {name}, why: page 14}}]\n") == []


@pytest.mark.parametrize("name", ["fr", "co.uk", "isp.example", "resolver.arpa", "upstream.example"])
def test_an_order_may_never_override_the_others(name: str) -> None:
    assert len(refused(name, head=f"allow_protected: [{{name: {name}, why: page 14}}]\n")) == 1


def test_a_refusal_says_where() -> None:
    (problem,) = refusals(sound(order_text(names="    names: [x.example, google.fr]\n")), PROTECTED)
    assert str(problem.place) == "orders/a.yaml:8:24"


def test_delisting_is_not_our_traffic() -> None:
    assert refusals(sound(order_text(names="    names: [google.fr]\n").replace("dns-block", "delist")), PROTECTED) == ()


def test_the_shipped_order_is_not_refused() -> None:
    assert refusals(shipped_order(), PROTECTED) == ()


def names(count: int, prefix: str = "n") -> frozenset[WireName]:
    """Make names."""
    return frozenset(parse_name(f"{prefix}{number}.example") for number in range(count))


def applied(identifier: str, listed: frozenset[WireName], *, over: bool = False) -> AppliedOrder:
    """Make an applied order."""
    return AppliedOrder(identifier, f"{identifier}.yaml", DistinctNames.of(listed), over)


def said(before: list[AppliedOrder], after: list[AppliedOrder]) -> dict[str, list[str]]:
    """List what looks like an accident, by order."""
    return {order: [str(problem) for problem in found] for order, found in accidents(before, after).items()}


A10, B10 = applied("a", names(10)), applied("b", names(10, "b"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], [applied("a", names(5000))]),
        ([A10], [A10]),
        ([A10], [A10, B10]),
        ([A10], [applied("a", names(6))]),
        ([applied("a", names(10), over=True)], []),
        ([applied("a", names(10), over=True)], [applied("a", names(1), over=True)]),
        ([A10], [applied("a", frozenset(), over=True)]),
        ([applied("a", names(10_000))], [applied("a", names(9_000))]),
        ([applied("a", names(10_000))], [applied("a", names(20_000))]),
        ([A10], [applied("a", names(1_010))]),
    ],
    ids=[
        "the first start",
        "nothing",
        "a new order",
        "less than half gone",
        "a file of an order that was over is gone",
        "names of an order that was over are gone",
        "an order ends",
        "a tenth gone",
        "as many again",
        "a thousand more",
    ],
)
def test_changes_that_are_no_accident(before: list[AppliedOrder], after: list[AppliedOrder]) -> None:
    assert said(before, after) == {}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            [A10, B10],
            [B10],
            {
                "a": "a.yaml:1:1: the file of order a is gone, but the order is neither lifted nor past its end: "
                "restore it, and record `lifted` in its history if it is; if it is "
                "meant, look at `arret plan` and confirm it with `arret apply --plan DIGEST`"
            },
        ),
        (
            [A10, B10],
            [applied("a", names(5)), B10],
            {
                "a": "a.yaml:1:1: order a lists 5 of its 10 names no more: restore the list, and record "
                "`names-removed` in the history for names that the order gave up; if it is "
                "meant, look at `arret plan` and confirm it with `arret apply --plan DIGEST`"
            },
        ),
        (
            [applied("a", names(10_000)), B10],
            [applied("a", names(8_900)), B10],
            {
                "a": "a.yaml:1:1: 1100 of 10010 names would go at once, 1100 of them here: "
                "restore the file if that is not meant; if it is "
                "meant, look at `arret plan` and confirm it with `arret apply --plan DIGEST`"
            },
        ),
        (
            [A10],
            [A10, applied("c", names(1_001, "c"))],
            {
                "c": "c.yaml:1:1: 1001 names would come on top of 10, 1001 of them here: "
                "restore the file if that is not meant; if it is "
                "meant, look at `arret plan` and confirm it with `arret apply --plan DIGEST`"
            },
        ),
    ],
    ids=["vanished", "half of the names", "many of all", "many more"],
)
def test_accidents(before: list[AppliedOrder], after: list[AppliedOrder], told: dict[str, str]) -> None:
    assert said(before, after) == {order: [what] for order, what in told.items()}


def test_thresholds_are_the_operators() -> None:
    strict = Thresholds(lost_of_order=0.1)
    assert list(accidents([A10], [applied("a", names(9))], strict)) == ["a"]
