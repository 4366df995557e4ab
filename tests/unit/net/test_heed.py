"""What a message is to a question; the whole way of each through the forwarder is in the hostile tests."""

import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.dns.response import Response
from resolver.net.heed import Curt, heed

QUERY = dns.message.make_query("www.example.test", "A", use_edns=0)
QUESTION = QUERY.to_wire()[12:-11]
BARE_TC = QUERY.id.to_bytes(2, "big") + b"\x83\x80" + bytes(8)
BARE_FORMERR = QUERY.id.to_bytes(2, "big") + b"\x81\x81" + bytes(8)


def response(rcode: str = "NOERROR", *, flags: int = 0) -> bytes:
    """Write a response to the query."""
    made = dns.message.make_response(QUERY)
    made.set_rcode(dns.rcode.from_text(rcode))
    made.flags |= flags
    return made.to_wire()


@pytest.mark.parametrize(
    ("wire", "over_tcp", "with_edns", "found"),
    [
        (response(), False, True, Response),
        (response("SERVFAIL"), False, True, Response),
        (response(flags=dns.flags.TC), False, True, Curt.TRUNCATED),
        (response(flags=dns.flags.TC)[:-5], False, True, Curt.TRUNCATED),
        (response(flags=dns.flags.TC), True, True, Curt.GARBLED),
        (response("FORMERR"), False, True, Curt.DISLIKES_EDNS),
        (response("FORMERR"), False, False, Response),
        (response("NOTIMP"), True, True, Curt.DISLIKES_EDNS),
        (response("BADVERS"), False, True, Curt.DISLIKES_EDNS),
        (BARE_FORMERR, False, True, Curt.DISLIKES_EDNS),
        (BARE_FORMERR, False, False, Curt.NOT_OURS),
        (BARE_TC, False, True, Curt.TRUNCATED),
        (BARE_TC, True, True, Curt.NOT_OURS),
        (BARE_TC[:2] + b"\x03" + BARE_TC[3:], False, True, Curt.NOT_OURS),
        (BARE_TC[:5] + b"\x01" + BARE_TC[6:], False, True, Curt.NOT_OURS),
        (BARE_TC[:2] + b"\x83\x81" + bytes(8), False, True, Curt.TRUNCATED),
        (BARE_FORMERR[:3] + b"\x82" + bytes(8), False, True, Curt.NOT_OURS),
        (b"\x00\x00" + response()[2:] if QUERY.id else b"\x00\x01" + response()[2:], False, True, Curt.NOT_OURS),
        (response()[:-3], False, True, Curt.GARBLED),
        (b"", False, True, Curt.NOT_OURS),
    ],
)  # fmt: skip  # a table
def test_heed(wire: bytes, over_tcp: bool, with_edns: bool, found: object) -> None:  # noqa: FBT001 - columns of the table
    heard = heed(wire, QUERY.id, QUESTION, over_tcp=over_tcp, with_edns=with_edns)
    assert type(heard) is found or heard is found


@given(st.binary(max_size=600), st.booleans(), st.booleans())
def test_no_octets_raise(octets: bytes, over_tcp: bool, with_edns: bool) -> None:  # noqa: FBT001 - drawn
    start = response()[: 12 + len(QUESTION)]
    for wire in (octets, start + octets):
        assert isinstance(heed(wire, QUERY.id, QUESTION, over_tcp=over_tcp, with_edns=with_edns), Response | Curt)
