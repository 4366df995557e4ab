"""Whatever a client may send, over UDP and TCP, IPv4 and IPv6: for a blocked name, a cached one and one to forward.

Each case is a message built octet by octet and what it must get. A worker with real sockets is asked with all of them,
one server for all; whatever it replies keeps the rules that hold for every reply.
"""

import struct
from collections.abc import Callable, Iterator
from itertools import count, product
from typing import Final

import pytest

from tests.hostile.packets import (
    AA,
    AD,
    CD,
    CHAIN,
    COOKIE,
    DO,
    ECS,
    EXTENDED_ERROR,
    ID,
    KEEPALIVE,
    NSID,
    PADDING,
    QR,
    RA,
    RD,
    TC,
    TRANSPORTS,
    Answer,
    Asker,
    Z,
    dotted,
    name,
    opt,
    option,
    query,
    record,
)
from tests.integration.running_worker import Running, make_policy, running_worker

NOTICE, FORWARDED = "192.0.2.80", "192.0.2.7"
ROOT: Final = b"\x00"
SERIAL: Final = count()
QNAMES: Final[dict[str, Callable[[], bytes]]] = {
    "blocked": lambda: dotted("pirate.example"),
    "cached": lambda: dotted("cached.example"),
    "forwarded": lambda: dotted(f"f{next(SERIAL)}.example"),
}
Build = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with running_worker(make_policy("pirate.example")) as worker:
        for way in TRANSPORTS.values():
            Asker(worker, *way).ask(query(dotted("cached.example")))
        yield worker


@pytest.fixture(params=TRANSPORTS)
def asker(running: Running, request: pytest.FixtureRequest) -> Asker:
    return Asker(running, *TRANSPORTS[request.param])


def keeps_the_rules(answer: Answer, wire: bytes) -> None:
    """Look at what holds for each reply, whatever it says."""
    flags = int.from_bytes(wire[2:4])
    assert answer.wire[:2] == wire[:2], "the id comes back"
    assert answer.flags & QR
    assert answer.flags & RA
    assert not answer.flags & AA, "we are nobody's authority"
    assert not answer.flags & Z
    assert answer.flags & 0x7800 == flags & 0x7800, "the operation comes back"
    assert answer.flags & (RD | CD) == flags & (RD | CD)
    if answer.question:
        assert wire[12:].startswith(answer.question), "the question comes back in its own letters"
    for code, _ in answer.options or []:
        assert code in {COOKIE, EXTENDED_ERROR, KEEPALIVE}, "no option is echoed"


def is_the_answer(answer: Answer, wire: bytes, kind: str) -> None:
    """Look whether a question for an address got what such a name gets."""
    keeps_the_rules(answer, wire)
    assert answer.rcode == 0
    assert answer.counts[0] == 1
    assert answer.addresses == [NOTICE if kind == "blocked" else FORWARDED]
    has_opt = wire[10:12] != b"\x00\x00"
    assert (answer.options is not None) is has_opt
    assert answer.error_codes == ([16, 4] if kind == "blocked" and has_opt else [])


def cut_to(size: int) -> Build:
    return lambda q: query(q)[:size]


def with_cookie(size: int) -> Build:
    return lambda q: query(q, rest=opt(rdata=option(COOKIE, bytes(size))))


def with_size(size: int) -> Build:
    return lambda q: query(q, rest=opt(size=size))


def in_class(rclass: int) -> Build:
    return lambda q: query(q, 1, rclass)


# Nothing at all.

IGNORED: Final[dict[str, Build]] = {
    **{f"{size} octets": cut_to(size) for size in range(12)},
    "a response": lambda q: query(q, flags=QR | RD),
    "a response with an error": lambda q: query(q, flags=QR | RA | 5),
    "a response with an unknown operation": lambda q: query(q, flags=QR | 0x7800),
    "a response's header alone": lambda _: query(ROOT, flags=QR, counts=(0, 0, 0, 0))[:12],
    "a response with EDNS": lambda q: query(q, flags=QR | RD, rest=opt()),
}


