"""Messages on the wire: names compressed where they may be, nothing beyond the limit, queries of our own."""

import struct

import pytest

from resolver.dns.edns import write_opt
from resolver.dns.response import Record, read_response
from resolver.dns.writer import MAX_COMPARISONS, ttl_offsets, write_message, write_upstream_query

NAME = b"\x03WwW\x07Example\x00"
LOWER = NAME.lower()
APEX = b"\x07example\x00"
QUESTION = NAME + b"\x00\x01\x00\x01"
OPT = write_opt(udp_size=1232, dnssec_ok=False)
FIXED = b"\x00\x01\x00\x00\x00\x3c"


def written(*records: Record, authority: tuple[Record, ...] = (), opt: bytes = b"", limit: int = 65_535) -> bytes:
    return write_message(
        message_id=7,
        flags=0x8180,
        rcode=0,
        question=QUESTION,
        answer=records,
        authority=authority,
        opt=opt,
        limit=limit,
    )


def body(*records: Record) -> bytes:
    return written(*records)[12 + len(QUESTION) :]


@pytest.mark.parametrize(
    ("rcode", "opt", "header"),
    [
        (0, b"", "0007 8180 0001 0000 0000 0000"),
        (3, b"", "0007 8183 0001 0000 0000 0000"),
        (16, write_opt(udp_size=1232, dnssec_ok=False, extended_rcode=1), "0007 8180 0001 0000 0000 0001"),
    ],
    ids=["NOERROR", "NXDOMAIN", "BADVERS"],
)
def test_the_header_counts_what_follows(rcode: int, opt: bytes, header: str) -> None:
    wire = write_message(message_id=7, flags=0x8180, rcode=rcode, question=QUESTION, opt=opt)
    assert wire == bytes.fromhex(header) + QUESTION + opt


def test_a_message_without_a_question_is_a_header() -> None:
    wire = write_message(message_id=7, flags=0x8100, rcode=1, question=b"")
    assert wire == bytes.fromhex("0007 8101 0000 0000 0000 0000")


def test_an_owner_equal_to_the_question_points_to_it_in_any_letter_case() -> None:
    for owner in (NAME, LOWER, LOWER.upper()):
        assert body(Record(owner, 1, 1, 60, b"addr")) == b"\xc0\x0c\x00\x01" + FIXED + b"\x00\x04addr"


def test_a_name_below_a_written_one_points_to_its_end() -> None:
    first, second = Record(b"\x01a" + APEX, 1, 1, 60, b"addr"), Record(b"\x01b\x01A" + APEX, 1, 1, 60, b"addr")
    start = 12 + len(QUESTION)
    assert body(first, second) == (
        b"\x01a\xc0\x10\x00\x01" + FIXED + b"\x00\x04addr"
        b"\x01b" + struct.pack("!H", 0xC000 | start) + b"\x00\x01" + FIXED + b"\x00\x04addr"
    )


def test_the_root_is_written_as_it_is() -> None:
    assert body(Record(b"\x00", 2, 1, 60, b"\x00")) == b"\x00\x00\x02" + FIXED + b"\x00\x01\x00"


COMPRESSED = {
    "NS": (2, LOWER, b"\xc0\x0c"),
    "MD": (3, LOWER, b"\xc0\x0c"),
    "MF": (4, LOWER, b"\xc0\x0c"),
    "CNAME": (5, b"\x01X" + LOWER, b"\x01X\xc0\x0c"),
    "SOA": (6, LOWER + b"\x01h" + APEX + b"n" * 20, b"\xc0\x0c\x01h\xc0\x10" + b"n" * 20),
    "MB": (7, LOWER, b"\xc0\x0c"),
    "MG": (8, LOWER, b"\xc0\x0c"),
    "MR": (9, LOWER, b"\xc0\x0c"),
    "PTR": (12, b"\x05other\x00", b"\x05other\x00"),
    "MINFO": (14, LOWER + APEX, b"\xc0\x0c\xc0\x10"),
    "MX": (15, b"\x00\x0a" + LOWER, b"\x00\x0a\xc0\x0c"),
}


@pytest.mark.parametrize(("rtype", "rdata", "wire"), COMPRESSED.values(), ids=COMPRESSED.keys())
def test_names_in_the_data_of_the_first_types_are_compressed(rtype: int, rdata: bytes, wire: bytes) -> None:
    expected = b"\xc0\x0c" + struct.pack("!H", rtype) + FIXED + struct.pack("!H", len(wire)) + wire
    assert body(Record(NAME, rtype, 1, 60, rdata)) == expected


