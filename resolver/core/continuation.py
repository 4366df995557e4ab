"""How an answer that left off at an alias is put together with what the alias leads to.

Some upstreams end a chain of aliases at the border of what they know. What is asked on then is an answer of its own;
both together pass the same checks as one that came whole (RFC 1034 section 3.6.2).
"""

from struct import Struct
from typing import Final

from resolver.core.message_cache import Entry, Unfinished
from resolver.core.rebinding import WITHHELD, RebindingGuard
from resolver.core.sanitise import MAX_ERRORS, assemble
from resolver.core.step import Question, Unusable
from resolver.dns.response import Record, Response, read_response

MOST_LINKS: Final = 11
"""Aliases after which a chain that must be asked for piece by piece is given up."""

_HEADER: Final = Struct("!6H")
_TYPE_AND_CLASS: Final = Struct("!HH")
_QR: Final = 0x8000


def join(
    question: Question,
    first: Entry,
    rest: Entry | Unfinished,
    now: float,
    *,
    stale_seconds: float,
    guard: RebindingGuard | None = None,
) -> Entry | Unfinished | Unusable:
    """Put an answer that left off and the one that takes it up together, as of this moment (monotonic).

    The response code is the last one's (RFC 6604 section 3); it counts as authentic only if both do. The ``guard``
    looks at the whole again: what the last name may say, the first one may not.
    """
    last = rest.entry if isinstance(rest, Unfinished) else rest
    before, after = _response(first, now), _response(last, now)
    whole = Response(
        id=0,
        flags=_QR,
        rcode=last.rcode,
        question=before.question,
        answer=before.answer + after.answer,
        authority=after.authority,
        additional=(),
        edns=None,
        broken_edns=False,
    )
    errors = (first.errors + last.errors)[:MAX_ERRORS]
    less = guard.withhold(question, whole) if guard is not None else None
    joined = assemble(
        question,
        whole if less is None else less,
        now,
        errors=errors if less is None else (WITHHELD, *errors),
        authentic=first.authentic and last.authentic and less is None,
        stale_seconds=stale_seconds,
    )
    # No data, and no SOA either: that was asked for already.
    return joined.entry if isinstance(joined, Unfinished) and isinstance(rest, Entry) else joined


def local_entry(
    question: Question, rcode: int, answer: tuple[Record, ...], authority: tuple[Record, ...], now: float
) -> Entry | Unusable:
    """Make the entry of what no upstream is asked about, so that an alias may lead there."""
    response = Response(0, _QR, rcode, b"", answer, authority, (), None, broken_edns=False)
    said = assemble(question, response, now, errors=(), authentic=False, stale_seconds=0)
    return said.entry if isinstance(said, Unfinished) else said


def _response(entry: Entry, now: float) -> Response:
    """Write an entry as the response that it came from, its TTLs counted down, and read that."""
    qname, qtype, qclass, _, _ = entry.question
    header = _HEADER.pack(0, _QR, 1, entry.answers, entry.authorities, 0)
    body = entry.aged_body(int(now - entry.stored))
    return read_response(header + qname + _TYPE_AND_CLASS.pack(qtype, qclass) + body)