@pytest.mark.parametrize("case", IGNORED)
def test_what_is_no_query_gets_no_answer(asker: Asker, case: str) -> None:
    for kind in QNAMES:
        assert asker.is_ignored(IGNORED[case](QNAMES[kind]()))


# What cannot be read: twelve octets.

UNREADABLE: Final[dict[str, Build]] = {
    "no question at all": lambda q: query(q, counts=(0, 0, 0, 0)),
    "a header alone": lambda q: query(q, counts=(0, 0, 0, 0))[:12],
    "a header that promises a question": lambda q: query(q)[:12],
    "no question, but an OPT record": lambda _: query(ROOT, counts=(0, 0, 0, 1))[:12] + opt(),
    "two questions": lambda q: query(q, counts=(2, 0, 0, 0), rest=q + b"\x00\x01\x00\x01"),
    "two questions, the second one listed": lambda q: query(
        q, counts=(2, 0, 0, 0), rest=dotted("pirate.example") + b"\x00\x01\x00\x01"
    ),
    "two questions, the second one missing": lambda q: query(q, counts=(2, 0, 0, 0)),
    "65535 questions": lambda q: query(q, counts=(65_535, 0, 0, 0)),
    "cut within the first label": lambda q: query(q)[:14],
    "cut before the root label": lambda q: query(q)[: 12 + len(q) - 1],
    "cut behind the name": lambda q: query(q)[: 12 + len(q)],
    "cut within the type": lambda q: query(q)[: 12 + len(q) + 1],
    "cut within the class": lambda q: query(q)[:-1],
    "a label longer than what is left": lambda _: query(b"\x3fshort"),
    "a pointer to itself": lambda _: query(b"\xc0\x0c"),
    "a pointer into the header": lambda _: query(b"\xc0\x00"),
    "a pointer forward": lambda _: query(b"\xc0\x20"),
    "a pointer past the end": lambda _: query(b"\xff\xff"),
    "a pointer behind a label": lambda q: query(q[:-1] + b"\xc0\x0c"),
    "half a pointer": lambda _: query(ROOT)[:12] + b"\xc0",
    "the reserved label type 0x40": lambda q: query(b"\x41" + q),
    "the reserved label type 0x80": lambda q: query(b"\x81" + q),
    "a bit label": lambda q: query(b"\x41\x04\xa0" + q),
    "a name of 256 octets": lambda _: query(name(*["x" * 49] * 5, "xxxx")),
    "a name of 300 octets": lambda _: query(name(*["x" * 59] * 5)),
    "128 labels": lambda _: query(name(*["x"] * 128)),
}  # fmt: skip  # a table


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read_is_a_format_error_without_a_question(asker: Asker, case: str) -> None:
    for kind in QNAMES:
        wire = UNREADABLE[case](QNAMES[kind]())
        answer = asker.ask(wire)
        keeps_the_rules(answer, wire)
        assert answer.rcode == 1
        assert answer.counts[:3] == (0, 0, 0)
        assert len(answer.wire) == 12 + 11 * (case == "no question, but an OPT record")


# What can be read and is wrong all the same: the question comes back.

