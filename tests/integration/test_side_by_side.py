"""The same questions to Unbound, to BIND and to us, all forwarding to one NSD, get the same answers."""

import asyncio
from collections.abc import Iterator
from typing import Any, NamedTuple

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from resolver.core.counters import Transport
from tests.forwarding import PATIENT, Rig, forwarding, run, udp
from tests.peers import HOST, Peer, start_named, start_nsd, start_unbound
from tests.worlds import World

MANY = "".join(f"many A 192.0.2.{number}\n" for number in range(1, 31))
ZONE = f"""
* A 192.0.2.10
solid A 192.0.2.12
both A 192.0.2.13
both AAAA 2001:db8::13
www CNAME solid
WwW2 CNAME Solid.ZONE.example.
chain0 CNAME chain1
chain1 CNAME chain2
chain2 CNAME both
gone CNAME nothing.solid
mx MX 10 mail
mx MX 20 mail.elsewhere.example.
mail A 192.0.2.25
_sip._tcp SRV 1 2 5060 solid
naptr NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@zone.example!" .
ptr PTR solid
txt TXT "one" "two with spaces" ""
txt TXT "\\000\\255 octets \\" quotes"
hinfo HINFO "cpu" "os"
rp RP admin.zone.example. txt
afsdb AFSDB 1 solid
caa CAA 0 issue "ca.example"
caa CAA 128 iodef "mailto:caa@example"
tlsa TLSA 3 1 1 {"ab" * 32}
sshfp SSHFP 4 2 {"cd" * 32}
ds DS 12345 13 2 {"ef" * 32}
ds NS ns1
loc LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
https HTTPS 1 . alpn=h2,h3 ipv4hint=192.0.2.12 ipv6hint=2001:db8::12
svcb SVCB 2 solid port=8443
alias HTTPS 0 solid
uri URI 10 1 "https://zone.example/"
cert CERT PKIX 1 8 AAAA
nsec3 TYPE65280 \\# 4 c00c0000
odd TYPE65400 \\# 0
eui EUI48 00-00-5e-00-53-2a
spf SPF "v=spf1 -all"
dname DNAME target
x.target A 192.0.2.77
long.{"a" * 63}.{"b" * 63}.{"c" * 63} A 192.0.2.99
esc\\.aped A 192.0.2.55
\\000nul A 192.0.2.56
{MANY}"""
NAMES = """
solid both www wWw2 chain0 gone mx mail _sip._tcp naptr ptr txt hinfo rp afsdb caa tlsa sshfp loc https svcb
alias uri cert nsec3 odd eui spf x.dname esc\\.aped \\000nul many any.wild.card @ x.solid
"""
OF_TYPES = """
mx MX, _sip._tcp SRV, naptr NAPTR, ptr PTR, txt TXT, hinfo HINFO, rp RP, afsdb AFSDB, caa CAA, tlsa TLSA,
sshfp SSHFP, ds DS, loc LOC, https HTTPS, svcb SVCB, alias HTTPS, uri URI, cert CERT, nsec3 TYPE65280,
odd TYPE65400, eui EUI48, spf SPF, dname DNAME, www CNAME, chain0 CNAME, @ SOA, @ NS, solid TYPE999
"""
QUESTIONS = [(name, rdtype) for name in NAMES.split() for rdtype in ("A", "AAAA", "TXT")]
QUESTIONS += [(name, rdtype) for name, rdtype in map(str.split, OF_TYPES.replace("\n", " ").split(","))]


RD, AD, CD = dns.flags.RD, dns.flags.AD, dns.flags.CD
WAYS: list[dict[str, Any]] = [
    {"flags": RD | CD},
    {"flags": RD | AD},
    {"flags": RD | AD | CD, "use_edns": 0, "payload": 512},
    {"flags": RD, "use_edns": 0, "payload": 0},
    {"flags": RD, "use_edns": 0, "payload": 65_535, "want_dnssec": True},
    {"flags": RD | CD, "use_edns": 0, "payload": 1_232, "want_dnssec": True},
]
"""Ways to ask that change nothing of what an unsigned zone says."""


