"""Types, data and records as people write them, compared with dnspython."""

import dns.name
import dns.rdata
import dns.rdatatype
import pytest

from resolver.dns.codes import RRType
from resolver.dns.name import parse_name
from resolver.dns.own_rdata import hinfo_rfc8482, soa_rdata
from resolver.dns.records import address_rdata, present_record, type_name, type_number
from resolver.dns.response import Record

OWNER = b"\x03Www\x07example\x00"


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (1, "A"),
        (28, "AAAA"),
        (65, "HTTPS"),
        (128, "NXNAME"),
        (255, "ANY"),
        (44, "SSHFP"),
        (0, "TYPE0"),
        (65280, "TYPE65280"),
    ],
)
def test_types_have_names_or_numbers(number: int, name: str) -> None:
    assert type_name(number) == name
    assert type_number(name.lower()) == number


@pytest.mark.parametrize("number", [0, 1, 33, 257, 65535])
def test_any_type_can_be_named_by_its_number(number: int) -> None:
    assert type_number(f"TYPE{number}") == type_number(f"type{number}") == number


@pytest.mark.parametrize("text", ["", "TYPE", "TYPE65536", "TYPE-1", "TYPE\u0661", "NONSENSE", "1", "A B"])
def test_what_is_no_type_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no record type"):
        type_number(text)


def test_our_numbers_are_those_of_dnspython() -> None:
    for member in RRType:
        assert int(dns.rdatatype.from_text(member.name)) == member.value


def test_addresses_are_written_by_family() -> None:
    assert address_rdata("192.0.2.80") == b"\xc0\x00\x02\x50"
    assert address_rdata("2001:db8::80") == b"\x20\x01\x0d\xb8" + bytes(11) + b"\x80"
    with pytest.raises(ValueError, match=r"192\.0\.2\.256"):
        address_rdata("192.0.2.256")


def test_data_we_make_reads_as_meant() -> None:
    soa = Record(OWNER, 6, 1, 60, soa_rdata(parse_name("a.example"), parse_name("b.example"), 1, 2, 3, 4, 60))
    assert present_record(soa) == "Www.example. 60 IN SOA a.example. b.example. 1 2 3 4 60"
    assert present_record(Record(OWNER, 13, 1, 60, hinfo_rfc8482())) == 'Www.example. 60 IN HINFO "RFC8482" ""'


SAMPLES = [
    ("A", "192.0.2.1"),
    ("AAAA", "2001:db8::1"),
    ("CNAME", r"a\.b\000\@\\y.example."),
    ("DNAME", "a.example."),
    ("NS", "."),
    ("MX", "10 Mail.example."),
    ("SRV", "1 2 3 a.example."),
    ("SOA", r"a.example. h\.x.example. 1 2 3 4 4294967295"),
    ("TXT", r'"a\"b" "c\\d" "" "\195\169\000 x"'),
    ("NAPTR", '1 2 "u" "sip" "!a!b!" .'),
    ("CAA", '0 issue "ca.example"'),
    ("DS", "1 13 2 " + "0" * 64),
    ("DNSKEY", "257 3 13 AAAA"),
    ("NSEC", "b.example. A TXT"),
    ("RRSIG", "A 13 2 60 20260101000000 20250101000000 1 example. AAAA"),
    ("SVCB", "0 a.example."),
    ("RP", "a.example. b.example."),
]


@pytest.mark.parametrize(("name", "text"), SAMPLES, ids=[name for name, _ in SAMPLES])
def test_records_are_shown_as_dnspython_shows_them(name: str, text: str) -> None:
    rdata = dns.rdata.from_text("IN", name, text)
    wire = rdata.to_wire()
    assert wire is not None
    assert present_record(Record(OWNER, rdata.rdtype, 1, 60, wire)) == f"Www.example. 60 IN {name} {rdata.to_text()}"


@pytest.mark.parametrize(
    ("rtype", "rclass", "rdata", "shown"),
    [
        (65280, 1, b"\x01\xff", r"IN TYPE65280 \# 2 01FF"),
        (65280, 1, b"", r"IN TYPE65280 \# 0"),
        (1, 1, b"abc", r"IN A \# 3 616263"),
        (5, 1, b"\x05abc", r"IN CNAME \# 4 05616263"),
        (16, 1, b"", r"IN TXT \# 0"),
        (257, 1, b"\x00\x05issue\x1b[2J", r"IN CAA \# 11 000569737375651B5B324A"),
        (64, 1, b"\x00\x01\x03a.b\x00", r"IN SVCB \# 7 000103612E6200"),
        (1, 3, b"abcd", r"CH A \# 4 61626364"),
        (1, 7, b"abcd", r"CLASS7 A \# 4 61626364"),
    ],
    ids=[
        "unknown",
        "empty",
        "short",
        "cut",
        "no string",
        "terminal escape",
        "dot in a label",
        "other class",
        "unknown class",
    ],
)
def test_unexpected_data_is_shown_as_octets(rtype: int, rclass: int, rdata: bytes, shown: str) -> None:
    assert present_record(Record(OWNER, rtype, rclass, 60, rdata)) == "Www.example. 60 " + shown


def test_the_root_as_owner_is_a_dot() -> None:
    assert present_record(Record(b"\x00", 2, 1, 60, b"\x00")) == ". 60 IN NS ."
