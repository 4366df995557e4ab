"""What special names get, so that no upstream is asked about them.

Between a special name and a zone of the configuration the longer one wins, the zone if both are the same.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final, assert_never

from resolver.core.reply import Content, minimal_any_content
from resolver.dns.codes import Rcode, RRClass, RRType
from resolver.dns.name import ROOT, WireName, ancestors, is_within, labels, parse_name
from resolver.dns.own_rdata import soa_rdata
from resolver.dns.response import Record
from resolver.dns.special_names import APEXES, Kind

TTL: Final = 10_800
"""Seconds for which such an answer may be kept (RFC 6303 section 3)."""

_TAIL: Final = 6
"""So many last octets tell nearly every ordinary name from a special one: as many as ``test`` has with its ends."""


_LOCALHOST: Final = parse_name("localhost")
_RESPONSIBLE: Final = parse_name("nobody.invalid")
_LOOPBACK: Final[Mapping[int, bytes]] = {RRType.A: b"\x7f\x00\x00\x01", RRType.AAAA: bytes(15) + b"\x01"}
_LOOPBACK_IN_REVERSE: Final = (parse_name("1.0.0.127.in-addr.arpa"), parse_name("1" + 31 * ".0" + ".ip6.arpa"))


class SpecialNames:
    """The special names that are answered here; replaced whole, never changed."""

    __slots__ = ("_apexes", "_tails", "_tops", "_zones")

    def __init__(self, apexes: Mapping[WireName, Kind], zones: AbstractSet[WireName]) -> None:
        self._apexes = apexes
        self._zones = zones
        self._tails = frozenset(apex[-_TAIL:] for apex in apexes)
        self._tops = frozenset(labels(apex)[-1] for apex in apexes)

    def content(self, qname: WireName, qtype: int) -> Content | None:
        """Say what a special name gets; None for a name that is not ours to answer."""
        if qname[-_TAIL:] not in self._tails:  # nearly every name ends here
            return None
        for name in ancestors(qname):
            if name in self._zones:
                return None
            kind = self._apexes.get(name)
            if kind is not None:
                return _content(kind, name, qname, qtype)
        return None

    def leave_alone(self, domain: WireName) -> bool:
        """Tell whether a name and all below it are ordinary; never said of one that shares its last label with a
        special name, or of the root."""
        return domain != ROOT and labels(domain)[-1] not in self._tops


ALL_FORWARDED: Final = SpecialNames({}, frozenset())


def special_names(zones: Iterable[str], forwarded: Iterable[str]) -> SpecialNames:
    """Choose: all but those that are forwarded like any other name; ``zones`` have upstreams of their own."""
    apexes = {parse_name(name): kind for name, kind in APEXES.items() if name not in frozenset(forwarded)}
    return SpecialNames(apexes, frozenset(map(parse_name, zones)))


def _content(kind: Kind, apex: WireName, qname: WireName, qtype: int) -> Content | None:
    soa = Record(apex, RRType.SOA, RRClass.IN, TTL, _SOA)
    match kind:
        case Kind.LOOPBACK:
            address = _LOOPBACK.get(qtype)
            return _found(qname, qtype, soa) if address is None else _says(qname, qtype, address)
        case Kind.NOWHERE:
            return Content(Rcode.NXDOMAIN, authority=(soa,))
        case Kind.EMPTY_ZONE:
            return _of_empty_zone(soa, qname, qtype)
        case Kind.NO_RECORDS:
            return _found(qname, qtype, soa)
        case _ as never:
            assert_never(never)


def _of_empty_zone(soa: Record, qname: WireName, qtype: int) -> Content | None:
    """Answer as the zone of RFC 6303 section 3 would, with the loopback address in reverse beside it.

    Whether the zone is signed is for its parent to say: that question is not ours (RFC 4035 3.1.4.1, RFC 8375 4).
    """
    if qname == soa.owner:
        if qtype == RRType.DS:
            return None
        if qtype == RRType.SOA:
            return Content(Rcode.NOERROR, (soa,))
        if qtype == RRType.NS:
            return _says(qname, qtype, _LOCALHOST)
    if qtype == RRType.PTR and qname in _LOOPBACK_IN_REVERSE:
        return _says(qname, qtype, _LOCALHOST)
    if qname == soa.owner or any(is_within(name, qname) for name in _LOOPBACK_IN_REVERSE):
        return _found(qname, qtype, soa)
    return Content(Rcode.NXDOMAIN, authority=(soa,))


def _says(qname: WireName, qtype: int, rdata: bytes) -> Content:
    return Content(Rcode.NOERROR, (Record(qname, qtype, RRClass.IN, TTL, rdata),))


def _found(qname: WireName, qtype: int, soa: Record) -> Content:
    """Say that the name exists, without records of this type."""
    if qtype == RRType.ANY:
        return minimal_any_content(qname)
    return Content(Rcode.NOERROR, authority=(soa,))


_SOA: Final = soa_rdata(_LOCALHOST, _RESPONSIBLE, 1, 3_600, 1_200, 604_800, TTL)
