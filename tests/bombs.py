"""Responses written octet by octet, and those that are made to cost as much as 64 KiB can."""

import struct
from collections.abc import Iterable
from typing import Final

from resolver.dns.response import MalformedResponseError, read_response

ID: Final = 7
NAME: Final = b"\x01q\x04Test\x00"
QUESTION: Final = NAME + b"\x00\x01\x00\x01"
TO_NAME: Final = b"\xc0\x0c"
AFTER_QUESTION: Final = 12 + len(QUESTION)
FIRST_DATA: Final = AFTER_QUESTION + 11
"""Where the data of a first record with the root as owner begins."""


def message(
    body: bytes = b"", *, counts: tuple[int, int, int] = (0, 0, 0), flags: int = 0x8180, question: bytes = QUESTION
) -> bytes:
    return struct.pack("!6H", ID, flags, 1 if question else 0, *counts) + question + body


def record(
    rtype: int, rdata: bytes, *, owner: bytes = TO_NAME, ttl: int = 60, rclass: int = 1, rdlength: int | None = None
) -> bytes:
    length = len(rdata) if rdlength is None else rdlength
    return owner + struct.pack("!HHIH", rtype, rclass, ttl, length) + rdata


def answer(*records: bytes) -> bytes:
    return message(b"".join(records), counts=(len(records), 0, 0))


def padding(rdata: bytes) -> bytes:
    """Make a record of unknown type at a known place, whose data pointers can lead into."""
    return record(65280, rdata, owner=b"\x00")


def pointer(offset: int) -> bytes:
    return struct.pack("!H", 0xC000 | offset)


def fill(records: Iterable[bytes]) -> bytes:
    """Put as many of the records into a message as 65 535 octets hold."""
    body, count = bytearray(), 0
    for piece in records:
        if AFTER_QUESTION + len(body) + len(piece) > 65_535:
            break
        body += piece
        count += 1
    return message(bytes(body), counts=(count, 0, 0))


LABELS: Final = padding((b"\x01a" * 126 + b"\x00") * 60)
INTO_LABELS: Final = [FIRST_DATA + 253 * (i // 126) + 2 * (i % 126) for i in range(60 * 126)]
MANY_LABELS: Final = b"\x01a" * 125 + b"\x00"
BOMBS: Final = {
    "addresses": [record(1, b"addr")] * 5000,
    "empty records": [record(65280, b"", owner=b"\x00")] * 6000,
    "a pointer to every label": [LABELS, *(record(65280, b"", owner=pointer(at)) for at in INTO_LABELS)],
    "pointers to long names": [LABELS, *(record(2, pointer(at), owner=b"\x00") for at in INTO_LABELS[::126] * 99)],
    "SOA of long names": [LABELS, *(record(6, pointer(at) + pointer(at + 2) + bytes(20)) for at in INTO_LABELS)],
    "empty strings": [record(16, bytes(65_400))],
    "records of empty strings": [record(16, bytes(1_000))] * 60,
    "owners of 126 labels": [record(65280, b"", owner=b"\x02%02x" % i + MANY_LABELS) for i in range(256)],
    "signers of 125 labels": [record(46, bytes(18) + MANY_LABELS)] * 300,
    "exchanges of 126 labels": [record(15, b"\x00\x01\x02%02x" % i + MANY_LABELS) for i in range(256)],
    "many exchanges": [record(15, b"\x00\x01\x04%04x" % i + TO_NAME) for i in range(5000)],
    "many pairs": [record(14, b"\x04%04x" % i + TO_NAME + b"\x05b%04x" % i + TO_NAME) for i in range(5000)],
    "many owners": [record(1, b"addr", owner=b"\x04%04x" % i + TO_NAME) for i in range(5000)],
    "many parts": [record(35, bytes(8))] * 5000,
    "many parameters": [record(65, b"\x00\x01\x00" + b"".join(struct.pack("!HH", key, 0) for key in range(16_000)))],
    "records of parameters": [
        record(65, b"\x00\x01\x00" + b"".join(struct.pack("!HH", key, 0) for key in range(1_000)))
    ]
    * 16,
    "many options": [record(41, b"\xfd\xe9\x00\x00" * 16_000, owner=b"\x00")],
}


def cut_to(wire: bytes, count: int) -> bytes:
    return wire[:6] + struct.pack("!H", count) + wire[8:]


def is_readable(wire: bytes) -> bool:
    try:
        read_response(wire)
    except MalformedResponseError:
        return False
    return True


def largest_readable(wire: bytes) -> bytes:
    """Count fewer records until the message is not refused: the most costly one of its form that gets through."""
    low, high = 0, struct.unpack_from("!H", wire, 6)[0]
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if is_readable(cut_to(wire, middle)) else (low, middle - 1)
    return cut_to(wire, low)
