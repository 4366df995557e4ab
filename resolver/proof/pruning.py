"""How what is kept of closed orders is deleted after their retention, while the chain stays as it was.

The content of every entry about such an order goes; number, checksum and hash stay, so the chain can be verified. An
entry of its own says which entries were emptied, and what the last hash of each order is.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from resolver.proof.chain import Facts, Kind
from resolver.proof.journal import REFUSE_UPDATE, Journal, explained, transaction
from resolver.proof.reading import entries


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a pruning did: the last entry's hash of each order, and how many entries are empty now."""

    orders: Mapping[str, str]
    entries: int


def closed_orders(journal: Journal, before: float) -> Iterator[str]:
    """Tell which orders ended before an instant (POSIX seconds): by their last applied version, or because it went."""
    last: dict[str, Facts] = {}
    for entry in entries(journal.connection, kinds=[Kind.ORDER]):
        if entry.facts is not None:
            last[entry.facts["order"]] = entry.facts
    yield from (order for order, facts in last.items() if facts["ends"] is not None and facts["ends"] <= before)


def prune(journal: Journal, orders: Collection[str], about: Mapping[str, Any]) -> Pruned:
    """Empty every entry about these orders, and say so in an entry; ``about`` is what else that says.

    Raises JournalError, and nothing has changed then.
    """
    emptied = [
        (entry.number, entry.hash, entry.facts["order"])
        for order in orders
        for entry in entries(journal.connection, order=order)
        if entry.facts is not None
    ]
    if not emptied:
        return Pruned({}, 0)
    last = {order: link for _, link, order in sorted(emptied)}
    numbers = sorted(number for number, _, _ in emptied)
    said = {**about, "kind": Kind.PRUNED.value, "entries": _ranges(numbers), "orders": last}
    with explained(journal.path), transaction(journal.connection):
        journal.connection.execute("DROP TRIGGER refuse_update")
        journal.connection.executemany(
            "UPDATE entry SET content = NULL WHERE number = ?", ((number,) for number in numbers)
        )
        journal.connection.execute(REFUSE_UPDATE)
        head = journal.add(journal.head, [said])
    journal.head = head
    return Pruned(last, len(numbers))


def _ranges(numbers: Sequence[int]) -> list[list[int]]:
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ranges
