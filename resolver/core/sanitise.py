"""What of an upstream's answer may be believed, kept and passed on.

Only what the question leads to: the chain of aliases from the asked name, links first and in order, and the records
at its end; of the authority section the SOA of a negative answer, and the records that prove it where DNSSEC was asked
for. Everything else, the additional section included, is left behind (RFC 2181 5.4.1, RFC 5452, RFC 6672).
"""

from typing import Final, NamedTuple

from resolver.core.message_cache import MAX_NEGATIVE_TTL, MAX_TTL, Entry, Unfinished
from resolver.core.step import Failure, Question, Unusable
from resolver.dns.codes import EdnsOption, ExtendedError, Flag, Rcode, RRClass, RRType
from resolver.dns.edns import extended_error
from resolver.dns.name import MAX_NAME, WireName, ancestors, is_within
from resolver.dns.response import Record, Response
from resolver.dns.writer import ttl_offsets, write_message

MAX_LINKS: Final = 16
"""Aliases followed in one answer; a longer chain is taken for a loop."""
MAX_ERRORS: Final = 4
MAX_ERROR_TEXT: Final = 160
"""Extended errors of an upstream that are passed on, and octets of the text of each."""

DNSSEC_FAILURES: Final = frozenset({1, 2, *range(5, 13)})
"""Extended errors that say the data is bogus: another upstream, which may not validate, is not asked (RFC 8914)."""
FILTER_ERRORS: Final = frozenset(
    {ExtendedError.FORGED_ANSWER, ExtendedError.BLOCKED, ExtendedError.CENSORED, ExtendedError.FILTERED}
)
"""Extended errors that only our own orders may claim."""

_PROOFS: Final = frozenset({RRType.NSEC, RRType.NSEC3})
_SINGLE: Final = frozenset({RRType.CNAME, RRType.DNAME, RRType.SOA})
"""Types of which a name has one record at most."""
_TRUSTED_RCODES: Final = frozenset({Rcode.NOERROR, Rcode.NXDOMAIN, Rcode.YXDOMAIN})


_Sets = dict[tuple[WireName, int], dict[bytes, Record]]
"""Records by owner (lower-cased) and type, then by what they say."""


class _Chain(NamedTuple):
    """Where the answer section leads: its records in order, the CNAMEs among them, the last name; did data end it.

    ``overlong``: a DNAME ended it that makes too long a name (RFC 6672 section 2.2).
    """

    records: tuple[Record, ...]
    links: tuple[Record, ...]
    last: WireName
    complete: bool
    overlong: bool = False


def sanitise(
    question: Question, response: Response, now: float, *, trust_ad: bool, stale_seconds: float
) -> Entry | Unfinished | Unusable:
    """Turn an upstream's response into the entry that answers the question, or say why it cannot be used.

    ``now`` is monotonic; AD is believed only with ``trust_ad``.
    """
    errors = upstream_errors(response)
    if response.rcode not in _TRUSTED_RCODES:
        final = any(int.from_bytes(value[:2], "big") in DNSSEC_FAILURES for _, value in errors)
        return Unusable(Failure.REFUSED_UPSTREAM, final=final and response.rcode == Rcode.SERVFAIL, errors=errors)
    authentic = trust_ad and bool(response.flags & Flag.AD)
    return assemble(question, response, now, errors=errors, authentic=authentic, stale_seconds=stale_seconds)


def assemble(
    question: Question,
    response: Response,
    now: float,
    *,
    errors: tuple[tuple[int, bytes], ...],
    authentic: bool,
    stale_seconds: float,
) -> Entry | Unfinished | Unusable:
    """Make the entry of what a response without a failure says, and of nothing else that is in it."""
    chain = _follow(question, response.answer)
    if chain is None or _contradicts(chain, response):
        return Unusable(Failure.UNUSABLE, errors=errors)
    authority = _authority(question, chain, response.authority)
    wire = write_message(
        message_id=0,
        flags=0,
        rcode=0,
        question=_question_section(question),
        answer=chain.records,
        authority=authority,
    )
    if wire[2] & 0x02:
        return Unusable(Failure.UNUSABLE, errors=errors)
    start = 12 + len(question.qname) + 4
    rcode = Rcode.YXDOMAIN if chain.overlong else response.rcode
    lifetime = _lifetime(chain, authority, rcode)
    entry = Entry(
        question,
        rcode,
        answers=len(chain.records),
        authorities=len(authority),
        body=wire[start:],
        ttl_offsets=tuple(offset - start for offset in ttl_offsets(wire)),
        links=chain.links,
        authentic=authentic,
        errors=errors,
        stored=now,
        lifetime=0 if lifetime is None else lifetime,
        stale_seconds=stale_seconds,
    )
    unfinished = lifetime is None and chain.links and rcode == Rcode.NOERROR
    return Unfinished(entry) if unfinished else entry


