"""Where names stand inside record data, by type: which of them may be compressed, and what surrounds them.

Names may be compressed on sending in the types of RFC 1035 only; a reader must expand them in the types of RFC 3597
section 4 as well. In later types a name is plain, and in unknown types nothing is known to be a name.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Final, assert_never

from resolver.dns.codes import RRType
from resolver.dns.name import MAX_LABEL, MAX_NAME


class Part(Enum):
    """A part of record data whose length is in the data; a part of fixed length is written as that number."""

    NAME = "a name that may be compressed"
    PLAIN_NAME = "a name that is never compressed"
    STRING = "a character-string (RFC 1035 3.3)"
    STRINGS = "one or more character-strings, to the end"
    PARAMETERS = "parameters of a service, keys rising, to the end (RFC 9460 2.2)"
    TYPES = "a bitmap of types, to the end; perhaps of none (RFC 4034 4.1.2)"
    GATEWAY = "a kind, an algorithm, and a gateway of that kind (RFC 4025 2)"
    RELAY = "a kind, and a relay of that kind (RFC 8777 4.2)"
    REST = "anything, to the end"


Layout = tuple[int | Part, ...]

_ONE_NAME: Layout = (Part.NAME,)
_TWO_NAMES: Layout = (Part.NAME, Part.NAME)
_PREFERENCE_AND_NAME: Layout = (2, Part.NAME)

MOST_PIECES: Final = 1_024
"""Strings or parameters that one record may have: the longest text has 257 strings if they are full."""

LONGEST_WINDOW: Final = 32
"""Octets of a bitmap for 256 types."""

SOA_NUMBERS: Final = 20
"""Octets of the five numbers that end SOA data (RFC 1035 3.3.13)."""

COMPRESSED_WHEN_WRITTEN: dict[int, Layout] = {
    RRType.NS: _ONE_NAME,
    RRType.MD: _ONE_NAME,
    RRType.MF: _ONE_NAME,
    RRType.CNAME: _ONE_NAME,
    RRType.SOA: (Part.NAME, Part.NAME, SOA_NUMBERS),
    RRType.MB: _ONE_NAME,
    RRType.MG: _ONE_NAME,
    RRType.MR: _ONE_NAME,
    RRType.PTR: _ONE_NAME,
    RRType.MINFO: _TWO_NAMES,
    RRType.MX: _PREFERENCE_AND_NAME,
}
"""The types of RFC 1035 with names in their data."""

LAYOUTS: dict[int, Layout] = {
    **COMPRESSED_WHEN_WRITTEN,
    RRType.A: (4,),
    RRType.HINFO: (Part.STRING, Part.STRING),
    RRType.TXT: (Part.STRINGS,),
    RRType.RP: _TWO_NAMES,
    RRType.AFSDB: _PREFERENCE_AND_NAME,
    RRType.RT: _PREFERENCE_AND_NAME,
    RRType.X25: (Part.STRING,),
    RRType.ISDN: (Part.STRINGS,),
    RRType.GPOS: (Part.STRING, Part.STRING, Part.STRING),
    RRType.SIG: (18, Part.NAME, Part.REST),
    RRType.PX: (2, Part.NAME, Part.NAME),
    RRType.AAAA: (16,),
    RRType.LOC: (16,),
    RRType.NXT: (Part.NAME, Part.REST),
    RRType.SRV: (6, Part.NAME),
    RRType.NAPTR: (4, Part.STRING, Part.STRING, Part.STRING, Part.NAME),
    RRType.KX: _PREFERENCE_AND_NAME,
    RRType.DNAME: _ONE_NAME,
    RRType.CERT: (5, Part.REST),
    RRType.DS: (4, Part.REST),
    RRType.SSHFP: (2, Part.REST),
    RRType.IPSECKEY: (1, Part.GATEWAY, Part.REST),
    RRType.RRSIG: (18, Part.PLAIN_NAME, Part.REST),
    RRType.NSEC: (Part.PLAIN_NAME, Part.TYPES),
    RRType.DNSKEY: (4, Part.REST),
    RRType.NSEC3: (4, Part.STRING, Part.STRING, Part.TYPES),
    RRType.NSEC3PARAM: (4, Part.STRING),
    RRType.TLSA: (3, Part.REST),
    RRType.SMIMEA: (3, Part.REST),
    RRType.NINFO: (Part.STRINGS,),
    RRType.CDS: (4, Part.REST),
    RRType.CDNSKEY: (4, Part.REST),
    RRType.CSYNC: (6, Part.TYPES),
    RRType.ZONEMD: (6, Part.REST),
    RRType.SVCB: (2, Part.PLAIN_NAME, Part.PARAMETERS),
    RRType.HTTPS: (2, Part.PLAIN_NAME, Part.PARAMETERS),
    RRType.SPF: (Part.STRINGS,),
    RRType.NID: (10,),
    RRType.L32: (6,),
    RRType.L64: (10,),
    RRType.LP: (2, Part.PLAIN_NAME),
    RRType.EUI48: (6,),
    RRType.EUI64: (8,),
    RRType.URI: (5, Part.REST),  # the target has an octet at least (RFC 7553 section 4.4)
    RRType.TSIG: (Part.PLAIN_NAME, 16, Part.REST),
    RRType.CAA: (1, Part.STRING, Part.REST),
    RRType.AVC: (Part.STRINGS,),
    RRType.AMTRELAY: (1, Part.RELAY),
    RRType.RESINFO: (Part.STRINGS,),
    RRType.WALLET: (Part.STRINGS,),
}
"""The types whose data is checked when it is read; the data of any other type is taken as it is (RFC 3597)."""


class MalformedRdataError(ValueError):
    """Record data that is not laid out as its type says."""


def take_apart(rdata: bytes, layout: Layout) -> Iterator[tuple[int | Part, bytes]]:
    """Yield the parts of record data that is not compressed, each with its length octets if it has some.

    Raises IndexError, MalformedRdataError.
    """
    position = 0
    for part in layout:
        end = end_of_part(rdata, part, position, len(rdata))
        if end > len(rdata):
            raise MalformedRdataError("record data cut short")
        yield part, rdata[position:end]
        position = end


def end_of_part(octets: bytes, part: int | Part, position: int, end: int) -> int:
    """Find where the part that begins there ends, in record data that ends at ``end``; names are taken as plain.

    Raises IndexError, MalformedRdataError.
    """
    match part:
        case int():
            return position + part
        case Part.NAME | Part.PLAIN_NAME:
            return _end_of_name(octets, position)
        case Part.STRING:
            return position + 1 + octets[position]
        case Part.STRINGS | Part.PARAMETERS:
            return end_of_list(octets, part, position, end)[0]
        case Part.TYPES:
            return _end_of_types(octets, position, end)
        case Part.GATEWAY:
            return _end_of_peer(octets, octets[position], position + 2, end)
        case Part.RELAY:
            return _end_of_peer(octets, octets[position] & 0x7F, position + 1, end)
        case Part.REST:
            return max(position, end)
        case _:
            assert_never(part)


def end_of_list(octets: bytes, part: Part, position: int, end: int) -> tuple[int, int]:
    """Find where the strings or parameters that begin there end, and how many there are.

    Raises IndexError, MalformedRdataError.
    """
    return (_end_of_strings if part is Part.STRINGS else _end_of_parameters)(octets, position, end)


def _end_of_strings(octets: bytes, position: int, end: int) -> tuple[int, int]:
    for count in range(1, MOST_PIECES + 1):
        position += 1 + octets[position]
        if position >= end:
            return position, count
    raise MalformedRdataError("more strings than anybody publishes")


def _end_of_parameters(octets: bytes, position: int, end: int) -> tuple[int, int]:
    last = -1
    for count in range(MOST_PIECES + 1):
        if position >= end:
            return position, count
        key = octets[position] << 8 | octets[position + 1]
        if key <= last:
            raise MalformedRdataError("parameters out of order")
        last = key
        position += 4 + (octets[position + 2] << 8 | octets[position + 3])
    raise MalformedRdataError("more parameters than anybody publishes")


def _end_of_types(octets: bytes, position: int, end: int) -> int:
    """Find the end of a bitmap: windows rise, and none is empty or ends with an empty octet."""
    last = -1
    while position < end:
        window, length = octets[position], octets[position + 1]
        position += 2 + length
        if window <= last or not 0 < length <= LONGEST_WINDOW or not octets[position - 1]:
            raise MalformedRdataError("no bitmap of types")
        last = window
    return position


def _end_of_peer(octets: bytes, kind: int, position: int, end: int) -> int:
    """Find the end of a gateway or relay: none, an address, or a name; what another kind is nobody knows."""
    match kind:
        case 0:
            return position
        case 1:
            return position + 4
        case 2:
            return position + 16
        case 3:
            return _end_of_name(octets, position)
        case _:
            return max(position, end)


def _end_of_name(octets: bytes, position: int) -> int:
    start = position
    while length := octets[position]:
        if length > MAX_LABEL:
            raise MalformedRdataError("a compressed name where none may be")
        position += length + 1
    if position + 1 - start > MAX_NAME:
        raise MalformedRdataError("a name too long")
    return position + 1
