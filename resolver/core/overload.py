"""What is full at a moment, as far as it decides that a question is refused without a look at anything else."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final, NamedTuple

from resolver.core.counters import GAUGES, TYPES, Gauge, Transport, answer_slot
from resolver.core.step import Question
from resolver.dns.codes import Rcode
from resolver.dns.name import WireName

_OTHER_TYPE: Final = 0
"""A type that has no counter of its own."""


class Fullness(NamedTuple):
    """How many wait, and how many may; and what would be answered all the same.

    ``domains`` are registered domains whose every name is neither listed nor special; what is asked below others is
    left alone. ``finished`` are all finished replies by their keys in lower case, ``kept`` is whatever is kept of
    questions, that they are being asked included. ``opts`` is the OPT record of a refusal, without and with DO. Where
    there is room, so many questions of a batch as ``beginners`` says may take it.
    """

    domains: AbstractSet[WireName]
    of_client: Mapping[bytes, int]
    most_of_client: int
    of_domain: Mapping[WireName, int]
    most_of_domain: int
    in_all: bool
    finished: tuple[Mapping[bytes, Any], ...]
    kept: tuple[Mapping[Question, Any], ...]
    opts: tuple[bytes, bytes]
    beginners: int


class RefusalSlots(NamedTuple):
    """Where a refusal counts: as missing in both caches, by what is full, and as an answer of its type."""

    packet_misses: int
    message_misses: int
    full_for_client: int
    full_in_all: int
    full_for_domain: int
    answers: dict[int, int]
    answers_of_others: int


def refusal_slots(transport: Transport) -> RefusalSlots:
    """Find the places that count the refusals of a transport."""
    types = range(258)
    others = answer_slot(transport, _OTHER_TYPE, Rcode.SERVFAIL)
    slots = {qtype: answer_slot(transport, qtype, Rcode.SERVFAIL) for qtype in types}
    found = {qtype: slot for qtype, slot in slots.items() if slot != others}
    assert len(found) == len(TYPES) - 1
    return RefusalSlots(
        GAUGES + Gauge.PACKET_MISSES,
        GAUGES + Gauge.MESSAGE_MISSES,
        GAUGES + Gauge.FULL_FOR_CLIENT,
        GAUGES + Gauge.FULL_IN_ALL,
        GAUGES + Gauge.FULL_FOR_DOMAIN,
        found,
        others,
    )