class Said(NamedTuple):
    """What an answer says: response code, the aliases in order and then the set in any order, whose SOA."""

    rcode: str
    answer: tuple[str, ...]
    authority: tuple[str, ...]


def said(message: dns.message.Message) -> Said:
    lines = [
        (rrset.name.to_text().lower(), dns.rdatatype.to_text(rrset.rdtype), rdata.to_text().lower())
        for rrset in message.answer
        for rdata in sorted(rrset, key=str)
    ]
    soas = [rrset.name.to_text().lower() for rrset in message.authority if rrset.rdtype == dns.rdatatype.SOA]
    return Said(dns.rcode.to_text(message.rcode()), tuple(" ".join(line) for line in lines), tuple(soas))


@pytest.fixture(scope="module")
def nsd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with start_nsd(tmp_path_factory.mktemp("peers"), {"zone.example": ZONE}) as peer:
        yield peer


@pytest.fixture(scope="module")
def unbound(tmp_path_factory: pytest.TempPathFactory, nsd: Peer) -> Iterator[Peer]:
    with start_unbound(
        tmp_path_factory.mktemp("peers"), ['module-config: "iterator"', "minimal-responses: yes"], forward_to=nsd.port
    ) as peer:
        yield peer


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory, nsd: Peer) -> Iterator[Peer]:
    with start_named(tmp_path_factory.mktemp("peers"), forward_to=nsd.port) as peer:
        yield peer


def whole(name: str) -> str:
    return "zone.example" if name == "@" else f"{name}.zone.example"


async def ours(rig: Rig, name: str, rdtype: str, **way: Any) -> Said:  # noqa: ANN401 - dnspython's own
    return said(await rig.resolve(whole(name), rdtype, **way))


@pytest.mark.parametrize("which", ["unbound", "named"])
def test_all_say_the_same(which: str, nsd: Peer, request: pytest.FixtureRequest) -> None:
    peer: Peer = request.getfixturevalue(which)

    async def scenario() -> list[tuple[str, str, Said]]:
        async with forwarding([udp(nsd.port)], schedule=PATIENT, world=World(transport=Transport.TCP4)) as rig:
            first = [(name, rdtype, await ours(rig, name, rdtype)) for name, rdtype in QUESTIONS]
            again = [(name, rdtype, await ours(rig, name, rdtype)) for name, rdtype in QUESTIONS]
            assert first == again, "the second time from the cache"
            return first

    different = []
    for name, rdtype, mine in run(scenario):
        query = dns.message.make_query(whole(name), rdtype, flags=dns.flags.RD)
        theirs = said(dns.query.udp_with_fallback(query, HOST, 60, peer.port)[0])
        if theirs != mine:
            different.append((name, rdtype, mine, theirs))
    assert not different


@pytest.mark.parametrize("which", ["unbound", "named"])
def test_all_say_the_same_however_they_are_asked(which: str, nsd: Peer, request: pytest.FixtureRequest) -> None:
    """All at once, from an empty cache, and again; one way of asking for each question, in turn."""
    peer: Peer = request.getfixturevalue(which)
    asked = [
        (name.swapcase() if number % 2 and "\\" not in name else name, rdtype, WAYS[number % len(WAYS)])
        for number, (name, rdtype) in enumerate(QUESTIONS)
    ]

    async def scenario() -> list[Said]:
        async with forwarding([udp(nsd.port)], schedule=PATIENT, world=World(transport=Transport.TCP4)) as rig:
            first = await asyncio.gather(*(ours(rig, name, rdtype, **way) for name, rdtype, way in asked))
            again = await asyncio.gather(*(ours(rig, name, rdtype, **way) for name, rdtype, way in asked))
            assert first == again, "the second time from the cache"
            return first

    different = []
    for (name, rdtype, way), mine in zip(asked, run(scenario), strict=True):
        query = dns.message.make_query(whole(name), rdtype, **way)
        theirs = said(dns.query.udp_with_fallback(query, HOST, 60, peer.port)[0])
        if theirs != mine:
            different.append((name, rdtype, way, mine, theirs))
    assert not different
