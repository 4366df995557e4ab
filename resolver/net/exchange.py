"""What was asked for one question and what became of it, and from that: what to do next.

An exchange is one question with everybody who waits for its answer. It decides from its attempts alone, so that
nothing must be kept in step with them. Bounds for each upstream: three sends over UDP and one more without EDNS, two
over TCP (RFC 9520 section 3.1).
"""

from collections.abc import Callable, Sequence
from struct import Struct
from typing import TYPE_CHECKING, Final

from resolver.core.step import Asked, Drop, Failure, Question, Reply, Unusable
from resolver.net.attempt import Attempt, Outcome, Way
from resolver.net.upstream import Upstream

if TYPE_CHECKING:
    from resolver.core.message_cache import Entry

UDP_SENDS: Final = 3
TCP_SENDS: Final = 2
MOST_MISMATCHES: Final = 10
"""Datagrams that may be guesses at our id, after which a question is asked over TCP only (RFC 5452 section 9.1)."""
MOST_REJECTIONS: Final = 2
"""Upstreams that may say SERVFAIL, REFUSED or something unusable before that is the answer."""

_HOPEFUL: Final = frozenset({Outcome.WAITING, Outcome.QUEUED, Outcome.SILENT, Outcome.GARBLED})
_UNHEARD: Final = frozenset({Outcome.UNREACHABLE, Outcome.TRUNCATED})
_TYPE_AND_CLASS: Final = Struct("!HH")

Respond = Callable[[Reply | Drop], None]


