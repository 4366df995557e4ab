"""Every way in which a client's message can be odd, and what it is read as."""

import struct
from typing import Final

import pytest

from resolver.dns.codes import Rcode, RRType
from resolver.dns.edns import Edns
from resolver.dns.message import MOST_RECORDS, Ignored, Query, Unreadable, read_query, read_query_plainly
from resolver.dns.name import WireName

ID: Final = 0xBEEF
NAME: Final = b"\x03WwW\x07example\x00"
QUESTION: Final = NAME + b"\x00\x01\x00\x01"
LOWER: Final = WireName(NAME.lower())
OPT: Final = b"\x00\x00\x29\x10\x00\x00\x00\x80\x00\x00\x00"  # 4096 octets, DO
PLAIN_EDNS: Final = Edns(4096, 0, dnssec_ok=True, extended_rcode=0, options=())
SOA: Final = b"\xc0\x0c\x00\x06\x00\x01\x00\x00\x00\x00\x00\x16\x00\x00" + bytes(20)


def message(body: bytes = QUESTION, *, flags: int = 0x0100, counts: tuple[int, int, int, int] = (1, 0, 0, 0)) -> bytes:
    return struct.pack("!6H", ID, flags, *counts) + body


def question(qtype: int, qclass: int = 1) -> bytes:
    return NAME + struct.pack("!HH", qtype, qclass)


def opt(rdata: bytes = b"", *, size: int = 1232, version: int = 0, rdlength: int | None = None) -> bytes:
    length = len(rdata) if rdlength is None else rdlength
    return struct.pack("!BHHBBHH", 0, RRType.OPT, size, 0, version, 0, length) + rdata


def option(code: int, value: bytes) -> bytes:
    return struct.pack("!HH", code, len(value)) + value


def with_opt(*options: bytes, version: int = 0) -> bytes:
    return message(QUESTION + opt(b"".join(options), version=version), counts=(1, 0, 0, 1))


def bare(rcode: Rcode, *, flags: int = 0x0100, edns: bool = False, dnssec_ok: bool = False) -> Unreadable:
    return Unreadable(ID, flags, rcode, b"", edns, 0, dnssec_ok=dnssec_ok)


def echoed(rcode: Rcode, asked: bytes = QUESTION, *, edns: bool = False, dnssec_ok: bool = False) -> Unreadable:
    qtype = int.from_bytes(asked[-4:-2], "big")
    return Unreadable(ID, 0x0100, rcode, asked, edns, qtype, dnssec_ok=dnssec_ok)


def test_the_usual_query_is_read_whole() -> None:
    assert read_query(message(QUESTION + OPT, flags=0x0130, counts=(1, 0, 0, 1))) == Query(
        ID, 0x0130, QUESTION, LOWER, RRType.A, 1, PLAIN_EDNS
    )


@pytest.mark.parametrize("length", range(12))
def test_less_than_a_header_is_ignored(length: int) -> None:
    assert read_query(message()[:length]) is Ignored.SHORT


@pytest.mark.parametrize("flags", [0x8000, 0x8180, 0xA800, 0xFFFF])
@pytest.mark.parametrize("body", [b"", QUESTION, b"\xff" * 40])
def test_a_response_is_ignored(flags: int, body: bytes) -> None:
    assert read_query(message(body, flags=flags)) is Ignored.NOT_A_QUERY


@pytest.mark.parametrize(
    "counts",
    [(0, 0, 0, 0), (0, 1, 1, 1), (2, 0, 0, 0), (65535, 0, 0, 0)],
    ids=["no question", "records only", "two", "65535"],
)
def test_anything_but_one_question_is_a_format_error_without_question(counts: tuple[int, int, int, int]) -> None:
    assert read_query(message(QUESTION * 2, counts=counts)) == bare(Rcode.FORMERR)


@pytest.mark.parametrize("questions", [0, 2, 3])
def test_an_opt_record_behind_the_wrong_number_of_questions_is_seen(questions: int) -> None:
    wire = message(QUESTION * questions + OPT, counts=(questions, 0, 0, 1))
    assert read_query(wire) == bare(Rcode.FORMERR, edns=True, dnssec_ok=True)


BROKEN_QUESTIONS: Final = {
    "no octet": b"",
    "name cut": b"\x03ww",
    "no root": b"\x03www",
    "no type": NAME,
    "half a class": NAME + b"\x00\x01\x00",
    "pointer to itself": b"\xc0\x0c\x00\x01\x00\x01",
    "pointer forward": b"\xc0\x20\x00\x01\x00\x01" + NAME * 3,
    "pointer into the header": b"\xc0\x02\x00\x01\x00\x01",
    "pointer after a label": b"\x03www\xc0\x0c\x00\x01\x00\x01",
    "label type 0x40": b"\x41a\x00\x00\x01\x00\x01",
    "label type 0x80": b"\x81a\x00\x00\x01\x00\x01",
    "label of 64": b"\x40" + b"a" * 64 + b"\x00\x00\x01\x00\x01",
    "name of 256": b"\x3f" + b"a" * 63 + (b"\x3f" + b"a" * 63) * 2 + b"\x3e" + b"a" * 62 + b"\x00\x00\x01\x00\x01",
    "128 labels": b"\x01a" * 128 + b"\x00\x00\x01\x00\x01",
}


