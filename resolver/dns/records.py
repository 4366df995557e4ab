"""Record data as people and other programs write it: types by name, the data we make ourselves, records as text.

The only module that imports dnslib.
"""

from ipaddress import ip_address
from struct import pack

from dnslib import QTYPE, RDMAP, DNSError
from dnslib.dns import DNSBuffer
from dnslib.label import DNSLabelError

from resolver.dns.codes import RRClass, RRType
from resolver.dns.name import present_name
from resolver.dns.response import Record

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


def hinfo_rfc8482() -> bytes:
    """Make the HINFO data that answers a query for ANY (RFC 8482 section 4.2)."""
    return b"\x07RFC8482\x00"


def soa_rdata(mname: bytes, rname: bytes, serial: int, refresh: int, retry: int, expire: int, minimum: int) -> bytes:
    """Write the data of an SOA record from two wire names and five numbers (RFC 1035 3.3.13); times in seconds."""
    return mname + rname + pack("!5I", serial, refresh, retry, expire, minimum)


def present_record(record: Record) -> str:
    """Write a record as a line of a zone file; data of unknown or unexpected form as RFC 3597 section 5 has it."""
    rclass = RRClass(record.rclass).name if record.rclass in set(RRClass) else f"CLASS{record.rclass}"
    owner = present_name(record.owner)
    owner = owner if owner == "." else owner + "."
    return f"{owner} {record.ttl} {rclass} {type_name(record.rtype)} {_present_rdata(record)}"


def _present_rdata(record: Record) -> str:
    reader = RDMAP.get(type_name(record.rtype)) if record.rclass == RRClass.IN else None
    if reader is not None:
        try:
            text = repr(reader.parse(DNSBuffer(record.rdata), len(record.rdata)))
        except (DNSError, DNSLabelError, ValueError, IndexError):
            return _present_unknown(record.rdata)
        if text.isascii() and text.isprintable():  # anything else could play tricks on a terminal
            return text
    return _present_unknown(record.rdata)


def _present_unknown(rdata: bytes) -> str:
    return f"\\# {len(rdata)} {rdata.hex().upper()}".rstrip()
