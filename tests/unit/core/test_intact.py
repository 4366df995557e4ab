"""Answers kept as they came: which forms are, octet for octet, and which are left to the twin."""

from typing import Final

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from resolver.core.intact import MOST_LINKS, MOST_PIECES, MOST_RECORDS, REMEMBERED, IntactReader
from resolver.core.message_cache import MAX_TTL, Entry
from resolver.core.step import Question
from resolver.dns.name import WireName, parse_name

NAME: Final = "www.shop.example"
START: Final = 12 + len(parse_name(NAME)) + 4

SOA: Final = "shop.example. 900 IN SOA ns.shop.example. root.shop.example. 1 2 3 4 300"
SERVERS: Final = ";AUTHORITY\nshop.example. 60 IN NS ns.shop.example.\n;ADDITIONAL\nns.shop.example. 60 IN A 192.0.2.53"


def response(text: str, rdtype: str = "A", *, edns: bool = True, flags: int = 0x8180) -> tuple[Question, bytes]:
    """Write what an upstream says to a question for NAME; sections are as dnspython has them in text."""
    body = text if text.startswith(";") else f";ANSWER\n{text}"
    message = dns.message.from_text(f"id 1\n;QUESTION\n{NAME}. IN {rdtype}\n{body}")
    message.flags = dns.flags.Flag(flags)
    message.set_rcode(dns.rcode.Rcode(flags & 15))
    if edns:
        message.use_edns(0, payload=1232)
    number = dns.rdatatype.from_text(rdtype)
    return Question(parse_name(NAME), number, 1, dnssec_ok=False, checking_disabled=False), message.to_wire()


def read(asked: tuple[Question, bytes], *, trust_ad: bool = False) -> Entry | None:
    return IntactReader(10).read(*asked, 0.0, trust_ad=trust_ad)


TO: Final = f"{NAME}. 60 IN CNAME cdn.shop.example.\ncdn.shop.example. "


@pytest.mark.parametrize(
    ("text", "rdtype", "rcode", "answers", "lifetime"),
    [
        (f"{NAME}. 100 IN A 192.0.2.1", "A", 0, 1, 100),
        (f"{NAME}. 100 IN A 192.0.2.1\n{NAME}. 100 IN A 192.0.2.2", "A", 0, 2, 100),
        (f"{NAME}. 100 IN AAAA 2001:db8::1", "AAAA", 0, 1, 100),
        (f"{NAME}. 100 IN A 192.0.2.1\n{SERVERS}", "A", 0, 1, 100),
        (f"{NAME}. 100 IN TXT{' 1' * MOST_PIECES}", "TXT", 0, 1, 100),
        (f'{NAME}. 100 IN TXT "a" "b"\n{NAME}. 100 IN TXT "c"', "TXT", 0, 2, 100),
        (f"{NAME}. 100 IN HTTPS 1 . alpn=h3", "HTTPS", 0, 1, 100),
        (f"{NAME}. 100 IN PTR host.shop.example.", "PTR", 0, 1, 100),
        (f"{NAME}. 100 IN MX 10 mx.shop.example.", "MX", 0, 1, 100),
        (f"{NAME}. 100 IN CNAME cdn.shop.example.", "CNAME", 0, 1, 100),
        (f"{NAME}. 100 IN TYPE65280 \\# 2 abcd", "TYPE65280", 0, 1, 100),
        (f"{TO}100 IN A 192.0.2.1", "A", 0, 2, 60),
        (f"{TO}10 IN CNAME x.cdn.test.\nx.cdn.test. 70 IN A 192.0.2.1\nx.cdn.test. 70 IN A 192.0.2.2", "A", 0, 4, 10),
        (f";AUTHORITY\n{SOA}", "A", 0, 0, 300),
        (f";AUTHORITY\n{SOA}", "A", 3, 0, 300),
        (";AUTHORITY\n. 900 IN SOA a.root. b.root. 1 2 3 4 86400", "A", 3, 0, 900),
        (f"{NAME}. 60 IN CNAME gone.shop.example.\n;AUTHORITY\n{SOA}", "A", 3, 1, 60),
    ],
    ids=["address", "addresses", "ipv6", "servers beside", "long text", "texts", "https", "pointer", "exchange",
         "cname asked", "unknown type", "alias", "aliases", "no data", "no name",
         "no top-level domain", "alias to nothing"],
)  # fmt: skip  # three lines of names
def test_a_usual_answer_is_kept_as_it_came(text: str, rdtype: str, rcode: int, answers: int, lifetime: int) -> None:
    question, wire = response(text, rdtype, flags=0x8180 | rcode)
    entry = read((question, wire))
    assert entry is not None
    assert (entry.question, entry.rcode, entry.answers, entry.expires) == (question, rcode, answers, lifetime)
    assert entry.authorities == (0 if answers and rcode == 0 else 1)
    if entry.authorities == 0:
        assert wire[START:].startswith(entry.body)