def upstream_errors(response: Response) -> tuple[tuple[int, bytes], ...]:
    """Take the extended errors out of a response, fit to be passed on: the text says that they are an upstream's.

    What an upstream filters is not our orders' doing, so those codes become 0 (RFC 8914 section 4).
    """
    if response.edns is None:
        return ()
    found = (value for code, value in response.edns.options if code == EdnsOption.EXTENDED_ERROR and len(value) >= 2)
    return tuple(_passed_on(value) for value, _ in zip(found, range(MAX_ERRORS), strict=False))


def filtered_upstream(response: Response) -> bool:
    """Tell whether the upstream says that it filtered this answer: not by our orders, so somebody should know."""
    options = response.edns.options if response.edns is not None else ()
    return any(
        code == EdnsOption.EXTENDED_ERROR and len(value) >= 2 and int.from_bytes(value[:2], "big") in FILTER_ERRORS
        for code, value in options
    )


def _passed_on(value: bytes) -> tuple[int, bytes]:
    code = int.from_bytes(value[:2], "big")
    text = value[2 : 2 + MAX_ERROR_TEXT].decode("utf-8", "ignore").rstrip("\x00")
    if code in FILTER_ERRORS:
        return extended_error(ExtendedError.OTHER, f"upstream: filtered there (code {code}) {text}".rstrip().encode())
    return extended_error(code, f"upstream: {text}".rstrip().encode())


def _question_section(question: Question) -> bytes:
    return question.qname + question.qtype.to_bytes(2, "big") + question.qclass.to_bytes(2, "big")


def _sets(answer: tuple[Record, ...]) -> _Sets | None:
    """Sort records into sets, each record once; None if one is of another class."""
    sets: _Sets = {}
    for record in answer:
        owner, rtype, rclass, _, rdata = record
        if rclass != RRClass.IN:
            return None
        sets.setdefault((WireName(owner.lower()), rtype), {})[rdata] = record
    return sets


def _follow(question: Question, answer: tuple[Record, ...]) -> _Chain | None:
    """Walk from the asked name along the aliases; None for a loop, too long a chain, or data of another class.

    No set is walked through twice, so that the work grows with the answer and no faster.
    """
    sets = _sets(answer)
    if sets is None:
        return None
    kept: list[Record] = []
    links: list[Record] = []
    name, passed = question.qname, {question.qname}
    while True:
        dname = _dname_above(name, sets)
        if dname is not None and dname not in kept:
            kept += (dname, *_signatures(question, sets, dname.owner, RRType.DNAME))
        found = _whole(sets, name, question.qtype) if dname is None or question.qtype == RRType.CNAME else ()
        if found:
            if found[0] not in kept:  # a DNAME that led to its own name and was asked for is there already
                kept += (*found, *_signatures(question, sets, name, question.qtype))
            return _Chain(tuple(kept), tuple(links), name, complete=True)
        link = _first(sets, name, RRType.CNAME) if dname is None else _renamed(name, dname)
        if link is None:
            return _Chain(tuple(kept), tuple(links), name, complete=False, overlong=dname is not None)
        kept += (link, *_signatures(question, sets, name, RRType.CNAME))
        links.append(link)
        name = WireName(link.rdata.lower())
        if name in passed or len(links) > MAX_LINKS:
            return None
        passed.add(name)


def _whole(sets: _Sets, name: WireName, rtype: int) -> tuple[Record, ...]:
    """Take a whole set, all of it with the smallest TTL (RFC 2181 section 5.2); of an alias, one (section 10.1).

    Signatures have the TTLs of the sets that they cover (RFC 4034 section 3).
    """
    found = sets.get((name, rtype))
    if found is None:
        return ()
    if rtype in _SINGLE:
        return (_lasting(next(iter(found.values())), MAX_TTL),)
    if rtype == RRType.RRSIG:
        return tuple(_lasting(record, MAX_TTL) for record in found.values())
    ttl = min(MAX_TTL, *(record.ttl for record in found.values()))
    return tuple(_lasting(record, ttl) for record in found.values())


