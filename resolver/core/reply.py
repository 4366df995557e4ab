"""How every reply is written: blocked, cached, stale or an error, all through one place that fits it to its limit.

Replies say RA and never AA; RD and CD come back as asked; Z never does. An OPT record is in a reply if one was in the
query, and extended errors go before anything else is cut (RFC 6891, RFC 8914, RFC 9715).
"""

from functools import lru_cache
from struct import Struct
from typing import Final, NamedTuple, assert_never

from resolver.core.counters import Transport
from resolver.core.message_cache import Entry
from resolver.core.policy import Block, MeasureState
from resolver.core.step import Unusable
from resolver.dns.codes import ExtendedError, Flag, Rcode, RRClass, RRType
from resolver.dns.edns import NO_OPTIONS, Options, extended_error, write_opt
from resolver.dns.message import HEADER_SIZE, MAX_UDP_SIZE, Query, Unreadable
from resolver.dns.name import MAX_NAME, WireName, is_within
from resolver.dns.own_rdata import hinfo_rfc8482, soa_rdata
from resolver.dns.response import Record
from resolver.dns.writer import write_message
from resolver.orders.model import Action

LARGEST: Final = 65_535
STALE_TTL: Final = 30
"""Seconds that a client may keep a stale answer (RFC 8767 section 5)."""
MINIMAL_ANY_TTL: Final = 3_600

_HEADER: Final = Struct("!HHHHHH")
# Plain numbers: the operators of IntFlag cost more than all else in these functions.
_ANSWERED: Final = int(Flag.QR | Flag.RA)
_ECHOED: Final = int(Flag.RD | Flag.CD)
_AD: Final = int(Flag.AD)
_TC: Final = int(Flag.TC)
_A: Final = int(RRType.A)
_AAAA: Final = int(RRType.AAAA)
_IN: Final = int(RRClass.IN)
_OPCODE: Final = 0x7800
_NOTICE: Final = Struct("!HHHIH")
_TCP: Final = Transport.TCP4
"""A member of an enumeration, looked up once: in Python 3.11 that takes as long as writing a header."""
_SOA: Final = Struct("!HHHIHH")
_SOA_TYPE: Final = int(RRType.SOA)
_SOA_NUMBERS: Final = (1, 3_600, 600, 86_400)
_ANY: Final = int(RRType.ANY)
_NXDOMAIN_CODE: Final = int(Rcode.NXDOMAIN)
_REDIRECT: Final = Action.REDIRECT
_NODATA: Final = Action.NODATA
_NXDOMAIN: Final = Action.NXDOMAIN
_POINTER: Final = 0xC000
_TO_QUESTION: Final = 0xC00C
"""A pointer to the question's name (RFC 1035 section 4.1.4)."""
_ERROR_OVERHEAD: Final = 6
"""Octets of an extended error beside its text: option code, length, error code."""
_PLAIN_OPT: Final = write_opt(udp_size=MAX_UDP_SIZE, dnssec_ok=False)
_DNSSEC_OPT: Final = write_opt(udp_size=MAX_UDP_SIZE, dnssec_ok=True)
_HINFO: Final = hinfo_rfc8482()
_FORGED: Final = extended_error(ExtendedError.FORGED_ANSWER, b"")
_PROHIBITED: Final = extended_error(ExtendedError.PROHIBITED, b"")

Errors = tuple[tuple[int, bytes], ...]
"""Extended errors as EDNS options, the most important first."""


class Content(NamedTuple):
    """What a reply says, before it is written for one client."""

    rcode: int
    answer: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()
    errors: Errors = ()


def size_limit(query: Query, transport: Transport) -> int:
    """Tell how many octets a reply to this query may have."""
    return LARGEST if transport >= _TCP else query.udp_limit