@pytest.mark.parametrize(
    "text",
    [
        f"{NAME}. 100 IN A 192.0.2.1\nother.example. 100 IN A 192.0.2.2",
        f"{NAME}. 100 IN CNAME cdn.shop.example.\nother.example. 100 IN A 192.0.2.2",
        f"cdn.shop.example. 100 IN A 192.0.2.1\n{NAME}. 100 IN CNAME cdn.shop.example.",
        f"{NAME}. 100 IN CNAME cdn.shop.example.",
        f"{NAME}. 100 IN CNAME {NAME}.",
        f"{TO}60 IN CNAME {NAME}.",
        f"shop.example. 60 IN DNAME shop.test.\n{NAME}. 60 IN CNAME www.shop.test.\nwww.shop.test. 60 IN A 192.0.2.1",
        f"{NAME}. {MAX_TTL + 1} IN A 192.0.2.1",
        "\n".join(f"{NAME}. 100 IN TXT {number}" for number in range(MOST_RECORDS)),
        f"{NAME}. 100 IN TXT{' 1' * (MOST_PIECES + 1)}",
        f"{NAME}. 9 IN CNAME 0.test.\n"
        + "\n".join(f"{link}.test. 9 IN CNAME {link + 1}.test." for link in range(MOST_LINKS))
        + f"\n{MOST_LINKS}.test. 9 IN A 192.0.2.1",
        f"{NAME}. 100 IN A 192.0.2.1\n;AUTHORITY\n{SOA}",
        f"{NAME}. 100 IN A 192.0.2.1\n;ADDITIONAL\n{NAME}. 100 IN TXT x",
        ";AUTHORITY\nother.example. 9 IN SOA a. b. 1 2 3 4 5",
        ";AUTHORITY\nshop.example. 60 IN NS ns.shop.example.",
        ";ANSWER",
    ],
    ids=["stranger", "stranger at the end", "disorder", "alias to nowhere", "alias to itself", "circle", "dname",
         "long ttl", "many records", "long text", "many aliases", "soa beside", "text beside", "soa of another zone",
         "referral", "nothing"],
)  # fmt: skip  # three lines of names
def test_anything_else_is_left_to_the_twin(text: str) -> None:
    rdtype = "TXT" if "TXT 1" in text else "A"
    assert read(response(text, rdtype)) is None


@pytest.mark.parametrize(
    "flags", [0x0180, 0x8980, 0x8380, 0x8182, 0x8183], ids=["query", "opcode", "TC", "SERVFAIL", "NXDOMAIN"]
)
def test_a_header_that_says_more_is_left_to_the_twin(flags: int) -> None:
    assert read(response(f"{NAME}. 100 IN A 192.0.2.1", flags=flags)) is None


def test_the_upstreams_word_for_it_is_believed_only_where_it_is_trusted() -> None:
    asked = response(f"{NAME}. 100 IN A 192.0.2.1", flags=0x81A0)
    for trusted in (False, True):
        entry = read(asked, trust_ad=trusted)
        assert entry is not None
        assert entry.authentic is trusted
    unsaid = read(response(f"{NAME}. 100 IN A 192.0.2.1"), trust_ad=True)
    assert unsaid is not None
    assert not unsaid.authentic


