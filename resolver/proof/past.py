"""What was applied at an instant of the past, or under a digest: which orders, in which version, by the journal."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from resolver.proof.chain import Facts, Kind
from resolver.proof.reading import entries

_POLICIES = (Kind.INTENDED, Kind.IN_FORCE, Kind.ABORTED, Kind.BEGUN_ANEW)
_AND_ORDERS = (*_POLICIES, Kind.ORDER)


@dataclass(frozen=True, slots=True)
class PastState:
    """A policy that was in force from ``since`` (ISO 8601 in UTC): who asked for it, and its orders by id.

    ``entities`` is who we were in the orders then, and ``settings`` names what of the configuration counted, where that
    was kept already. An order's facts are those of the entry that told of it last; orders
    that were pruned since are not there.
    """

    digest: str
    since: str
    rehearsal: bool
    entities: tuple[Mapping[str, object], ...]
    settings: str | None
    orders: Mapping[str, Facts]


class _Group(NamedTuple):
    """What one intention makes of the orders."""

    intended: Facts
    orders: dict[str, Facts]


def past_states(connection: sqlite3.Connection, kinds: Sequence[Kind] = _AND_ORDERS) -> Iterator[PastState]:
    """Yield every state that was in force, the oldest first. Raises JournalError."""
    current: dict[str, Facts] = {}
    group: _Group | None = None
    for entry in entries(connection, kinds=kinds):
        if (facts := entry.facts) is None:
            continue
        match facts["kind"]:
            case Kind.INTENDED:
                group = _Group(facts, {} if facts.get("baseline") else dict(current))
            case Kind.ORDER if group is not None:
                if facts["change"] == "gone":
                    group.orders.pop(facts["order"], None)
                else:
                    group.orders[facts["order"]] = facts
            case Kind.IN_FORCE if group is not None and facts["digest"] == group.intended["digest"]:
                current = group.orders
                yield _state(group, facts["time"])
            case Kind.ABORTED | Kind.BEGUN_ANEW:
                group = None
            case _:
                pass


def _state(group: _Group, since: str) -> PastState:
    intended = group.intended
    entities = tuple(intended.get("entities") or ())
    rehearsal, settings = bool(intended.get("rehearsal")), intended.get("settings")
    return PastState(intended["digest"], since, rehearsal, entities, settings, dict(group.orders))


def state_at(connection: sqlite3.Connection, instant: str) -> PastState | None:
    """Find what was in force at an instant (as entries write it); None before the first. Raises JournalError."""
    return _last_until(past_states(connection), instant)


def policy_at(connection: sqlite3.Connection, instant: str) -> PastState | None:
    """Find what was in force at an instant without its orders: none are read, none are told. Raises JournalError."""
    return _last_until(past_states(connection, _POLICIES), instant)


def _last_until(states: Iterable[PastState], instant: str) -> PastState | None:
    found = None
    for state in states:
        if state.since > instant:
            break
        found = state
    return found


def state_of(connection: sqlite3.Connection, digest: str) -> PastState | None:
    """Find the last state whose digest begins so; None if there was none. Raises JournalError."""
    found = None
    for state in past_states(connection):
        if state.digest.startswith(digest):
            found = state
    return found