@pytest.mark.parametrize("body", BROKEN_QUESTIONS.values(), ids=BROKEN_QUESTIONS.keys())
def test_a_question_that_does_not_read_is_not_echoed(body: bytes) -> None:
    assert read_query(message(body)) == bare(Rcode.FORMERR)
    assert read_query(message(body, counts=(1, 0, 0, 1))) == bare(Rcode.FORMERR)


READABLE_NAMES: Final = {
    "root": b"\x00",
    "255 octets": (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"a" * 61 + b"\x00",
    "127 labels": b"\x01A" * 127 + b"\x00",
    "NUL, dot, 0xff and others": b"\x05\x00.\xff\x20\\\x03\x40\x80\xc0\x00",
}


@pytest.mark.parametrize("name", READABLE_NAMES.values(), ids=READABLE_NAMES.keys())
def test_any_octets_make_a_name(name: bytes) -> None:
    asked = name + b"\x00\x1c\x00\x01"
    assert read_query(message(asked)) == Query(ID, 0x0100, asked, WireName(name.lower()), RRType.AAAA, 1, None)


@pytest.mark.parametrize("opcode", range(1, 16))
@pytest.mark.parametrize("rd", [0, 0x0100])
def test_other_operations_are_not_implemented_and_their_header_is_kept(opcode: int, rd: int) -> None:
    flags = opcode << 11 | rd
    assert read_query(message(flags=flags)) == bare(Rcode.NOTIMP, flags=flags)
    assert read_query(message(b"", flags=flags, counts=(0, 0, 0, 0))) == bare(Rcode.NOTIMP, flags=flags)
    assert read_query(message(b"\xff", flags=flags)) == bare(Rcode.NOTIMP, flags=flags)
    wire = message(QUESTION + OPT, flags=flags, counts=(1, 0, 0, 1))
    assert read_query(wire) == bare(Rcode.NOTIMP, flags=flags, edns=True, dnssec_ok=True)


@pytest.mark.parametrize("extra", [0x0200, 0x0400, 0x0080, 0x0040, 0x0020, 0x0010, 0x000F, 0x06FF])
def test_flags_that_mean_nothing_in_a_query_do_no_harm(extra: int) -> None:
    assert read_query(message(flags=0x0100 | extra)) == Query(ID, 0x0100 | extra, QUESTION, LOWER, 1, 1, None)


@pytest.mark.parametrize(
    ("flags", "recursion", "checking", "authentic"),
    [
        (0x0100, True, False, False),
        (0x0010, False, True, False),
        (0x0020, False, False, True),
        (0, False, False, False),
    ],
)
def test_flags_are_told_apart(flags: int, *, recursion: bool, checking: bool, authentic: bool) -> None:
    query = read_query(message(flags=flags))
    assert isinstance(query, Query)
    assert (query.recursion_desired, query.checking_disabled, query.authentic_wanted) == (
        recursion,
        checking,
        authentic,
    )


@pytest.mark.parametrize("counts", [(1, 1, 0, 0), (1, 0, 1, 0)], ids=["answer", "authority"])
def test_records_beside_the_question_are_a_format_error(counts: tuple[int, int, int, int]) -> None:
    assert read_query(message(QUESTION + SOA, counts=counts)) == echoed(Rcode.FORMERR)


@pytest.mark.parametrize("garbage", [b"\x00", b"\xff" * 400, OPT, QUESTION], ids=["NUL", "0xff", "OPT", "question"])
def test_what_follows_the_last_record_is_not_read(garbage: bytes) -> None:
    assert read_query(message(QUESTION + garbage)) == Query(ID, 0x0100, QUESTION, LOWER, 1, 1, None)
    wire = message(QUESTION + OPT + garbage, counts=(1, 0, 0, 1))
    assert read_query(wire) == Query(ID, 0x0100, QUESTION, LOWER, 1, 1, PLAIN_EDNS)


A_RECORD: Final = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04\x01\x02\x03\x04"
TSIG: Final = b"\x03key\x00\x00\xfa\x00\xff\x00\x00\x00\x00\x00\x1d\x0bhmac-sha256\x00" + bytes(16)


@pytest.mark.parametrize(
    ("rest", "additionals"),
    [
        (A_RECORD + OPT, 2),
        (OPT + A_RECORD, 2),
        (NAME + A_RECORD[2:] + OPT + A_RECORD, 3),
        (OPT + TSIG, 2),
        (OPT + A_RECORD * (MOST_RECORDS - 1), MOST_RECORDS),
    ],
    ids=["before", "after", "around", "TSIG", "many"],
)
def test_sound_additional_records_are_passed_over(rest: bytes, additionals: int) -> None:
    assert read_query(message(QUESTION + rest, counts=(1, 0, 0, additionals))) == Query(
        ID, 0x0100, QUESTION, LOWER, 1, 1, PLAIN_EDNS
    )


MALFORMED_REST: Final = {
    "no record at all": (b"", (1, 0, 0, 1), False),
    "owner only": (b"\x00", (1, 0, 0, 1), False),
    "half a record": (OPT[:-1], (1, 0, 0, 1), False),
    "65535 records": (OPT, (1, 0, 0, 65535), True),
    "two OPT": (OPT * 2, (1, 0, 0, 2), True),
    "two OPT, a record between": (OPT + A_RECORD + OPT, (1, 0, 0, 3), True),
    "OPT of a name": (b"\x01a" + OPT, (1, 0, 0, 1), True),
    "OPT of a pointer": (b"\xc0\x14" + OPT[1:], (1, 0, 0, 1), True),
    "OPT in the answer": (OPT, (1, 1, 0, 0), True),
    "OPT in the authority": (OPT, (1, 0, 1, 0), True),
    "OPT data too long": (opt(rdlength=1), (1, 0, 0, 1), True),
    "OPT data of 65535": (opt(b"\x00" * 9, rdlength=65535), (1, 0, 0, 1), True),
    "record data too long": (A_RECORD[:-1], (1, 0, 0, 1), False),
    "owner of unknown label type": (b"\x80" + OPT, (1, 0, 0, 1), False),
    "owner that points forward": (b"\xc0\xff" + A_RECORD[2:], (1, 0, 0, 1), False),
    "owner that points into the header": (b"\xc0\x04" + A_RECORD[2:], (1, 0, 0, 1), False),
    "an address of three octets": (A_RECORD[:10] + b"\x00\x03abc", (1, 0, 0, 1), False),
    "an alias without a target": (b"\xc0\x0c\x00\x05" + A_RECORD[4:10] + b"\x00\x00", (1, 0, 0, 1), False),
    "two TSIG": (TSIG * 2, (1, 0, 0, 2), False),
    "TSIG, then an address": (TSIG + A_RECORD, (1, 0, 0, 2), False),
    "TSIG of class IN": (TSIG.replace(b"\x00\xff", b"\x00\x01"), (1, 0, 0, 1), False),
    "TSIG of three octets": (TSIG[:13] + b"\x00\x03abc", (1, 0, 0, 1), False),
    "more records than are looked at": (A_RECORD * (MOST_RECORDS + 1), (1, 0, 0, MOST_RECORDS + 1), False),
    "option cut": (opt(b"\x00\x0a\x00"), (1, 0, 0, 1), True),
    "option too long": (opt(option(3, b"ab")[:-1]), (1, 0, 0, 1), True),
    "option of 65535": (opt(b"\x00\x03\xff\xff"), (1, 0, 0, 1), True),
}


@pytest.mark.parametrize(("rest", "counts", "edns"), MALFORMED_REST.values(), ids=MALFORMED_REST.keys())
def test_malformed_records_are_a_format_error(rest: bytes, counts: tuple[int, int, int, int], *, edns: bool) -> None:
    assert read_query(message(QUESTION + rest, counts=counts)) == echoed(Rcode.FORMERR, edns=edns)


@pytest.mark.parametrize("version", [1, 2, 255])
@pytest.mark.parametrize("options", [b"", b"\xff", option(10, b"1")], ids=["empty", "other form", "bad cookie"])
def test_later_versions_of_edns_are_refused_whatever_their_options(version: int, options: bytes) -> None:
    assert read_query(with_opt(options, version=version)) == echoed(Rcode.BADVERS, edns=True)


@pytest.mark.parametrize(
    ("size", "limit"),
    [(0, 512), (511, 512), (512, 512), (513, 513), (1231, 1231), (1232, 1232), (1233, 1232), (65535, 1232)],
)
def test_an_answer_over_udp_fits_the_asker_and_the_network(size: int, limit: int) -> None:
    query = read_query(message(QUESTION + opt(size=size), counts=(1, 0, 0, 1)))
    assert isinstance(query, Query)
    assert query.edns is not None
    assert (query.edns.udp_size, query.udp_limit, query.dnssec_ok) == (size, limit, False)


def test_without_edns_an_answer_over_udp_has_512_octets_at_most() -> None:
    query = read_query(message())
    assert isinstance(query, Query)
    assert (query.edns, query.udp_limit, query.dnssec_ok) == (None, 512, False)


@pytest.mark.parametrize("length", [*range(8), *range(9, 16), 41, 42, 300])
def test_a_cookie_of_impossible_length_is_a_format_error(length: int) -> None:
    assert read_query(with_opt(option(10, bytes(length)))) == echoed(Rcode.FORMERR, edns=True)


@pytest.mark.parametrize("length", [8, *range(16, 41)])
def test_a_cookie_of_possible_length_is_kept(length: int) -> None:
    query = read_query(with_opt(option(10, bytes(length))))
    assert isinstance(query, Query)
    assert query.edns is not None
    assert query.edns.options == ((10, bytes(length)),)


def test_only_the_first_cookie_counts() -> None:
    assert isinstance(read_query(with_opt(option(10, bytes(8)), option(10, b"x"))), Query)
    assert read_query(with_opt(option(10, b"x"), option(10, bytes(8)))) == echoed(Rcode.FORMERR, edns=True)


@pytest.mark.parametrize(
    "options",
    [
        (option(65001, b"whatever"),),
        (option(8, b"\x00\x09\xff\xff broken client subnet"),),
        (option(8, b""),),
        (option(11, b"\x00"),),
        tuple(option(65001, b"x") for _ in range(300)),
    ],
    ids=["unknown", "broken client subnet", "empty client subnet", "keepalive with a time", "300 options"],
)
def test_options_we_do_not_serve_do_no_harm(options: tuple[bytes, ...]) -> None:
    query = read_query(with_opt(*options))
    assert isinstance(query, Query)
    assert query.edns is not None
    assert len(query.edns.options) == len(options)


@pytest.mark.parametrize("qclass", [0, 3, 4, 254, 255, 256, 65535])
def test_other_classes_are_refused(qclass: int) -> None:
    asked = question(RRType.TXT, qclass)
    assert read_query(message(asked)) == echoed(Rcode.REFUSED, asked)
    assert read_query(message(asked + OPT, counts=(1, 0, 0, 1))) == echoed(
        Rcode.REFUSED, asked, edns=True, dnssec_ok=True
    )


NEVER_ASKED: Final = {
    "OPT": (41, Rcode.FORMERR),
    "NXNAME": (128, Rcode.FORMERR),
    "the second meta-type": (129, Rcode.FORMERR),
    "the last one nobody has assigned": (248, Rcode.FORMERR),
    "TKEY": (249, Rcode.FORMERR),
    "TSIG": (250, Rcode.FORMERR),
    "IXFR": (251, Rcode.REFUSED),
    "AXFR": (252, Rcode.REFUSED),
    "MAILB": (253, Rcode.NOTIMP),
    "MAILA": (254, Rcode.NOTIMP),
}


@pytest.mark.parametrize(("qtype", "rcode"), NEVER_ASKED.values(), ids=NEVER_ASKED.keys())
def test_types_that_no_resolver_serves(qtype: int, rcode: Rcode) -> None:
    asked = question(qtype)
    assert read_query(message(asked)) == echoed(rcode, asked)
    assert read_query(message(asked + OPT, counts=(1, 0, 0, 1))) == echoed(rcode, asked, edns=True, dnssec_ok=True)


def test_a_transfer_with_its_soa_is_refused_all_the_same() -> None:
    asked = question(RRType.IXFR)
    assert read_query(message(asked + SOA, counts=(1, 0, 1, 0))) == echoed(Rcode.REFUSED, asked)
    assert read_query(message(asked + SOA + OPT, counts=(1, 0, 1, 1))) == echoed(
        Rcode.REFUSED, asked, edns=True, dnssec_ok=True
    )


def test_an_opt_record_in_place_of_the_soa_of_a_transfer_is_a_format_error() -> None:
    asked = question(RRType.IXFR)
    assert read_query(message(asked + OPT, counts=(1, 0, 1, 0))) == echoed(Rcode.FORMERR, asked, edns=True)


@pytest.mark.parametrize("qtype", [0, 1, 64, 65, 127, 255, 256, 65280, 65535])
def test_any_other_type_is_a_question(qtype: int) -> None:
    asked = question(qtype)
    assert read_query(message(asked)) == Query(ID, 0x0100, asked, LOWER, qtype, 1, None)


def test_every_prefix_of_a_query_reads_the_same_both_ways() -> None:
    wire = message(QUESTION + opt(option(10, bytes(24)) + option(12, b"")), counts=(1, 0, 0, 1))
    for length in range(len(wire) + 1):
        assert read_query(wire[:length]) == read_query_plainly(wire[:length])
