"""What EDNS adds to a message: the OPT record read into a value and written from one (RFC 6891)."""

from collections.abc import Iterable
from struct import Struct
from typing import Final, NamedTuple

from resolver.dns.codes import EdnsOption, RRType

DNSSEC_OK: Final = 0x8000
"""The DO bit in the OPT record's flags (RFC 3225)."""

_FIXED: Final = Struct("!BHHBBHH")
_OPTION: Final = Struct("!HH")


class MalformedOptionsError(ValueError):
    """OPT data whose options do not fill it exactly (RFC 6891 6.1.2)."""


Options = tuple[tuple[int, bytes], ...]
"""EDNS options in order: code and value."""

MAX_OPTIONS: Final = 4_096
"""Options that one record may have: more would cost time, and nobody sends a dozen."""
NO_OPTIONS: Final[Options] = ()


class Edns(NamedTuple):
    """An OPT record: the sender's UDP size as sent, the upper eight bits of the response code, its options in order."""

    udp_size: int
    version: int
    dnssec_ok: bool
    extended_rcode: int
    options: Options


def read_options(rdata: bytes) -> Options:
    """Take OPT data apart into (code, value) pairs, in one pass however many there are.

    Raises MalformedOptionsError.
    """
    found: list[tuple[int, bytes]] = []
    position, end = 0, len(rdata)
    while position < end:
        if len(found) == MAX_OPTIONS:
            raise MalformedOptionsError("more options than an honest message has")
        if position + 4 > end:
            raise MalformedOptionsError("an option is cut short")
        code, length = _OPTION.unpack_from(rdata, position)
        position += 4 + length
        if position > end:
            raise MalformedOptionsError("an option is longer than the OPT record")
        found.append((code, rdata[position - length : position]))
    return tuple(found)


def write_opt(
    *, udp_size: int, dnssec_ok: bool, extended_rcode: int = 0, options: Iterable[tuple[int, bytes]] = ()
) -> bytes:
    """Write a whole OPT record of version 0.

    ``extended_rcode`` is the upper eight bits of the response code (``rcode >> 4``): 1 for BADVERS (RFC 6891 6.1.3).
    """
    rdata = b"".join(_OPTION.pack(code, len(value)) + value for code, value in options)
    flags = DNSSEC_OK if dnssec_ok else 0
    return _FIXED.pack(0, RRType.OPT, udp_size, extended_rcode, 0, flags, len(rdata)) + rdata


def extended_error(code: int, text: bytes) -> tuple[int, bytes]:
    """Make the option of an extended DNS error; the text is UTF-8 without a final NUL (RFC 8914 section 2)."""
    return EdnsOption.EXTENDED_ERROR, code.to_bytes(2, "big") + text