TSIG: Final = record(dotted("key"), 250, dotted("hmac-sha256") + bytes(16), 255)
SOA: Final = record(rtype=6, rdata=ROOT + ROOT + bytes(20))
WRONG: Final[dict[str, tuple[int, Build]]] = {
    "a record in the answer": (1, lambda q: query(q, counts=(1, 1, 0, 0), rest=record())),
    "a record in the authority section": (1, lambda q: query(q, counts=(1, 0, 1, 0), rest=record())),
    "an answer that is not there": (1, lambda q: query(q, counts=(1, 1, 0, 0))),
    "an OPT record that is not there": (1, lambda q: query(q, counts=(1, 0, 0, 1))),
    "all counts 65535 but that of questions": (1, lambda q: query(q, counts=(1, 65_535, 65_535, 65_535))),
    "two OPT records": (1, lambda q: query(q, counts=(1, 0, 0, 2), rest=opt() + opt())),
    "two OPT records of two versions": (1, lambda q: query(q, counts=(1, 0, 0, 2), rest=opt() + opt(version=1))),
    "three OPT records": (1, lambda q: query(q, counts=(1, 0, 0, 3), rest=opt() * 3)),
    "an OPT record of another owner": (1, lambda q: query(q, rest=opt(owner=dotted("x.example")))),
    "an OPT record whose owner is a pointer": (1, lambda q: query(q, rest=opt(owner=b"\xc0\x0c"))),
    "an OPT record in the answer": (1, lambda q: query(q, counts=(1, 1, 0, 0), rest=opt())),
    "an OPT record in the authority section": (1, lambda q: query(q, counts=(1, 0, 1, 0), rest=opt())),
    "an OPT record longer than the message": (1, lambda q: query(q, rest=opt(length=4))),
    "an OPT record of 65535 octets": (1, lambda q: query(q, rest=opt(length=65_535))),
    "an OPT record cut short": (1, lambda q: query(q, rest=opt()[:-3])),
    "an option longer than the OPT record": (1, lambda q: query(q, rest=opt(rdata=b"\x00\x03\x00\x09x"))),
    "half an option": (1, lambda q: query(q, rest=opt(rdata=b"\x00\x03\x00"))),
    "an option, then a stray octet": (1, lambda q: query(q, rest=opt(rdata=option(NSID) + b"x"))),
    "two TSIG records": (1, lambda q: query(q, counts=(1, 0, 0, 2), rest=TSIG * 2)),
    "a TSIG record before an OPT record": (1, lambda q: query(q, counts=(1, 0, 0, 2), rest=TSIG + opt())),
    "a TSIG record of class IN": (1, lambda q: query(q, rest=record(dotted("key"), 250, TSIG[-29:]))),
    "a TSIG record without data": (1, lambda q: query(q, rest=record(dotted("key"), 250, b"", 255))),
    "an address of three octets beside": (1, lambda q: query(q, rest=record(rdata=b"abc"))),
    "an alias of a pointer to itself beside": (1, lambda q: query(q, rest=record(rtype=5, rdata=b"\xc0\x2c"))),
    "a record beside whose owner points forward": (1, lambda q: query(q, rest=record(b"\xc0\xff"))),
    "an OPT record and an address of three octets": (
        1,
        lambda q: query(q, counts=(1, 0, 0, 2), rest=record(rdata=b"abc") + opt()),
    ),
    **{f"a cookie of {size} octets": (1, with_cookie(size)) for size in (0, 1, 7, 9, 15, 41, 300)},
    "EDNS version 1": (16, lambda q: query(q, rest=opt(version=1))),
    "EDNS version 255": (16, lambda q: query(q, rest=opt(version=255))),
    "EDNS version 1, an unknown option": (16, lambda q: query(q, rest=opt(version=1, rdata=option(100)))),
    "EDNS version 1, unknown flags, DO": (16, lambda q: query(q, rest=opt(version=1, flags=0xFFFF))),
    "EDNS version 1, options of another form": (16, lambda q: query(q, rest=opt(version=1, rdata=b"\x01\x02\x03"))),
    "EDNS version 1, class CHAOS": (16, lambda q: query(q, 16, 3, rest=opt(version=1))),
    **{f"class {rclass}": (5, in_class(rclass)) for rclass in (0, 2, 3, 4, 254, 255, 65_535)},
    "class HESIOD with EDNS": (5, lambda q: query(q, 1, 4, rest=opt())),
    "version.bind": (5, lambda _: query(dotted("version.bind"), 16, 3)),
    "version.bind with EDNS": (5, lambda _: query(dotted("version.bind"), 16, 3, rest=opt())),
    "version.server": (5, lambda _: query(dotted("version.server"), 16, 3)),
    "hostname.bind": (5, lambda _: query(dotted("hostname.bind"), 16, 3)),
    "id.server": (5, lambda _: query(dotted("id.server"), 16, 3)),
    "authors.bind, type ANY": (5, lambda _: query(dotted("authors.bind"), 255, 3)),
    "AXFR": (5, lambda q: query(q, 252)),
    "AXFR with EDNS": (5, lambda q: query(q, 252, rest=opt())),
    "AXFR of the root": (5, lambda _: query(ROOT, 252)),
    "IXFR": (5, lambda q: query(q, 251)),
    "IXFR with the SOA it starts from": (5, lambda q: query(q, 251, counts=(1, 0, 1, 0), rest=SOA)),
    "MAILA": (4, lambda q: query(q, 254)),
    "MAILB": (4, lambda q: query(q, 253)),
    "type OPT": (1, lambda q: query(q, 41)),
    "type TKEY": (1, lambda q: query(q, 249)),
    "type TSIG": (1, lambda q: query(q, 250)),
    "type NXNAME": (1, lambda q: query(q, 128)),
    "a meta-type that nobody has assigned": (1, lambda q: query(q, 200)),
    "the last of them": (1, lambda q: query(q, 248)),
    "type NXNAME with EDNS": (1, lambda q: query(q, 128, rest=opt(flags=DO))),
}  # fmt: skip  # a table


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_gets_its_error_and_its_question_back(asker: Asker, case: str) -> None:
    for kind in QNAMES:
        rcode, build = WRONG[case]
        wire = build(QNAMES[kind]())
        answer = asker.ask(wire)
        keeps_the_rules(answer, wire)
        assert answer.rcode == rcode
        assert answer.counts[:3] == (1, 0, 0)
        assert not answer.flags & (AD | TC)
        assert answer.opt_flags == (DO if "DO" in case or "NXNAME with EDNS" in case else 0), "DO comes back, and no Z"
        has_opt = (
            "EDNS" in case or "cookie" in case or "option" in case or ("OPT" in case and b"\x00\x29" in wire[-40:])
        )
        if has_opt and "not there" not in case and "cut short" not in case and case != "type OPT":
            assert answer.options is not None, "who speaks EDNS is answered in EDNS (RFC 6891 section 7)"


