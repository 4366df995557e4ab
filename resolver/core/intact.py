"""Which answers are kept octet for octet as an upstream sent them: those in which nothing needs cleaning.

The usual answer is an alias or a few and then the records asked for, or an SOA that says there are none, in order and
with every owner a pointer. Its records leave as they came, so they need not become objects and octets again, which
takes ten times as long. Whatever is not plainly of that form is left to the twin, `read_response` and then
`sanitise`: nothing here ever calls an answer bad, and tests compare what both make of it.

Pointers are kept too, so each must lead to a label that was read here as part of a name: one that led anywhere else
could find a TTL there, and the name would change as the answer ages (RFC 1035 section 4.1.4).
"""

from collections.abc import Sequence
from struct import Struct, error
from typing import Final, NamedTuple

from resolver.core.message_cache import MAX_NEGATIVE_TTL, MAX_TTL, Entry
from resolver.core.step import Question
from resolver.dns.codes import Flag, Rcode, RRType
from resolver.dns.name import MAX_LABEL, MAX_NAME, ROOT, WireName, is_within
from resolver.dns.rdata import (
    COMPRESSED_WHEN_WRITTEN,
    LAYOUTS,
    SOA_NUMBERS,
    Layout,
    MalformedRdataError,
    Part,
    end_of_list,
    end_of_part,
)
from resolver.dns.response import HEADER_SIZE, Record

MOST_RECORDS: Final = 64
MOST_LINKS: Final = 8
"""Records and aliases of an answer that is read here; so few cost no more than the twin allows any message."""
MOST_PIECES: Final = 32
"""Strings or parameters of one record that is read here; texts have one or two."""
REMEMBERED: Final = 4_096
"""What stood around addresses, remembered; beyond that the memory is emptied whole."""

_COUNTS: Final = Struct("!HHHHH")
_RECORD: Final = Struct("!HHHIH")
_AFTER_OWNER: Final = Struct("!HHIH")
_TTL_AND_LENGTH: Final = Struct("!IH")
_TTL: Final = Struct("!I")
_HEAD: Final = 12
"""Octets of a record before its data if its owner is a pointer: owner, type, class, TTL, length."""

# Plain numbers: the operators of IntFlag and IntEnum cost more than all else here.
_QR_OPCODE_TC: Final = 0xFA00
_QR: Final = int(Flag.QR)
_AD: Final = int(Flag.AD)
_RCODE: Final = 0x000F
_NEGATIVE: Final = (int(Rcode.NOERROR), int(Rcode.NXDOMAIN))
_A, _NS, _CNAME, _SOA, _AAAA = map(int, (RRType.A, RRType.NS, RRType.CNAME, RRType.SOA, RRType.AAAA))
_IN: Final = 1
_POINTER: Final = 0xC000
_TO_QUESTION: Final = b"\xc0\x0c"
_CNAME_IN: Final = b"\x00\x05\x00\x01"
_OPT_OF_ROOT: Final = b"\x00\x00\x29"
_OPT_SIZE: Final = 11
_LENGTHS: Final = {_A: 4, _AAAA: 16}
_FIRST_TTL: Final = (6,)
_new: Final = tuple.__new__

_Names = dict[int, bytes]
"""Names by where they begin in the message, in the letter case they came in; the ends of a name are names too."""


class _UnusualError(Exception):
    """Not of the form that is read here, so the twin must look; seen inside this module only."""


class _Kept(NamedTuple):
    """What of a response is kept: the aliases, the octets after the question with the places of their TTLs, how many
    of the records are of the authority section, and for how many seconds all of it holds."""

    links: tuple[Record, ...]
    body: bytes
    ttl_offsets: Sequence[int]
    authorities: int
    lifetime: int


