"""Two hundred odd things that an upstream may say, written octet by octet, and what the client gets.

Each is said over UDP and over TCP by a scripted upstream that says nothing else. A case is what the answer consists of,
and then the response code and the records that reach the client, or None where the octets cannot be read: then waiting
goes on, in vain here, and the client is told so in the end.
"""

import asyncio
import struct
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import pytest

from resolver.core.counters import UpstreamCount
from resolver.net.settings import UpstreamAddress
from resolver.net.timetable import Schedule
from tests.forwarding import FIFTH, Rig, forwarding, run, tcp, udp
from tests.hostile.scripted_upstream import Heard, Say, scripted
from tests.worlds import records

NAME: Final = "www.fine.example"
Q: Final = b"\xc0\x0c"
"""A pointer to the question's name."""
ZONE: Final = b"\xc0\x10"
"""A pointer to the name above it, fine.example."""
GOOD: Final = b"\xc0\x00\x02\x07"
OPT: Final = b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"
TYPES: Final = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33,
                "DNAME": 39, "OPT": 41, "RRSIG": 46, "NSEC": 47, "HTTPS": 65, "TSIG": 250}  # fmt: skip  # a table
ANSWERED: Final = [f"{NAME}. 300 A 192.0.2.7"]


def n(text: str) -> bytes:
    """Write a name without compression, its letters as they are."""
    return b"".join(bytes([len(label)]) + label for label in dns.name.from_text(text).labels)


def rr(
    owner: bytes, rtype: str | int, rdata: bytes, *, ttl: int = 300, rclass: int = 1, length: int | None = None
) -> bytes:
    """Write a record; ``length`` may lie."""
    number = TYPES[rtype] if isinstance(rtype, str) else rtype
    return owner + struct.pack("!HHIH", number, rclass, ttl, len(rdata) if length is None else length) + rdata


def a(owner: bytes = Q, last: int = 7, ttl: int = 300) -> bytes:
    """Write an address record."""
    return rr(owner, "A", b"\xc0\x00\x02" + bytes([last]), ttl=ttl)


def cname(owner: bytes, target: str, ttl: int = 300) -> bytes:
    """Write an alias."""
    return rr(owner, "CNAME", n(target), ttl=ttl)


def soa(owner: bytes = ZONE, ttl: int = 900, minimum: int = 600) -> bytes:
    """Write an SOA record."""
    return rr(
        owner, "SOA", n("ns.fine.example") + n("admin.fine.example") + struct.pack("!5I", 7, 1, 2, 3, minimum), ttl=ttl
    )


class Odd(NamedTuple):
    """What an upstream says: ``counts`` and ``tail`` may lie about the sections, ``opt`` follows the additional one."""

    answer: tuple[bytes, ...] = ()
    authority: tuple[bytes, ...] = ()
    additional: tuple[bytes, ...] = ()
    flags: int = 0x8180
    opt: bytes = OPT
    counts: tuple[int, int, int] | None = None
    tail: bytes = b""

    def wire(self, heard: Heard) -> bytes:
        """Write it under the id and with the question of a query."""
        question = heard.wire[12 : heard.wire.index(b"\x00", 12) + 5]
        extra = self.additional + ((self.opt,) if self.opt else ())
        counts = self.counts or (len(self.answer), len(self.authority), len(extra))
        header = heard.wire[:2] + struct.pack("!5H", self.flags, 1, *counts)
        return header + question + b"".join((*self.answer, *self.authority, *extra)) + self.tail


class Case(NamedTuple):
    """What is asked and said, and what the client gets; None: nothing that can be read came."""

    odd: Odd
    rcode: str | None
    answer: Iterable[str] = ()
    rdtype: str = "A"
    name: str = NAME


def fine(*answer: bytes, told: Iterable[str] = ANSWERED, **odd: object) -> Case:
    """Say that something odd does no harm."""
    return Case(Odd(answer or (a(),), **odd), "NOERROR", told)  # type: ignore[arg-type]  # a table


def unreadable(*answer: bytes, rdtype: str = "A", **odd: object) -> Case:
    """Say that waiting goes on."""
    return Case(Odd(answer, **odd), None, rdtype=rdtype)  # type: ignore[arg-type]  # a table


