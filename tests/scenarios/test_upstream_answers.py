"""What of an upstream's answer reaches a client, and what is kept: nothing that was not asked for."""

import dataclasses
from typing import Any

import dns.flags
import dns.rcode
import pytest

from resolver.core.counters import GAUGES, Gauge
from resolver.core.pipeline import Forward, Reply, Unusable
from resolver.core.sanitise import MAX_LINKS, sanitise
from resolver.core.step import Failure
from resolver.dns.response import read_response
from tests.worlds import World, ask, extended_errors, parsed, records, upstream_says

SOA = "fine.example. 900 IN SOA ns.fine.example. admin.fine.example. 7 1 2 3 600"
SOA_LEFT = "fine.example. 600 SOA ns.fine.example. admin.fine.example. 7 1 2 3 600"
SIGNED_A = "www.fine.example. 300 IN RRSIG A 13 3 300 20300101000000 20200101000000 1 fine.example. AAAA"
SIGNED_MX = "www.fine.example. 300 IN RRSIG MX 13 3 300 20300101000000 20200101000000 1 fine.example. AAAA"
SIGNED_SOA = "fine.example. 900 IN RRSIG SOA 13 2 900 20300101000000 20200101000000 1 fine.example. AAAA"
NSEC = "fine.example. 900 IN NSEC zzz.fine.example. A RRSIG"
SIGNED_NSEC = "fine.example. 900 IN RRSIG NSEC 13 2 900 20300101000000 20200101000000 1 fine.example. AAAA"
A = "www.fine.example. 300 IN A 203.0.113.1"
DNAME = "fine.example. 60 IN DNAME f.example."
RENAMED = "www.fine.example. 60 IN CNAME www.f.example."
ENDLESS = ["www.fine.example. 9 IN CNAME n1.example."]
ENDLESS += [f"n{n}.example. 9 IN CNAME n{n + 1}.example." for n in range(1, MAX_LINKS + 1)]


def shorn(*lines: str) -> list[str]:
    """Leave out the class, as the tests show records without it."""
    return [line.replace(" IN ", " ") for line in lines]


@pytest.mark.parametrize(
    ("lines", "answer", "authority"),
    [
        pytest.param([A], [A], [], id="an address"),
        pytest.param([A, "victim.example. 300 IN A 198.51.100.66"], [A], [], id="a record of another name"),
        pytest.param([A, "www.fine.example. 300 IN TXT x"], [A], [], id="a record of another type"),
        pytest.param([A, A], [A], [], id="a record twice"),
        pytest.param(
            [A, "> fine.example. 300 IN NS ns.evil.example.", "+ ns.evil.example. 300 IN A 198.51.100.66"],
            [A],
            [],
            id="a delegation and its address",
        ),
        pytest.param([A, f"> {SOA}"], [A], [], id="an SOA beside data"),
        pytest.param([SIGNED_A, A], [A], [], id="a signature nobody asked for"),
        pytest.param(
            ["other.example. 300 IN A 203.0.113.1", "www.fine.example. 300 IN CNAME other.example."],
            ["www.fine.example. 300 IN CNAME other.example.", "other.example. 300 IN A 203.0.113.1"],
            [],
            id="an address before its alias",
        ),
        pytest.param(
            [
                "b.example. 9 IN CNAME c.example.",
                "c.example. 9 IN A 203.0.113.1",
                "www.fine.example. 9 IN CNAME b.example.",
            ],
            [
                "www.fine.example. 9 IN CNAME b.example.",
                "b.example. 9 IN CNAME c.example.",
                "c.example. 9 IN A 203.0.113.1",
            ],
            [],
            id="aliases out of order",
        ),
        pytest.param(
            ["WWW.fine.Example. 300 IN CNAME OTHER.example.", "other.EXAMPLE. 300 IN A 203.0.113.1"],
            ["www.fine.example. 300 IN CNAME OTHER.example.", "OTHER.example. 300 IN A 203.0.113.1"],
            [],
            id="letter case",
        ),
        pytest.param(
            [A.replace("300", "200"), A.replace("113.1", "113.2")],
            [A.replace("300", "200"), A.replace("113.1", "113.2").replace("300", "200")],
            [],
            id="different times to live in one set",
        ),
        pytest.param([A.replace("300", "2000000")], [A.replace("300", "86400")], [], id="too long a time to live"),
        pytest.param([f"> {SOA}"], [], [SOA_LEFT], id="no data"),
        pytest.param(
            [f"> {SOA.replace('600', '99999').replace('900', '99999')}"],
            [],
            [SOA_LEFT.replace("600 SOA", "3600 SOA").replace("3 600", "3 99999")],
            id="no data for too long",
        ),
        pytest.param([f"> {SOA}", f"> {NSEC}", f"> {SIGNED_SOA}"], [], [SOA_LEFT], id="proofs nobody asked for"),
        pytest.param(["> example.com. 900 IN SOA a.example. b.example. 1 1 1 1 1"], [], [], id="another zone's SOA"),
        pytest.param([], [], [], id="nothing at all"),
        pytest.param(
            ["www.fine.example. 300 IN CNAME b.fine.example.", f"> {SOA}"],
            ["www.fine.example. 300 IN CNAME b.fine.example."],
            [SOA_LEFT],
            id="an alias of a name without data",
        ),
    ],
)
def test_what_answers_the_question_is_passed_on_and_nothing_else(
    lines: list[str], answer: list[str], authority: list[str]
) -> None:
    world = World()
    message = parsed(world.resolve(ask("www.fine.example"), upstream_says("www.fine.example", "A", *lines)))
    assert [line.casefold() for line in records(message.answer)] == [line.casefold() for line in shorn(*answer)]
    assert records(message.authority) == authority
    assert message.additional == []
    assert isinstance(world.receive(ask("victim.example")), Forward)


