"""Every trick to get past a block, over UDP and TCP, with EDNS, DO, CD, AD, without RD, and in mixed letters.

A worker with real sockets is asked; its upstream would give the address 192.0.2.7 for any name.
"""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Final

import pytest

from tests.hostile.packets import AD, CD, DO, ECS, RD, TRANSPORTS, Answer, Asker, dotted, name, opt, option, query
from tests.integration.running_worker import Running, make_policy, running_worker

LISTED: Final = "dpstream.example"
INTERNATIONAL: Final = "xn--bcher-kva.example"
NOTICE: Final = {1: "192.0.2.80", 28: "2001:db8::80"}
FORWARDED: Final = "192.0.2.7"
SERIAL: Final = count()


def mixed(qname: bytes) -> bytes:
    """Change the case of every second octet that is a letter: no length octet of a label is one."""
    return b"".join(
        bytes([octet ^ 0x20]) if number % 2 and chr(octet).isascii() and chr(octet).isalpha() else bytes([octet])
        for number, octet in enumerate(qname)
    )


Ask = Callable[[bytes, int], bytes]
WAYS: Final[dict[str, Ask]] = {
    "plain": query,
    "EDNS": lambda q, t: query(q, t, rest=opt()),
    "DO": lambda q, t: query(q, t, rest=opt(flags=DO)),
    "CD": lambda q, t: query(q, t, flags=RD | CD, rest=opt()),
    "DO CD AD": lambda q, t: query(q, t, flags=RD | CD | AD, rest=opt(flags=DO)),
    "AD": lambda q, t: query(q, t, flags=RD | AD),
    "no RD": lambda q, t: query(q, t, flags=0),
    "no RD, CD, DO": lambda q, t: query(q, t, flags=CD, rest=opt(flags=DO)),
    "letters in both cases": lambda q, t: query(mixed(q), t, rest=opt()),
    "a client subnet": lambda q, t: query(q, t, rest=opt(rdata=option(ECS, b"\x00\x01\x18\x00\xcb\x00\x71"))),
    "octets behind the message": lambda q, t: query(q, t) + query(dotted("fine.example")),
}
RECURSIVE: Final = [way for way in WAYS if "no RD" not in way]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with running_worker(make_policy(LISTED, INTERNATIONAL)) as worker:
        yield worker


@pytest.fixture(params=TRANSPORTS)
def asker(running: Running, request: pytest.FixtureRequest) -> Asker:
    return Asker(running, *TRANSPORTS[request.param])


def is_blocked(answer: Answer, wire: bytes, qtype: int, *, aliases: int = 0) -> None:
    """Look whether a reply says the block and nothing else: no address of its own, no AD, no signature."""
    assert answer.rcode == 0
    assert not answer.flags & AD
    assert wire[12:].startswith(answer.question)
    address = [NOTICE[qtype]] if qtype in NOTICE else []
    assert answer.addresses == address
    kinds = [5] * aliases + ([qtype] if address else [6])
    assert [rtype for _, rtype, _, _ in answer.records] == kinds
    if answer.options is not None:
        assert answer.error_codes == ([16, 4] if address else [16])