def _first(sets: _Sets, name: WireName, rtype: int) -> Record | None:
    """Take one record of a set that may have but one (RFC 2181 section 10.1, RFC 6672 section 2.4)."""
    found = sets.get((name, rtype))
    return _lasting(next(iter(found.values())), MAX_TTL) if found else None


def _lasting(record: Record, ttl: int) -> Record:
    """Shorten a record's TTL to this, if it is longer."""
    return record if record.ttl <= ttl else record._replace(ttl=ttl)


def _signatures(question: Question, sets: _Sets, owner: bytes, covered: int) -> tuple[Record, ...]:
    """Take the RRSIGs that cover a type at a name, where the client wants them (RFC 4035 3.2.1)."""
    if not question.dnssec_ok or question.qtype == RRType.RRSIG:
        return ()
    found = sets.get((WireName(owner.lower()), RRType.RRSIG), {})
    return tuple(
        _lasting(record, MAX_TTL) for rdata, record in found.items() if rdata[:2] == covered.to_bytes(2, "big")
    )


def _dname_above(name: WireName, sets: _Sets) -> Record | None:
    """Find the DNAME that renames everything below one of a name's ancestors (RFC 6672 section 2.3)."""
    return next(
        (
            dname
            for above in ancestors(name)
            if above != name and (dname := _first(sets, above, RRType.DNAME)) is not None
        ),
        None,
    )


def _renamed(name: WireName, dname: Record) -> Record | None:
    """Make the CNAME that a DNAME stands for; None if the new name would be too long (RFC 6672 3.1)."""
    target = name[: len(name) - len(dname.owner)] + dname.rdata
    return Record(name, RRType.CNAME, RRClass.IN, dname.ttl, target) if len(target) <= MAX_NAME else None


def _contradicts(chain: _Chain, response: Response) -> bool:
    """Tell whether a response says two things at once, or nothing about the question.

    YXDOMAIN is nothing without the DNAME that makes too long a name (RFC 6672 section 2.2).
    """
    if response.rcode == Rcode.NXDOMAIN and chain.complete:
        return True
    if response.rcode == Rcode.YXDOMAIN and not chain.overlong:
        return True
    if response.answer and not chain.records:
        return True
    referral = any(record.rtype == RRType.NS for record in response.authority)
    negative = any(record.rtype == RRType.SOA for record in response.authority)
    return not response.answer and response.rcode == Rcode.NOERROR and referral and not negative


def _authority(question: Question, chain: _Chain, authority: tuple[Record, ...]) -> tuple[Record, ...]:
    """Choose the SOA of a negative answer, and with DO what proves it, or proves a wildcard (RFC 4035 3.1.3)."""
    inside = [record for record in authority if record.rclass == RRClass.IN]
    kept: list[Record] = []
    signed: set[int] = set()
    if not chain.complete:
        zones = [r for r in inside if r.rtype == RRType.SOA and is_within(chain.last, WireName(r.owner.lower()))]
        kept += (soa._replace(ttl=_negative_ttl(soa)) for soa in zones[:1])
        signed |= {RRType.SOA} if zones else set()
    if question.dnssec_ok:
        kept += (_lasting(record, MAX_TTL) for record in inside if record.rtype in _PROOFS)
        kept += (
            _lasting(record, MAX_TTL)
            for record in inside
            if record.rtype == RRType.RRSIG and int.from_bytes(record.rdata[:2], "big") in signed | _PROOFS
        )
    return tuple(kept)


def _negative_ttl(soa: Record) -> int:
    """Tell how long a negative answer holds: TTL or MINIMUM, whichever is less (RFC 2308 section 5)."""
    return min(soa.ttl, int.from_bytes(soa.rdata[-4:], "big"), MAX_NEGATIVE_TTL)


def _lifetime(chain: _Chain, authority: tuple[Record, ...], rcode: int) -> int | None:
    """Tell for how many seconds the entry is fresh; None without data and without an SOA that says there are none."""
    ttls = [record.ttl for record in (*chain.records, *authority)]
    if not chain.complete and rcode != Rcode.YXDOMAIN and not any(r.rtype == RRType.SOA for r in authority):
        return None
    return min(ttls, default=0)