def fails(*answer: bytes, rdtype: str = "A", name: str = NAME, **odd: object) -> Case:
    """Say that the client gets SERVFAIL at once."""
    return Case(Odd(answer, **odd), "SERVFAIL", (), rdtype, name)  # type: ignore[arg-type]  # a table


def of_type(rdtype: str, *rdatas: bytes, told: Iterable[str]) -> Case:
    """Say that record data reaches the client like this."""
    number = dns.rdatatype.from_text(rdtype)
    lines = [f"{NAME}. 300 {rdtype} {line}" for line in told]
    return Case(Odd(tuple(rr(Q, number, rdata) for rdata in rdatas)), "NOERROR", lines, rdtype)


def bad_data(rdtype: str, rdata: bytes) -> Case:
    """Say that record data of this type is not readable."""
    return unreadable(rr(Q, dns.rdatatype.from_text(rdtype), rdata), rdtype=rdtype)


LONG = "a" * 63
ALL = b"\xff" + bytes(range(255))
EVERY_OCTET = dns.rdata.from_wire("IN", "TXT", ALL, 0, 256).to_text()
A63 = b"\x3f" + b"a" * 63
EDE = struct.pack("!HHHH", 15, 2 + 2, 22, 0x6869)

HEADERS: dict[str, Case] = {
    "AA": fine(flags=0x8580),
    "RA missing": fine(flags=0x8100),
    "RD missing": fine(flags=0x8080),
    "Z": fine(flags=0x81C0),
    "AD": fine(flags=0x81A0),
    "CD": fine(flags=0x8190),
    "all flags but TC": fine(flags=0x85F0),
    "no OPT": fine(opt=b""),
    **{f"response code {code}": fails(flags=0x8180 | code) for code in (2, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15)},
    **{f"response code {code} with data": fails(a(), flags=0x8180 | code) for code in (2, 5, 9, 11)},
    **{
        f"extended response code {code}": fails(flags=0x8180 | code & 15, opt=OPT[:5] + bytes([code >> 4]) + OPT[6:])
        for code in (17, 18, 19, 20, 21, 22, 23, 32, 4095)
    },
    "BADVERS whatever is asked": fails(opt=OPT[:5] + b"\x01" + OPT[6:]),
    "YXDOMAIN without a DNAME": fails(flags=0x8186),
    "YXDOMAIN without a DNAME, with an SOA": fails(authority=(soa(),), flags=0x8186),
    "YXDOMAIN and an address": fails(a(), flags=0x8186),
    "YXDOMAIN and an alias": fails(cname(Q, "x.example"), flags=0x8186),
    "YXDOMAIN and a DNAME that fits": fails(rr(ZONE, "DNAME", n("f.example")), flags=0x8186),
    "YXDOMAIN and another name's DNAME": fails(
        rr(n("other.example"), "DNAME", n(f"{LONG}.{LONG}.{LONG}.{'b' * 58}")), flags=0x8186
    ),
    "NXDOMAIN": Case(Odd(authority=(soa(),), flags=0x8183), "NXDOMAIN"),
    "NXDOMAIN without SOA": Case(Odd(flags=0x8183), "NXDOMAIN"),
    "NXDOMAIN with AA": Case(Odd(authority=(soa(),), flags=0x8583), "NXDOMAIN"),
    "NXDOMAIN and an address": fails(a(), flags=0x8183),
    "NXDOMAIN, an address and an SOA": fails(a(), authority=(soa(),), flags=0x8183),
    "NXDOMAIN and an alias": Case(
        Odd((cname(Q, "x.example"),), (soa(b"\x00"),), flags=0x8183), "NXDOMAIN", [f"{NAME}. 300 CNAME x.example."]
    ),
    "NXDOMAIN, an alias and its address": fails(cname(Q, "x.example"), a(n("x.example")), flags=0x8183),
    "NXDOMAIN and another name's address": fails(a(n("evil.example")), flags=0x8183),
    "NXDOMAIN and a referral": Case(Odd(authority=(rr(ZONE, "NS", n("ns.fine.example")),), flags=0x8183), "NXDOMAIN"),
}

