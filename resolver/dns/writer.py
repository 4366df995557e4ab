"""How a message is put on the wire: header, question, records with their names compressed, OPT, within a limit."""

from collections.abc import Sequence
from struct import Struct
from typing import Final

from resolver.dns.codes import Flag, RRType
from resolver.dns.edns import write_opt
from resolver.dns.message import HEADER_SIZE, MAX_UDP_SIZE
from resolver.dns.rdata import COMPRESSED_WHEN_WRITTEN, Layout, Part
from resolver.dns.response import Record

MAX_MESSAGE: Final = 65_535
MAX_COMPARISONS: Final = 4096
"""Suffixes looked up in one message; names after that are written whole, so that no answer costs time to compress."""

_HEADER: Final = Struct("!HHHHHH")
_RECORD_FIXED: Final = Struct("!HHIH")
_POINTED_RECORD_FIXED: Final = Struct("!HHHIH")
_TYPE_AND_LENGTH: Final = Struct("!H6xH")
_POINTER: Final = 0xC000
_POINTER_REACH: Final = 0x4000
_OPT_TYPE: Final = int(RRType.OPT)
_TC: Final = int(Flag.TC)
_CD: Final = int(Flag.CD)
_OUR_QUERY: Final = int(Flag.RD | Flag.AD)
_OUR_HEAD: Final = _HEADER.pack(0, _OUR_QUERY, 1, 0, 0, 1)[2:]
_OUR_OPT: Final = write_opt(udp_size=MAX_UDP_SIZE, dnssec_ok=False)
_OUR_DNSSEC_OPT: Final = write_opt(udp_size=MAX_UDP_SIZE, dnssec_ok=True)


def write_message(
    *,
    message_id: int,
    flags: int,
    rcode: int,
    question: bytes,
    answer: Sequence[Record] = (),
    authority: Sequence[Record] = (),
    opt: bytes = b"",
    limit: int = MAX_MESSAGE,
) -> bytes:
    """Write a message of at most ``limit`` octets, or one without records and with TC set (RFC 2181 section 9).

    ``flags`` is the second header word without response code, of which the lower four bits are written here and the
    upper eight by the caller into ``opt``. Names are compressed letter case aside, so that an owner equal to the
    question's name comes back in the letters of the asker.
    """
    flags = flags | rcode & 0x000F
    questions = 1 if question else 0
    room = limit - len(opt)
    wire = bytearray(_HEADER.pack(message_id, flags, questions, len(answer), len(authority), 1 if opt else 0))
    wire += question
    if answer or authority:
        names = _Names(wire, question)
        if not (_write_records(wire, answer, names, room) and _write_records(wire, authority, names, room)):
            wire = bytearray(_HEADER.pack(message_id, flags | _TC, questions, 0, 0, 1 if opt else 0))
            wire += question
    wire += opt
    return bytes(wire)


def write_upstream_query(
    *, message_id: int, question: bytes, checking_disabled: bool, dnssec_ok: bool, with_edns: bool = True
) -> bytes:
    """Write our own query from the question alone: nothing else a client sent goes further.

    RD is set, and AD to learn whether the answer was validated (RFC 6840 5.7).
    """
    if with_edns and not checking_disabled and not dnssec_ok:  # nearly always, and all but the id is the same then
        return message_id.to_bytes(2, "big") + _OUR_HEAD + question + _OUR_OPT
    flags = _OUR_QUERY | _CD if checking_disabled else _OUR_QUERY
    if not with_edns:
        return _HEADER.pack(message_id, flags, 1, 0, 0, 0) + question
    return _HEADER.pack(message_id, flags, 1, 0, 0, 1) + question + (_OUR_DNSSEC_OPT if dnssec_ok else _OUR_OPT)


def ttl_offsets(wire: bytes) -> tuple[int, ...]:
    """Find where the TTLs stand in a message that was written here, the OPT record's flags left out."""
    _, _, questions, *counts = _HEADER.unpack_from(wire)
    position = HEADER_SIZE
    if questions:
        position = _after_name(wire, position) + 4
    offsets: list[int] = []
    for _ in range(sum(counts)):
        while 0 < (length := wire[position]) < 0xC0:
            position += length + 1
        position += 2 if length else 1
        rtype, rdlength = _TYPE_AND_LENGTH.unpack_from(wire, position)
        if rtype != _OPT_TYPE:
            offsets.append(position + 4)
        position += 10 + rdlength
    return tuple(offsets)


class _Names:
    """The names written so far, lower-cased, and where: what later names can point to (RFC 1035 4.1.4)."""

    __slots__ = ("comparisons", "offsets", "wire")

    def __init__(self, wire: bytearray, question: bytes) -> None:
        self.wire = wire
        self.comparisons = 0
        self.offsets: dict[bytes, int] = {}
        self._remember(question[:-4].lower(), HEADER_SIZE)

    def _remember(self, name: bytes, offset: int) -> None:
        position = 0
        while position < len(name) and (length := name[position]):
            self.offsets[name[position:]] = offset + position
            position += length + 1

    def write(self, name: bytes) -> None:
        """Append the name, its longest known suffix as a pointer."""
        wire, offsets = self.wire, self.offsets
        lower = name.lower()
        here = len(wire)
        position = 0
        while (length := lower[position]) and self.comparisons < MAX_COMPARISONS:
            suffix = lower[position:]
            offset = offsets.get(suffix)
            if offset is not None:
                wire += name[:position]
                wire += (_POINTER | offset).to_bytes(2, "big")
                return
            if here + position < _POINTER_REACH:
                offsets[suffix] = here + position
            position += length + 1
            self.comparisons += 1
        wire += name


def _write_records(wire: bytearray, records: Sequence[Record], names: _Names, room: int) -> bool:
    """Append records; False as soon as there is no room for them."""
    offsets = names.offsets
    for owner, rtype, rclass, ttl, rdata in records:
        layout = COMPRESSED_WHEN_WRITTEN.get(rtype)
        offset = offsets.get(owner)
        if offset is not None and layout is None:
            wire += _POINTED_RECORD_FIXED.pack(_POINTER | offset, rtype, rclass, ttl, len(rdata)) + rdata
        elif layout is None:
            names.write(owner)
            wire += _RECORD_FIXED.pack(rtype, rclass, ttl, len(rdata)) + rdata
        else:
            names.write(owner)
            wire += _RECORD_FIXED.pack(rtype, rclass, ttl, 0)
            start = len(wire)
            _write_rdata(wire, rdata, layout, names)
            wire[start - 2 : start] = (len(wire) - start).to_bytes(2, "big")
        if len(wire) > room:
            return False
    return True


def _write_rdata(wire: bytearray, rdata: bytes, layout: Layout, names: _Names) -> None:
    """Append record data, its names compressed; data that ends with a name needs no search for that name's end."""
    position = 0
    last = len(layout) - 1
    for index, part in enumerate(layout):
        if part is not Part.NAME:
            assert isinstance(part, int), "record data that is compressed has names and parts of fixed length only"
            end = position + part
            wire += rdata[position:end]
        else:
            end = len(rdata) if index == last else _after_name(rdata, position)
            names.write(rdata[position:end])
        position = end


def _after_name(octets: bytes, position: int) -> int:
    while length := octets[position]:
        position += length + 1
    return position + 1
