"""What is refused at once gets the octets and the counts of a plain refusal, and nothing else is refused at once."""

import asyncio
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.flooded import CLIENT, IPV6, OTHER, WAITING, Flooded

LOOP = asyncio.new_event_loop()


@pytest.fixture(scope="module", autouse=True)
def loop_is_closed() -> Iterator[None]:
    yield
    LOOP.close()


HOSTS = [b"new", b"NEW", b"cached", b"Signed", b"stale", b"failed", b"asked0", b"asked1", b"finished", b"a\0b",
         b"x" * 63, b"\xff.", b""]  # fmt: skip  # one line for what is known, one for what is odd
LONG = b"".join(b"\x3b" + bytes([letter]) * 59 for letter in b"abc")
DOMAINS = [b"\7crowded\7example", b"\7CROWDED\7Example", b"\1a\7crowded\7example", LONG + b"\7crowded\7example",
           b"\6listed\7example", b"\6partly\7example", b"\4some\6partly\7example", b"\5other\7example", b"\7example",
           b"\4test", b"\3com", b""]  # fmt: skip  # those that are crowded, and those that are not
COOKIE = b"\0\x0a\0\x08abcdefgh"
OPTS = [
    b"",
    b"\0\0\x29\x04\xd0\0\0\0\0\0\0",
    b"\0\0\x29\x02\0\xff\0\x80\0\0\0",
    b"\0\0\x29\x04\xd0\0\0\xff\xff\0\0",
    b"\0\0\x29\x04\xd0\0\1\0\0\0\0",
    b"\0\0\x29\x04\xd0\0\0\0\0\0\x0c" + COOKIE,
    b"\1a\0\x29\x04\xd0\0\0\0\0\0\0",
    b"\0\0\x10\x04\xd0\0\0\0\0\0\0",
]


@st.composite
def ordinary(draw: st.DrawFn) -> bytes:
    """Write a query, mostly a sound one."""
    host, domain = draw(st.sampled_from(HOSTS)), draw(st.sampled_from(DOMAINS))
    name = (bytes([len(host)]) + host if host else b"") + domain + b"\0"
    qtype = draw(st.sampled_from([1, 1, 28, 43, 65, 257, 0, 41, 128, 251, 252, 255, 256, 65_535]))
    qclass = draw(st.sampled_from([1, 1, 1, 1, 3, 255, 257]))
    opt = draw(st.sampled_from(OPTS))
    flags = draw(st.sampled_from([0x0100, 0x0100, 0x0110, 0x0120, 0x0000, 0x8100, 0x2900, 0x0130, 0x0780, 0x01FF]))
    head = struct.pack("!HHHHHH", draw(st.integers(0, 65_535)), flags, 1, 0, 0, 1 if opt else 0)
    return head + name + struct.pack("!HH", qtype, qclass) + opt + draw(st.sampled_from([b"", b"", b"\0", b"behind"]))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Write a query, and change one octet or cut it off."""
    wire = draw(ordinary())
    place = draw(st.integers(0, len(wire) - 1))
    return wire[:place] + draw(st.sampled_from([b"", bytes([draw(st.integers(0, 255))]) + wire[place + 1 :]]))


def flooded(bound: str) -> Flooded:
    """Set up with something of each kind kept for names below the domain, then fill it."""
    there = Flooded(LOOP, {bound: WAITING})
    there.know("cached.crowded.example", seconds=300)
    there.know("signed.crowded.example", seconds=300, want_dnssec=True)
    there.know("stale.crowded.example", seconds=5)
    there.now += 10
    there.fail("failed.crowded.example")
    there.finish("finished.crowded.example")
    there.refuse_one()
    return there


@settings(deadline=None)
@given(
    st.sampled_from(["client", "all", "domain"]),
    st.sampled_from([CLIENT, OTHER, IPV6]),
    st.lists(st.one_of(ordinary(), damaged()), min_size=1, max_size=6),
)
def test_whatever_is_refused_at_once_would_have_been_refused_so(
    bound: str, client: bytes, datagrams: list[bytes]
) -> None:
    there = flooded(bound)
    try:
        assert there.refusals.domains
        for datagram in datagrams:
            before = there.page.tobytes()
            (wire,) = there.at_once(datagram, client=client)
            counted = there.counted()
            there.page[:] = memoryview(before).cast("Q")
            if wire is None:
                assert counted == there.counted()
            else:
                assert there.plainly(datagram, client) == wire
                assert there.counted() == counted
    finally:
        there.forwarder.close()


@pytest.mark.parametrize("bound", ["client", "all", "domain"])
@pytest.mark.parametrize("opt", OPTS[:4], ids=["no EDNS", "EDNS", "DO", "DO and all flags"])
@pytest.mark.parametrize("host", [b"new", b"NEW", b"x" * 63, b"cached-not"])
def test_an_ordinary_question_is_refused_at_once(bound: str, opt: bytes, host: bytes) -> None:
    there = flooded(bound)
    head = struct.pack("!HHHHHH", 7, 0x0110, 1, 0, 0, 1 if opt else 0)
    datagram = head + bytes([len(host)]) + host + b"\7Crowded\7example\0\0\1\0\1" + opt
    (wire,) = there.at_once(datagram)
    assert wire is not None
    assert wire == there.plainly(datagram)
    there.forwarder.close()