NEGATIVE: dict[str, Case] = {
    "nothing": Case(Odd(), "NOERROR"),
    "an SOA": Case(Odd(authority=(soa(),)), "NOERROR"),
    "an SOA of the root": Case(Odd(authority=(soa(b"\x00"),)), "NOERROR"),
    "an SOA of another zone": Case(Odd(authority=(soa(n("evil.test")),)), "NOERROR"),
    "an SOA of a zone below": Case(Odd(authority=(soa(n(f"below.{NAME}")),)), "NOERROR"),
    "two SOAs": Case(Odd(authority=(soa(), soa(b"\x00"))), "NOERROR"),
    "an SOA with a TTL of zero": Case(Odd(authority=(soa(ttl=0),)), "NOERROR"),
    "an SOA in the answer": fails(soa()),
    "an SOA of the very name in the answer": fails(soa(Q)),
    "a referral": fails(authority=(rr(ZONE, "NS", n("ns.fine.example")),)),
    "a referral with glue": fails(
        authority=(rr(ZONE, "NS", n("ns.fine.example")),), additional=(a(n("ns.fine.example")),)
    ),
    "a referral to the root": fails(authority=(rr(b"\x00", "NS", n("a.root-servers.net")),)),
    "a referral upwards": fails(authority=(rr(n("example"), "NS", n("ns.example")),)),
    "a referral with AA": fails(authority=(rr(ZONE, "NS", n("ns.fine.example")),), flags=0x8580),
    "a referral and an SOA": Case(Odd(authority=(rr(ZONE, "NS", n("ns.fine.example")), soa())), "NOERROR"),
    "only additional records": Case(Odd(additional=(a(Q), a(n("evil.example")))), "NOERROR"),
    "an address in the authority section": Case(Odd(authority=(a(Q),)), "NOERROR"),
}

CONTENT: dict[str, Case] = {
    "another name only": fails(a(n("evil.example"))),
    "the name above only": fails(a(ZONE)),
    "a name below only": fails(a(n(f"x.{NAME}"))),
    "the same labels cut elsewhere": fails(a(n(r"www\.fine.example"))),
    "another type only": fails(rr(Q, "AAAA", bytes(15) + b"\x01")),
    "another name first": fine(a(n("evil.example")), a()),
    "another name after": fine(a(), a(n("evil.example"))),
    "another type beside": fine(rr(Q, "TXT", b"\x01x"), a(), rr(Q, "AAAA", bytes(16))),
    "a wildcard as the owner": fails(a(n("*.fine.example"))),
    "the owner in full": fine(a(n(NAME))),
    "the owner in capitals": fine(a(n(NAME.upper()))),
    "a pointer to a label within": fine(a(b"\x03www" + ZONE)),
    "a set of two": fine(a(), a(last=8), told=[*ANSWERED, f"{NAME}. 300 A 192.0.2.8"]),
    "a record twice": fine(a(), a()),
    "a record twice with two TTLs": fine(a(), a(ttl=20), told=[f"{NAME}. 20 A 192.0.2.7"]),
    "a set of mixed TTLs": fine(
        a(ttl=900), a(last=8, ttl=20), told=[f"{NAME}. 20 A 192.0.2.7", f"{NAME}. 20 A 192.0.2.8"]
    ),
    "a TTL of zero": fine(a(ttl=0), told=[f"{NAME}. 0 A 192.0.2.7"]),
    "a TTL of a day and more": fine(a(ttl=86_401), told=[f"{NAME}. 86400 A 192.0.2.7"]),
    "the largest TTL": fine(a(ttl=0x7FFFFFFF), told=[f"{NAME}. 86400 A 192.0.2.7"]),
    "the smallest TTL that is too large": fine(a(ttl=0x80000000), told=[f"{NAME}. 0 A 192.0.2.7"]),
    "all bits of the TTL": fine(a(ttl=0xFFFFFFFF), told=[f"{NAME}. 0 A 192.0.2.7"]),
    "name servers and glue": fine(
        authority=(rr(ZONE, "NS", n("ns.fine.example")),), additional=(a(n("ns.fine.example")),)
    ),
    "another zone's servers": fine(authority=(rr(n("bank.test"), "NS", n("ns.evil.test")),)),
    "an SOA beside the address": fine(authority=(soa(),)),
    "a signature nobody asked for": fine(
        a(), rr(Q, "RRSIG", struct.pack("!HBBIIIH", 1, 13, 3, 300, 2, 1, 1) + n("fine.example") + b"sig")
    ),
    "a TSIG record": fine(additional=(rr(n("key"), "TSIG", n("hmac-sha256") + bytes(16), rclass=255, ttl=0),)),
    "an unknown record beside": fine(additional=(rr(n("x.example"), 65_280, b"\xc0\xff\x00"),)),
    "sixty records beside": fine(additional=tuple(a(n(f"x{number}.example")) for number in range(60))),
}

