"""Which orders hold a name at this moment, judged by the very policy that answers queries."""

from collections.abc import Mapping
from dataclasses import dataclass

from resolver.core.admission import View
from resolver.core.policy import Block, MeasureState, Policy
from resolver.dns.name import WireName
from resolver.notice.decisions import Confidential, Decision, Published
from resolver.orders.index import Rule
from resolver.orders.model import Span


@dataclass(frozen=True, slots=True)
class Holding:
    """A public order that holds the name, and the spans of time in which it does so now, one for each measure."""

    decision: Decision
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """A name that is blocked: ``listed`` is how the order that answers for it lists it, ``order`` that order's id.

    ``holdings`` are all public orders that hold it, the answering one first; empty where none of them is public.
    """

    listed: WireName
    order: str
    holdings: tuple[Holding, ...]


class Holdings:
    """A policy with what may be said of its orders, looked at by the order clock."""

    def __init__(self, policy: Policy, published: Mapping[str, Published], wall: float) -> None:
        """``published`` has every order of the policy, by id; ``wall`` is POSIX seconds of the order clock."""
        self._policy = policy
        self._published = published
        self._table = policy.at(wall)

    def find(self, name: WireName, view: View, wall: float) -> Held | None:
        """Find what holds a name for a client of this view; None if it would not be blocked at this moment."""
        if not self._table.since <= wall < self._table.until:
            self._table = self._policy.at(wall)
        verdict = self._table.judge(name, view)
        if not isinstance(verdict, Block):
            return None
        states = self._policy.states.get(view.brand, self._policy.states[""])
        binding = [rule for rule in self._policy.listings(name) if self._table.in_force(rule, view)]
        binding.sort(key=lambda rule: rule.measure != verdict.rule.measure)
        return Held(verdict.rule.name, verdict.measure.order, self._public(binding, states, wall))

    def _public(self, binding: list[Rule], states: Mapping[int, MeasureState], wall: float) -> tuple[Holding, ...]:
        spans: dict[str, dict[Span, None]] = {}
        for rule in binding:
            measure = states[rule.measure]
            if measure.observe:
                continue
            timeline = measure.timelines[measure.timeline_number(rule)]
            covering = (span for span in timeline if _covers(span, wall))
            spans.setdefault(measure.order, {}).update(dict.fromkeys(covering))
        found = ((self._published[order], tuple(its)) for order, its in spans.items())
        return tuple(Holding(decision, its) for decision, its in found if not isinstance(decision, Confidential))


def _covers(span: Span, wall: float) -> bool:
    return span.since <= wall and (span.until is None or wall < span.until)
