"""What the supervisor writes into the journal: who asked, what was intended, what is in force, what passed by its date.

Nothing is enforced that the journal does not hold: `Chronicle.intend` is durable before any worker changes. What begins
or ends by its date waits for nothing and nobody; `Chronicle.keep` only notes that it did.
"""

import asyncio
import concurrent.futures.thread  # noqa: F401 - else asyncio loads it late, as a user who perhaps may not read it
from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

from resolver import __version__
from resolver.ops.channel import Message
from resolver.ops.clock import OrderClock, utc_text
from resolver.ops.current_policy import named_in_pointer, policy_name
from resolver.ops.journal_facts import CLOCK, SERVER, Who, about_pruning, fact
from resolver.ops.logs import log_event
from resolver.ops.metrics_state import PolicySummary
from resolver.ops.reserve import RESERVE_GIVEN_UP, with_reserve
from resolver.proof.chain import Facts, Kind
from resolver.proof.journal import JOURNAL_FILE, Head, JournalError, open_for_reading
from resolver.proof.pruning import Pruned
from resolver.proof.reading import entries
from resolver.proof.verification import verify
from resolver.proof.writer import JournalWriter, LastKnown, WriterState

LOOK_SECONDS: Final = 30.0
"""How late at most it is noted that something began or ended by its date; the clock may have been set meanwhile."""

LOST_ALL: Final = "it is empty or was missing, although {policy} is applied here: the one before is lost"
LOST_END: Final = "it does not tell of {policy}, which is applied here: its end was cut, or an older copy stands here"
_TOLD_OF_A_POLICY: Final = ("plan", "baseline", "rehearsal", "settings", "entities", "brands", "exempt")


class Chronicle:
    """The journal of a running server."""

    def __init__(self, state: Path, clock: OrderClock, *, rehearsal: bool) -> None:
        self._state = state
        self._clock = clock
        self._rehearsal = rehearsal
        self._writer = JournalWriter(state, _log_head, _log_failure, set_aside=_log_set_aside)
        self._known = LastKnown(None, None)
        self._refused: list[Message] = []
        self._dates: list[tuple[float, Kind, str, int]] = []
        self._looked = 0.0

    @property
    def known(self) -> str | None:
        """The digest of the policy that the journal knows as the last one."""
        return self._known.digest

    @property
    def state(self) -> WriterState:
        """The head, and how many entries wait."""
        return self._writer.state

    async def start(self) -> None:
        """Open the journal; one that cannot be opened is logged, and tried again with each entry."""
        try:
            self._known = await asyncio.to_thread(self._writer.start)
        except JournalError as error:
            _log_failure(error)
        await self._look_for_what_is_lost()
        now = self._clock.read()
        self._looked = now if self._rehearsal or self._known.wall is None else self._known.wall
        self._writer.note([fact(Kind.STARTED, SERVER, version=__version__, rehearsal=self._rehearsal)])

    async def _look_for_what_is_lost(self) -> None:
        """Say it, and write it down, where the journal does not hold what was applied here."""
        why = await asyncio.to_thread(_lost, self._state, self._known.digest)
        if why is not None:
            log_event("error", "the journal is begun anew", why=why, problem="look who had the state folder")
            self._writer.note([fact(Kind.BEGUN_ANEW, SERVER, aside=None, why=why)])

    async def stop(self) -> None:
        """Say that the server stops, and close the journal."""
        self._writer.note([fact(Kind.STOPPED, SERVER)])
        await asyncio.to_thread(self._writer.stop)

    async def intend(self, digest: str, account: Message | None, who: Sequence[Who]) -> str | None:
        """Write down, durably, what is about to be enforced; a sentence if that cannot be done, so it must not be."""
        if digest == self.known:
            return None
        told = account or {}
        about = {key: told.get(key) for key in _TOLD_OF_A_POLICY}
        entries = [fact(Kind.INTENDED, who, digest=digest, changes=len(told.get("orders", ())), **about)]
        entries += [fact(Kind.CONFIRMED, who, **each) for each in told.get("confirmed", ())]
        entries += [fact(Kind.ORDER, who, digest=digest, **each) for each in told.get("orders", ())]
        refusal = await self.record(entries)
        if refusal is None:
            self._known = self._known._replace(digest=digest)
        return refusal

    async def record(self, entries: Sequence[Facts]) -> str | None:
        """Write entries, on a full disk in the place of the reserve; a sentence if they are not durable."""
        write = partial(_written, self._writer, entries)
        try:
            _, given_up = await asyncio.to_thread(with_reserve, self._state, write)
        except OSError as error:
            return f"{error}; nothing is changed without an entry: make room or correct its permissions, then reload"
        if given_up:
            log_event("error", "the reserve is given up", problem=f"{self._state}: {RESERVE_GIVEN_UP}")
        return None

    def note_in_force(self, digest: str, late: int) -> None:
        """Note that every worker enforces a policy, or will as soon as it has started."""
        self._writer.note([fact(Kind.IN_FORCE, SERVER, digest=digest, late=late)])

    def note_aborted(self, digest: str, why: str) -> None:
        """Note that what was intended is not enforced."""
        self._known = self._known._replace(digest=None)
        self._writer.note([fact(Kind.ABORTED, SERVER, digest=digest, why=why)])

    def note_refused(self, account: Message | None, who: Sequence[Who]) -> None:
        """Note what was refused, once for as long as it stays the same."""
        if account is not None and account["refused"] != self._refused:
            self._refused = account["refused"]
            self._writer.note([fact(Kind.REFUSED, who, **each) for each in self._refused])

    async def prune(self, before: float, who: Who) -> Pruned | str:
        """Delete what is kept of orders that ended before an instant (POSIX seconds); a sentence if that fails."""
        try:
            return await asyncio.wrap_future(self._writer.prune(before, about_pruning(before, who)))
        except JournalError as error:
            return str(error)

    def watch(self, policy: PolicySummary) -> None:
        """Take over the dates of a policy that is in force now."""
        self._note_passed()
        self._dates = sorted(_dates(policy))

    async def keep(self) -> None:
        """Note what begins and ends by its date, for as long as this is not cancelled; first tell of alterations."""
        self._note_passed()
        for problem in await asyncio.to_thread(_alterations, self._state):
            log_event("error", "the journal was altered", problem=problem)
        while True:
            now = self._clock.read()
            self._note_passed()
            following = next((date for date, *_ in self._dates if date > now), now + LOOK_SECONDS)
            await asyncio.sleep(min(LOOK_SECONDS, following - now + 0.05))

    def _note_passed(self) -> None:
        """Note the dates that were passed since the last look, which may have been before a stop."""
        now = self._clock.read()
        passed = [each for each in self._dates if self._looked < each[0] <= now]
        if passed:
            self._writer.note(
                [fact(kind, CLOCK, order=order, at=utc_text(date), rules=rules) for date, kind, order, rules in passed]
            )
        if self._dates:
            self._looked = max(self._looked, now)