CHAINS: dict[str, Case] = {
    "an alias": fine(
        cname(Q, "x.example"), a(n("x.example")), told=[f"{NAME}. 300 CNAME x.example.", "x.example. 300 A 192.0.2.7"]
    ),
    "an alias after its address": fine(
        a(n("x.example")), cname(Q, "x.example"), told=[f"{NAME}. 300 CNAME x.example.", "x.example. 300 A 192.0.2.7"]
    ),
    "an alias twice": fine(
        cname(Q, "x.example"),
        cname(Q, "x.example"),
        a(n("x.example")),
        told=[f"{NAME}. 300 CNAME x.example.", "x.example. 300 A 192.0.2.7"],
    ),
    "two aliases of one name": fine(
        cname(Q, "x.example"),
        cname(Q, "evil.example"),
        a(n("x.example")),
        a(n("evil.example"), 66),
        told=[f"{NAME}. 300 CNAME x.example.", "x.example. 300 A 192.0.2.7"],
    ),
    "an alias and an address of one name": fine(cname(Q, "x.example"), a()),
    "an alias, and an address beside": fine(
        cname(Q, "x.example"),
        a(n("x.example")),
        a(n("evil.example"), 66),
        told=[f"{NAME}. 300 CNAME x.example.", "x.example. 300 A 192.0.2.7"],
    ),
    "an alias in other letters": fine(
        cname(Q, "X.Example"), a(n("x.eXAMPLE")), told=[f"{NAME}. 300 CNAME X.Example.", "X.Example. 300 A 192.0.2.7"]
    ),
    "an alias of itself": fails(cname(Q, NAME)),
    "an alias of itself in capitals": fails(cname(Q, NAME.upper())),
    "an alias of itself and an address": fine(cname(Q, NAME), a()),
    "a circle of two": fails(cname(Q, "x.example"), cname(n("x.example"), NAME)),
    "a circle of three": fails(cname(Q, "x.example"), cname(n("x.example"), "y.example"), cname(n("y.example"), NAME)),
    "a circle the question is not in": fails(
        cname(Q, "x.example"), cname(n("x.example"), "y.example"), cname(n("y.example"), "x.example")
    ),
    "sixteen aliases": Case(
        Odd(
            (
                cname(Q, "n0.example"),
                *(cname(n(f"n{i}.example"), f"n{i + 1}.example") for i in range(15)),
                a(n("n15.example")),
            )
        ),
        "NOERROR",
        [
            f"{NAME}. 300 CNAME n0.example.",
            *(f"n{i}.example. 300 CNAME n{i + 1}.example." for i in range(15)),
            "n15.example. 300 A 192.0.2.7",
        ],
    ),
    "seventeen aliases": fails(
        cname(Q, "n0.example"),
        *(cname(n(f"n{i}.example"), f"n{i + 1}.example") for i in range(16)),
        a(n("n16.example")),
    ),
    "an alias that was asked for": Case(
        Odd((cname(Q, "x.example"), a(n("x.example")))), "NOERROR", [f"{NAME}. 300 CNAME x.example."], "CNAME"
    ),
    "an alias asked for that is one of itself": Case(
        Odd((cname(Q, NAME),)), "NOERROR", [f"{NAME}. 300 CNAME {NAME}."], "CNAME"
    ),
    "an alias of two targets asked for": Case(
        Odd((cname(Q, "x.example"), cname(Q, "y.example"))),
        "NOERROR",
        [f"{NAME}. 300 CNAME x.example."],
        "CNAME",
    ),
    "a DNAME": fine(
        rr(ZONE, "DNAME", n("f.example")),
        cname(Q, "www.f.example"),
        a(n("www.f.example")),
        told=[
            "fine.example. 300 DNAME f.example.",
            f"{NAME}. 300 CNAME www.f.example.",
            "www.f.example. 300 A 192.0.2.7",
        ],
    ),
    "a DNAME without the alias it makes": fine(
        rr(ZONE, "DNAME", n("f.example")),
        a(n("www.f.example")),
        told=[
            "fine.example. 300 DNAME f.example.",
            f"{NAME}. 300 CNAME www.f.example.",
            "www.f.example. 300 A 192.0.2.7",
        ],
    ),
    "a DNAME and another alias": fine(
        rr(ZONE, "DNAME", n("f.example")),
        cname(Q, "evil.example"),
        a(n("evil.example"), 66),
        a(n("www.f.example")),
        told=[
            "fine.example. 300 DNAME f.example.",
            f"{NAME}. 300 CNAME www.f.example.",
            "www.f.example. 300 A 192.0.2.7",
        ],
    ),
    "a DNAME of the very name": fails(rr(Q, "DNAME", n("f.example"))),
    "a DNAME of another zone": fails(rr(n("other.example"), "DNAME", n("f.example"))),
    "a DNAME that was asked for": Case(
        Odd((rr(Q, "DNAME", n("f.example")),)), "NOERROR", [f"{NAME}. 300 DNAME f.example."], "DNAME"
    ),
    "a DNAME into itself": fails(rr(ZONE, "DNAME", n("x.fine.example"))),
    "a DNAME to itself": fails(rr(ZONE, "DNAME", n("fine.example"))),
    "a DNAME that makes too long a name": Case(
        Odd((rr(ZONE, "DNAME", n(f"{LONG}.{LONG}.{LONG}.{'b' * 58}")), a(n("evil.example")))),
        "YXDOMAIN",
        [f"fine.example. 300 DNAME {LONG}.{LONG}.{LONG}.{'b' * 58}."],
    ),
    "a DNAME that makes too long a name, and YXDOMAIN": Case(
        Odd((rr(ZONE, "DNAME", n(f"{LONG}.{LONG}.{LONG}.{'b' * 58}")),), flags=0x8186),
        "YXDOMAIN",
        [f"fine.example. 300 DNAME {LONG}.{LONG}.{LONG}.{'b' * 58}."],
    ),
}