@pytest.mark.parametrize("rtype", [17, 18, 33, 35, 36, 39, 46, 47, 64, 65, 65280])
def test_the_data_of_any_other_type_is_written_as_it_is(rtype: int) -> None:
    assert body(Record(NAME, rtype, 1, 60, LOWER)).endswith(b"\x00\x0d" + LOWER)


def test_no_pointer_reaches_beyond_fourteen_bits() -> None:
    far = b"\x03far\x07distant\x00"
    records = [Record(NAME, 16, 1, 60, b"\xff" + b"x" * 255)] * 70 + [Record(far, 1, 1, 60, b"addr")] * 2
    wire = written(*records)
    assert wire.count(far) == 2
    assert read_response(wire).answer[-2:] == tuple(records[-2:])


def test_beyond_its_bound_compression_stops_and_the_message_stays_right() -> None:
    owners = [b"\x02%02x" % number * 60 + b"\x00" for number in range(MAX_COMPARISONS // 60 + 9)]
    early, late = b"\x01a" + owners[0], b"\x01a" + owners[-1]
    written_owners = [owners[0], early, *owners[1:], late, owners[0]]
    wire = written(*(Record(owner, 65280, 1, 60, b"") for owner in written_owners))
    assert [record.owner for record in read_response(wire).answer] == written_owners
    assert wire.count(owners[0]) == 1
    assert wire.count(owners[-1]) == 2


def test_a_message_over_its_limit_keeps_question_and_opt_and_says_so() -> None:
    records = [Record(NAME, 1, 1, 60, struct.pack("!I", i)) for i in range(30)]
    whole = written(*records, opt=OPT)
    assert written(*records, opt=OPT, limit=len(whole)) == whole
    truncated = bytes.fromhex("0007 8380 0001 0000 0000 0001") + QUESTION + OPT
    assert written(*records, opt=OPT, limit=len(whole) - 1) == truncated
    assert written(*records, opt=OPT, limit=0) == truncated


def test_an_authority_section_over_the_limit_truncates_the_whole() -> None:
    answer, soa = Record(NAME, 1, 1, 60, b"addr"), Record(APEX, 6, 1, 60, LOWER * 2 + bytes(20))
    size = len(written(answer))
    assert written(answer, authority=(soa,), limit=size) == bytes.fromhex("0007 8380 0001 0000 0000 0000") + QUESTION


def test_all_ttls_are_found_but_what_opt_keeps_in_their_place() -> None:
    wire = written(
        Record(NAME, 5, 1, 11, b"\x01x" + APEX),
        Record(b"\x01x" + APEX, 1, 1, 22, b"addr"),
        authority=(Record(b"\x00", 6, 1, 33, b"\x00\x00" + bytes(20)), Record(b"\x05other\x00", 46, 1, 44, bytes(20))),
        opt=write_opt(udp_size=1232, dnssec_ok=True, options=[(15, b"\x00\x10text")]),
    )
    assert [struct.unpack_from("!I", wire, offset)[0] for offset in ttl_offsets(wire)] == [11, 22, 33, 44]


def test_a_message_without_records_has_no_ttl() -> None:
    assert ttl_offsets(written(opt=OPT)) == ()
    assert ttl_offsets(write_message(message_id=1, flags=0x8180, rcode=1, question=b"", opt=OPT)) == ()


@pytest.mark.parametrize(
    ("checking_disabled", "dnssec_ok", "with_edns", "expected"),
    [
        (False, False, True, bytes.fromhex("0007 0120 0001 0000 0000 0001") + QUESTION + OPT),
        (True, True, True, bytes.fromhex("0007 0130 0001 0000 0000 0001") + QUESTION + OPT[:7] + b"\x80\x00\x00\x00"),
        (True, False, False, bytes.fromhex("0007 0130 0001 0000 0000 0000") + QUESTION),
    ],
    ids=["plain", "CD and DO", "without EDNS"],
)
def test_our_own_query_is_made_of_the_question_alone(
    *, checking_disabled: bool, dnssec_ok: bool, with_edns: bool, expected: bytes
) -> None:
    wire = write_upstream_query(
        message_id=7,
        question=QUESTION,
        checking_disabled=checking_disabled,
        dnssec_ok=dnssec_ok,
        with_edns=with_edns,
    )
    assert wire == expected
