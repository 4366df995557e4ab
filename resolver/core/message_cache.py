"""What upstreams said, by question: answers as they will be sent, and failures for a short while.

An entry carries the stamp of the table it was judged under, the names its aliases lead to, and its body in wire form:
a hit copies octets and counts TTLs down. Nothing but the same question finds it, and no other message changes it
(RFC 2308, RFC 8767, RFC 9520).
"""

from collections.abc import Iterator, Mapping
from struct import Struct
from typing import Final, NamedTuple

from resolver.core.counters import NOWHERE
from resolver.core.generations import Generations
from resolver.core.policy import Block
from resolver.core.step import Failure, Question, Unusable
from resolver.dns.name import WireName
from resolver.dns.response import Record

MAX_TTL: Final = 86_400
"""Seconds after which any answer is asked for again, whatever its TTL says (RFC 8767 section 4)."""
MAX_NEGATIVE_TTL: Final = 3_600
"""The same for answers that something does not exist (RFC 2308 section 5)."""
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 30.0
"""Seconds for which a failure stands: doubling from the first to the longest (RFC 9520 section 3.2)."""
STALE_PAUSE: Final = 30.0
"""Seconds for which a failure stands while a stale answer is at hand (RFC 8767 section 5)."""
FAILURES: Final = 16_384

HEAVIEST: Final = 70_000
"""Octets of memory of an entry that is kept: one answer must not push many others out."""

_TTL: Final = Struct("!L")
_OVERHEAD: Final = 700


class Alias(NamedTuple):
    """A chain of aliases that meets a blocked name, and how many of its links come before that name."""

    block: Block
    links: int


class Entry:
    """An answer that passed: everything after the question, with the offsets of its TTLs.

    ``links`` are the CNAMEs from the question on, ``names`` what they lead to. Times are monotonic seconds. Only the
    judgement changes in an entry's life: ``judged_under`` (a table's stamp, with the number of the view), ``alias``,
    and ``observed``, the counter of an order that observes a name of the chain, or NOWHERE.
    """

    __slots__ = ("_offsets", "alias", "answers", "authentic", "authorities", "body", "errors", "expires",
                 "judged_for", "judged_under", "links", "names", "observed", "octets", "question", "rcode",
                 "stale_until", "stored")  # fmt: skip  # three lines, not eighteen

    def __init__(
        self,
        question: Question,
        rcode: int,
        *,
        answers: int,
        authorities: int,
        body: bytes,
        ttl_offsets: tuple[int, ...],
        links: tuple[Record, ...],
        authentic: bool,
        errors: tuple[tuple[int, bytes], ...],
        stored: float,
        lifetime: int,
        stale_seconds: float,
    ) -> None:
        """Make an entry; ``ttl_offsets`` count from the start of ``body``, ``lifetime`` is in seconds."""
        self.question = question
        self.rcode = rcode
        self.answers = answers
        self.authorities = authorities
        self.body = body
        self.links = links
        self.names = tuple([WireName(link.rdata.lower()) for link in links]) if links else ()
        self.authentic = authentic
        self.errors = errors
        self.stored = stored
        self.expires = stored + lifetime
        self.stale_until = self.expires + stale_seconds
        self.judged_under: object = None
        self.judged_for = -1
        self.alias: Alias | None = None
        self.observed = NOWHERE
        self._offsets = ttl_offsets
        self.octets = _OVERHEAD + len(body) + len(question.qname) + 40 * len(ttl_offsets)
        if links:
            self.octets += sum([len(link.owner) + 2 * len(link.rdata) + 300 for link in links])

    def aged_body(self, age: int) -> bytes:
        """Write the body with its TTLs counted down by so many seconds."""
        if age <= 0:
            return self.body
        body = self.body
        aged = bytearray(body)
        for offset in self._offsets:
            (ttl,) = _TTL.unpack_from(body, offset)
            _TTL.pack_into(aged, offset, ttl - age if ttl > age else 0)
        return bytes(aged)

    def record_data(self) -> Iterator[tuple[int, bytes]]:
        """Yield type and data of each record; names in the data may be compressed."""
        body = self.body
        for offset in self._offsets:
            length = int.from_bytes(body[offset + 4 : offset + 6], "big")
            yield int.from_bytes(body[offset - 4 : offset - 2], "big"), body[offset + 6 : offset + 6 + length]

    def stale_body(self, ttl: int) -> bytes:
        """Write the body with this value in every TTL."""
        stale = bytearray(self.body)
        for offset in self._offsets:
            _TTL.pack_into(stale, offset, ttl)
        return bytes(stale)


class Unfinished(NamedTuple):
    """An answer that ends with an alias and says nothing of the name it leads to, not even that there is no data."""

    entry: Entry


class FailureRecord(NamedTuple):
    """A failure that stands until an instant (monotonic), and the length of that pause."""

    unusable: Unusable
    until: float
    pause: float

    @property
    def octets(self) -> int:
        """Tell the octets of memory, about."""
        return 500


class MessageCache:
    """Entries and failures by question, bounded in entries and octets."""

    __slots__ = ("_entries", "_failures")

    def __init__(self, entries: int, octets: int) -> None:
        """Hold at most this many entries and about this many octets of them."""
        self._entries: Generations[Question, Entry] = Generations(entries, octets)
        self._failures: Generations[Question, FailureRecord] = Generations(FAILURES, FAILURES * 500)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def octets(self) -> int:
        """Octets of all entries that can be found, about."""
        return self._entries.octets

    @property
    def all(self) -> tuple[Mapping[Question, object], ...]:
        """Whatever is kept, by question, expired or not; for one batch only, and only to look at."""
        return (*self._entries.both, *self._failures.both)

    def find(self, question: Question) -> Entry | None:
        """Find the entry of a question, fresh or not."""
        return self._entries.get(question)

    def keep(self, entry: Entry) -> None:
        """Keep an entry in place of all that was known of its question; nothing if its time is zero or it is heavy."""
        question = entry.question
        if len(self._failures):
            self._failures.discard(question)
        if entry.expires > entry.stored and entry.octets <= HEAVIEST:
            self._entries.put(question, entry)
        else:
            self._entries.discard(question)

    def failure(self, question: Question, now: float) -> Unusable | None:
        """Find the failure of a question that stands at this moment."""
        if not len(self._failures):  # nearly always, and three lookups less for each question that is asked
            return None
        record = self._failures.get(question)
        return record.unusable if record is not None and now < record.until else None

    def keep_failure(self, question: Question, unusable: Unusable, now: float, *, stale: bool) -> None:
        """Note that a question failed: for one second, twice as long when it fails again, at most thirty.

        With a stale answer at hand it is thirty seconds at once. Waiters of one exchange all report its failure; only
        the first of them counts.
        """
        if unusable.failure in {Failure.OVERLOAD, Failure.NO_UPSTREAM} or self.failure(question, now) is not None:
            return
        last = self._failures.get(question)
        again = last is not None and now < last.until + LONGEST_PAUSE
        pause = min(2 * last.pause, LONGEST_PAUSE) if last is not None and again else FIRST_PAUSE
        if stale:
            pause = STALE_PAUSE
        self._failures.put(question, FailureRecord(unusable, now + pause, pause))
