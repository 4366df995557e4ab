"""What a client asks: a query read in one pass, or why it cannot be answered as asked.

Decided here is what is wrong with the message itself: its counts, its names, its OPT record, a type, class or
operation that no resolver serves. Nothing here raises, whatever the octets.
"""

from enum import Enum
from struct import Struct, error
from typing import Final, NamedTuple

from resolver.dns.codes import EdnsOption, Flag, Opcode, Rcode, RRClass, RRType
from resolver.dns.edns import DNSSEC_OK, NO_OPTIONS, Edns, MalformedOptionsError, Options, read_options
from resolver.dns.name import MAX_LABEL, MAX_NAME, WireName
from resolver.dns.response import are_sound

HEADER_SIZE: Final = 12
MIN_UDP_SIZE: Final = 512
MAX_UDP_SIZE: Final = 1232
"""No larger answer leaves over UDP, so that none is fragmented on the way (RFC 9715)."""

MOST_RECORDS: Final = 1_000
"""Questions or records that are looked at; a message with more cannot be read."""

_HEADER: Final = Struct("!HHHHHH")
_HEADER_COUNTS: Final = Struct("!HHQ")
_QUESTION_FIXED: Final = Struct("!HH")
_RECORD_FIXED: Final = Struct("!HHBBHH")
_OPT_OF_ROOT: Final = b"\x00\x00\x29"

_ONE_QUESTION: Final = 1 << 48
_ONE_QUESTION_ONE_ADDITIONAL: Final = 1 << 48 | 1
# Plain numbers: the operators of IntFlag cost more than all else in these functions.
_QR: Final = int(Flag.QR)
_RD: Final = int(Flag.RD)
_AD: Final = int(Flag.AD)
_CD: Final = int(Flag.CD)
_OPCODE: Final = 0x7800
_COOKIE: Final = int(EdnsOption.COOKIE)
_new: Final = tuple.__new__

_NEVER_ASKED: Final[dict[int, Rcode]] = {
    RRType.OPT: Rcode.FORMERR,
    **dict.fromkeys(range(RRType.NXNAME, RRType.IXFR), Rcode.FORMERR),  # RFC 6895 section 3.1, RFC 9824 section 3.5
    RRType.AXFR: Rcode.REFUSED,
    RRType.IXFR: Rcode.REFUSED,
    RRType.MAILA: Rcode.NOTIMP,
    RRType.MAILB: Rcode.NOTIMP,
}


class Query(NamedTuple):
    """A question that can be answered; a tuple, which is made in a third of a frozen dataclass's time.

    ``flags`` is the header's second 16-bit word; ``question`` the question section octet for octet as asked (name in
    the asker's letter case, type, class); ``qname`` the same name lower-cased. ``courtesies`` are options that its
    reply is to have, whatever it says.
    """

    id: int
    flags: int
    question: bytes
    qname: WireName
    qtype: int
    qclass: int
    edns: Edns | None
    courtesies: Options = NO_OPTIONS

    @property
    def recursion_desired(self) -> bool:
        """The RD bit."""
        return bool(self.flags & _RD)

    @property
    def checking_disabled(self) -> bool:
        """The CD bit (RFC 4035 3.2.2)."""
        return bool(self.flags & _CD)

    @property
    def authentic_wanted(self) -> bool:
        """The AD bit, in a query a wish to learn of it (RFC 6840 5.7)."""
        return bool(self.flags & _AD)

    @property
    def dnssec_ok(self) -> bool:
        """The DO bit (RFC 3225)."""
        return self.edns is not None and self.edns.dnssec_ok

    @property
    def udp_limit(self) -> int:
        """How many octets an answer over UDP may have: sizes below 512 count as 512 (RFC 6891 6.2.3)."""
        if self.edns is None:
            return MIN_UDP_SIZE
        return min(max(self.edns.udp_size, MIN_UDP_SIZE), MAX_UDP_SIZE)


class Unreadable(NamedTuple):
    """A query that gets an error: ``question`` is empty where it cannot be echoed, ``qtype`` then 0.

    ``edns`` says that the query had an OPT record, so that the answer must have one (RFC 6891 6.1.1). ``cookie`` came
    without a question, to learn a server cookie (RFC 7873 section 5.4). ``dnssec_ok`` is its DO bit, which comes back
    in any answer (RFC 3225 section 3).
    """

    id: int
    flags: int
    rcode: Rcode
    question: bytes
    edns: bool
    qtype: int
    cookie: bytes = b""
    dnssec_ok: bool = False


