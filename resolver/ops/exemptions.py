"""Which clients some orders do not bind for a while, and what is to be said of each of these exemptions."""

import json
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final
from zoneinfo import ZoneInfo

from resolver.core.policy_entries import ExemptionEntry
from resolver.ops.config_operator import ExemptionConfig
from resolver.ops.exemption_words import exemption_words
from resolver.ops.order_records import TimedOrder
from resolver.ops.policy_document import MeasureRecord
from resolver.orders.calendar import end_instant_of
from resolver.orders.model import Order, Place, Problem

ZONE: Final = ZoneInfo("Europe/Paris")
"""Where the end of an exemption is meant, as in order files."""
_KEY_DIGITS: Final = 16


def exemptions(
    configured: Sequence[ExemptionConfig], orders: Sequence[TimedOrder], measures: Sequence[MeasureRecord]
) -> list[ExemptionEntry]:
    """Find the measures that each exemption takes away from its clients."""
    return [_entry(each, orders, measures) for each in configured]


def _entry(each: ExemptionConfig, orders: Sequence[TimedOrder], measures: Sequence[MeasureRecord]) -> ExemptionEntry:
    named = {timed.standing.order.id for timed in orders if _is_meant(each, timed.standing.order)}
    freed = {record["listed_as"]: None for record in measures if record["order"] in named}
    written = each.until.isoformat(timespec="minutes") if isinstance(each.until, datetime) else each.until.isoformat()
    said = json.dumps([each.clients, each.orders, each.legal_basis, written])
    return {
        "key": sha256(said.encode()).hexdigest()[:_KEY_DIGITS],
        "clients": list(each.clients),
        "measures": list(freed),
        "ends": end_instant_of(each.until, ZONE),
        "orders": list(each.orders) or sorted(named),
        "legal_basis": each.legal_basis,
        "why": each.why,
        "until": written,
    }


def _is_meant(each: ExemptionConfig, order: Order) -> bool:
    if each.legal_basis is None:
        return order.id in each.orders
    return order.legal_basis is not None and _composed(order.legal_basis) == _composed(each.legal_basis)


def _composed(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()


def exemption_warnings(entries: Sequence[ExemptionEntry], places: Sequence[Place], wall: float) -> Iterator[Problem]:
    """Tell of every exemption, for none may be forgotten: of one that lasts, that is over, or that means no order.

    ``places`` are where they stand in the configuration, in the same order; those that nobody knows are left out.
    """
    nowhere = Place("configuration", 1, 1)
    for number, entry in enumerate(entries):
        place = places[number] if number < len(places) else nowhere
        words = f"exempt: {exemption_words(entry)}"
        if entry["ends"] <= wall:
            yield Problem(place, f"{words}; it is over, take it out of the configuration")
        elif not entry["measures"]:
            yield Problem(place, f"{words}; that means no order that is loaded, correct it")
        else:
            yield Problem(place, words)