def test_with_do_signatures_and_proofs_arrive_untouched() -> None:
    world = World()
    wire = ask("www.fine.example", want_dnssec=True)
    lines = [
        A,
        SIGNED_MX,
        SIGNED_A,
        f"> {NSEC}",
        f"> {SIGNED_NSEC}",
        f"> {SIGNED_SOA}",
        "> fine.example. 9 IN NS a.example.",
    ]
    message = parsed(world.resolve(wire, upstream_says("www.fine.example", "A", *lines)))
    assert records(message.answer) == shorn(A, SIGNED_A)
    assert records(message.authority) == shorn(NSEC, SIGNED_NSEC)
    assert isinstance(world.receive(ask("www.fine.example", use_edns=0)), Forward), "without DO it is another question"


def test_a_signed_denial_arrives_whole() -> None:
    lines = [f"> {SOA}", f"> {SIGNED_SOA}", f"> {NSEC}", f"> {SIGNED_NSEC}"]
    response = upstream_says("www.fine.example", "A", *lines, rcode="NXDOMAIN")
    message = parsed(World().resolve(ask("www.fine.example", want_dnssec=True), response))
    assert message.rcode() == dns.rcode.NXDOMAIN
    assert records(message.authority) == [SOA_LEFT, *shorn(NSEC, SIGNED_SOA, SIGNED_NSEC)]


@pytest.mark.parametrize(
    ("rdtype", "lines", "answer"),
    [
        pytest.param(
            "A",
            [DNAME, "www.fine.example. 0 IN CNAME www.f.example.", "www.f.example. 60 IN A 203.0.113.1"],
            [DNAME, RENAMED, "www.f.example. 60 IN A 203.0.113.1"],
            id="followed",
        ),
        pytest.param("CNAME", [DNAME, RENAMED], [DNAME, RENAMED], id="asked for the alias that it makes"),
        pytest.param(
            "A",
            [DNAME, "www.fine.example. 60 IN CNAME www.evil.example.", "www.evil.example. 60 IN A 198.51.100.66"],
            [DNAME, RENAMED],
            id="an alias that it does not make",
        ),
    ],
)
def test_a_dname_renames(rdtype: str, lines: list[str], answer: list[str]) -> None:
    world = World()
    wire = ask("www.fine.example", rdtype)
    message = parsed(world.resolve(wire, upstream_says("www.fine.example", rdtype, *lines)))
    assert records(message.answer) == shorn(*answer)
    assert isinstance(world.receive(wire), Reply) is (answer[-1] != RENAMED or rdtype == "CNAME"), "an end is known"


def test_a_dname_that_leads_to_its_own_name_is_told_once() -> None:
    lines = ["f.example. 60 IN DNAME example.", "f.f.example. 60 IN CNAME f.example."]
    reply = World().resolve(ask("f.f.example", "DNAME"), upstream_says("f.f.example", "DNAME", *lines))
    assert isinstance(reply, Reply)
    assert records(parsed(reply).answer) == shorn(*lines)
    assert int.from_bytes(reply.wire[6:8], "big") == len(lines)


def test_a_name_that_a_dname_makes_too_long_is_yxdomain_without_data() -> None:
    long = ".".join(["a" * 60] * 3) + ".fine.example"
    lines = ["fine.example. 60 IN DNAME " + "b" * 61 + ".f.example.", f"{long}. 60 IN A 203.0.113.1"]
    response = upstream_says(long, "A", *lines, rcode="YXDOMAIN")
    message = parsed(World().resolve(ask(long), response))
    assert (message.rcode(), len(message.answer), message.answer[0].rdtype) == (dns.rcode.YXDOMAIN, 1, 39)