def test_the_aliases_are_known_by_name() -> None:
    entry = read(response(f"{NAME}. 60 IN CNAME CDN.shop.example.\nCDN.shop.example. 60 IN A 192.0.2.1"))
    assert entry is not None
    assert entry.names == (parse_name("cdn.shop.example"),)
    assert [(link.owner, link.ttl) for link in entry.links] == [(parse_name(NAME), 60)]


def test_addresses_said_twice_or_for_different_times_are_left_to_the_twin() -> None:
    question, wire = response(f"{NAME}. 100 IN A 192.0.2.1\n{NAME}. 100 IN A 192.0.2.2", edns=False)
    assert read((question, wire)) is not None
    assert read((question, wire[:-16] + wire[-32:-16])) is None
    assert read((question, wire[:-7] + b"\x65" + wire[-6:])) is None


@pytest.mark.parametrize("place", [4, START + 10, START + 16 + 4], ids=["name of the TTL", "in the data", "in the OPT"])
def test_a_pointer_to_what_is_no_name_is_left_to_the_twin(place: int) -> None:
    question, wire = response(f"{NAME}. 60 IN CNAME cdn.shop.example.\ncdn.shop.example. 60 IN A 192.0.2.1")
    second = wire.index(b"\x00\x01\x00\x01", START) - 2
    assert wire[second] == 0xC0
    assert read((question, wire[: second + 1] + bytes([place]) + wire[second + 2 :])) is None


@pytest.mark.parametrize("change", [(5, b"\x01"), (6, b"\x01"), (9, b"\x00\x04")], ids=["rcode", "version", "options"])
def test_an_opt_record_that_says_more_is_left_to_the_twin(change: tuple[int, bytes]) -> None:
    question, wire = response(f"{NAME}. 100 IN A 192.0.2.1")
    place, octets = len(wire) - 11 + change[0], change[1]
    changed = wire[:place] + octets + wire[place + len(octets) :] + bytes(4)
    assert read((question, wire + bytes(4))) is not None
    assert read((question, changed)) is None


def test_two_opt_records_are_left_to_the_twin() -> None:
    question, wire = response(f"{NAME}. 100 IN A 192.0.2.1")
    assert read((question, wire[:11] + b"\x02" + wire[12:] + wire[-11:])) is None


def test_no_prefix_is_taken_for_an_answer() -> None:
    question, wire = response(f"{TO}100 IN A 192.0.2.1\n{SERVERS}")
    assert read((question, wire)) is not None
    assert [length for length in range(len(wire)) if read((question, wire[:length])) is not None] == []


def test_the_root_has_answers_too() -> None:
    question = Question(WireName(b"\x00"), 1, 1, dnssec_ok=False, checking_disabled=False)
    wire = b"\x00\x01\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" + b"\x00\x00\x01\x00\x01"
    assert read((question, wire + b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01")) is not None


def test_what_stands_around_an_address_is_looked_at_once() -> None:
    reader = IntactReader(10)
    question, wire = response(f"{NAME}. 100 IN A 192.0.2.1\n{SERVERS}")
    other = wire[: START + 6] + b"\x00\x00\x00\x07\x00\x04\x01\x02\x03\x04" + wire[START + 16 :]
    assert reader.read(question, wire, 0.0, trust_ad=False) is not None
    found = reader.read(question, other, 5.0, trust_ad=False)
    assert found is not None
    assert (found.body, found.expires, found.stale_until) == (other[START : START + 16], 12.0, 22.0)
    for spoiled in (other[:-1], other[:2] + b"\x01" + other[3:], other.replace(b"\x00\x04\x01", b"\x00\x05\x01")):
        assert reader.read(question, spoiled, 5.0, trust_ad=False) is None


def test_the_memory_of_what_stands_around_addresses_is_bounded() -> None:
    reader = IntactReader(10)
    question, wire = response(f"{NAME}. 100 IN A 192.0.2.1")
    for number in range(REMEMBERED + 10):
        assert reader.read(question, wire + number.to_bytes(2, "big"), 0.0, trust_ad=False) is not None
    assert len(reader._in_order) == 10
