"""Which names are blocked, by whose order, at a given instant: the index of names joined with the law's times.

A `Policy` holds for as long as the order files stay as they are. `Policy.at` takes the instant out of it: the `Table`
it returns says what is in force and until when that stays true, so that judging a name looks at no clock.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, NamedTuple, NotRequired, TypedDict, cast

from resolver.core.admission import View
from resolver.core.counters import NOWHERE
from resolver.dns.name import WireName, hierarchy_key, parse_name
from resolver.orders.index import Index, Rule
from resolver.orders.model import Action, Span, Timeline


@dataclass(frozen=True, slots=True)
class MeasureState:
    """All that answering for one measure takes.

    ``ttl`` is in seconds; addresses are packed (4 and 16 octets); ``responsible`` is the SOA's RNAME; ``ede_text`` is
    UTF-8 of at most 200 octets; ``slot`` is the counter of names blocked as asked, the next one that of aliases.
    ``timelines`` are those that `Rule.timeline` numbers, then those of single names, which ``named`` numbers.
    ``rank`` orders measures that bind one name: 0 for an imposed page, 0 for a public order, the day of the decision.
    ``structured`` is what takes the place of ``ede_text`` for clients that read JSON, the longest first; empty where
    that is switched off.
    """

    number: int
    order: str
    measure: str
    action: Action
    ipv4: bytes | None
    ipv6: bytes | None
    ttl: int
    responsible: WireName
    ede_text: bytes
    timelines: tuple[Timeline, ...]
    named: Mapping[WireName, int]
    follow_cname: bool
    allow_alias: frozenset[WireName]
    rank: tuple[int, int, str]
    slot: int
    structured: tuple[bytes, ...] = ()

    def timeline_number(self, rule: Rule) -> int:
        """Tell which of the timelines a rule of this measure follows."""
        return self.named.get(rule.name, rule.timeline)

    def follows(self, aliases: AbstractSet[WireName]) -> bool:
        """Tell whether this measure blocks what reaches a listed name through these aliases."""
        return self.follow_cname and self.allow_alias.isdisjoint(aliases)


class Block(NamedTuple):
    """The name is blocked: by this rule, of this measure, for so many seconds from `Table.moment` (None: no end)."""

    rule: Rule
    measure: MeasureState
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class Allow:
    """No measure in force covers the name."""


ALLOW: Final = Allow()
Verdict = Allow | Block


class Table:
    """What is in force from ``since`` up to but not including ``until`` (POSIX seconds), made at ``moment``.

    Never changes. Two tables are different judgements even if they agree. What was judged under a table carries its
    ``stamp``, which is compared with ``is`` and does not keep the table and its index alive.
    """

    __slots__ = ("_find", "_listed_above", "_measures", "_spans", "digest", "moment", "since", "stamp", "until")

    def __init__(self, policy: "Policy", wall: float, since: float, until: float) -> None:
        self.digest = policy.digest
        self.stamp = object()
        self.moment = wall
        self.since = since
        self.until = until
        self._measures = policy.measures
        self._find = policy.index.find
        self._listed_above = policy.index.listed_above
        self._spans = [tuple(span_at(timeline, wall) for timeline in each.timelines) for each in policy.measures]

    def judge(self, name: WireName, view: View) -> Verdict:  # noqa: ARG002 - every view is bound by every order today
        """Say whether the name is blocked for a client of this view, and by which rule."""
        if not self._listed_above(hierarchy_key(name)):  # nearly every name ends here
            return ALLOW
        return self._strongest(self._find(name))

    def judge_alias(self, name: WireName, view: View, aliases: AbstractSet[WireName]) -> Verdict:  # noqa: ARG002 - as above
        """Say whether a name that these are aliases of, the asked one among them, is blocked for who asked for them.

        A measure can leave all aliases alone, or some.
        """
        if not self._listed_above(hierarchy_key(name)):
            return ALLOW
        return self._strongest(rule for rule in self._find(name) if self._measures[rule.measure].follows(aliases))

    def _strongest(self, rules: Iterable[Rule]) -> Verdict:
        binding = [(self._rank(rule), rule, span) for rule in rules if (span := self._span(rule)) is not None]
        if not binding:
            return ALLOW
        _, rule, span = min(binding)
        left = None if span.until is None else span.until - self.moment
        return Block(rule, self._measures[rule.measure], left)

    def in_force(self, rule: Rule) -> bool:
        """Tell whether a rule of this policy binds at this table's moment."""
        return self._span(rule) is not None

    def _span(self, rule: Rule) -> Span | None:
        return self._spans[rule.measure][self._measures[rule.measure].timeline_number(rule)]

    def _rank(self, rule: Rule) -> tuple[int, int, int, str]:
        imposed, confidential, decided = self._measures[rule.measure].rank
        return imposed, confidential, -len(rule.name), decided


