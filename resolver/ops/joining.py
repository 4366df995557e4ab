"""How orders that were compiled anew and those that stay become one policy, as if all had been compiled together."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from resolver.ops.enactment import Blocking, EnactedOrder, fingerprint, number_files, rule_tables_of, rules_of
from resolver.ops.policy_document import MeasureRecord, PolicyDocument
from resolver.ops.policy_lines import PolicyLines, written
from resolver.ops.unchanged_orders import StayingOrder
from resolver.orders.index import Index
from resolver.orders.index_change import Renumbering, change_index

Frame = Callable[[Index, str], PolicyDocument]
"""Writes a document without orders, for an index and what it was laid out from."""


def join_orders(
    lines: PolicyLines,
    index: Index,
    staying: Mapping[str, StayingOrder],
    new: Mapping[str, EnactedOrder],
    frame_of: Frame,
) -> tuple[PolicyLines, Index]:
    """Join orders by their ids; ``lines`` and ``index`` are the policy of which those stay."""
    joining = _Joining(lines)
    for order_id in sorted({*staying, *new}):
        if order_id in new:
            joining.add(new[order_id])
        else:
            joining.keep(staying[order_id])
    laid_out = fingerprint(joining.laid_out)
    if laid_out != lines.head["laid_out"]:
        index = joining.change(index)
    document = frame_of(index, laid_out)
    document["files"] = list(joining.files)
    whole = PolicyLines.of(document)
    return replace(
        whole,
        measures=tuple(joining.measures),
        orders=tuple(joining.orders),
        manifest=tuple(joining.manifest),
    ), index


class _Joining:
    """The lines so far, and what the index is to hold; local to one join."""

    def __init__(self, before: PolicyLines) -> None:
        self.measures: list[bytes] = []
        self.orders: list[bytes] = []
        self.manifest: list[bytes] = []
        self.files: dict[str, int] = {}
        self.laid_out: list[tuple[int, str, list[int]]] = []
        self._before = before
        self._stay: dict[int, int] = {}
        self._come: list[Blocking] = []

    def keep(self, each: StayingOrder) -> None:
        """Take over the lines of an order, with other numbers if need be."""
        order = self._before.orders[each.number]
        at = order.rindex(b'"measures":')  # it stands last
        numbers = json.loads(order[at:].partition(b":")[2][:-1])
        was, now = numbers[0], len(self.measures)
        lines = self._before.measures[was : was + len(numbers)]
        if was == now:
            self.orders.append(order)
            self.measures += lines
        else:
            self.orders.append(b'%b"measures":%b}' % (order[:at], written([now + number - was for number in numbers])))
            self.measures += (_moved(json.loads(line), now - was) for line in lines)
        self.manifest.append(self._before.manifest[each.number])
        for listed in each.settled["listed"]:
            number = now + listed["measure"]
            self._stay[was + listed["measure"]] = number
            self._list(number, listed["names"], listed["files"])

    def add(self, one: EnactedOrder) -> None:
        """Write the lines of a new order."""
        now = len(self.measures)
        self.orders.append(written({**one.order, "measures": [now + number for number in range(len(one.measures))]}))
        self.measures += (_moved(each, now) for each in one.measures)
        self.manifest.append(written(one.manifest))
        for each in one.blocking:
            self._come.append(replace(each, number=now + each.number))
            self._list(now + each.number, each.names, each.files)

    def _list(self, measure: int, names: str, files: Sequence[str]) -> None:
        number_files(self.files, files)
        self.laid_out.append((measure, names, [self.files[file] for file in files]))

    def change(self, index: Index) -> Index:
        """Make the index of all that stays and comes."""
        before = enumerate(self._before.part_of_rest("files"))
        files = {number: self.files[file] for number, file in before if file in self.files}
        rules = [rule for each in self._come for rule in rules_of(each, self.files)]
        tables = [table for each in self._come for table in rule_tables_of(each, self.files)]
        return Index.read(change_index(index, Renumbering(self._stay, files), rules, tables))


def _moved(measure: MeasureRecord, by: int) -> bytes:
    """Write a measure that stands so many places further on."""
    return written({**measure, "listed_as": measure["listed_as"] + by})