DATA: dict[str, Case] = {
    "an address": of_type("A", GOOD, told=["192.0.2.7"]),
    "an IPv6 address": of_type("AAAA", bytes.fromhex("20010db8") + bytes(11) + b"\x07", told=["2001:db8::7"]),
    "a server, compressed": of_type("NS", b"\x02ns" + ZONE, told=["ns.fine.example."]),
    "a server that is the name itself": of_type("NS", Q, told=[f"{NAME}."]),
    "a pointer record, compressed": of_type("PTR", b"\x02pt" + ZONE, told=["pt.fine.example."]),
    "a mail server, compressed": of_type("MX", b"\x00\x05\x02mx" + ZONE, told=["5 mx.fine.example."]),
    "no mail": of_type("MX", b"\x00\x00\x00", told=["0 ."]),
    "a service, compressed though it must not be": of_type(
        "SRV", b"\x00\x01\x00\x02\x00\x35\x02sv" + ZONE, told=["1 2 53 sv.fine.example."]
    ),
    "a rewriting rule, compressed": of_type(
        "NAPTR", b"\x00\x01\x00\x02\x01u\x03sip\x00\x02np" + ZONE, told=['1 2 "u" "sip" "" np.fine.example.']
    ),
    "responsible persons, compressed": of_type("RP", b"\x01a" + ZONE + ZONE, told=["a.fine.example. fine.example."]),
    "an AFS server, compressed": of_type("AFSDB", b"\x00\x01\x01a" + ZONE, told=["1 a.fine.example."]),
    "a route, compressed": of_type("RT", b"\x00\x01\x01a" + ZONE, told=["1 a.fine.example."]),
    "a key exchanger, compressed": of_type("KX", b"\x00\x01\x01a" + ZONE, told=["1 a.fine.example."]),
    "X.400 mapping, compressed": of_type("PX", b"\x00\x01\x01a" + ZONE + Q, told=[f"1 a.fine.example. {NAME}."]),
    "an HTTPS record": of_type("HTTPS", b"\x00\x01\x00\x00\x01\x00\x03\x02h2", told=['1 . alpn="h2"']),
    "an HTTPS alias": of_type("HTTPS", b"\x00\x00" + n("x.example"), told=["0 x.example."]),
    "text": of_type("TXT", b"\x03abc\x00", told=['"abc" ""']),
    "text of one empty string": of_type("TXT", b"\x00", told=['""']),
    "text of every octet": of_type("TXT", ALL, told=[EVERY_OCTET]),
    "host information": of_type("HINFO", b"\x01a\x01b", told=['"a" "b"']),
    "a certification authority": of_type("CAA", b"\x00\x05issueca.test", told=['0 issue "ca.test"']),
    "a delegation signer": of_type("DS", b"\x30\x39\x08\x02" + b"\xab" * 32, told=[f"12345 8 2 {'ab' * 32}"]),
    "a key": of_type("DNSKEY", b"\x01\x01\x03\x0d" + b"\x00" * 6, told=["257 3 13 AAAAAAAA"]),
    "a TLSA record": of_type("TLSA", b"\x03\x01\x00\xab\xcd", told=["3 1 0 abcd"]),
    "an unknown type, octets like pointers": of_type("TYPE65280", b"\xc0\x0c\xc0\x10\xff", told=[r"\# 5 c00cc010ff"]),
    "an unknown type without data": of_type("TYPE65280", b"", told=[r"\# 0 "]),
    "a start of authority": of_type(
        "SOA",
        b"\x02ns" + ZONE + b"\x05admin" + ZONE + struct.pack("!5I", 1, 2, 3, 4, 5),
        told=["ns.fine.example. admin.fine.example. 1 2 3 4 5"],
    ),
    "proof of absence": of_type("NSEC", n("z.example") + b"\x00\x01\x40", told=["z.example. A"]),
    "proof of absence by what is no bitmap": bad_data("NSEC", n("z.example") + Q),
    "hashed proof of absence by what is no bitmap": bad_data("NSEC3", b"\x01\x00\x00\x00\x00\x01h\x00\x02\x40\x00"),
    "a key's gateway": of_type("IPSECKEY", b"\x0a\x03\x02" + n("gw.test") + bytes(3), told=["10 3 2 gw.test. AAAA"]),
    "a key's gateway, compressed though it must not be": bad_data("IPSECKEY", b"\x0a\x03\x02" + Q + bytes(3)),
    "a relay, compressed though it must not be": bad_data("AMTRELAY", b"\x0a\x03" + Q),
    **{f"an address of {size} octets": bad_data("A", bytes(size)) for size in (0, 1, 3, 5, 16)},
    **{f"an IPv6 address of {size} octets": bad_data("AAAA", bytes(size)) for size in (0, 4, 15, 17)},
    "an alias without a target": bad_data("CNAME", b""),
    "an alias with octets after the target": bad_data("CNAME", n("x.example") + b"\x00"),
    "a server with octets after the name": bad_data("NS", Q + b"\x00"),
    "a mail server without a name": bad_data("MX", b"\x00\x05"),
    "a mail server of one octet": bad_data("MX", b"\x00"),
    "a service cut short": bad_data("SRV", b"\x00\x01\x00\x02\x00"),
    "a start of authority of four numbers": bad_data("SOA", n("a") + n("b") + bytes(16)),
    "a start of authority of six numbers": bad_data("SOA", n("a") + n("b") + bytes(24)),
    "text without a string": bad_data("TXT", b""),
    "text longer than its data": bad_data("TXT", b"\x05ab"),
    "host information of one string": bad_data("HINFO", b"\x01a"),
    "a rewriting rule cut short": bad_data("NAPTR", b"\x00\x01\x00\x02\x01u\x03sip"),
    "an HTTPS target that is compressed": bad_data("HTTPS", b"\x00\x01" + Q),
    "an HTTPS record without a target": bad_data("HTTPS", b"\x00\x01"),
    "an HTTPS parameter longer than its data": bad_data("HTTPS", b"\x00\x01\x00\x00\x01\x00\x09\x02h2"),
    "an HTTPS record with an octet too much": bad_data("HTTPS", b"\x00\x01\x00\x00\x01\x00\x03\x02h2\x00"),
    "a signature whose name is compressed": bad_data("RRSIG", struct.pack("!HBBIIIH", 1, 13, 3, 300, 2, 1, 1) + ZONE),
    "a signature cut short": bad_data("RRSIG", bytes(17)),
    "a proof whose name is compressed": bad_data("NSEC", Q + b"\x00\x01\x40"),
    "a delegation signer of three octets": bad_data("DS", b"\x00\x01\x02"),
    "a key of three octets": bad_data("DNSKEY", b"\x00\x01\x02"),
    "a URI": of_type("URI", b"\x00\x0a\x00\x01x:y", told=['10 1 "x:y"']),
    "a URI without a target": bad_data("URI", b"\x00\x0a\x00\x01"),
    "a certification authority without a tag": bad_data("CAA", b"\x00"),
    "a certification authority's tag cut short": bad_data("CAA", b"\x00\x05is"),
    "a TLSA record of two octets": bad_data("TLSA", b"\x03\x01"),
    "a host key of one octet": bad_data("SSHFP", b"\x01"),
    "a place of fifteen octets": bad_data("LOC", bytes(15)),
    "an NSEC3 salt cut short": bad_data("NSEC3", b"\x01\x00\x00\x05\x09ab"),
}

