"""What the core says to the transports: a reply, a query to forward, or nothing; and what they say to the core.

These are the words of the seam between deciding and sending; pipeline.py is where the decisions are taken.
"""

from enum import Enum
from typing import Final, NamedTuple

from resolver.core.admission import View
from resolver.core.counters import NOWHERE, DropReason, Transport
from resolver.core.policy import Table
from resolver.dns.message import Query
from resolver.dns.name import WireName

NEVER: Final = -1.0
"""The lifetime of a reply that no query gets again."""


class Asked(NamedTuple):
    """A query with whom it came from, how, and when (monotonic seconds).

    ``replayable`` says that nothing but the question, the flags and a bare OPT record was in it, so that the same
    datagram may get the same reply. ``permitted_under`` is the stamp of the table that permitted its name, if one did.
    """

    query: Query
    view: View
    transport: Transport
    received: float
    replayable: bool = False
    permitted_under: object = None
    slot: int = NOWHERE


class Question(NamedTuple):
    """What is asked of upstreams: the key of joined queries and of the MessageCache. The class is always IN."""

    qname: WireName
    qtype: int
    qclass: int
    dnssec_ok: bool
    checking_disabled: bool


class Reply(NamedTuple):
    """A finished answer.

    ``slot`` is the counter of the order that blocked or observed it, or NOWHERE. ``lifetime`` is how many seconds the
    PacketCache may replay it, 0 for not at all, NEVER if it might not replay the same without the query's options
    either; its TTLs then count down from ``ages_from`` (monotonic), or stay as they are
    (None). ``aliases`` are the names that the asked one leads to, where the reply says what an upstream said and would
    say the same under any table that passes them and the asked name by; None for any other.
    """

    wire: bytes
    qtype: int
    rcode: int
    slot: int
    lifetime: float
    judged_under: Table | None
    ages_from: float | None = None
    aliases: tuple[WireName, ...] | None = None


class Forward(NamedTuple):
    """A query that only an upstream can answer."""

    asked: Asked
    question: Question


class Drop(NamedTuple):
    """No answer at all. ``slot`` counts for the order that demanded it, or is NOWHERE.

    ``qtype`` is the type asked for; None if the message is no query.
    """

    reason: DropReason
    slot: int = NOWHERE
    qtype: int | None = None


Step = Reply | Forward | Drop


class Failure(Enum):
    """Why no upstream gave a usable answer."""

    TIMEOUT = "no upstream resolver answered in time"
    NETWORK = "no upstream resolver can be reached"
    REFUSED_UPSTREAM = "the upstream resolvers failed or refused"
    UNUSABLE = "the upstream resolvers gave no usable answer"
    OVERLOAD = "too many queries are waiting for upstream resolvers"
    NO_UPSTREAM = "no upstream resolver is configured"


class Unusable(NamedTuple):
    """An upstream's answer that cannot be passed on.

    ``final`` says that another upstream must not be asked (a DNSSEC failure). ``errors`` are the upstream's extended
    errors as EDNS options, fit to be passed on.
    """

    failure: Failure
    final: bool = False
    errors: tuple[tuple[int, bytes], ...] = ()