# Other operations.


@pytest.mark.parametrize("opcode", range(1, 16))
def test_other_operations_are_not_implemented(asker: Asker, opcode: int) -> None:
    for kind, flags, rest in product(QNAMES, (0, RD, RD | CD, 0x07F5), (b"", opt(), opt(version=1))):
        wire = query(QNAMES[kind](), flags=opcode << 11 | flags, rest=rest)
        answer = asker.ask(wire)
        keeps_the_rules(answer, wire)
        assert answer.rcode == 4
        assert answer.counts[1:3] == (0, 0)
        assert (answer.options is not None) is (rest != b"")


def test_an_update_is_not_implemented_whatever_it_holds(asker: Asker) -> None:
    for counts in [(1, 0, 1, 0), (0, 0, 0, 0), (9, 9, 9, 9)]:
        wire = query(dotted("pirate.example"), 6, flags=5 << 11, counts=counts, rest=record())
        answer = asker.ask(wire)
        keeps_the_rules(answer, wire)
        assert answer.rcode == 4


# What looks odd and is answered as if it did not.

ECS_SOUND: Final = option(ECS, b"\x00\x01\x18\x00\xcb\x00\x71")
SOUND: Final[dict[str, Build]] = {
    "plain": query,
    "EDNS": lambda q: query(q, rest=opt()),
    "DO": lambda q: query(q, rest=opt(flags=DO)),
    "TC set": lambda q: query(q, flags=RD | TC),
    "AA set": lambda q: query(q, flags=RD | AA),
    "RA set": lambda q: query(q, flags=RD | RA),
    "Z set": lambda q: query(q, flags=RD | Z),
    "AD set": lambda q: query(q, flags=RD | AD),
    "CD set": lambda q: query(q, flags=RD | CD),
    "a response code": lambda q: query(q, flags=RD | 5),
    "every bit but QR": lambda q: query(q, flags=0x07FF),
    "every bit but QR, EDNS": lambda q: query(q, flags=0x07FF, rest=opt(flags=0xFFFF)),
    "one octet behind the question": lambda q: query(q) + b"x",
    "twelve octets behind the question": lambda q: query(q) + bytes(12),
    "a second message behind the question": lambda q: query(q) + query(dotted("pirate.example")),
    "300 octets behind the question": lambda q: query(q) + bytes(range(150)) * 2,
    "octets behind the OPT record": lambda q: query(q, rest=opt() + b"garbage"),
    **{f"EDNS size {size}": with_size(size) for size in (0, 1, 511, 512, 513, 1_232, 4_096, 65_535)},
    "EDNS flags that mean nothing": lambda q: query(q, rest=opt(flags=0x7FFF)),
    "an extended response code": lambda q: query(q, rest=opt(extended=255)),
    "an unknown option": lambda q: query(q, rest=opt(rdata=option(100, b"?"))),
    "an empty option 0": lambda q: query(q, rest=opt(rdata=option(0))),
    "option 65535": lambda q: query(q, rest=opt(rdata=option(65_535, bytes(30)))),
    "300 options": lambda q: query(q, rest=opt(rdata=b"".join(option(65_001 + each) for each in range(300)))),
    "NSID": lambda q: query(q, rest=opt(rdata=option(NSID))),
    "NSID with data": lambda q: query(q, rest=opt(rdata=option(NSID, b"who"))),
    "ECS": lambda q: query(q, rest=opt(rdata=ECS_SOUND)),
    "ECS of no network": lambda q: query(q, rest=opt(rdata=option(ECS, b"\x00\x01\x00\x00"))),
    "ECS of an unknown family": lambda q: query(q, rest=opt(rdata=option(ECS, b"\x00\x09\x18\x00\xcb"))),
    "ECS with a prefix that cannot be": lambda q: query(q, rest=opt(rdata=option(ECS, b"\x00\x01\xff\x00\xcb"))),
    "ECS cut short": lambda q: query(q, rest=opt(rdata=option(ECS, b"\x00"))),
    "ECS twice": lambda q: query(q, rest=opt(rdata=ECS_SOUND * 2)),
    "padding": lambda q: query(q, rest=opt(rdata=option(PADDING, bytes(90)))),
    "padding that is not zero": lambda q: query(q, rest=opt(rdata=option(PADDING, b"\xff" * 90))),
    "CHAIN": lambda q: query(q, rest=opt(rdata=option(CHAIN, dotted("example")))),
    "CHAIN with no name": lambda q: query(q, rest=opt(rdata=option(CHAIN, b"\xc0\x0c"))),
    "EXPIRE": lambda q: query(q, rest=opt(rdata=option(9))),
    "DAU, DHU, N3U": lambda q: query(q, rest=opt(rdata=option(5, b"\x08") + option(6, b"\x02") + option(7, b"\x01"))),
    "key tags": lambda q: query(q, rest=opt(rdata=option(14, b"\x4f\x66"))),
    "an extended error from a client": lambda q: query(q, rest=opt(rdata=option(EXTENDED_ERROR, b"\x00\x10x"))),
    "a report channel": lambda q: query(q, rest=opt(rdata=option(18, dotted("agent.example")))),
    "keepalive": lambda q: query(q, rest=opt(rdata=option(KEEPALIVE))),
    "keepalive with a time": lambda q: query(q, rest=opt(rdata=option(KEEPALIVE, b"\x00\x64"))),
    "NSID, ECS, EXPIRE and a cookie": lambda q: query(
        q, rest=opt(rdata=option(NSID) + ECS_SOUND + option(9) + option(COOKIE, b"12345678"))
    ),
    "an option twice": lambda q: query(q, rest=opt(rdata=option(PADDING, bytes(4)) * 2)),
    "an unknown option and a size of 0": lambda q: query(q, rest=opt(size=0, rdata=option(100))),
    "a client cookie": lambda q: query(q, rest=opt(rdata=option(COOKIE, b"12345678"))),
    "an address behind the question": lambda q: query(q, counts=(1, 0, 0, 1), rest=record()),
    "an address and an OPT record": lambda q: query(q, counts=(1, 0, 0, 2), rest=record() + opt()),
    "a TSIG record": lambda q: query(q, counts=(1, 0, 0, 1), rest=TSIG),
    "a TSIG record behind an OPT record": lambda q: query(q, counts=(1, 0, 0, 2), rest=opt() + TSIG),
    "a record of an unknown type behind the question": lambda q: query(q, rest=record(rtype=65_280, rdata=b"\xc0\x00")),
    "letters in both cases": lambda q: query(q.replace(b"e", b"E").replace(b"a", b"A")),
    "letters in both cases, EDNS": lambda q: query(q.replace(b"e", b"E"), rest=opt()),
}  # fmt: skip  # a table


