"""Where every count of a worker lives: 65 536 unsigned 64-bit numbers in a page that the supervisor reads.

The page is shared memory (a memfd), one for each worker place; a successor goes on counting where its predecessor
stopped. Fixed places come first, the places of orders last; the supervisor hands out the latter, so that an order
keeps its place while the supervisor lives.
"""

from enum import IntEnum
from typing import Final

SLOTS: Final = 65_536
PAGE_SIZE: Final = SLOTS * 8


class Transport(IntEnum):
    """How a query came; the order is that of the counters."""

    UDP4 = 0
    UDP6 = 1
    TCP4 = 2
    TCP6 = 3


TYPES: Final = ("A", "AAAA", "HTTPS", "SVCB", "CNAME", "NS", "SOA", "PTR", "MX", "TXT", "SRV", "NAPTR", "CAA", "DS",
                "DNSKEY", "RRSIG", "TLSA", "ANY", "other")  # fmt: skip  # one line a thought would hide the order
RCODES: Final = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "BADVERS", "other")


class DropReason(IntEnum):
    """Why a datagram or a query got no answer at all."""

    SHORT = 0
    NOT_A_QUERY = 1
    SOURCE = 2
    ACTION = 3
    LATE = 4
    SEND_FAILED = 5
    TRUNCATED = 6
    OVERLOAD = 7
    RATE_LIMIT = 10


class Gauge(IntEnum):
    """Single numbers: some count up, the others (``*_ENTRIES``, ``*_BYTES``, ``TICK``) are set."""

    TICK = 0
    """Monotonic milliseconds of the worker's last sign of life."""
    PACKET_HITS = 1
    PACKET_MISSES = 2
    PACKET_ENTRIES = 3
    MESSAGE_HITS = 4
    MESSAGE_MISSES = 5
    MESSAGE_ENTRIES = 6
    MESSAGE_BYTES = 7
    STALE_ANSWERS = 8
    JOINED = 9
    IN_FLIGHT = 10
    MISMATCHES = 11
    KERNEL_DROPS = 12
    TCP_CONNECTIONS = 13
    TCP_REFUSED = 14
    DURATION_MICROSECONDS = 15
    """Sum over all answers; the buckets stand at DURATION."""
    FILTERED_UPSTREAM = 16
    """Upstream answers that an upstream says it has filtered itself, which no order of ours asked for."""
    SPECIAL_NAMES = 17
    """Answers for special names, which no upstream is asked about."""
    FULL_IN_ALL = 20
    """Queries answered at once because too many waited for upstreams: in all, of their client, for their domain."""
    FULL_FOR_CLIENT = 21
    FULL_FOR_DOMAIN = 22
    RATE_TRUNCATED = 23
    RATE_LOGGED = 24
    """Replies over the rate limit that left truncated, or whole because limits are only tried."""
    TCP_OVERDUE = 25
    """TCP connections closed because their client kept them waiting."""
    CONTINUED = 26
    """Times that a chain of aliases was asked on where an upstream had left it."""
    WITHHELD = 27
    """Upstream answers of which private addresses were withheld."""


class UpstreamCount(IntEnum):
    """What is counted for each upstream."""

    UDP_REQUESTS = 0
    TCP_REQUESTS = 1
    TIMEOUTS = 2
    NETWORK_ERRORS = 3
    ERROR_ANSWERS = 4
    UNUSABLE_ANSWERS = 5
    LATENCY_MICROSECONDS = 6
    HEALTHY = 7


DURATION_BUCKETS: Final = tuple(0.000_25 * 2**power for power in range(16))
"""Upper bounds in seconds; a seventeenth place counts what took longer."""

UPSTREAMS: Final = 64
UPSTREAM_STRIDE: Final = 8 + 17

GAUGES: Final = 0
DROPS: Final = 32
DURATION: Final = 64
ANSWERS: Final = 128
ANSWERS_END: Final = ANSWERS + len(Transport) * len(TYPES) * len(RCODES)
UNANSWERED: Final = ANSWERS_END
"""Queries that were read and get no answer, by transport and type, for an order wants it so."""
UNANSWERED_END: Final = UNANSWERED + len(Transport) * len(TYPES)
UPSTREAM: Final = 1_024
UPSTREAM_END: Final = UPSTREAM + UPSTREAMS * UPSTREAM_STRIDE
NOWHERE: Final = 4_095
"""A place nobody reads: an answer that is not a block adds there instead of asking whether it is one."""
ORDERS: Final = 4_096
"""First place for orders: two for each pair of order and action, blocked by name and blocked through an alias."""
OBSERVED: Final = "observe"
"""Stands for the action of a measure that is only observed: what it would block is counted apart."""

_RCODE_PLACE: Final = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 16: 6}
_TYPE_NUMBERS: Final = {1: 0, 28: 1, 65: 2, 64: 3, 5: 4, 2: 5, 6: 6, 12: 7, 15: 8, 16: 9, 33: 10, 35: 11, 257: 12,
                         43: 13, 48: 14, 46: 15, 52: 16, 255: 17}  # fmt: skip  # the same order as TYPES


def answer_slot(transport: Transport, qtype: int, rcode: int) -> int:
    """Find the place that counts answers of this transport, record type and response code."""
    kind = _TYPE_NUMBERS.get(qtype, len(TYPES) - 1)
    return ANSWERS + (transport * len(TYPES) + kind) * len(RCODES) + _RCODE_PLACE.get(rcode, len(RCODES) - 1)


def unanswered_slot(transport: Transport, qtype: int) -> int:
    """Find the place that counts queries of this transport and record type that get no answer."""
    return UNANSWERED + transport * len(TYPES) + _TYPE_NUMBERS.get(qtype, len(TYPES) - 1)


def duration_slot(seconds: float) -> int:
    """Find the place of the bucket that an answer of this duration falls into."""
    quarter_milliseconds = int(seconds * 4_000)
    return DURATION + min(quarter_milliseconds.bit_length(), len(DURATION_BUCKETS))


def upstream_slot(number: int, what: UpstreamCount) -> int:
    """Find the place of one count of the upstream with this number (below UPSTREAMS)."""
    return UPSTREAM + number * UPSTREAM_STRIDE + what


def upstream_latency_slot(number: int, seconds: float) -> int:
    """Find the place of an upstream's latency bucket; the buckets are those of DURATION."""
    return UPSTREAM + number * UPSTREAM_STRIDE + len(UpstreamCount) + duration_slot(seconds) - DURATION