def _dates(policy: PolicySummary) -> Iterable[tuple[float, Kind, str, int]]:
    """Yield when the rules of each order begin and end, and how many."""
    for order in policy.orders:
        for timeline, rules in order.groups:
            for span in timeline if rules else ():
                yield span.since, Kind.BEGAN, order.order, rules
                if span.until is not None:
                    yield span.until, Kind.ENDED, order.order, rules


def _written(writer: JournalWriter, entries: Sequence[Facts]) -> Head:
    return writer.record(entries).result()


def _log_head(head: Head) -> None:
    log_event("info", "journal", entries=head.entries, head=head.hash)


def _log_set_aside(why: str) -> None:
    log_event(
        "error", "the journal is begun anew", why=why, problem="the one before is kept beside it: look who had it"
    )


def _alterations(state: Path) -> tuple[str, ...]:
    """Say what of the journal is not what was written; nothing where it cannot be read, which is said elsewhere."""
    try:
        with closing(open_for_reading(state / JOURNAL_FILE)) as reading:
            return verify(reading).problems
    except JournalError:
        return ()


def _lost(state: Path, known: str | None) -> str | None:
    """Say what of the journal is missing: the intention of a policy that was applied is always in it.

    ``known`` is the policy that it knows as the last one. What cannot be read is said elsewhere.
    """
    names = named_in_pointer(state)[:1]
    if not names or names == [policy_name(known or "")]:
        return None
    try:
        with closing(open_for_reading(state / JOURNAL_FILE)) as reading:
            told = [each.facts for each in entries(reading, kinds=[Kind.INTENDED]) if each.facts is not None]
    except JournalError:
        return None
    if names[0] in {policy_name(each["digest"]) for each in told}:
        return None
    return (LOST_END if told else LOST_ALL).format(policy=names[0])


def _log_failure(error: JournalError) -> None:
    log_event("error", "the journal cannot be written", why=str(error))