@pytest.mark.parametrize("case", SOUND)
def test_what_is_merely_odd_is_answered(asker: Asker, case: str) -> None:
    for kind in QNAMES:
        wire = SOUND[case](QNAMES[kind]())
        for _ in range(2):  # the second time from a cache, if from anywhere
            answer = asker.ask(wire)
            if case.startswith(("an address behind", "a record of")) or case == "a TSIG record":
                assert answer.options is None
                wire_counts = wire[:10] + bytes(2) + wire[12:]
                is_the_answer(answer, wire_counts, kind)
                continue
            is_the_answer(answer, wire, kind)
            assert not answer.flags & (TC | AD)
            if answer.options is not None:
                assert answer.opt_flags == (DO if "DO" in case or "every bit" in case else 0), "DO comes back, and no Z"


# Names.

NAMES: Final[dict[str, list[bytes | str]]] = {
    "a label of 63 octets": ["x" * 63],
    "a label with a NUL": [b"a\x00b"],
    "a label with a dot": [b"a.b"],
    "a label of a dot": [b"."],
    "a label with a space": [b"a b"],
    "a label with a backslash": [b"a\\046b"],
    "a label of 0xFF": [b"\xff\xff"],
    "a label in UTF-8": ["blocquée"],
    "letters outside of ASCII in Latin 1": [b"\xc9\xe9\xdc"],
    "octets that would be letters if bit 5 meant case": [b"[]^_`{}~@"],
    "capital letters": ["WwW"],
    "an underscore": ["_dns"],
    "a hyphen at both ends": ["-a-"],
    "a star": ["*"],
    "a label that looks like a length octet": [b"\x07example\x00"],
    "a name of 255 octets": ["x" * 60, "x" * 60, "x" * 60, "x" * 55],
    "as many labels as fit": ["x"] * 119,
}


