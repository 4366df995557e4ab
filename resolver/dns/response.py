"""What an upstream resolver said: a response read into records with every name expanded, or found malformed.

Whatever is malformed makes the whole message unusable, so that nothing half-read is ever cached or passed on
(RFC 9267). The work is bounded whatever the octets: see `MAX_STEPS`.
"""

from dataclasses import dataclass
from struct import Struct, error
from typing import Final, NamedTuple

from resolver.dns.codes import RRType
from resolver.dns.edns import DNSSEC_OK, Edns, MalformedOptionsError, read_options
from resolver.dns.name import MAX_LABEL, MAX_NAME
from resolver.dns.rdata import LAYOUTS, Layout, MalformedRdataError, Part, end_of_list, end_of_part

HEADER_SIZE: Final = 12
MAX_STEPS: Final = 2000
"""Steps of work one message may cost: one for a record, a part of its data, four strings or parameters in it, 16 octets
of an expanded name; two a name.

Room for a set of 1 900 IPv4 addresses or 260 servers of a service, many times what common resolvers keep of one set;
a message made to cost time is refused within milliseconds.
"""
MAX_POINTERS: Final = 127
"""Pointers followed for one name: a name has no more labels than that, and a pointer without a label adds nothing."""

_HEADER: Final = Struct("!HHHHHH")
_HEADER_START: Final = Struct("!HHH")
_QUESTION_FIXED: Final = Struct("!HH")
_RECORD_FIXED: Final = Struct("!HHIH")
_QR_AND_OPCODE: Final = 0xF800
_QR: Final = 0x8000


class MalformedResponseError(ValueError):
    """Octets that are no usable response; the message says why."""


class Record(NamedTuple):
    """A resource record: owner and the names in its data uncompressed, in the letter case they came in; TTL in s."""

    owner: bytes
    rtype: int
    rclass: int
    ttl: int
    rdata: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """A readable response.

    ``flags`` is the header's second 16-bit word; ``rcode`` has all twelve bits; ``question`` is as it came, empty if
    there was none; ``additional`` lacks the OPT record, which is ``edns``. ``broken_edns`` says that there were
    several OPT records or a malformed one, and then ``edns`` is None.
    """

    id: int
    flags: int
    rcode: int
    question: bytes
    answer: tuple[Record, ...]
    authority: tuple[Record, ...]
    additional: tuple[Record, ...]
    edns: Edns | None
    broken_edns: bool


def echoes(wire: bytes, message_id: int, question: bytes) -> bool:
    """Tell whether this is a response to that question under that id, letter case aside (RFC 5452 section 9.1)."""
    end = HEADER_SIZE + len(question)
    if len(wire) < end:
        return False
    found_id, flags, questions = _HEADER_START.unpack_from(wire)
    if found_id != message_id or flags & _QR_AND_OPCODE != _QR or questions != 1:
        return False
    # Type and class are compared as they are: lower-casing 65 (HTTPS) would make it 97.
    found = wire[HEADER_SIZE:end]
    return found == question or (found[-4:] == question[-4:] and found[:-4].lower() == question[:-4].lower())


def read_response(wire: bytes) -> Response:
    """Read a response; octets after its last record are ignored. Raises MalformedResponseError."""
    try:
        return _read(wire)
    except (IndexError, error) as reason:
        raise MalformedResponseError("cut short") from reason
    except MalformedRdataError as reason:
        raise MalformedResponseError(str(reason)) from reason


def are_sound(wire: bytes, position: int, count: int) -> bool:
    """Tell whether so many records follow there in any message, each laid out as its type says.

    No more work is done for them than for a response; what needs more is not sound.
    """
    names = _Names(wire)
    try:
        names.spend(count)
        names.read(HEADER_SIZE)
        _read_section(wire, position, count, names)
    except (IndexError, error, MalformedResponseError, MalformedRdataError):
        return False
    return True


def _read(wire: bytes) -> Response:
    message_id, flags, questions, answers, authorities, additionals = _HEADER.unpack_from(wire)
    if flags & _QR_AND_OPCODE != _QR:
        raise MalformedResponseError("not a response to a query")
    if questions > 1:
        raise MalformedResponseError("several questions")
    if not questions and (answers or authorities):
        raise MalformedResponseError("records without a question")
    names = _Names(wire)
    names.spend(answers + authorities + additionals)
    end = _after_question(wire) if questions else HEADER_SIZE
    question = wire[HEADER_SIZE:end]
    answer, position = _read_section(wire, end, answers, names)
    authority, position = _read_section(wire, position, authorities, names)
    additional, _ = _read_section(wire, position, additionals, names)
    _check_classes(question, answer, authority)

    opts = [record for record in additional if record.rtype == RRType.OPT]
    edns = _edns(opts)
    return Response(
        id=message_id,
        flags=flags,
        rcode=flags & 0x000F | (edns.extended_rcode << 4 if edns is not None else 0),
        question=question,
        answer=tuple(answer),
        authority=tuple(authority),
        additional=tuple(record for record in additional if record.rtype != RRType.OPT) if opts else tuple(additional),
        edns=edns,
        broken_edns=bool(opts) and edns is None,
    )


def _after_question(wire: bytes) -> int:
    """Find the end of the question, whose name has nothing before it to point to."""
    position = HEADER_SIZE
    while length := wire[position]:
        if length > MAX_LABEL:
            raise MalformedResponseError("the question's name is no plain name")
        position += length + 1
    if position + 1 - HEADER_SIZE > MAX_NAME:
        raise MalformedResponseError("the question's name is too long")
    _QUESTION_FIXED.unpack_from(wire, position + 1)
    return position + 5


