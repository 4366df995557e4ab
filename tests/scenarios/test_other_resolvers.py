"""What the scenarios that other resolvers are tested with show of a forwarder, where no other test tells it already.

docs/conformance.md says which of their scenarios apply, and where each of them is told.
"""

from itertools import permutations
from typing import Any

import dns.flags
import dns.rcode
import pytest

from resolver.core.pipeline import Forward, Reply
from resolver.core.step import Failure
from tests.worlds import World, ask, extended_errors, parsed, records, upstream_says

NAME = "www.fine.example"
QUERY = ask(NAME, use_edns=0)
SOA = "> fine.example. 100 IN SOA ns.fine.example. admin.fine.example. 7 1 2 3 100"
ALIAS = f"{NAME}. 100 IN CNAME cdn.fine.example."
END = "cdn.fine.example. 100 IN A 203.0.113.1"


@pytest.mark.parametrize("quarters", range(12))
def test_no_ttl_is_told_as_zero_before_it_has_run_out(quarters: int) -> None:
    world = World()
    world.resolve(QUERY, upstream_says(NAME, "A", f"{NAME}. 3 IN A 203.0.113.1"))
    world.wait(quarters / 4)
    assert parsed(world.receive(QUERY)).answer[0].ttl == 3 - quarters // 4


@pytest.mark.parametrize(
    "asked", [{"want_dnssec": True}, {"flags": dns.flags.RD | dns.flags.AD, "use_edns": 0}], ids=["DO", "AD"]
)
def test_nothing_is_called_authentic_that_was_cut_away(asked: dict[str, Any]) -> None:
    world = World()
    lines = [f'{NAME}. 300 IN TXT "{number:02} {"x" * 200}"' for number in range(10)]
    wire = ask(NAME, "TXT", **asked)
    response = upstream_says(NAME, "TXT", *lines, flags="QR RD RA AD")
    for reply in (world.resolve(wire, response, trust_ad=True), world.receive(wire)):
        message = parsed(reply)
        assert message.flags & dns.flags.TC
        assert not message.flags & dns.flags.AD
        assert (message.answer, message.authority) == ([], [])


def test_an_alias_of_a_name_that_does_not_exist_goes_stale_as_a_whole() -> None:
    world = World()
    world.resolve(QUERY, upstream_says(NAME, "A", ALIAS, SOA, rcode="NXDOMAIN"))
    world.wait(100)
    message = parsed(world.fail(QUERY))
    assert (message.rcode(), extended_errors(message)) == (dns.rcode.NXDOMAIN, [(19, "")])
    assert records(message.answer) == [f"{NAME}. 30 CNAME cdn.fine.example."]
    assert [rrset.ttl for rrset in message.authority] == [30]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param([ALIAS, END], [f"{NAME}. 50 IN A 203.0.113.9"], id="from an alias to an address"),
        pytest.param([f"{NAME}. 100 IN A 203.0.113.9"], [ALIAS, END], id="from an address to an alias"),
    ],
)
def test_what_went_stale_is_replaced_whole_when_upstreams_are_back(before: list[str], after: list[str]) -> None:
    world = World()
    world.resolve(QUERY, upstream_says(NAME, "A", *before))
    world.wait(100)
    stale = records(parsed(world.fail(QUERY)).answer)
    assert [line.split()[2:] for line in stale] == [line.split()[3:] for line in before]
    world.wait(30)
    fresh = records(parsed(world.resolve(QUERY, upstream_says(NAME, "A", *after))).answer)
    assert fresh == [line.replace(" IN", "") for line in after] == records(parsed(world.receive(QUERY)).answer)


def test_who_switches_checking_off_asks_anew_and_has_failures_of_its_own() -> None:
    world = World()
    unchecked = ask(NAME, flags=dns.flags.RD | dns.flags.CD)
    world.fail(QUERY, Failure.REFUSED_UPSTREAM)
    assert isinstance(world.receive(QUERY), Reply)
    assert parsed(world.fail(unchecked, Failure.REFUSED_UPSTREAM)).rcode() == dns.rcode.SERVFAIL
    assert isinstance(world.receive(unchecked), Reply)


def test_a_failure_behind_an_alias_is_none_of_the_name_it_leads_to() -> None:
    world = World()
    circle = upstream_says(NAME, "A", ALIAS, f"cdn.fine.example. 100 IN CNAME {NAME}.")
    assert parsed(world.resolve(QUERY, circle)).rcode() == dns.rcode.SERVFAIL
    answer = parsed(world.resolve(ask("cdn.fine.example"), upstream_says("cdn.fine.example", "A", END))).answer
    assert records(answer) == [END.replace(" IN", "")]


def test_what_may_be_used_once_is_not_used_again_for_a_failure() -> None:
    world = World(stale_seconds=0)
    world.resolve(QUERY, upstream_says(NAME, "A", f"{NAME}. 0 IN A 203.0.113.1"))
    assert isinstance(world.receive(QUERY), Forward)
    assert parsed(world.fail(QUERY, Failure.REFUSED_UPSTREAM)).rcode() == dns.rcode.SERVFAIL


CHAIN = [
    f"{NAME}. 100 IN CNAME a.old.example.",
    "old.example. 100 IN DNAME new.example.",
    "a.old.example. 100 IN CNAME a.new.example.",
    "a.new.example. 100 IN CNAME b.example.",
    "b.example. 100 IN A 203.0.113.1",
]


def test_the_order_of_a_chain_does_not_matter() -> None:
    told = {
        tuple(records(parsed(World().resolve(QUERY, upstream_says(NAME, "A", *lines))).answer))
        for lines in permutations(CHAIN)
    }
    assert told == {tuple(line.replace(" IN", "") for line in CHAIN)}


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        pytest.param([f"{NAME}. 100 IN HTTPS 0 cdn.fine.example."], 1, id="an alias of its own kind"),
        pytest.param([f"{NAME}. 100 IN HTTPS 0 {NAME}."], 1, id="one to itself"),
        pytest.param([ALIAS, "cdn.fine.example. 100 IN HTTPS 0 x.fine.example."], 2, id="behind an alias"),
        pytest.param(
            [f"{NAME}. 100 IN HTTPS 0 cdn.fine.example.", "cdn.fine.example. 100 IN HTTPS 1 . alpn=h3"],
            1,
            id="its target beside",
        ),
    ],
)
def test_services_are_followed_by_clients(lines: list[str], kept: int) -> None:
    answer = parsed(World().resolve(ask(NAME, "HTTPS"), upstream_says(NAME, "HTTPS", *lines))).answer
    assert records(answer) == [line.replace(" IN", "") for line in lines[:kept]]


def test_what_stands_beside_an_answer_changes_no_other() -> None:
    world = World()
    other = ask("ns.fine.example")
    world.resolve(other, upstream_says("ns.fine.example", "A", "ns.fine.example. 50 IN A 203.0.113.53"))
    world.wait(40)
    beside = ["> fine.example. 999 IN NS ns.fine.example.", "+ ns.fine.example. 999 IN A 198.51.100.66"]
    world.resolve(QUERY, upstream_says(NAME, "A", f"{NAME}. 100 IN A 203.0.113.1", *beside))
    assert records(parsed(world.receive(other)).answer) == ["ns.fine.example. 10 A 203.0.113.53"]
    world.wait(10)
    assert isinstance(world.receive(other), Forward)
