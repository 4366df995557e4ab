"""Which answers of upstreams lead into private networks, and what is left of them.

A web site whose name points into the visitor's own network makes his browser attack what stands there (DNS
rebinding). So addresses that no upstream can know to be meant are withheld, if the operator wants it, except below
names of which he says that they may have them: private networks (RFC 1918, RFC 4193), loopback and link-local ones.
"""

from collections.abc import Iterable
from struct import Struct
from typing import Final

from resolver.core.message_cache import Entry
from resolver.core.step import Question
from resolver.dns.codes import ExtendedError, RRClass, RRType
from resolver.dns.edns import extended_error
from resolver.dns.name import ROOT, WireName, ancestors
from resolver.dns.own_rdata import soa_rdata
from resolver.dns.response import Record, Response

WITHHELD: Final = extended_error(ExtendedError.BLOCKED, b"private address withheld (DNS rebinding)")
NEGATIVE_TTL: Final = 60
"""Seconds for which it is remembered that nothing was left of an answer."""

_NOTHING_LEFT: Final = Record(
    ROOT, RRType.SOA, RRClass.IN, NEGATIVE_TTL, soa_rdata(ROOT, ROOT, 1, 3_600, 600, 86_400, NEGATIVE_TTL)
)
_SERVICES: Final = (int(RRType.SVCB), int(RRType.HTTPS))
_IPV4_HINT: Final = 4
_IPV6_HINT: Final = 6
_PARAMETER: Final = Struct("!HH")
_LOCAL: Final = (bytes(16), bytes(15) + b"\x01")
_MAPPED: Final = bytes(10) + b"\xff\xff"


class RebindingGuard:
    """Withholds private addresses from names outside of some zones; replaced whole, never changed."""

    __slots__ = ("_allowed",)

    def __init__(self, allowed: Iterable[WireName]) -> None:
        """Names in these zones may have any address."""
        self._allowed = frozenset(allowed)

    def stops(self, entry: Entry) -> bool:
        """Tell whether something in an answer must be withheld."""
        return any(_is_private(rtype, rdata) for rtype, rdata in entry.record_data()) and not self._allows(
            entry.question.qname
        )

    def withhold(self, question: Question, response: Response) -> Response | None:
        """Take out what leads into private networks, with its signatures; None if there is nothing of it.

        If nothing is left to answer with, an SOA says so for a minute.
        """
        private = {(r.owner.lower(), r.rtype) for r in response.answer if _is_private(r.rtype, r.rdata)}
        if not private or self._allows(question.qname):
            return None
        answer = tuple(record for record in response.answer if not _belongs(record, private))
        return Response(
            id=response.id,
            flags=response.flags,
            rcode=response.rcode,
            question=response.question,
            answer=answer,
            authority=(_NOTHING_LEFT,),
            additional=(),
            edns=None,
            broken_edns=False,
        )

    def _allows(self, qname: WireName) -> bool:
        return any(above in self._allowed for above in ancestors(qname))


def is_private(address: bytes) -> bool:
    """Tell whether an address (4 or 16 octets) belongs to somebody's own network, or to the host itself."""
    if len(address) == 4:
        first, second = address[0], address[1]
        return (
            first in {0, 10, 127} or (first == 172 and 16 <= second < 32) or (first, second) in {(192, 168), (169, 254)}
        )
    if address.startswith(_MAPPED):
        return is_private(address[12:])
    return address in _LOCAL or address[0] & 0xFE == 0xFC or (address[0] == 0xFE and address[1] & 0xC0 == 0x80)


def _belongs(record: Record, private: set[tuple[bytes, int]]) -> bool:
    """Tell whether a record is to be withheld: a private address, or the signature of a set that is no longer whole."""
    if record.rtype == RRType.RRSIG:
        return (record.owner.lower(), int.from_bytes(record.rdata[:2], "big")) in private
    return _is_private(record.rtype, record.rdata)


def _is_private(rtype: int, rdata: bytes) -> bool:
    if rtype in {RRType.A, RRType.AAAA}:
        return is_private(rdata)
    return rtype in _SERVICES and any(map(is_private, _hints(rdata)))


def _hints(rdata: bytes) -> list[bytes]:
    """List the addresses in the parameters of a service (RFC 9460 section 7.3); what is malformed has none."""
    position = 2
    while position < len(rdata) and (length := rdata[position]):
        position += length + 1
    position += 1
    found: list[bytes] = []
    while position + 4 <= len(rdata):
        key, length = _PARAMETER.unpack_from(rdata, position)
        value = rdata[position + 4 : position + 4 + length]
        position += 4 + length
        size = {_IPV4_HINT: 4, _IPV6_HINT: 16}.get(key)
        if size is not None and len(value) % size == 0:
            found += [value[at : at + size] for at in range(0, len(value), size)]
    return found