@pytest.mark.parametrize(
    ("lines", "rcode"),
    [
        pytest.param(["other.example. 300 IN A 203.0.113.1"], "NOERROR", id="another name only"),
        pytest.param(["www.fine.example. 300 IN TXT x"], "NOERROR", id="another type only"),
        pytest.param(["www.fine.example. 300 IN CNAME www.fine.example."], "NOERROR", id="an alias of itself"),
        pytest.param(
            ["www.fine.example. 300 IN CNAME b.example.", "b.example. 300 IN CNAME www.fine.example."],
            "NOERROR",
            id="aliases in a circle",
        ),
        pytest.param(ENDLESS, "NOERROR", id="aliases without end"),
        pytest.param([A], "NXDOMAIN", id="data that does not exist"),
        pytest.param(["> fine.example. 300 IN NS ns.fine.example."], "NOERROR", id="a delegation"),
    ],
)
def test_what_makes_no_sense_is_a_failure_and_is_not_kept(lines: list[str], rcode: str) -> None:
    world = World()
    forward = world.forwarded(ask("www.fine.example"))
    learned = world.learn(forward, upstream_says("www.fine.example", "A", *lines, rcode=rcode))
    assert learned == Unusable(Failure.UNUSABLE)
    assert len(world.messages) == 0


def test_a_record_of_another_class_makes_an_answer_unusable() -> None:
    response = read_response(upstream_says("www.fine.example", "A", A))
    strange = dataclasses.replace(response, answer=(response.answer[0], response.answer[0]._replace(rclass=3)))
    question = World().forwarded(ask("www.fine.example")).question
    assert sanitise(question, strange, 0.0, trust_ad=False, stale_seconds=0) == Unusable(Failure.UNUSABLE)


def test_as_many_aliases_as_are_followed_are_passed_on() -> None:
    lines = ENDLESS[:MAX_LINKS]
    lines.append(f"n{MAX_LINKS}.example. 9 IN A 203.0.113.1")
    message = parsed(
        World().resolve(ask("www.fine.example", use_edns=0), upstream_says("www.fine.example", "A", *lines))
    )
    assert len(message.answer) == MAX_LINKS + 1


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED", "FORMERR", "NOTIMP", "NOTAUTH"])
def test_an_upstreams_error_is_a_failure_that_another_upstream_may_mend(rcode: str) -> None:
    world = World()
    learned = world.learn(world.forwarded(ask("www.fine.example")), upstream_says("www.fine.example", "A", rcode=rcode))
    assert learned == Unusable(Failure.REFUSED_UPSTREAM)


@pytest.mark.parametrize("code", [1, 2, *range(5, 13)])
def test_a_dnssec_failure_is_final(code: int) -> None:
    world = World()
    wire = ask("www.fine.example", use_edns=0)
    response = upstream_says("www.fine.example", "A", rcode="SERVFAIL", edns=f"15:{code:04x}{b'bogus'.hex()}")
    learned = world.learn(world.forwarded(wire), response)
    assert isinstance(learned, Unusable)
    assert learned.final
    message = parsed(world.resolve(wire, response))
    assert (message.rcode(), extended_errors(message)) == (dns.rcode.SERVFAIL, [(code, "upstream: bogus")])


@pytest.mark.parametrize(
    ("rcode", "options"),
    [
        ("REFUSED", "15:0006"),
        ("SERVFAIL", "15:0016"),
        ("SERVFAIL", "15:0003"),
        ("SERVFAIL", "15:0004"),
        ("SERVFAIL", "-"),
    ],
)
def test_no_other_failure_is_final(rcode: str, options: str) -> None:
    world = World()
    response = upstream_says("www.fine.example", "A", rcode=rcode, edns=options)
    learned = world.learn(world.forwarded(ask("www.fine.example")), response)
    assert isinstance(learned, Unusable)
    assert not learned.final