@pytest.mark.parametrize("parent", ["pirate.example", "octets.example"])
@pytest.mark.parametrize("case", NAMES)
def test_any_octets_make_a_name_and_come_back(asker: Asker, parent: str, case: str) -> None:
    qname = name(*NAMES[case], *parent.split("."))
    if "255" in case:
        qname = name(*NAMES[case][:3], "x" * (255 - 3 * 61 - len(dotted(parent)) - 1), *parent.split("."))
        assert len(qname) == 255
    wire = query(qname, rest=opt())
    is_the_answer(asker.ask(wire), wire, "blocked" if parent == "pirate.example" else "forwarded")


@pytest.mark.parametrize(
    "labels", [[b"x"] * 127, [b"\xff"] * 127, [b"x" * 63] * 3 + [b"x" * 61]], ids=["127", "0xFF", "4"]
)
def test_no_sound_name_is_too_long(asker: Asker, labels: list[bytes]) -> None:
    wire = query(name(*labels), rest=opt())
    assert len(name(*labels)) == 255
    is_the_answer(asker.ask(wire), wire, "forwarded")


@pytest.mark.parametrize("qtype", [1, 2, 6, 43, 48])
def test_the_root_is_a_name(asker: Asker, qtype: int) -> None:
    wire = query(ROOT, qtype, rest=opt(flags=DO))
    answer = asker.ask(wire)
    keeps_the_rules(answer, wire)
    assert (answer.rcode, answer.question) == (0, wire[12:17])


@pytest.mark.parametrize("qtype", [0, 3, 10, 38, 99, 103, 127, 256, 32_768, 65_280, 65_535])
def test_types_that_nobody_knows_are_types(asker: Asker, qtype: int) -> None:
    for kind in QNAMES:
        wire = query(QNAMES[kind](), qtype, rest=opt())
        answer = asker.ask(wire)
        keeps_the_rules(answer, wire)
        assert answer.rcode == 0
        assert answer.counts[:3] == (1, 0, 1 if kind == "blocked" else 0)


