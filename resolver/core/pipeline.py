"""What a query gets: read, admission, judge, special names, look up, forward, in this order and nowhere else.

Nothing leaves that was not judged under the table in force: a fresh question, a cached entry, a response that has just
come, a waiter that joined, a stale answer. A blocked or cached answer is finished here, at once.
"""

import math
from collections.abc import Mapping
from typing import Final, assert_never

from resolver.core.admission import View
from resolver.core.continuation import join, local_entry
from resolver.core.counters import GAUGES, NOWHERE, Gauge, Transport, answer_slot
from resolver.core.courtesy import Courtesies
from resolver.core.enforcement import Enforcement, say
from resolver.core.intact import IntactReader
from resolver.core.message_cache import Alias, Entry, MessageCache, Unfinished
from resolver.core.no_question import say_bad_cookie, say_unreadable, turn_away
from resolver.core.policy import Allow, Block, Table
from resolver.core.rebinding import WITHHELD, RebindingGuard
from resolver.core.reply import (
    failed_content,
    minimal_any_content,
    no_recursion_content,
    size_limit,
    write_cached,
    write_stale,
)
from resolver.core.sanitise import assemble, filtered_upstream, sanitise, upstream_errors
from resolver.core.special_names import ALL_FORWARDED, SpecialNames
from resolver.core.step import NEVER, Asked, Drop, Failure, Forward, Question, Reply, Step, Unusable
from resolver.dns.codes import ExtendedError, Flag, Rcode, RRType
from resolver.dns.message import HEADER_SIZE, Query, read_query
from resolver.dns.name import WireName
from resolver.dns.response import Response

__all__ = ["Asked", "Drop", "Entry", "Failure", "Forward", "Pipeline", "Question", "Reply", "Step", "Unusable",
           "count_answer"]  # fmt: skip  # one breath

_ERROR_OF: Final = {
    Failure.TIMEOUT: ExtendedError.NO_REACHABLE_AUTHORITY,
    Failure.NETWORK: ExtendedError.NETWORK_ERROR,
    Failure.REFUSED_UPSTREAM: ExtendedError.NO_REACHABLE_AUTHORITY,
    Failure.UNUSABLE: ExtendedError.OTHER,
    Failure.OVERLOAD: ExtendedError.NOT_READY,
    Failure.NO_UPSTREAM: ExtendedError.NO_REACHABLE_AUTHORITY,
}
OVERLOADED: Final = failed_content(Unusable(Failure.OVERLOAD), _ERROR_OF[Failure.OVERLOAD], cached=False)
"""What a question gets that is refused for want of room, unless something stale is at hand."""
# Plain numbers: adding members of an IntEnum takes as long as a lookup in a cache.
_HITS: Final = int(GAUGES + Gauge.MESSAGE_HITS)
_MISSES: Final = int(GAUGES + Gauge.MESSAGE_MISSES)
_RD: Final = int(Flag.RD)
_CD: Final = int(Flag.CD)
_ANY: Final = int(RRType.ANY)
_SPECIAL: Final = int(GAUGES + Gauge.SPECIAL_NAMES)
_NOERROR: Final = int(Rcode.NOERROR)
_new: Final = tuple.__new__
"""Makes a named tuple without the function that it has for it, which takes twice as long."""
_BARE_OPT: Final = 11
"""Octets of an OPT record without options."""


def count_answer(page: memoryview, transport: Transport, qtype: int, rcode: int, slot: int) -> None:
    """Count an answer that leaves: by transport, type and response code, and for the order that blocked it."""
    page[answer_slot(transport, qtype, rcode)] += 1
    page[slot] += 1