class Policy:
    """An index with the state of every measure that it points to. Never changes."""

    __slots__ = ("_boundaries", "digest", "index", "measures")

    def __init__(self, digest: str, index: Index, measures: tuple[MeasureState, ...]) -> None:
        self.digest = digest
        self.index = index
        self.measures = measures
        self._boundaries = sorted(
            {
                instant
                for measure in measures
                for timeline in measure.timelines
                for span in timeline
                for instant in span
                if instant is not None
            }
        )

    def at(self, wall: float) -> Table:
        """Make the table for an instant (POSIX seconds)."""
        place = bisect_right(self._boundaries, wall)
        since = self._boundaries[place - 1] if place else -math.inf
        until = self._boundaries[place] if place < len(self._boundaries) else math.inf
        return Table(self, wall, since, until)

    def listings(self, name: WireName) -> tuple[Rule, ...]:
        """Find every rule that covers the name, in force or not, the nearest listed name first."""
        return self.index.find(name)

    def timeline(self, rule: Rule) -> Timeline:
        """Say when a rule of this policy is in force."""
        measure = self.measures[rule.measure]
        return measure.timelines[measure.timeline_number(rule)]


class MeasureEntry(TypedDict):
    """What the policy document holds for each measure; names and addresses as text, instants in POSIX seconds."""

    order: str
    id: str
    action: str
    ipv4: str | None
    ipv6: str | None
    ttl: int
    responsible: str
    ede_text: str
    timelines: list[list[list[float | None]]]
    named: dict[str, int]
    follow_cname: bool
    allow_alias: list[str]
    rank: list[int | str]
    structured: NotRequired[list[str]]


def load_policy(document: Mapping[str, object], index: Index, slots: Mapping[str, int]) -> Policy:
    """Join a policy document, whose checksum was verified, with its index.

    ``document`` has "digest" and "measures" (see `MeasureEntry`); ``slots`` gives the counter of ``order/action``, and
    without one nothing is counted.
    """
    entries = cast("list[MeasureEntry]", document["measures"])
    measures = tuple(_measure_state(number, entry, slots) for number, entry in enumerate(entries))
    return Policy(cast("str", document["digest"]), index, measures)


def _measure_state(number: int, entry: MeasureEntry, slots: Mapping[str, int]) -> MeasureState:
    imposed, confidential, decided = entry["rank"]
    return MeasureState(
        number=number,
        order=entry["order"],
        measure=entry["id"],
        action=Action(entry["action"]),
        ipv4=_packed(entry["ipv4"]),
        ipv6=_packed(entry["ipv6"]),
        ttl=entry["ttl"],
        responsible=parse_name(entry["responsible"]),
        ede_text=entry["ede_text"].encode(),
        timelines=tuple(_timeline(spans) for spans in entry["timelines"]),
        named={parse_name(name): timeline for name, timeline in entry["named"].items()},
        follow_cname=entry["follow_cname"],
        allow_alias=frozenset(map(parse_name, entry["allow_alias"])),
        rank=(int(imposed), int(confidential), str(decided)),
        slot=slots.get(f"{entry['order']}/{entry['action']}", NOWHERE),
        structured=tuple(text.encode() for text in entry.get("structured", ())),
    )


def _packed(address: str | None) -> bytes | None:
    return None if address is None else ip_address(address).packed


def _timeline(spans: list[list[float | None]]) -> Timeline:
    return tuple(Span(cast("float", since), until) for since, until in spans)


def span_at(timeline: Timeline, wall: float) -> Span | None:
    """Find the span that an instant (POSIX seconds) falls into."""
    for span in timeline:
        if span.since <= wall and (span.until is None or wall < span.until):
            return span
    return None
