"""Which timeline each name of a measure follows, in numbers that no event of the history changes."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from resolver.dns.name import WireName
from resolver.orders.model import ListedNames, Lists, Measure, MeasureKind, Timeline
from resolver.orders.period import MeasureTime


class Following:
    """Which timeline each name of a measure follows.

    Rules are numbered by the lists that hold the name, which an event does not change: 0 for the measure's own names,
    then list by list, then each group of lists that have names in common. A group has the timeline that most of its
    names have; the names that differ are numbered in the policy. So lifting or suspending one name of a million, or
    moving an end, leaves the index as it is.
    """

    def __init__(self, measure: Measure, time: MeasureTime) -> None:
        sizes = measure.listed.counts()
        self.groups = {each: number for number, each in enumerate(_groups(measure, sizes))}
        held = _lists_of(time.named, measure.listed)
        usual = dict.fromkeys(self.groups, time.own) | _usual_timelines(held, sizes, time)
        self.timelines = [usual[each] for each in self.groups]
        self.own_timelines = len(self.timelines)
        self.counts = [sizes[each] for each in self.groups]
        """How many rules follow each timeline."""
        self.named: dict[WireName, int] = {}
        numbers: dict[Timeline, int] = {}
        for name, group, its in _singled_out(held, usual, measure.listed, time):
            number = self.named[name] = numbers.setdefault(its, self.own_timelines + len(numbers))
            self.counts += [0] * (number == len(self.counts))
            self.counts[self.groups[group]] -= 1
            self.counts[number] += 1
        self.timelines += numbers
        if measure.kind is not MeasureKind.DNS_BLOCK:
            self.counts = [0] * len(self.timelines)


def _groups(measure: Measure, sizes: Collection[Lists]) -> list[Lists]:
    """Give the groups in the order of their numbers."""
    single: list[Lists] = [(None,), *((named.id,) for named in measure.lists)]
    return [*single, *sorted(set(sizes) - set(single), key=present_lists)]


def present_lists(lists: Lists) -> list[str]:
    return [each or "" for each in lists]


_Held = Mapping[WireName, Lists]
_FEW: Final = 10_000


def _lists_of(names: Collection[WireName], listed: ListedNames) -> _Held:
    """Tell which lists hold each of these names, if any: asked one by one if few, else group by group."""
    if len(names) < _FEW:
        found = filter(None, map(listed.find, names))
        return {entry.name: entry.lists for entry in found}
    return {name: each for each in listed.counts() for name in listed.held_by(each) if name in names}


def _usual_timelines(held: _Held, sizes: Counter[Lists], time: MeasureTime) -> dict[Lists, Timeline]:
    """Tell for each group that holds names with times of their own which timeline most of its names have."""
    found: dict[Lists, Counter[Timeline]] = {}
    for name, lists in held.items():
        found.setdefault(lists, Counter())[time.named[name]] += 1
    for lists, counts in found.items():
        counts[time.own] += sizes[lists] - counts.total()
    return {lists: max(counts, key=counts.__getitem__) for lists, counts in found.items()}


def _singled_out(
    held: _Held, usual: Mapping[Lists, Timeline], listed: ListedNames, time: MeasureTime
) -> Iterator[tuple[WireName, Lists, Timeline]]:
    """Yield the names whose timeline is not that of most names of their group."""
    for name, lists in held.items():
        if time.named[name] != usual[lists]:
            yield name, lists, time.named[name]
    for lists, its in usual.items():
        if its != time.own:
            yield from ((name, lists, time.own) for name in listed.held_by(lists) if name not in held)