def write_content(query: Query, limit: int, content: Content) -> bytes:
    """Write a reply that was made for this query."""
    body = b""
    if content.answer or content.authority:
        written = write_message(
            message_id=0,
            flags=0,
            rcode=0,
            question=query.question,
            answer=content.answer,
            authority=content.authority,
        )
        body = written[HEADER_SIZE + len(query.question) :]
    counts = len(content.answer), len(content.authority)
    return _assemble(query, limit, content.rcode, counts, body, content.errors)


def write_cached(query: Query, limit: int, entry: Entry, age: int) -> bytes:
    """Write a fresh entry, its TTLs counted down by ``age`` seconds; AD goes to who asked for it (RFC 6840 5.8)."""
    authentic = entry.authentic and (query.dnssec_ok or query.authentic_wanted)
    rcode_and_flags = entry.rcode | _AD if authentic else entry.rcode
    body = entry.body if age <= 0 else entry.aged_body(age)
    return _assemble(query, limit, rcode_and_flags, (entry.answers, entry.authorities), body, entry.errors)


def write_stale(query: Query, limit: int, entry: Entry, now: float) -> bytes:
    """Write an entry that has expired, for want of a better answer, and say so (RFC 8767 section 4, RFC 8914).

    The answer to another question than this one may be fresh, and keeps its TTLs then.
    """
    nxdomain = entry.rcode == Rcode.NXDOMAIN
    error = extended_error(ExtendedError.STALE_NXDOMAIN if nxdomain else ExtendedError.STALE_ANSWER, b"")
    counts = entry.answers, entry.authorities
    body = entry.stale_body(STALE_TTL) if now >= entry.expires else entry.aged_body(int(now - entry.stored))
    return _assemble(query, limit, entry.rcode, counts, body, (error,))


def _assemble(
    query: Query, limit: int, rcode_and_flags: int, counts: tuple[int, int], body: bytes, errors: Errors
) -> bytes:
    """Put header, question, body and OPT together; over the limit, errors go first, then the whole body (TC)."""
    question = query.question
    flags = _ANSWERED | (query.flags & _ECHOED) | rcode_and_flags
    opt = _opt(query, errors)
    room = limit - HEADER_SIZE - len(question) - len(body)
    if len(opt) > room:
        opt = _opt(query, ())
        if len(opt) > room:
            flags, counts, body = flags & ~_AD | _TC, (0, 0), b""
    answers, authorities = counts
    return _HEADER.pack(query.id, flags, 1, answers, authorities, 1 if opt else 0) + question + body + opt


def _opt(query: Query, errors: Errors) -> bytes:
    if query.edns is None:
        return b""
    if query.courtesies:
        options = errors + query.courtesies
        return write_opt(udp_size=MAX_UDP_SIZE, dnssec_ok=query.edns.dnssec_ok, options=options)
    if errors:
        return _opt_with(errors, query.edns.dnssec_ok)
    return _DNSSEC_OPT if query.edns.dnssec_ok else _PLAIN_OPT


@lru_cache(maxsize=1_024)
def _opt_with(errors: Errors, dnssec_ok: bool) -> bytes:  # noqa: FBT001 - positional, or the cache asks for more time
    return write_opt(udp_size=MAX_UDP_SIZE, dnssec_ok=dnssec_ok, options=errors)


def write_notice(query: Query, limit: int, measure: MeasureState, ttl: int) -> bytes | None:
    """Write the address of the notice for a name that is itself blocked; None where something else is to be said.

    Flat: it saves two thirds of what its twins, `blocked_content` and `write_content`, take to write the same octets.
    """
    qtype = query.qtype
    address = measure.ipv4 if qtype == _A else measure.ipv6 if qtype == _AAAA else None
    if address is None or measure.action is not _REDIRECT:
        return None
    body = _NOTICE.pack(_TO_QUESTION, qtype, _IN, ttl, len(address)) + address
    return _assemble(query, limit, 0, (1, 0), body, _notice_errors(measure.ede_text) if query.edns is not None else ())


