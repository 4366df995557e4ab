"""The record data that we make ourselves, for replies that no upstream gave."""

from struct import pack


def hinfo_rfc8482() -> bytes:
    """Make the HINFO data that answers a query for ANY (RFC 8482 section 4.2)."""
    return b"\x07RFC8482\x00"


def soa_rdata(mname: bytes, rname: bytes, serial: int, refresh: int, retry: int, expire: int, minimum: int) -> bytes:
    """Write the data of an SOA record from two wire names and five numbers (RFC 1035 3.3.13); times in seconds."""
    return mname + rname + pack("!5I", serial, refresh, retry, expire, minimum)
