"""Record data as people and other programs write it: types by name, addresses, records as text.

The only module that imports dnslib, which no worker loads.
"""

from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address

from dnslib import QTYPE, RDMAP, DNSError
from dnslib.dns import DNSBuffer
from dnslib.label import DNSLabelError

from resolver.dns.codes import RRClass, RRType
from resolver.dns.name import present_name
from resolver.dns.rdata import LAYOUTS, SOA_NUMBERS, Part, take_apart
from resolver.dns.response import Record

_READERS = {QTYPE.reverse[name]: reader for name, reader in RDMAP.items()}
_READERS[RRType.SVCB] = RDMAP["HTTPS"]  # of the same form (RFC 9460 section 2)
_NO_NUMBERS = frozenset(
    {
        RRType.A,
        RRType.AAAA,
        RRType.LOC,
        RRType.NSEC3PARAM,
        RRType.NID,
        RRType.L32,
        RRType.L64,
        RRType.EUI48,
        RRType.EUI64,
    }
)
"""Types whose parts of fixed length are not written as numbers of two octets."""
_CLASS_NAMES = {member.value: member.name for member in RRClass}
_TYPE_NAMES: dict[int, str] = {**QTYPE.forward, **{member.value: member.name for member in RRType}}
_TYPE_NUMBERS: dict[str, int] = {name: number for number, name in sorted(_TYPE_NAMES.items(), reverse=True)}


def type_name(number: int) -> str:
    """Name a record type; a type without a known name is TYPE and its number (RFC 3597 section 5)."""
    return _TYPE_NAMES.get(number) or f"TYPE{number}"


def type_number(text: str) -> int:
    """Find a record type by its name or as TYPE and a number, in any letter case. Raises ValueError."""
    name = text.upper()
    if name in _TYPE_NUMBERS:
        return _TYPE_NUMBERS[name]
    digits = name.removeprefix("TYPE")
    if digits != name and digits.isascii() and digits.isdigit() and int(digits) <= 0xFFFF:
        return int(digits)
    raise ValueError(f"{text!r} is no record type; name one, or write TYPE and its number, 0 to 65535")


def address_rdata(text: str) -> bytes:
    """Write an address as the data of an A record (4 octets) or an AAAA record (16). Raises ValueError."""
    return ip_address(text).packed


def present_record(record: Record) -> str:
    """Write a record as a line of a zone file; data of unknown or unexpected form as RFC 3597 section 5 has it."""
    rclass = _CLASS_NAMES.get(record.rclass) or f"CLASS{record.rclass}"
    return f"{_present_host(record.owner)} {record.ttl} {rclass} {type_name(record.rtype)} {_present_rdata(record)}"


def _present_rdata(record: Record) -> str:
    text = ""
    with suppress(DNSError, DNSLabelError, ValueError, IndexError):
        text = _present_parts(record) or _present_by_dnslib(record)
    if text and text.isascii() and text.isprintable():  # anything else could play tricks on a terminal
        return text
    return f"\\# {len(record.rdata)} {record.rdata.hex().upper()}".rstrip()


def _present_by_dnslib(record: Record) -> str:
    reader = _READERS.get(record.rtype) if record.rclass == RRClass.IN else None
    return repr(reader.parse(DNSBuffer(record.rdata), len(record.rdata))) if reader is not None else ""


def _present_parts(record: Record) -> str:
    """Write data made of names, character-strings and numbers; nothing if it has other parts.

    dnslib would leave out the escapes of dots within labels, and so show one name as another: what only it can show
    is left to it unless a name needs escapes. Raises IndexError, ValueError.
    """
    words: list[str] = []
    for part, octets in take_apart(record.rdata, LAYOUTS.get(record.rtype, (Part.REST,))):
        match part:
            case Part.NAME:
                words.append(_present_host(octets))
            case Part.STRING | Part.STRINGS:
                words += _present_strings(octets)
            case Part.PLAIN_NAME if "\\" in present_name(octets):
                raise ValueError("a name that dnslib would not escape")
            case int() if record.rtype not in _NO_NUMBERS:
                width = 4 if part == SOA_NUMBERS else 2
                words += [str(int.from_bytes(octets[i : i + width], "big")) for i in range(0, part, width)]
            case _:
                return ""
    return " ".join(words)


def _present_host(name: bytes) -> str:
    text = present_name(name)
    return text if text == "." else text + "."


def _present_strings(octets: bytes) -> Iterator[str]:
    position = 0
    while position < len(octets):
        end = position + 1 + octets[position]
        yield '"' + "".join(map(_present_octet, octets[position + 1 : end])) + '"'
        position = end


def _present_octet(octet: int) -> str:
    if octet in b'"\\':
        return "\\" + chr(octet)
    return chr(octet) if 0x20 <= octet <= 0x7E else f"\\{octet:03d}"