BROKEN: dict[str, Case] = {
    "a pointer to itself": unreadable(rr(b"\xc0\x22", "A", GOOD)),
    "a pointer forward": unreadable(rr(b"\xc0\x40", "A", GOOD), a()),
    "a pointer behind the end": unreadable(rr(b"\xff\xff", "A", GOOD)),
    "a pointer into the header": unreadable(rr(b"\xc0\x00", "A", GOOD)),
    "a pointer into the question's type": fails(rr(b"\xc0\x1e", "A", GOOD)),
    "two pointers in a circle": unreadable(rr(Q, "CNAME", b"\x01a\xc0\x2e"), rr(b"\xc0\x2e", "A", GOOD)),
    "a label of type 01": unreadable(rr(b"\x40" + n("x"), "A", GOOD)),
    "a label of type 10": unreadable(rr(b"\x80" + n("x"), "A", GOOD)),
    "a bit label": unreadable(rr(b"\x41\x08\xff\x00", "A", GOOD)),
    "a name of 256 octets": unreadable(rr(A63 * 3 + b"\x3e" + b"a" * 62 + b"\x00", "A", GOOD)),
    "a name made too long by a pointer": unreadable(rr(A63 * 3 + b"\x30" + b"a" * 48 + Q, "A", GOOD)),
    "record data cut short": unreadable(rr(Q, "A", b"\xc0\x00")[:-1], counts=(1, 0, 0), opt=b""),
    "a record without data length": unreadable(rr(Q, "A", GOOD)[:-5], counts=(1, 0, 0), opt=b""),
    "a length that runs over the end": unreadable(rr(Q, "A", GOOD, length=400)),
    "a length that runs into the next record": unreadable(rr(Q, "A", GOOD, length=8), a()),
    "more answers announced than are there": unreadable(a(), counts=(2, 0, 0), opt=b""),
    "65 535 answers announced": unreadable(a(), counts=(65_535, 0, 0), opt=b""),
    "65 535 of everything announced": unreadable(a(), counts=(65_535, 65_535, 65_535)),
    "more additional records announced": unreadable(a(), counts=(1, 0, 2)),
    "fewer answers announced": fine(a(), a(last=66), counts=(1, 0, 0), opt=b""),
    "octets after the end": fine(tail=bytes(range(200))),
    "a message after the end": fine(
        tail=b"\x00\x01\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" + n("bank.test") + b"\x00\x01\x00\x01" + a(b"\xc0\x0c")
    ),
    **{
        f"an answer of class {rclass}": unreadable(rr(Q, "A", GOOD, rclass=rclass)) for rclass in (0, 2, 3, 4, 254, 255)
    },
    "an authority record of class CH": unreadable(a(), authority=(rr(ZONE, "NS", n("x"), rclass=3),)),
    "one of two of class CH": unreadable(a(), rr(Q, "A", b"\xc0\x00\x02\x08", rclass=3)),
    "an OPT record in the answer": unreadable(a(), OPT, opt=b""),
    "an OPT record in the authority section": unreadable(a(), authority=(OPT,), opt=b""),
}