# Without recursion, too long for a datagram, all types at once.


@pytest.mark.parametrize("rest", [b"", opt(), opt(flags=DO)], ids=["plain", "EDNS", "DO"])
@pytest.mark.parametrize("flags", [0, CD, AD], ids=["no flags", "CD", "AD"])
def test_without_recursion_there_is_nothing_but_blocks(asker: Asker, flags: int, rest: bytes) -> None:
    for kind in QNAMES:
        wire = query(QNAMES[kind](), flags=flags, rest=rest)
        answer = asker.ask(wire)
        if kind == "blocked":
            is_the_answer(answer, wire, kind)
            continue
        keeps_the_rules(answer, wire)
        assert answer.rcode == 5
        assert answer.counts[:3] == (1, 0, 0)
        assert answer.error_codes == ([20] if rest else [])


@pytest.mark.parametrize(
    ("rest", "fits"), [(b"", 512), (opt(size=512), 512), (opt(size=1_232), 1_232), (opt(size=65_535), 1_232)]
)
def test_what_does_not_fit_is_cut_off_whole(asker: Asker, rest: bytes, fits: int) -> None:
    wire = query(dotted("long.example"), 16, rest=rest)
    answer = asker.ask(wire)
    keeps_the_rules(answer, wire)
    assert answer.rcode == 0
    if asker.transport == "tcp":
        assert answer.counts[1] == 20
        assert not answer.flags & TC
    else:
        assert answer.flags & TC
        assert answer.counts == (1, 0, 0, 1 if rest else 0)
        assert len(answer.wire) <= fits


@pytest.mark.parametrize("rest", [b"", opt(), opt(flags=DO)], ids=["plain", "EDNS", "DO"])
@pytest.mark.parametrize("flags", [RD, RD | CD, RD | AD], ids=["RD", "CD", "AD"])
def test_all_types_at_once_are_one_small_record(asker: Asker, flags: int, rest: bytes) -> None:
    for kind in QNAMES:
        heard = len(asker.running.upstream.asked)
        wire = query(QNAMES[kind](), 255, flags=flags, rest=rest)
        answer = asker.ask(wire)
        keeps_the_rules(answer, wire)
        assert answer.rcode == 0
        assert [(rtype, rdata) for _, rtype, _, rdata in answer.records] == [(13, b"\x07RFC8482\x00")]
        assert not answer.flags & (TC | AD)
        assert answer.error_codes == ([16] if kind == "blocked" and rest else [])
        assert len(asker.running.upstream.asked) == heard, "it never goes upstream"


# All of it in a row.


def everything(qname: bytes) -> Iterator[bytes]:
    """Build the message of each case above."""
    for table in (IGNORED, UNREADABLE, SOUND):
        for build in table.values():
            yield build(qname)
    for _, build in WRONG.values():
        yield build(qname)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_one_connection_survives_all_of_it(running: Running, host: str) -> None:
    messages = list(everything(dotted("pirate.example")))
    last = query(dotted("pirate.example"), message_id=ID ^ 1)
    with running.tcp(host) as line:
        line.sendall(b"".join(struct.pack("!H", len(wire)) + wire for wire in [*messages, last]))
        stream = line.makefile("rb")
        answers = 0
        while True:
            (length,) = struct.unpack("!H", stream.read(2))
            answers += 1
            if stream.read(length)[:2] == last[:2]:
                break
    assert answers == len(messages) - len(IGNORED) + 1


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_one_burst_of_all_of_it_is_answered(running: Running, host: str) -> None:
    messages = list(everything(dotted("pirate.example")))
    last = query(dotted("pirate.example"), message_id=ID ^ 1)
    with running.udp(host) as line:
        for wire in [*messages, last]:
            line.send(wire)
        answers = 1
        while line.recv(65_535)[:2] != last[:2]:
            answers += 1
    assert answers == len(messages) - len(IGNORED) + 1