@pytest.mark.parametrize(
    ("options", "passed_on"),
    [
        ("15:0016", [(22, "upstream:")]),
        (f"15:0016{'héé'.encode().hex()}", [(22, "upstream: héé")]),
        ("15:00167800", [(22, "upstream: x")]),
        ("15:0016ff41", [(22, "upstream: A")]),
        ("15:00", []),
        ("15:", []),
        ("10:0011223344556677", []),
        (f"15:0004{b'sinkhole'.hex()}", [(0, "upstream: filtered there (code 4) sinkhole")]),
        ("15:000f", [(0, "upstream: filtered there (code 15)")]),
        ("15:0010", [(0, "upstream: filtered there (code 16)")]),
        ("15:0011", [(0, "upstream: filtered there (code 17)")]),
        ("15:0001 15:0002 15:0003 15:0005 15:0006", [(code, "upstream:") for code in (1, 2, 3, 5)]),
        (f"15:0016{'78' * 500}", [(22, "upstream: " + "x" * 160)]),
        ("-", []),
    ],
)
@pytest.mark.parametrize("rcode", ["NOERROR", "NXDOMAIN", "REFUSED"])
def test_an_upstreams_extended_errors_are_passed_on_as_its_own(
    options: str, passed_on: list[tuple[int, str]], rcode: str
) -> None:
    world = World()
    wire = ask("www.fine.example", use_edns=0)
    response = upstream_says("www.fine.example", "A", f"> {SOA}", rcode=rcode, edns=options)
    message = parsed(world.resolve(wire, response))
    ours = [(22, Failure.REFUSED_UPSTREAM.value)] if rcode == "REFUSED" and not passed_on else []
    assert extended_errors(message) == passed_on + ours
    again = parsed(world.receive(wire))
    assert extended_errors(again) == passed_on + ours + ([(13, "")] if rcode == "REFUSED" else [])


@pytest.mark.parametrize(
    ("options", "counted"),
    [("15:0004", 1), ("15:000f", 1), ("15:0010 15:0011", 1), ("15:0016", 0), ("15:00", 0), ("10:0010", 0), ("-", 0)],
)
def test_what_an_upstream_filters_itself_is_counted(options: str, counted: int) -> None:
    world = World()
    wire = ask("www.fine.example")
    world.resolve(wire, upstream_says("www.fine.example", "A", A, edns=options))
    world.receive(wire)
    assert world.page[GAUGES + Gauge.FILTERED_UPSTREAM] == counted


@pytest.mark.parametrize(
    ("trusted", "said", "asked", "given"),
    [
        (True, True, {"want_dnssec": True}, True),
        (True, True, {"flags": dns.flags.RD | dns.flags.AD}, True),
        (True, True, {"use_edns": 0}, False),
        (True, True, {}, False),
        (True, False, {"want_dnssec": True}, False),
        (False, True, {"want_dnssec": True}, False),
        (False, True, {"flags": dns.flags.RD | dns.flags.AD}, False),
    ],
)
def test_ad_is_for_who_asks_and_from_whom_is_trusted(
    *, trusted: bool, said: bool, asked: dict[str, Any], given: bool
) -> None:
    world = World()
    wire = ask("www.fine.example", **asked)
    response = upstream_says("www.fine.example", "A", A, flags="QR RD RA AD" if said else "QR RD RA AA")
    for reply in (world.resolve(wire, response, trust_ad=trusted), world.receive(wire)):
        message = parsed(reply)
        assert bool(message.flags & dns.flags.AD) is given
        assert not message.flags & dns.flags.AA


@pytest.mark.parametrize(
    ("lines", "rcode", "seconds"),
    [
        ([A], "NOERROR", 300),
        ([A, "www.fine.example. 20 IN A 203.0.113.2"], "NOERROR", 20),
        ([A.replace("300", "0")], "NOERROR", 0),
        ([A.replace("300", "4294967295")], "NOERROR", 0),
        ([A.replace("300", "604800")], "NOERROR", 86_400),
        ([f"> {SOA}"], "NOERROR", 600),
        ([f"> {SOA}"], "NXDOMAIN", 600),
        ([f"> {SOA.replace('900', '50')}"], "NXDOMAIN", 50),
        ([f"> {SOA.replace('900', '9999').replace('600', '9999')}"], "NXDOMAIN", 3_600),
        ([], "NXDOMAIN", 0),
        ([], "NOERROR", 0),
        (["www.fine.example. 30 IN CNAME b.fine.example.", f"> {SOA}"], "NXDOMAIN", 30),
        (["www.fine.example. 30 IN CNAME b.fine.example."], "NOERROR", 0),
    ],
)
def test_an_answer_is_kept_as_long_as_it_says(lines: list[str], rcode: str, seconds: int) -> None:
    world = World(stale_seconds=0)
    wire = ask("www.fine.example")
    response = upstream_says("www.fine.example", "A", *lines, rcode=rcode, flags="QR RD RA")
    first = world.resolve(wire, response)
    assert isinstance(first, Reply)
    assert first.lifetime == seconds
    world.wait(seconds - 0.25)
    assert isinstance(world.receive(wire), Reply) is (seconds > 0)
    world.wait(0.25)
    assert isinstance(world.receive(wire), Forward)