EDNS: dict[str, Case] = {
    "two OPT records": fine(additional=(OPT,)),
    "two OPT records apart": fine(additional=(OPT, a(n("x.example")))),
    "an OPT record that is not the root's": fine(opt=n("x") + OPT[1:]),
    "an OPT record of version 1": fine(opt=OPT[:6] + b"\x01" + OPT[7:]),
    "an OPT record of version 255": fine(opt=OPT[:6] + b"\xff" + OPT[7:]),
    "an OPT record with all flags": fine(opt=OPT[:7] + b"\xff\xff" + OPT[9:]),
    "an OPT record of size 0": fine(opt=OPT[:3] + b"\x00\x00" + OPT[5:]),
    "an unknown option": fine(opt=OPT[:9] + b"\x00\x06\xfd\xe9\x00\x02hi"),
    "three hundred options": fine(opt=OPT[:9] + struct.pack("!H", 1200) + struct.pack("!HH", 65_001, 0) * 300),
    "an option cut short": fine(opt=OPT[:9] + b"\x00\x03\x00\x0f\x00"),
    "an option longer than its record": fine(opt=OPT[:9] + b"\x00\x05\x00\x0f\x00\x09a"),
    "a cookie": fine(opt=OPT[:9] + b"\x00\x0c\x00\x0a\x00\x08abcdefgh"),
    "a client subnet": fine(opt=OPT[:9] + b"\x00\x0b\x00\x08\x00\x07\x00\x01\x18\x18\xcb\x00\x71"),
    "an extended error": fine(opt=OPT[:9] + b"\x00\x08" + EDE),
    "an extended error that is no UTF-8": fine(opt=OPT[:9] + b"\x00\x08\x00\x0f\x00\x04\x00\x16\xff\xfe"),
    "an extended error of one octet": fine(opt=OPT[:9] + b"\x00\x05\x00\x0f\x00\x01\x00"),
    "an OPT record longer than the message": unreadable(a(), opt=OPT[:9] + b"\x00\xff"),
}