class Pipeline:
    """One worker's decisions: the table in force and what upstreams said; ``courtesies`` say what options get back."""

    __slots__ = ("_enforcement", "_guard", "_intact", "_messages", "_page", "_special", "_stale_seconds",
                 "_table", "courtesies")  # fmt: skip  # two lines, not ten

    def __init__(
        self,
        table: Table,
        messages: MessageCache,
        page: memoryview,
        *,
        now: float,
        stale_seconds: float = 86_400,
    ) -> None:
        """Enforce ``table``, made at this moment (``now``, monotonic); count in ``page`` (64-bit places).

        An answer may be served for ``stale_seconds`` after it expired if upstreams fail; 0 switches that off. No
        option is taken as a wish for JSON, no name is special and nothing is guarded before it is said.
        """
        self.courtesies = Courtesies()
        self._special = ALL_FORWARDED
        self._guard: RebindingGuard | None = None
        self._intact = IntactReader(stale_seconds)
        self._messages = messages
        self._page = page
        self._stale_seconds = stale_seconds
        self._table = table
        self._enforcement = Enforcement(table, now, structured_option=0)

    @property
    def table(self) -> Table:
        """The table in force."""
        return self._table

    def recognise(self, structured_option: int) -> None:
        """Take another option as the wish for JSON in extended errors; 0 for none."""
        self._enforcement = self._enforcement.recognising(structured_option)

    def enforce(self, table: Table, now: float) -> None:
        """Judge by this table from now on; it was made at this moment."""
        self._table = table
        self._enforcement = Enforcement(table, now, self._enforcement.structured_option)

    def guard_by(self, guard: RebindingGuard | None) -> None:
        """Withhold private addresses from now on, or do not; what is cached stays as it was learned."""
        self._guard = guard

    def answer_specially(self, special: SpecialNames) -> None:
        """Answer these special names from now on; `enforce` follows, or what was finished before would be replayed."""
        self._special = special

    @property
    def kept(self) -> tuple[Mapping[Question, object], ...]:
        """All that is kept of what upstreams said, or did not say, by question; as `MessageCache.all`."""
        return self._messages.all

    def leaves_alone(self, domain: WireName) -> bool:
        """Tell whether a name and all below it are neither listed by an order nor special."""
        return self._special.leave_alone(domain) and self._table.leaves_alone(domain)

    def receive(self, wire: bytes, view: View, transport: Transport, now: float, client: bytes = b"") -> Step:
        """Decide what a message from a client of this view gets; never raises, whatever the octets.

        ``client`` is the packed address, which cookies are bound to.
        """
        if not view.allowed:
            return turn_away(wire)
        query = read_query(wire)
        if not isinstance(query, Query):
            return say_unreadable(query, self.courtesies, client)
        if query.edns is not None and query.edns.options:
            options, unproven = self.courtesies.to(query.edns.options, transport, client)
            if unproven:
                return say_bad_cookie(query, options)
            if options:
                query = Query(*query[:-1], options)
        replayable = len(wire) == HEADER_SIZE + len(query.question) + (0 if query.edns is None else _BARE_OPT)
        table = self._table
        verdict = table.judge(query.qname, view)
        if isinstance(verdict, Block):
            asked = _new(Asked, (query, view, transport, now, replayable, None, NOWHERE))
            return self._enforcement.block(asked, verdict, now)
        asked = _new(Asked, (query, view, transport, now, replayable, table.stamp, verdict.slot))
        return self._answer(asked, now)

    def said_back(self, options: bytes, client: bytes) -> bytes | None:
        """Write what options over UDP, as an OPT record holds them, add to the reply that the same query gets without
        them; None if its reply may be another one."""
        return self.courtesies.written(options, client, self._enforcement.structured_option)

    def vouch(self, asked: bytes | Query, client: bytes) -> bool:
        """Tell whether a query shows by its cookie that the client's address is its own."""
        query = read_query(asked) if isinstance(asked, bytes) else asked
        if not isinstance(query, Query) or query.edns is None:
            return False
        return self.courtesies.vouch(query.edns.options, client)

    def learn_intact(self, question: Question, wire: bytes, now: float, *, trust_ad: bool = False) -> Entry | None:
        """Take what an upstream said if nothing in it needs cleaning, and keep it if it may be kept; otherwise None.

        It saves nine tenths of what reading the response and `learn`, its twin, would do. ``wire`` repeats the question
        octet for octet.
        """
        learned = self._intact.read(question, wire, now, trust_ad=trust_ad)
        if learned is not None:
            if self._guard is not None and self._guard.stops(learned):
                return None
            self._messages.keep(learned)
        return learned

    def learn(
        self, question: Question, response: Response, now: float, *, trust_ad: bool = False
    ) -> Entry | Unfinished | Unusable:
        """Take what an upstream said about a question: clean, and kept for later if it may be.

        ``trust_ad``: believe the upstream's AD bit.
        """
        less = self._guard.withhold(question, response) if self._guard is not None else None
        if less is None:
            learned = sanitise(question, response, now, trust_ad=trust_ad, stale_seconds=self._stale_seconds)
        else:
            self._page[GAUGES + Gauge.WITHHELD] += 1
            errors = (WITHHELD, *upstream_errors(response))
            learned = assemble(question, less, now, errors=errors, authentic=False, stale_seconds=self._stale_seconds)
        if filtered_upstream(response):
            self._page[GAUGES + Gauge.FILTERED_UPSTREAM] += 1
        if isinstance(learned, Entry):
            self._messages.keep(learned)
        return learned

    def permits_rest(self, asked: Asked, entry: Entry) -> bool:
        """Tell whether what the aliases of an unfinished answer lead to may be asked for on behalf of this query."""
        if isinstance(self._table.judge(asked.query.qname, asked.view), Block):
            return False
        self._judge_aliases(asked, entry)
        return entry.alias is None

    def known(self, question: Question, now: float) -> Entry | Unusable | None:
        """Find what is known of a question at this moment: its answer, or that it failed a moment ago."""
        special = self._special.content(question.qname, question.qtype)
        if special is not None:
            return local_entry(question, special.rcode, special.answer, special.authority, now)
        entry = self._messages.find(question)
        return entry if entry is not None and now < entry.expires else self._messages.failure(question, now)

    def join(
        self, question: Question, first: Entry, rest: Entry | Unfinished, now: float
    ) -> Entry | Unfinished | Unusable:
        """Take the end of a chain that an upstream had left unfinished, and keep the whole if it may be kept."""
        joined = join(question, first, rest, now, stale_seconds=self._stale_seconds, guard=self._guard)
        if isinstance(joined, Entry):
            self._messages.keep(joined)
        return joined

    def show_sizes(self) -> None:
        """Put into the page how much is cached; asked for now and then, as it would cost each answer a little."""
        self._page[GAUGES + Gauge.MESSAGE_ENTRIES] = len(self._messages)
        self._page[GAUGES + Gauge.MESSAGE_BYTES] = self._messages.octets

    def complete(self, asked: Asked, entry: Entry, now: float) -> Reply | Drop:
        """Answer a forwarded query with what was learned, judged under the table of this moment."""
        if asked.permitted_under is self._table.stamp:
            return self._present(asked, entry, now)
        match self._table.judge(asked.query.qname, asked.view):
            case Block() as block:
                return self._enforcement.block(asked, block, now)
            case Allow(slot=slot):
                return self._present(asked._replace(slot=slot), entry, now)
            case _ as never:
                assert_never(never)

    def fail(self, asked: Asked, failure: Failure | Unusable, now: float) -> Reply | Drop:
        """Answer a forwarded query that no upstream answered: stale, or SERVFAIL; the failure is remembered."""
        unusable = failure if isinstance(failure, Unusable) else Unusable(failure)
        match self._table.judge(asked.query.qname, asked.view):
            case Block() as block:
                return self._enforcement.block(asked, block, now)
            case Allow(slot=slot):
                return self._fall_back(asked._replace(slot=slot), _question(asked.query), unusable, now, cached=False)
            case _ as never:
                assert_never(never)

    def _answer(self, asked: Asked, now: float) -> Step:
        """Answer or forward a query whose name is permitted."""
        query = asked.query
        if not query.flags & _RD:
            return say(asked, no_recursion_content(), self._table, lifetime=0, slot=asked.slot)
        special = self._special.content(query.qname, query.qtype)
        if special is not None:
            return say(asked, special, self._table, lifetime=math.inf, slot=_SPECIAL)
        if query.qtype == _ANY:
            return say(asked, minimal_any_content(query.qname), self._table, lifetime=math.inf, slot=asked.slot)
        question = _question(query)
        entry = self._messages.find(question)
        if entry is not None and now < entry.expires:
            self._page[_HITS] += 1
            return self._present(asked, entry, now)
        self._page[_MISSES] += 1
        failed = self._messages.failure(question, now)
        if failed is not None:
            return self._fall_back(asked, question, failed, now, cached=True)
        return _new(Forward, (asked, question))

    def _present(self, asked: Asked, entry: Entry, now: float) -> Reply | Drop:
        """Answer with an entry, fresh or just learned."""
        table = self._table
        if entry.judged_under is not table.stamp or entry.judged_for != asked.view.number:
            self._judge_aliases(asked, entry)
        if entry.alias is not None:
            return self._enforcement.block_alias(asked, entry, entry.alias, now)
        query = asked.query
        wire = write_cached(query, size_limit(query, asked.transport), entry, int(now - entry.stored))
        lifetime = entry.expires - now if asked.replayable else 0
        slot = entry.observed if asked.slot == NOWHERE else asked.slot
        aliases = entry.names if slot == NOWHERE else None
        return _new(Reply, (wire, query.qtype, entry.rcode, slot, lifetime, table, entry.stored, aliases))

    def _fall_back(
        self, asked: Asked, question: Question, unusable: Unusable, now: float, *, cached: bool
    ) -> Reply | Drop:
        """Answer without an upstream: with what came in the meantime, with what is stale, or with the failure."""
        entry = self._messages.find(question)
        if entry is not None and now < entry.expires:
            return self._present(asked, entry, now)
        if question.dnssec_ok and (entry is None or entry.stale_until <= now):
            entry = self._messages.find(question._replace(dnssec_ok=False))  # no signatures are better than no answer
        stale = entry is not None and now < entry.stale_until and not unusable.final
        if not cached:
            self._messages.keep_failure(question, unusable, now, stale=stale)
        if entry is None or not stale:
            content = failed_content(unusable, _ERROR_OF[unusable.failure], cached=cached)
            return say(asked, content, self._table, lifetime=NEVER, slot=asked.slot)
        self._judge_aliases(asked, entry)
        if entry.alias is not None:
            return self._enforcement.block_alias(asked, entry, entry.alias, now)
        self._page[GAUGES + Gauge.STALE_ANSWERS] += 1
        wire = write_stale(asked.query, size_limit(asked.query, asked.transport), entry, now)
        slot = entry.observed if asked.slot == NOWHERE else asked.slot
        return Reply(wire, asked.query.qtype, entry.rcode, slot, NEVER, self._table)

    def _judge_aliases(self, asked: Asked, entry: Entry) -> None:
        """Judge the names that an entry's aliases lead to, under the table in force, for the view that asks."""
        entry.observed = NOWHERE
        entry.alias = self._first_blocked(asked, entry) if entry.names else None
        entry.judged_under = self._table.stamp
        entry.judged_for = asked.view.number

    def _first_blocked(self, asked: Asked, entry: Entry) -> Alias | None:
        passed = {entry.question.qname}
        for position, name in enumerate(entry.names):
            verdict = self._table.judge_alias(name, asked.view, passed)
            if isinstance(verdict, Block):
                return Alias(verdict, position + 1)
            if entry.observed == NOWHERE:
                entry.observed = verdict.slot
            passed.add(name)
        return None


def _question(query: Query) -> Question:
    _, flags, _, qname, qtype, qclass, edns, _ = query
    return _new(Question, (qname, qtype, qclass, edns is not None and edns.dnssec_ok, flags & _CD != 0))