BELOW: Final = {
    "the name itself": dotted(LISTED),
    "below it": dotted(f"www.{LISTED}"),
    "120 labels": name(*["x"] * 118, *LISTED.split(".")),
    "255 octets": name("x" * 63, "x" * 63, "x" * 63, "x" * 44, *LISTED.split(".")),
    "a label with a dot": name("www.fine", *LISTED.split(".")),
    "a label with a NUL": name(b"\x00", *LISTED.split(".")),
    "a label that looks like the root": name(b"\x07example\x00", *LISTED.split(".")),
    "octets outside of ASCII": name(b"\xff\xc3\xa9", *LISTED.split(".")),
    "a star": name("*", *LISTED.split(".")),
    "an underscore": name("_443", "_https", *LISTED.split(".")),
    "A-labels": dotted("xn--bcher-kva.example"),
    "A-labels in capitals": dotted("XN--BCHER-KVA.example"),
    "raw UTF-8": name("bücher".encode(), "example"),
    "below raw UTF-8": name("www", "bücher".encode(), "example"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("trick", BELOW)
def test_no_way_of_asking_gets_around_a_block(asker: Asker, trick: str, way: str) -> None:
    for qtype in (1, 28, 65):
        for _ in range(2):
            wire = WAYS[way](BELOW[trick], qtype)
            is_blocked(asker.ask(wire), wire, qtype)


def test_names_of_the_greatest_length_were_among_them() -> None:
    assert len(BELOW["255 octets"]) == 255
    assert max(map(len, BELOW.values())) == 255


BESIDE: Final = {
    "a longer last label": dotted("evildpstream.example"),
    "a dot instead of a label's end": name("dpstream.example"),
    "a dot within, below the parent": name("www.dpstream", "example"),
    "the same octets, another label": name(b"\x08dpstream", "example"),
    "the parent": dotted("example"),
    "the other way round": dotted("example.dpstream"),
    "listed in the middle": dotted("dpstream.example.fine.example"),
    "one octet more": dotted("dpstreams.example"),
    "other raw UTF-8": name("bûcher".encode(), "example"),
    "octets of Latin-1": name("bücher".encode("latin-1"), "example"),
    "a letter that lower-casing must not make": name(b"dpstrea\x4d\xdf", "example"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("trick", BESIDE)
def test_names_beside_a_listed_one_are_not_blocked(asker: Asker, trick: str, way: str) -> None:
    answer = asker.ask(WAYS[way](BESIDE[trick], 1))
    assert (answer.rcode, answer.addresses) == ((0, [FORWARDED]) if way in RECURSIVE else (5, []))
    assert 16 not in answer.error_codes


TYPES: Final = [0, 2, 5, 6, 12, 13, 15, 16, 25, 33, 35, 39, 43, 44, 45, 46, 47, 48, 50, 52, 59, 60, 61, 64, 65, 99, 256,
                257, 32_769, 65_280, 65_535]  # fmt: skip  # a line


@pytest.mark.parametrize("qtype", TYPES)
def test_no_type_tells_anything_of_a_blocked_name(asker: Asker, qtype: int) -> None:
    heard = len(asker.running.upstream.asked)
    for ask in WAYS.values():
        wire = ask(dotted(f"www.{LISTED}"), qtype)
        is_blocked(asker.ask(wire), wire, qtype)
    assert len(asker.running.upstream.asked) == heard


@pytest.mark.parametrize("rclass", [0, 3, 4, 254, 255])
def test_no_other_class_tells_anything(asker: Asker, rclass: int) -> None:
    heard = len(asker.running.upstream.asked)
    answer = asker.ask(query(dotted(LISTED), 1, rclass, rest=opt()))
    assert (answer.rcode, answer.records) == (5, [])
    assert len(asker.running.upstream.asked) == heard


@pytest.mark.parametrize("way", RECURSIVE)
@pytest.mark.parametrize("qtype", [1, 28, 16, 65])
def test_no_alias_leads_to_a_listed_name(asker: Asker, qtype: int, way: str) -> None:
    qname = dotted(f"alias{next(SERIAL)}.fine.example")
    for _ in range(3):  # from the upstream, then from the caches
        wire = WAYS[way](qname, qtype)
        is_blocked(asker.ask(wire), wire, qtype, aliases=1)


@pytest.mark.parametrize("way", RECURSIVE)
def test_the_alias_itself_may_be_asked_for(asker: Asker, way: str) -> None:
    answer = asker.ask(WAYS[way](dotted("alias.fine.example"), 5))
    assert [rtype for _, rtype, _, _ in answer.records] == [5]
    assert answer.error_codes == []


@pytest.mark.parametrize("way", RECURSIVE)
def test_what_was_kept_before_is_blocked_from_the_next_query_on(asker: Asker, way: str) -> None:
    running = asker.running
    kept, behind = f"kept{next(SERIAL)}.fine.example", dotted("alias-released.fine.example")
    with_more = make_policy(LISTED, kept, digest="more")
    wire, alias = WAYS[way](dotted(kept), 1), WAYS[way](behind, 1)
    try:
        for _ in range(2):
            assert asker.ask(wire).addresses == [FORWARDED]
        running.call(lambda: running.worker.swap(with_more, running.settings))
        is_blocked(asker.ask(wire), wire, 1)
        is_blocked(asker.ask(alias), alias, 1, aliases=1)
        running.call(lambda: running.worker.swap(make_policy(kept, digest="other"), running.settings))
        assert asker.ask(alias).addresses == [FORWARDED], "what is no longer listed is free at once"
    finally:
        running.call(lambda: running.worker.swap(make_policy(LISTED, INTERNATIONAL), running.settings))
    assert asker.ask(wire).addresses == [FORWARDED]