CASES = {
    f"{kind}: {name}": case
    for kind, cases in {
        "header": HEADERS,
        "negative": NEGATIVE,
        "content": CONTENT,
        "chain": CHAINS,
        "data": DATA,
        "broken": BROKEN,
        "EDNS": EDNS,
    }.items()
    for name, case in cases.items()
}


HASTE: Final = Schedule(sends=(0.03, 0.06), answer=0.12, close=0.2)
"""The schedule for what is waited for in vain."""


async def meets(rig: Rig, case: Case) -> None:
    """Ask, and compare with what a case says."""
    begun = asyncio.get_running_loop().time()
    answer = await rig.resolve(case.name, case.rdtype, use_edns=0)
    took = asyncio.get_running_loop().time() - begun
    assert dns.rcode.to_text(answer.rcode()) == (case.rcode or "SERVFAIL")
    assert [line.lower() for line in records(answer.answer)] == [line.lower() for line in case.answer]
    assert not answer.flags & (dns.flags.AA | dns.flags.AD | 0x40)
    assert answer.flags & dns.flags.RA
    assert {rrset.rdtype for rrset in answer.authority} <= {dns.rdatatype.SOA}
    assert answer.additional == []
    if case.rcode is None:
        assert rig.count(UpstreamCount.UNUSABLE_ANSWERS) in {1, 2, 3}
    else:
        assert took < FIFTH.answer / 2, "nobody waits for what has been said"


@pytest.mark.parametrize("make", [udp, tcp])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_reaches_the_client(case: Case, make: Callable[[int], UpstreamAddress]) -> None:
    async def scenario() -> None:
        async with (
            scripted(lambda heard: [Say(case.odd.wire(heard))]) as upstream,
            forwarding([make(upstream.port)], schedule=FIFTH if case.rcode else HASTE) as rig,
        ):
            await meets(rig, case)
            assert rig.forwarder.waiting == 0
            assert len(upstream.heard) <= 3
            if case.rcode is None:
                assert not rig.world.messages
            asked = len(upstream.heard)
            if case.rcode == "SERVFAIL" or case.rcode is None:
                assert (await rig.resolve(case.name, case.rdtype)).rcode() == dns.rcode.SERVFAIL
                assert len(upstream.heard) == asked, "a failure is remembered"

    run(scenario)
