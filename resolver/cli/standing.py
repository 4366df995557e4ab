"""Where a measure stands at an instant, and how that is said: in force, over, suspended, interrupted, not yet."""

from dataclasses import dataclass
from enum import StrEnum

from resolver.cli.arguments import present_instant
from resolver.dns.name import present_name
from resolver.ops.policy_document import MeasureRecord
from resolver.ops.timelines import spans
from resolver.orders.index import Rule
from resolver.orders.model import Timeline


class State(StrEnum):
    """Where a timeline stands."""

    IN_FORCE = "in force"
    NOT_YET = "not yet in force"
    OVER = "over"
    SUSPENDED = "suspended"
    INTERRUPTED = "interrupted"
    NEVER = "never in force"


@dataclass(frozen=True, slots=True)
class Standing:
    """A state, and the stretch that it lasts (POSIX seconds; None where it has no bound)."""

    state: State
    since: float | None
    until: float | None

    def words(self) -> str:
        """Say it in one line, with the dates that matter."""
        since = None if self.since is None else present_instant(self.since)
        until = None if self.until is None else present_instant(self.until)
        match self.state:
            case State.IN_FORCE:
                return f"in force since {since}, " + (f"until {until}" if until else "without an end")
            case State.NOT_YET:
                return f"not yet in force; begins {until}"
            case State.OVER:
                return f"over since {since}"
            case State.SUSPENDED:
                return f"suspended since {since}, " + (f"until {until}" if until else "without an end")
            case State.INTERRUPTED:
                return f"interrupted since {since}, until {until}"
            case State.NEVER:
                return "never in force"


def standing_at(timeline: Timeline, wall: float, unsuspended: Timeline = ()) -> Standing:
    """Find where a timeline stands at an instant (POSIX seconds).

    ``unsuspended`` is what it would be without suspensions: what that alone keeps from being in force is suspended.
    """
    standing = _standing(timeline, wall)
    held = next(
        (span for span in unsuspended if span.since <= wall and (span.until is None or wall < span.until)), None
    )
    if held is None or standing.state is State.IN_FORCE:
        return standing
    since = held.since if standing.since is None else max(standing.since, held.since)
    return Standing(State.SUSPENDED, since, standing.until)


def _standing(timeline: Timeline, wall: float) -> Standing:
    if not timeline:
        return Standing(State.NEVER, None, None)
    ended: float | None = None
    for span in timeline:
        if wall < span.since:
            return Standing(State.NOT_YET if ended is None else State.INTERRUPTED, ended, span.since)
        if span.until is None or wall < span.until:
            return Standing(State.IN_FORCE, span.since, span.until)
        ended = span.until
    return Standing(State.OVER, ended, None)


def measure_standing(measure: MeasureRecord, wall: float) -> Standing:
    """Find where a measure stands as a whole; single names and lists of it may stand elsewhere."""
    held = measure.get("unsuspended")
    return standing_at(whole_times(measure), wall, spans(held["own"]) if held else ())


def whole_times(measure: MeasureRecord) -> Timeline:
    """Read when a measure is in force as a whole, whatever became of single names and lists of it."""
    usual = measure["timelines"][0] if measure["timelines"] else []
    return spans(measure.get("own", usual))


def unsuspended_times(measure: MeasureRecord, rule: Rule) -> Timeline:
    """Find when the name of a rule would be in force if nothing were suspended; nothing where nothing ever was."""
    held = measure.get("unsuspended")
    return spans(held["timelines"][held["named"].get(present_name(rule.name), rule.timeline)]) if held else ()
