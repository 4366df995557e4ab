"""A signed zone, asked through us with DO: signatures and proofs arrive as NSD sent them, and `delv` validates them."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from resolver.core.counters import Transport
from tests.forwarding import PATIENT, forwarding, run, tcp, udp
from tests.integration.running_server import CONFIG, RunningServer, running
from tests.peers import HOST, ZONE_HEAD, Peer, program, start_nsd
from tests.worlds import World

ZONE = "signed.example"
TEXT = """
www A 192.0.2.1
www AAAA 2001:db8::1
alias CNAME www
*.wild A 192.0.2.2
wildalias CNAME a.wild
dname DNAME target
x.target A 192.0.2.3
mx MX 10 www
deleg NS ns.deleg
ns.deleg A 192.0.2.4
secure NS ns.secure
ns.secure A 192.0.2.5
secure DS 12345 13 2 {digest}
txt TXT "a" "b"
""".format(digest="ab" * 32)
QUESTIONS = """
www A, www AAAA, www MX, alias A, alias CNAME, a.wild A, a.wild MX, b.c.wild A, wildalias A, x.dname A,
mx MX, mx A, nothing A, nothing.www A, secure DS, deleg DS, txt TXT, txt RRSIG, www RRSIG, @ SOA, @ DNSKEY, @ NS,
@ NSEC3PARAM, @ A, wild A, nsec NSEC
"""


class Signed(NamedTuple):
    """A server of the signed zone, and the file with its trust anchor."""

    nsd: Peer
    anchor: Path


def sign(folder: Path, *, nsec3: bool) -> tuple[str, Path]:
    """Sign the zone with a fresh key; the signed text and a trust anchor as `delv` reads it."""
    made = subprocess.run(
        [program("dnssec-keygen"), "-q", "-a", "ECDSAP256SHA256", "-f", "KSK", ZONE],
        cwd=folder, check=True, capture_output=True, text=True,
    )  # fmt: skip  # one command
    key = made.stdout.strip()
    zone = folder / "zone"
    zone.write_text(f"$ORIGIN {ZONE}.\n{ZONE_HEAD}{TEXT}\n$INCLUDE {key}.key\n")
    flags = ["-3", "aabb", "-H", "0"] if nsec3 else []
    subprocess.run(
        [program("dnssec-signzone"), "-q", "-z", *flags, "-o", ZONE, "-f", "signed", "-O", "full", str(zone), key],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip  # one command
    words = (folder / f"{key}.key").read_text().splitlines()[-1].split("DNSKEY")[1].split()
    anchor = folder / "anchor"
    anchor.write_text(f'trust-anchors {{ {ZONE}. static-key {" ".join(words[:3])} "{"".join(words[3:])}"; }};\n')
    return (folder / "signed").read_text(), anchor


@pytest.fixture(scope="module", params=["nsec", "nsec3"])
def signed(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Signed]:
    folder = tmp_path_factory.mktemp("signed")
    text, anchor = sign(folder, nsec3=request.param == "nsec3")
    with start_nsd(folder, {ZONE: text}, whole=True) as nsd:
        yield Signed(nsd, anchor)


def proofs(message: dns.message.Message) -> tuple[str, list[str], list[str]]:
    """Tell the response code, the answer, and of the authority section what proves something, TTLs included."""
    wanted = {dns.rdatatype.SOA, dns.rdatatype.NSEC, dns.rdatatype.NSEC3}

    def lines(section: list[dns.rrset.RRset], *, all_of_them: bool) -> list[str]:
        return sorted(
            f"{rrset.name} {rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)} {rdata}".lower()
            for rrset in section
            if all_of_them or rrset.rdtype in wanted or rrset.covers in wanted
            for rdata in rrset
        )

    return (
        dns.rcode.to_text(message.rcode()),
        lines(message.answer, all_of_them=True),
        lines(message.authority, all_of_them=False),
    )


@pytest.mark.parametrize("make", [udp, tcp], ids=["udp", "tcp"])
def test_signatures_and_proofs_arrive_untouched(signed: Signed, make: type) -> None:
    questions = [each.split() for each in QUESTIONS.replace("\n", " ").split(",")]
    names = [(ZONE if name == "@" else f"{name}.{ZONE}", rdtype) for name, rdtype in questions]

    async def scenario() -> list[tuple[str, str, list[str], list[str]]]:
        async with forwarding([make(signed.nsd.port)], schedule=PATIENT, world=World(transport=Transport.TCP4)) as rig:
            return [(name, *proofs(await rig.resolve(name, rdtype, want_dnssec=True))) for name, rdtype in names]

    for (name, rdtype), (_, *ours) in zip(names, run(scenario), strict=True):
        query = dns.message.make_query(name, rdtype, want_dnssec=True)
        theirs = proofs(dns.query.udp_with_fallback(query, HOST, 60, signed.nsd.port)[0])
        assert tuple(ours) == theirs, (name, rdtype)
        assert "rrsig" in f"{ours[1:]}", (name, rdtype)


def validate(server: RunningServer, signed: Signed, name: str, rdtype: str) -> str:
    """Have `delv` ask the server and validate what it says."""
    host, _, port = server.status()["listen"][0].rpartition(":")
    return subprocess.run(
        [program("delv"), f"@{host}", "-p", port, "-a", str(signed.anchor), f"+root={ZONE}", name, rdtype],
        check=True, capture_output=True, text=True, timeout=60,
    ).stdout  # fmt: skip  # one command


def test_a_validating_client_validates_through_us(signed: Signed, tmp_path: Path) -> None:
    config = CONFIG.replace("upstreams: []", f"upstreams: ['127.0.0.1:{signed.nsd.port}']")
    with running(tmp_path, config) as server:
        for name, rdtype in (("www", "A"), ("alias", "AAAA"), ("a.wild", "A"), ("x.dname", "A"), ("txt", "TXT")):
            assert "; fully validated" in validate(server, signed, f"{name}.{ZONE}", rdtype), (name, rdtype)
        for name, rdtype in (("nothing", "A"), ("www", "MX"), ("a.wild", "MX")):
            assert "; negative response, fully validated" in validate(server, signed, f"{name}.{ZONE}", rdtype)