def _check_classes(question: bytes, answer: list[Record], authority: list[Record]) -> None:
    """Refuse records of another class than the one asked, and an OPT record out of its place."""
    for record in answer + authority:
        if record.rclass != question[-2] << 8 | question[-1]:
            raise MalformedResponseError(f"a record of class {record.rclass}")
        if record.rtype == RRType.OPT:
            raise MalformedResponseError("an OPT record outside of the additional section")


def _edns(opts: list[Record]) -> Edns | None:
    """Read the OPT record if there is exactly one and it is sound (RFC 6891 6.1.1)."""
    if len(opts) != 1 or opts[0].owner != b"\x00":
        return None
    opt = opts[0]
    try:
        options = read_options(opt.rdata)
    except MalformedOptionsError:
        return None
    return Edns(opt.rclass, opt.ttl >> 16 & 0xFF, bool(opt.ttl & DNSSEC_OK), opt.ttl >> 24, options)


class _Names:
    """The names of one message, expanded: each place where a name begins is walked once; counts the work done."""

    __slots__ = ("known", "steps", "wire")

    def __init__(self, wire: bytes) -> None:
        self.wire = wire
        self.known: dict[int, bytes] = {}
        self.steps = 0

    def spend(self, steps: int) -> None:
        """Count work. Raises MalformedResponseError when it is more than an honest message costs."""
        self.steps += steps
        if self.steps > MAX_STEPS:
            raise MalformedResponseError("more records and names than an honest message has")

    def read(self, start: int) -> tuple[bytes, int]:
        """Expand the name that begins there; return it and the position after it.

        Raises MalformedResponseError, IndexError.
        """
        wire = self.wire
        position = start
        while 0 < (length := wire[position]) <= MAX_LABEL:
            position += length + 1
        if not length:
            return self._keep([(start, wire[start:position])], b"\x00"), position + 1
        target = self._target(position, start)
        suffix = self.known.get(target)
        if suffix is None:
            suffix = self._follow(target)
        if position == start:
            return suffix, position + 2
        return self._keep([(start, wire[start:position])], suffix), position + 2

    def _target(self, position: int, run: int) -> int:
        """Read the pointer there; it must lead before the run of labels that it ends, or chains could be circles."""
        high, low = self.wire[position], self.wire[position + 1]
        if high < 0xC0:
            raise MalformedResponseError("a label of unknown type")
        target = (high & 0x3F) << 8 | low
        if not HEADER_SIZE <= target < run:
            raise MalformedResponseError("a pointer that does not lead back to a name")
        return target

    def _follow(self, start: int) -> bytes:
        """Expand the name that a pointer leads to, and remember every name that begins on the way."""
        wire = self.wire
        runs: list[tuple[int, bytes]] = []
        suffix = None
        while suffix is None:
            position = start
            while 0 < (length := wire[position]) <= MAX_LABEL:
                position += length + 1
            runs.append((start, wire[start:position]))
            if not length:
                suffix = b"\x00"
                break
            start = self._target(position, start)
            suffix = self.known.get(start)
            if len(runs) > MAX_POINTERS:
                raise MalformedResponseError("a name of too many pointers")
        return self._keep(runs, suffix)

    def _keep(self, runs: list[tuple[int, bytes]], suffix: bytes) -> bytes:
        """Put runs of labels before the suffix, the last run first, and remember the name that each begins."""
        for start, run in reversed(runs):
            suffix = run + suffix
            if len(suffix) > MAX_NAME:
                raise MalformedResponseError("a name too long")
            self.known[start] = suffix
            self.spend(2 + (len(suffix) >> 4))
        return suffix


def _read_section(wire: bytes, position: int, count: int, names: _Names) -> tuple[list[Record], int]:
    """Read so many records from there on; return them and the position after the last.

    An owner that points to a name already read and the data of an address are read here without a call: nearly all
    records are of that form, and each call saved is a tenth of the whole.
    """
    records: list[Record] = []
    known = names.known
    unpack, size = _RECORD_FIXED.unpack_from, len(wire)
    for _ in range(count):
        owner = known.get((wire[position] & 0x3F) << 8 | wire[position + 1]) if wire[position] >= 0xC0 else None
        if owner is not None:
            position += 2
        else:
            owner, position = names.read(position)
        rtype, rclass, ttl, rdlength = unpack(wire, position)
        start = position + 10
        position = start + rdlength
        if position > size:
            raise MalformedResponseError("record data cut short")
        if rtype == 1 and rdlength == 4:
            rdata = wire[start:position]
        else:
            layout = LAYOUTS.get(rtype)
            rdata = wire[start:position] if layout is None else _read_rdata(names, layout, start, position)
        if ttl >= 0x8000_0000 and rtype != RRType.OPT:
            ttl = 0  # RFC 2181 section 8
        records.append(Record(owner, rtype, rclass, ttl, rdata))
    return records, position


def _read_rdata(names: _Names, layout: Layout, start: int, end: int) -> bytes:
    """Expand the names in record data and check that its parts fill it exactly.

    Raises MalformedResponseError, MalformedRdataError, IndexError.
    """
    wire = names.wire
    expanded = b""
    position = copied = start
    for part in layout:
        if part is Part.NAME:
            name, after = names.read(position)
            expanded += wire[copied:position] + name
            position = copied = after
        elif isinstance(part, int):
            position += part
        elif part is Part.STRINGS or part is Part.PARAMETERS:
            position, pieces = end_of_list(wire, part, position, end)
            names.spend(pieces >> 2)
        else:
            position = end_of_part(wire, part, position, end)
    names.spend(len(layout))
    if position != end:
        raise MalformedResponseError("record data of the wrong length")
    return expanded + wire[copied:end]