class IntactReader:
    """Reads the responses that need no cleaning, and remembers what stood around the addresses that it has read.

    An upstream writes nearly the same around every address: the header, an OPT record, perhaps the servers of the zone.
    What was found in order once is in order each time it comes in the same place, with the same part of a question
    before it where it may point there. That saves half of the reading.
    """

    __slots__ = ("_in_order", "_stale_seconds")

    def __init__(self, stale_seconds: float) -> None:
        """Make entries that may be served for so many seconds after they expired."""
        self._stale_seconds = stale_seconds
        self._in_order: set[tuple[bytes | int, ...]] = set()

    def read(self, question: Question, wire: bytes, now: float, *, trust_ad: bool) -> Entry | None:
        """Make the entry of a response that needs no cleaning; None for any other, sound or not.

        ``wire`` repeats the question octet for octet, its name in lower case. ``now`` is monotonic; AD is believed only
        with ``trust_ad``. Flat up to the familiar answer of one address, which does not go through `_read_any`.
        """
        start = HEADER_SIZE + len(question.qname) + 4
        try:
            length = _LENGTHS.get(question.qtype)
            if length is None or not wire.startswith(_TO_QUESTION + wire[start - 4 : start], start):
                kept = _read_any(question, wire, start)
            else:
                end = start + wire[7] * (_HEAD + length)
                around: tuple[bytes | int, ...] = (wire[2:HEADER_SIZE], wire[end:])
                if len(wire) - end > _OPT_SIZE:  # records that may point into the question
                    around = (*around, start, wire[HEADER_SIZE + 1 + wire[HEADER_SIZE] : start])
                ttl, found = _TTL_AND_LENGTH.unpack_from(wire, start + 6)
                if around not in self._in_order or end > len(wire):
                    kept = _read_any(question, wire, start)
                    self._remember(around)
                elif wire[7] == 1 and found == length and ttl <= MAX_TTL:
                    kept = _new(_Kept, ((), wire[start:end], _FIRST_TTL, 0, ttl))  # without the named tuple's function
                else:
                    _, ttl_offsets, ttl = _read_set(wire, start, start, wire[7], {})
                    kept = _Kept((), wire[start:end], ttl_offsets, 0, ttl)
        except (IndexError, error, MalformedRdataError, _UnusualError):
            return None
        links, body, offsets, authorities, lifetime = kept
        return Entry(
            question,
            wire[3] & _RCODE,
            answers=wire[7],
            authorities=authorities,
            body=body,
            ttl_offsets=tuple(offsets),
            links=links,
            authentic=trust_ad and wire[3] & _AD != 0,
            errors=(),
            stored=now,
            lifetime=lifetime,
            stale_seconds=self._stale_seconds,
        )

    def _remember(self, around: tuple[bytes | int, ...]) -> None:
        if len(self._in_order) >= REMEMBERED:
            self._in_order.clear()
        self._in_order.add(around)


def _read_any(question: Question, wire: bytes, start: int) -> _Kept:
    """Read a whole response, whose question ends at ``start``. Raises _UnusualError, IndexError, struct.error and
    MalformedRdataError for what is not plainly of the form that is kept."""
    flags, questions, answers, authorities, additionals = _COUNTS.unpack_from(wire, 2)
    if flags & _QR_OPCODE_TC != _QR or questions != 1 or answers + authorities + additionals > MOST_RECORDS:
        raise _UnusualError
    rcode = flags & _RCODE
    names = _names_of(question.qname)
    if answers and not rcode and wire.startswith(_TO_QUESTION + wire[start - 4 : start], start):
        end, ttl_offsets, ttl = _read_set(wire, start, start, answers, names)
        _pass_over(wire, end, authorities, additionals, names)
        return _Kept((), wire[start:end], ttl_offsets, 0, ttl)
    return _read_indirect(question.qname, wire, start, rcode, (answers, authorities, additionals))


def _read_indirect(qname: WireName, wire: bytes, start: int, rcode: int, counts: tuple[int, int, int]) -> _Kept:
    """Read an answer that begins with an alias, or has no data, or both. Raises _UnusualError and what reading may."""
    answers, authorities, additionals = counts
    names = _names_of(qname)
    links, last, position = _follow(qname, wire, start, answers, names)
    ttl_offsets = [place for _, place in links]
    lifetime = min((link.ttl for link, _ in links), default=MAX_TTL)
    aliases = tuple(link for link, _ in links)
    if len(links) < answers:
        if rcode or _pointed_name(wire, position, names).lower() != last:
            raise _UnusualError
        end, more, ttl = _read_set(wire, start, position, answers - len(links), names)
        _pass_over(wire, end, authorities, additionals, names)
        return _Kept(aliases, wire[start:end], ttl_offsets + more, 0, min(lifetime, ttl))
    if rcode not in _NEGATIVE or authorities != 1:
        raise _UnusualError
    place, end, ttl = _read_soa(wire, position, last, names)
    _pass_over(wire, end, 0, additionals, names)
    body = wire[start:place] + _TTL.pack(ttl) + wire[place + 4 : end]
    return _Kept(aliases, body, [*ttl_offsets, place - start], 1, min(lifetime, ttl))


def _follow(
    qname: WireName, wire: bytes, start: int, answers: int, names: _Names
) -> tuple[list[tuple[Record, int]], WireName, int]:
    """Read the aliases that an answer begins with: each with the place of its TTL after ``start``, the name they lead
    to, and the position after them."""
    links: list[tuple[Record, int]] = []
    owner: bytes = qname
    last, passed, position = qname, {qname}, start
    while len(links) < answers and wire[position + 2 : position + 6] == _CNAME_IN:
        if len(links) == MOST_LINKS or _pointed_name(wire, position, names).lower() != last:
            raise _UnusualError
        ttl, length = _TTL_AND_LENGTH.unpack_from(wire, position + 6)
        end = position + _HEAD + length
        if ttl > MAX_TTL or _read_name(wire, position + _HEAD, names) != end:
            raise _UnusualError
        target = names[position + _HEAD]
        links.append((Record(owner, _CNAME, _IN, ttl, target), position + 6 - start))
        owner, last, position = target, WireName(target.lower()), end
        if last in passed:
            raise _UnusualError
        passed.add(last)
    return links, last, position