def write_denial(query: Query, limit: int, block: Block, ttl: int) -> bytes | None:
    """Write that a name which is itself blocked, or what is asked of it, does not exist; None where something else is
    to be said.

    Flat as `write_notice` is, with the same twins: browsers ask each name for HTTPS records, too.
    """
    rule, measure, _ = block
    action, qname, owner = measure.action, query.qname, rule.name
    if action is _REDIRECT:
        address = measure.ipv4 if query.qtype == _A else measure.ipv6 if query.qtype == _AAAA else None
        if address is not None or query.qtype == _ANY:
            return None
    elif action is not _NODATA and action is not _NXDOMAIN:
        return None
    if not qname.endswith(owner):  # it was asked for in a raw form
        return None
    pointer = _POINTER | HEADER_SIZE + len(qname) - len(owner)
    responsible = _compressed(measure.responsible, qname)
    body = _SOA.pack(pointer, _SOA_TYPE, _IN, ttl, 22 + len(responsible), pointer) + responsible + _soa_numbers(ttl)
    errors = (_censored(measure.ede_text),) if query.edns is not None else ()
    return _assemble(query, limit, _NXDOMAIN_CODE if action is _NXDOMAIN else 0, (0, 1), body, errors)


def _compressed(name: WireName, qname: WireName) -> bytes:
    """Write a name below the question, its longest ending that the question's name has, too, as a pointer."""
    position = 0
    while length := name[position]:
        ending = name[position:]
        if qname.endswith(ending) and is_within(qname, WireName(ending)):
            return name[:position] + (_POINTER | HEADER_SIZE + len(qname) - len(ending)).to_bytes(2, "big")
        position += 1 + length
    return name


@lru_cache(maxsize=1_024)
def _soa_numbers(ttl: int) -> bytes:
    return soa_rdata(b"", b"", *_SOA_NUMBERS, ttl)


def write_structured(query: Query, limit: int, content: Content, texts: tuple[bytes, ...]) -> bytes:
    """Write a blocked reply whose extended error is JSON, for a client that reads it; the first text that fits.

    A forged answer is not called one then (draft-ietf-dnsop-structured-dns-error, server generating a response).
    """
    bare = write_content(query, limit, content._replace(errors=()))
    for text in texts:
        if len(bare) + _ERROR_OVERHEAD + len(text) <= limit:
            return write_content(query, limit, content._replace(errors=(_censored(text),)))
    return bare


@lru_cache(maxsize=1_024)
def _censored(text: bytes) -> tuple[int, bytes]:
    return extended_error(ExtendedError.CENSORED, text)


@lru_cache(maxsize=1_024)
def _notice_errors(text: bytes) -> Errors:
    return _censored(text), _FORGED


def blocked_content(block: Block, qtype: int, owner: bytes, ttl: int, links: tuple[Record, ...]) -> Content | None:
    """Say what a blocked name gets: None is no answer at all.

    ``owner`` is the blocked name itself; ``links`` are the aliases that led to it, if any, and stay in front, without
    outliving the block, except where the action speaks of the whole answer.
    """
    measure = block.measure
    censored = _censored(measure.ede_text)
    aliases = tuple(link._replace(ttl=min(link.ttl, ttl)) for link in links)
    match measure.action:
        case Action.DROP:
            return None
        case Action.REFUSED:
            return Content(Rcode.REFUSED, errors=(censored,))
        case Action.NXDOMAIN:
            return Content(Rcode.NXDOMAIN, authority=(_soa(block, ttl),), errors=(censored,))
        case Action.NODATA:
            return Content(Rcode.NOERROR, aliases, (_soa(block, ttl),), (censored,))
        case Action.REDIRECT:
            return _redirected(block, qtype, owner, ttl, aliases, censored)
        case _ as never:
            assert_never(never)


