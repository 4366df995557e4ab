"""What a message from an upstream is to the question it claims to answer, before the core looks at its content."""

from enum import Enum, auto
from typing import Final

from resolver.dns.codes import Rcode
from resolver.dns.response import HEADER_SIZE, MalformedResponseError, Response, echoes, read_response

_DISLIKES_EDNS: Final = frozenset({Rcode.FORMERR, Rcode.NOTIMP})
_QR_AND_OPCODE: Final = 0xF8
_QR: Final = 0x80
_TC: Final = 0x02
_RCODE: Final = 0x0F


class Curt(Enum):
    """A message that is not, or not yet, a response for the core."""

    NOT_OURS = auto()
    """Another id, question or operation, or no response at all: whoever sent it, waiting goes on (RFC 5452 9.1)."""
    OTHER_CASE = auto()
    """The right id and question, but in other letters than those that were drawn for it."""
    GARBLED = auto()
    """The right header and question, and then something that cannot be read: waiting goes on."""
    TRUNCATED = auto()
    """TC over UDP: what there is of the content is not looked at (RFC 2181 section 9), if there is any."""
    DISLIKES_EDNS = auto()
    """FORMERR, NOTIMP or BADVERS to a query with an OPT record (RFC 6891 sections 6.1.3 and 7)."""


def heed(
    wire: bytes, message_id: int, question: bytes, *, over_tcp: bool, with_edns: bool, exact: bool = False
) -> Response | Curt:
    """Read a message as the response to a question that was asked under this id; never raises.

    ``exact``: the letter case of the question was drawn at random and must come back.
    """
    if not echoes(wire, message_id, question):
        return _without_question(wire, message_id, over_tcp=over_tcp, with_edns=with_edns)
    if exact and not wire.startswith(question, HEADER_SIZE):
        return Curt.OTHER_CASE
    if with_edns and wire[3] & _RCODE in _DISLIKES_EDNS:
        return Curt.DISLIKES_EDNS
    if wire[2] & _TC:
        return Curt.GARBLED if over_tcp else Curt.TRUNCATED
    try:
        response = read_response(wire)
    except MalformedResponseError:
        return Curt.GARBLED
    return Curt.DISLIKES_EDNS if with_edns and response.rcode == Rcode.BADVERS else response


def _without_question(wire: bytes, message_id: int, *, over_tcp: bool, with_edns: bool) -> Curt:
    """Say what a header alone is: FORMERR, as servers from before EDNS answer, or TC, whereupon TCP tells the truth."""
    bare = len(wire) == HEADER_SIZE and int.from_bytes(wire[:2], "big") == message_id and not any(wire[4:])
    if not bare or wire[2] & _QR_AND_OPCODE != _QR:
        return Curt.NOT_OURS
    if wire[2] & _TC:
        return Curt.NOT_OURS if over_tcp else Curt.TRUNCATED
    return Curt.DISLIKES_EDNS if with_edns and wire[3] & _RCODE == Rcode.FORMERR else Curt.NOT_OURS