def _read_set(wire: bytes, start: int, position: int, count: int, names: _Names) -> tuple[int, list[int], int]:
    """Read the records that were asked for, all of one owner, of one TTL, each another.

    ``start`` is where the question ends. Returns where the set ends, the places of the TTLs after ``start``, the TTL.
    """
    head = wire[position : position + 10]
    ttl, length = _TTL_AND_LENGTH.unpack_from(wire, position + 6)
    if head[2:6] != wire[start - 4 : start] or ttl > MAX_TTL:
        raise _UnusualError
    rtype = wire[start - 4] << 8 | wire[start - 3]
    if count == 1 and length == _LENGTHS.get(rtype):  # nearly always
        return position + _HEAD + length, [position + 6 - start], ttl
    layout = LAYOUTS.get(rtype)
    ttl_offsets: list[int] = []
    seen: set[bytes] = set()
    for _ in range(count):
        at = position + _HEAD
        end = at + (wire[at - 2] << 8 | wire[at - 1])
        if wire[position : position + 10] != head:
            raise _UnusualError
        if layout is not None:
            _check_data(wire, rtype, layout, at, end, names if count == 1 else {})
        ttl_offsets.append(position + 6 - start)
        seen.add(wire[at:end])
        position = end
    if len(seen) != count:
        raise _UnusualError
    return position, ttl_offsets, ttl


def _check_data(wire: bytes, rtype: int, layout: Layout, start: int, end: int, names: _Names) -> None:
    """Check that record data is laid out as its type says; names in it may be compressed where we compress them too.

    Without ``names`` to point to, data with names is left to the twin: two records could say the same in other octets.
    """
    position = start
    for part in layout:
        if part is Part.STRINGS or part is Part.PARAMETERS:
            position, pieces = end_of_list(wire, part, position, end)
            if pieces > MOST_PIECES:
                raise _UnusualError
        elif part is not Part.NAME:
            position = end_of_part(wire, part, position, end)
        elif names and rtype in COMPRESSED_WHEN_WRITTEN:
            position = _read_name(wire, position, names)
        else:
            raise _UnusualError
    if position != end:
        raise _UnusualError


def _read_soa(wire: bytes, position: int, last: WireName, names: _Names) -> tuple[int, int, int]:
    """Read the SOA of a negative answer: the place of its TTL, where it ends, and for how long the answer holds."""
    zone: bytes = ROOT
    if wire[position] == 0:
        position += 1
    else:
        zone = _pointed_name(wire, position, names)
        position += 2
    rtype, rclass, ttl, length = _AFTER_OWNER.unpack_from(wire, position)
    start, end = position + 10, position + 10 + length
    numbers = _read_name(wire, _read_name(wire, start, names), names)
    if rtype != _SOA or rclass != _IN or ttl > MAX_TTL or numbers + SOA_NUMBERS != end:
        raise _UnusualError
    if not is_within(last, WireName(zone.lower())):
        raise _UnusualError
    return position + 4, end, min(ttl, *_TTL.unpack_from(wire, end - 4), MAX_NEGATIVE_TTL)


def _pass_over(wire: bytes, position: int, authorities: int, additionals: int, names: _Names) -> None:
    """Walk over what is left behind: name servers, their addresses, an OPT record without options; nothing else."""
    for _ in range(authorities):
        owner, rtype, rclass, _, length = _RECORD.unpack_from(wire, position)
        position += _HEAD
        if owner - _POINTER not in names or rtype != _NS or rclass != _IN:
            raise _UnusualError
        if _read_name(wire, position, names) != position + length:
            raise _UnusualError
        position += length
    has_opt = False
    for _ in range(additionals):
        if wire[position : position + 3] == _OPT_OF_ROOT:
            if has_opt or any(wire[position + 5 : position + 7]) or wire[position + 9 : position + 11] != b"\x00\x00":
                raise _UnusualError  # an extended response code, another version, options
            has_opt = True
            position += _OPT_SIZE
        else:
            owner, rtype, _, _, length = _RECORD.unpack_from(wire, position)
            if owner - _POINTER not in names or length != _LENGTHS.get(rtype):
                raise _UnusualError
            position += _HEAD + length
    if position > len(wire):
        raise _UnusualError


def _names_of(qname: WireName) -> _Names:
    """Find the names in the question: the one that is asked for and those above it, without the root."""
    names: _Names = {}
    position = 0
    while length := qname[position]:
        names[HEADER_SIZE + position] = qname[position:]
        position += length + 1
    return names


def _pointed_name(wire: bytes, position: int, names: _Names) -> bytes:
    """Find the name that the owner there points to."""
    found = names.get((wire[position] << 8 | wire[position + 1]) - _POINTER)
    if found is None:
        raise _UnusualError
    return found


def _read_name(wire: bytes, start: int, names: _Names) -> int:
    """Read the name there and remember it, with those that it ends with; return the position after it."""
    position = start
    while 0 < (length := wire[position]) <= MAX_LABEL:
        position += length + 1
    end = position + 1
    name = wire[start:position] + b"\x00"
    if length:
        name = wire[start:position] + _pointed_name(wire, position, names)
        end += 1
    if len(name) > MAX_NAME:
        raise _UnusualError
    at = 0
    while start + at < position or not at:
        names[start + at] = name[at:]
        at += name[at] + 1
    return end