class Ignored(Enum):
    """Octets that get no answer at all, or two servers could be made to answer each other for ever."""

    SHORT = "shorter than a header"
    NOT_A_QUERY = "a response (QR is set)"


def read_query(wire: bytes) -> Query | Unreadable | Ignored:  # noqa: C901 - flat, see below
    """Read a client's message; octets after its last record are ignored.

    Flat for the query that nearly all clients send (one question, at most an OPT record of version 0): no call but
    for options, and no intermediate value before the result, which halves the time of `read_query_plainly`. Whatever
    looks unusual is left to that one, and tests compare the two.
    """
    try:
        message_id, flags, counts = _HEADER_COUNTS.unpack_from(wire)
        if flags & (_QR | _OPCODE) or (counts != _ONE_QUESTION and counts != _ONE_QUESTION_ONE_ADDITIONAL):  # noqa: PLR1714
            return read_query_plainly(wire)
        position = HEADER_SIZE
        while length := wire[position]:
            if length > MAX_LABEL:
                return read_query_plainly(wire)
            position += length + 1
        position += 1
        qtype, qclass = _QUESTION_FIXED.unpack_from(wire, position)
        if position > HEADER_SIZE + MAX_NAME or qclass != 1 or qtype in _NEVER_ASKED:
            return read_query_plainly(wire)
        edns = None
        if counts != _ONE_QUESTION:
            if wire[position + 4 : position + 7] != _OPT_OF_ROOT:
                return read_query_plainly(wire)
            _, size, extended_rcode, version, opt_flags, rdlength = _RECORD_FIXED.unpack_from(wire, position + 5)
            if version:
                return read_query_plainly(wire)
            options = NO_OPTIONS
            if rdlength:
                start = position + 15
                options = read_options(wire[start : start + rdlength])
                if len(wire) < start + rdlength or _has_bad_cookie(options):
                    return read_query_plainly(wire)
            edns = Edns(size, 0, opt_flags >= DNSSEC_OK, extended_rcode, options)
    except (IndexError, error, MalformedOptionsError):
        return read_query_plainly(wire)
    question, qname = wire[HEADER_SIZE : position + 4], WireName(wire[HEADER_SIZE:position].lower())
    # What Query(...) is, less a call of the function that a named tuple has for it.
    return _new(Query, (message_id, flags, question, qname, qtype, qclass, edns, NO_OPTIONS))


def read_query_plainly(wire: bytes) -> Query | Unreadable | Ignored:
    """Read a client's message step by step: any message at all, and the same answers as `read_query`."""
    if len(wire) < HEADER_SIZE:
        return Ignored.SHORT
    message_id, flags, questions, *counts = _HEADER.unpack_from(wire)
    if flags & _QR:
        return Ignored.NOT_A_QUERY
    try:
        end = HEADER_SIZE
        for _ in range(min(questions, MOST_RECORDS)):
            end = _after_question(wire, end)
    except (IndexError, error, _MalformedError):
        return Unreadable(message_id, flags, _without_question(flags), b"", edns=False, qtype=0)
    rest = _read_rest(wire, end, *counts)
    dnssec_ok = rest.edns is not None and rest.edns.dnssec_ok
    if flags & _OPCODE != Opcode.QUERY or questions != 1:
        cookie = b"" if flags & _OPCODE or questions else _lone_cookie(rest)
        return Unreadable(message_id, flags, _without_question(flags), b"", rest.has_opt, 0, cookie, dnssec_ok)

    question = wire[HEADER_SIZE:end]
    qtype, qclass = _QUESTION_FIXED.unpack_from(wire, end - 4)
    rcode = _refusal(rest, qtype, qclass, records_beside=counts[0] + counts[1])
    if rcode is not None:
        return Unreadable(message_id, flags, rcode, question, rest.has_opt, qtype, dnssec_ok=dnssec_ok)
    return Query(message_id, flags, question, WireName(question[:-4].lower()), qtype, qclass, rest.edns)


class _MalformedError(ValueError):
    """Octets that do not follow the format; seen inside this module only."""