class Exchange:
    """One question on its way; ``upstreams`` in the order in which to ask them, ``started`` monotonic seconds.

    ``open`` until it is answered or given up; ``late`` once its waiters have been told of the failure. ``stage`` counts
    the scheduled sends after the first. ``give_up_place`` gives back its place among those of its domain. ``partial``
    is an answer that left off at an alias, ``rest`` the exchange that asks what the alias leads to, and ``followers``
    are the exchanges whose rest this one is.
    """

    __slots__ = ("attempts", "followers", "give_up_place", "late", "mismatches", "open", "partial", "question", "rest",
                 "stage", "started", "unusable", "upstreams", "waiters", "wire_question")  # fmt: skip  # two lines

    def __init__(self, question: Question, upstreams: Sequence[Upstream], started: float) -> None:
        self.question = question
        self.wire_question = question.qname + _TYPE_AND_CLASS.pack(question.qtype, question.qclass)
        self.upstreams = upstreams
        self.started = started
        self.give_up_place: Callable[[], None] | None = None
        self.waiters: list[tuple[Asked, Respond]] = []
        self.attempts: list[Attempt] = []
        self.partial: Entry | None = None
        self.rest: Exchange | None = None
        self.followers: list[Exchange] = []
        self.stage = 0
        self.mismatches = 0
        self.unusable: Unusable | None = None
        self.open = True
        self.late = False

    def close(self) -> None:
        """End; attempts that still wait know that it is over. They are let go of, so that no cycle is left behind."""
        self.open = False
        self.attempts.clear()
        self.waiters = []
        self.rest = None
        if self.followers:
            self.followers = []
        self.leave_domain()

    def leave_domain(self) -> None:
        """Let another question of the domain have the place, if this one has it still."""
        if self.give_up_place is not None:
            self.give_up_place()
            self.give_up_place = None

    def begin(self, way: Way, now: float) -> Attempt:
        """Note that this way is being taken."""
        upstream, over_tcp, with_edns = way
        attempt = Attempt(self, upstream, self.stage, now, over_tcp=over_tcp, with_edns=with_edns)
        self.attempts.append(attempt)
        return attempt

    def begin_first(self) -> Attempt:
        """Note that the first upstream is being asked."""
        upstream = self.upstreams[0]
        attempt = Attempt(self, upstream, 0, self.started, over_tcp=upstream.over_tcp, with_edns=True)
        self.attempts.append(attempt)
        return attempt

    def scheduled_way(self) -> Way | None:
        """Say whom to ask when nobody has answered for a while: whoever was asked least, those that fail last.

        Where somebody may have guessed at the answer, TCP is tried once, instead of a datagram that can be forged, too.
        """
        ways = (self.way(upstream, wary=self.mismatches > 0) for upstream in self.upstreams)
        return min((way for way in ways if way is not None), key=self._burden, default=None)

    def way_after(self, failed: Attempt) -> Way | None:
        """Say what to do at once because an attempt has failed, if anything: the same in another way, or a detour."""
        if self.is_decided:
            return None
        if failed.outcome in {Outcome.TRUNCATED, Outcome.DISLIKES_EDNS}:
            return self.way(failed.upstream) or self.detour()
        return self.detour()

    def detour(self) -> Way | None:
        """Say whom to ask instead, if anybody: an upstream that has not been asked since the last scheduled send."""
        asked = {attempt.upstream for attempt in self.attempts if attempt.stage == self.stage}
        ways = (self.way(upstream) for upstream in self.upstreams if upstream not in asked)
        return min((way for way in ways if way is not None), key=self._burden, default=None)

    def way(self, upstream: Upstream, *, wary: bool = False) -> Way | None:
        """Say how this upstream can be asked once more, if it can; ``wary``: over TCP if that was not tried there."""
        tried = [attempt for attempt in self.attempts if attempt.upstream is upstream]
        outcomes = {attempt.outcome for attempt in tried}
        if Outcome.REJECTED in outcomes:
            return None
        over_tcp = upstream.over_tcp or self.mismatches >= MOST_MISMATCHES or Outcome.TRUNCATED in outcomes
        over_tcp = over_tcp or (wary and bool(tried) and not any(attempt.over_tcp for attempt in tried))
        with_edns = Outcome.DISLIKES_EDNS not in outcomes
        sends = sum(attempt.over_tcp is over_tcp for attempt in tried)
        allowed = TCP_SENDS if over_tcp else UDP_SENDS + (not with_edns)
        return Way(upstream, over_tcp, with_edns) if sends < allowed else None

    @property
    def goes_on(self) -> bool:
        """Whether an answer still serves: nobody was told of a failure, and nothing else is being asked for it."""
        return self.open and not self.late and self.rest is None

    @property
    def is_decided(self) -> bool:
        """Whether upstreams have said enough for a failure: twice that they cannot, or once that it is bogus."""
        if self.unusable is None:
            return False
        rejections = sum(attempt.outcome is Outcome.REJECTED for attempt in self.attempts)
        return self.unusable.final or rejections >= MOST_REJECTIONS

    @property
    def may_be_answered(self) -> bool:
        """Whether a sound answer may come to what was sent."""
        return self.rest is not None or any(attempt.outcome in _HOPEFUL for attempt in self.attempts)

    def is_hopeless(self, last_stage: int) -> bool:
        """Tell whether nothing can come any more, neither to what was sent nor to what will be."""
        if self.is_decided:
            return True
        if self.may_be_answered:
            return False
        return self.stage >= last_stage or self.scheduled_way() is None or self._nobody_is_there

    @property
    def _nobody_is_there(self) -> bool:
        """Whether the network says of every upstream that could be asked again that nobody can be reached there."""
        last = {attempt.upstream: attempt.outcome for attempt in self.attempts}
        return all(
            last.get(upstream) is Outcome.UNREACHABLE for upstream in self.upstreams if self.way(upstream) is not None
        )

    def failure(self) -> Unusable:
        """Say why there is no answer."""
        outcomes = {attempt.outcome for attempt in self.attempts}
        if self.unusable is not None:
            return self.unusable
        if Outcome.GARBLED in outcomes:
            return Unusable(Failure.UNUSABLE)
        return Unusable(Failure.NETWORK if outcomes <= _UNHEARD else Failure.TIMEOUT)

    def _burden(self, way: Way) -> float:
        """Weigh an upstream: each attempt is one, being down one and a half, being out of reach just now two."""
        tried = [attempt for attempt in self.attempts if attempt.upstream is way.upstream]
        out_of_reach = bool(tried) and tried[-1].outcome is Outcome.UNREACHABLE
        return len(tried) + (0 if way.upstream.health.up else 1.5) + (2 if out_of_reach else 0)
