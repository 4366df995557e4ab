"""A registered domain has so many places among the questions on their way, and no more."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.core.step import Question
from resolver.dns.name import WireName, parse_name
from resolver.net.domains_in_flight import FULL, DomainsInFlight, Full
from resolver.net.exchange import Exchange

MOST = 4


@pytest.fixture(scope="module")
def ready() -> DomainsInFlight:
    domains = DomainsInFlight(MOST)
    domains.get_ready()
    return domains


def exchange(host: str) -> Exchange:
    return Exchange(Question(parse_name(host), 1, 1, dnssec_ok=False, checking_disabled=False), (), 0.0)


def enter(domains: DomainsInFlight, host: str, others: list[Exchange]) -> Callable[[], None] | Full | None:
    return domains.enter(parse_name(host), others)


def test_nothing_is_counted_while_there_is_room_for_all() -> None:
    domains = DomainsInFlight(MOST)
    assert enter(domains, "a.example", [exchange("b.example")] * (MOST - 1)) is None


def test_who_was_told_of_a_failure_holds_no_place() -> None:
    domains = DomainsInFlight(MOST)
    others = [exchange(f"{number}.a.example") for number in range(MOST)]
    assert enter(domains, "x.a.example", others) is FULL
    others[0].late = True
    others[0].leave_domain()
    assert enter(domains, "x.a.example", others) is not FULL


def test_a_lower_bound_binds_who_comes_next() -> None:
    domains = DomainsInFlight(MOST)
    others = [exchange(f"{number}.a.example") for number in range(MOST - 1)]
    domains.bound(2)
    assert enter(domains, "x.a.example", others) is FULL
    assert enter(domains, "x.b.example", others) is not FULL


@given(st.lists(st.tuples(st.sampled_from(["a.example", "b.example", "c.co.uk", "d.co.uk"]), st.booleans())))
def test_a_domain_is_refused_when_it_has_all_its_places(steps: list[tuple[str, bool]]) -> None:
    domains = DomainsInFlight(MOST)
    open_now: list[tuple[str, Exchange]] = []
    for number, (domain, one_ends) in enumerate(steps):
        if one_ends and open_now:
            _, ended = open_now.pop(number % len(open_now))
            ended.close()
        begun = exchange(f"n{number}.{domain}")
        room = sum(1 for other, _ in open_now if other == domain) < MOST
        place = domains.enter(begun.question.qname, [each for _, each in open_now])
        assert (place is not FULL) is room
        if not isinstance(place, Full):
            begun.give_up_place = place
            open_now.append((domain, begun))


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        pytest.param("a.b.registered.example", "registered.example", id="below it"),
        pytest.param("registered.co.uk", "registered.co.uk", id="itself"),
        pytest.param("www.ck", "www.ck", id="an exception"),
        pytest.param("a.amazonaws.com", None, id="above suffixes"),
        pytest.param("co.uk", None, id="a suffix"),
        pytest.param("com", None, id="a top-level domain"),
        pytest.param(".", None, id="the root"),
    ],
)
def test_the_domain_of_all_names_below_it(name: str, domain: str | None, ready: DomainsInFlight) -> None:
    assert ready.domain_around(parse_name(name)) == (None if domain is None else parse_name(domain))


def test_there_is_none_before_the_suffixes_are_read() -> None:
    assert DomainsInFlight(MOST).domain_around(parse_name("a.registered.example")) is None


@given(
    st.lists(st.sampled_from(["a", "www", "co", "uk", "s3", "compute", "amazonaws", "com", "ck", "kobe", "jp", "x"]))
)
def test_every_name_below_such_a_domain_has_it(ready: DomainsInFlight, found: list[str]) -> None:
    name = parse_name(".".join(found) or ".")
    domain = ready.domain_around(name)
    if domain is not None:
        assert name.endswith(domain)
        assert all(ready.domain_around(WireName(label + name)) == domain for label in (b"\x01a", b"\x03www", b"\x02s3"))