class _Rest(NamedTuple):
    """What follows the question: whether it reads, whether an OPT record is there, and that record if it is sound."""

    malformed: bool
    has_opt: bool
    edns: Edns | None


def _without_question(flags: int) -> Rcode:
    return Rcode.NOTIMP if flags & _OPCODE != Opcode.QUERY else Rcode.FORMERR


def _refusal(rest: _Rest, qtype: int, qclass: int, *, records_beside: int) -> Rcode | None:
    """Say which error a readable question gets for what comes with it or for what it asks; None is no error.

    A transfer is refused before its SOA in the authority section counts as a fault (RFC 1995 section 3).
    """
    if rest.malformed:
        return Rcode.FORMERR
    if rest.edns is not None and rest.edns.version > 0:
        return Rcode.BADVERS
    if qtype in _NEVER_ASKED:
        return _NEVER_ASKED[qtype]
    if records_beside or (rest.edns is not None and _has_bad_cookie(rest.edns.options)):
        return Rcode.FORMERR
    return Rcode.REFUSED if qclass != RRClass.IN else None


def _lone_cookie(rest: _Rest) -> bytes:
    """Find the cookie of a query without a question; nothing if there is none, or anything wrong with it."""
    if rest.malformed or rest.edns is None or rest.edns.version or _has_bad_cookie(rest.edns.options):
        return b""
    return next((value for code, value in rest.edns.options if code == _COOKIE), b"")


def _has_bad_cookie(options: Options) -> bool:
    """Tell whether the cookie option is neither a client cookie nor a client and a server cookie (RFC 7873 5.2).

    Only the first cookie option counts.
    """
    for code, value in options:
        if code == _COOKIE:
            return len(value) != 8 and not 16 <= len(value) <= 40
    return False


def _after_question(wire: bytes, position: int) -> int:
    """Find the end of the question there; its name has no pointer, as nothing stands before it to point to.

    Raises _MalformedError, IndexError, struct.error.
    """
    start = position
    while length := wire[position]:
        if length > MAX_LABEL:
            raise _MalformedError("no plain label")
        position += length + 1
    if position + 1 - start > MAX_NAME:
        raise _MalformedError("name too long")
    _QUESTION_FIXED.unpack_from(wire, position + 1)
    return position + 5


def _after_owner(wire: bytes, position: int) -> int:
    """Skip the owner of a record; where its pointer leads does not matter, nothing of it is used.

    Raises _MalformedError, IndexError.
    """
    while length := wire[position]:
        if length >= 0xC0:
            return position + 2
        if length > MAX_LABEL:
            raise _MalformedError("no label")
        position += length + 1
    return position + 1


def _read_rest(wire: bytes, position: int, answers: int, authorities: int, additionals: int) -> _Rest:
    """Read what follows the question. The OPT record matters, and it must be alone, additional and the root's.

    Others in the additional section must be sound, and TSIG the last of all (RFC 8945 section 5.1); nothing else is
    made of them.
    """
    has_opt = misplaced = False
    edns = None
    total = answers + authorities + additionals
    begin = position
    try:
        for index in range(min(total, MOST_RECORDS)):
            owner = position
            position = _after_owner(wire, position)
            rtype, size, extended_rcode, version, flags, rdlength = _RECORD_FIXED.unpack_from(wire, position)
            position += _RECORD_FIXED.size + rdlength
            if rtype == RRType.TSIG and (index + 1 < total or size != RRClass.ANY):
                misplaced = True
            if rtype == RRType.OPT:
                sound = not has_opt and index >= answers + authorities and wire[owner] == 0 and position <= len(wire)
                has_opt = True
                if not sound:
                    return _Rest(malformed=True, has_opt=True, edns=None)
                # The options of a later version may be written otherwise, and are not needed to refuse it.
                options = read_options(wire[position - rdlength : position]) if version == 0 else ()
                edns = Edns(size, version, bool(flags & DNSSEC_OK), extended_rcode, options)
    except (IndexError, error, _MalformedError, MalformedOptionsError):
        return _Rest(malformed=True, has_opt=has_opt, edns=None)
    unsound = has_opt < additionals == total <= MOST_RECORDS and not are_sound(wire, begin, additionals)
    return _Rest(misplaced or unsound or total > MOST_RECORDS or position > len(wire), has_opt, edns)