def _redirected(
    block: Block, qtype: int, owner: bytes, ttl: int, aliases: tuple[Record, ...], censored: tuple[int, bytes]
) -> Content:
    """Point to the notice, where the type asked for can: no hint, key or text of the blocked name gets past."""
    if qtype == RRType.ANY:
        return Content(Rcode.NOERROR, (Record(owner, RRType.HINFO, RRClass.IN, ttl, _HINFO),), (), (censored,))
    address = block.measure.ipv4 if qtype == RRType.A else block.measure.ipv6 if qtype == RRType.AAAA else None
    if address is None:
        return Content(Rcode.NOERROR, aliases, (_soa(block, ttl),), (censored,))
    notice = Record(owner, qtype, RRClass.IN, ttl, address)
    return Content(Rcode.NOERROR, (*aliases, notice), (), (censored, _FORGED))


def _soa(block: Block, ttl: int) -> Record:
    rdata = soa_rdata(block.rule.name, block.measure.responsible, *_SOA_NUMBERS, ttl)
    return Record(block.rule.name, RRType.SOA, RRClass.IN, ttl, rdata)


def minimal_any_content(qname: WireName) -> Content:
    """Say what a query for all types gets, for any name (RFC 8482 section 4.2)."""
    return Content(Rcode.NOERROR, (Record(qname, RRType.HINFO, RRClass.IN, MINIMAL_ANY_TTL, _HINFO),))


def no_recursion_content() -> Content:
    """Say what a query without RD gets: there is nothing here but what others said (RFC 8914 4.21)."""
    return Content(Rcode.REFUSED, errors=(extended_error(ExtendedError.NOT_AUTHORITATIVE, b"recursion not desired"),))


def failed_content(unusable: Unusable, error: ExtendedError, *, cached: bool) -> Content:
    """Say that upstreams failed, and why, in their words if they gave any.

    ``cached`` if that was found out a moment ago (RFC 9520 section 3.4).
    """
    why = unusable.errors or (extended_error(error, unusable.failure.value.encode()),)
    remembered = (extended_error(ExtendedError.CACHED_ERROR, b""),) if cached else ()
    return Content(Rcode.SERVFAIL, errors=(*why, *remembered))


def write_error(unreadable: Unreadable, options: Options = NO_OPTIONS) -> bytes:
    """Write the answer to a message that cannot be answered as asked; operation code and RD come back."""
    flags = _ANSWERED | (unreadable.flags & (_OPCODE | _ECHOED)) | (unreadable.rcode & 0xF)
    opt = b""
    if unreadable.edns:
        opt = write_opt(
            udp_size=MAX_UDP_SIZE, dnssec_ok=unreadable.dnssec_ok, extended_rcode=unreadable.rcode >> 4, options=options
        )
    questions = 1 if unreadable.question else 0
    return _HEADER.pack(unreadable.id, flags, questions, 0, 0, 1 if opt else 0) + unreadable.question + opt


def write_stranger_refusal(wire: bytes) -> bytes:
    """Write what a stranger gets; reads no more than the header, the question and where an OPT record would begin.

    ``wire`` has at least twelve octets and is a query. EDE 18 (Prohibited) where an OPT record comes next.
    """
    message_id, flags, questions, answers, authorities, additional = _HEADER.unpack_from(wire)
    question = _question_at(wire) if questions == 1 else b""
    end = HEADER_SIZE + len(question)
    edns = question and (answers, authorities, additional) == (0, 0, 1) and wire[end : end + 3] == b"\x00\x00\x29"
    opt = b""
    if edns and len(wire) >= end + 11:
        opt = write_opt(udp_size=MAX_UDP_SIZE, dnssec_ok=False, options=(_PROHIBITED,))
    answered = _ANSWERED | (flags & (_OPCODE | _ECHOED)) | Rcode.REFUSED
    return _HEADER.pack(message_id, answered, 1 if question else 0, 0, 0, 1 if opt else 0) + question + opt


def _question_at(wire: bytes) -> bytes:
    position = HEADER_SIZE
    while position < len(wire) and (length := wire[position]) and length < 64:
        position += 1 + length
    name_end = position + 1
    if name_end + 4 > len(wire) or wire[position] or name_end - HEADER_SIZE > MAX_NAME:
        return b""
    return wire[HEADER_SIZE : name_end + 4]
