"""How many replies over UDP a client network gets in a second, so that nobody is buried in answers to forged queries.

A bucket holds what a network may have in a second of one name, type and response code, of errors, or, if it is one
that we do not serve, of refusals. It is full again a second after its first reply left. A network is the first bits of
an address. There are so many buckets and no more; beyond that all are emptied at once, which costs a millisecond.
"""

from enum import Enum
from typing import Final, NamedTuple, assert_never

from resolver.dns.edns import write_opt
from resolver.dns.message import HEADER_SIZE, MAX_UDP_SIZE
from resolver.dns.writer import ttl_offsets

BUCKETS: Final = 65_536

_TC: Final = 0x02
_NOT_AD: Final = 0xDF
_PLAIN_OPT: Final = write_opt(udp_size=MAX_UDP_SIZE, dnssec_ok=False)
_DNSSEC_OPT: Final = write_opt(udp_size=MAX_UDP_SIZE, dnssec_ok=True)


class Rates(NamedTuple):
    """Replies a second for each network; 0 ``responses``: as many as it asks for.

    Every ``slip``-th reply over the rate of responses leaves truncated, so that a real client comes over TCP; 0: none.
    With ``log_only`` responses are only counted. The prefixes are lengths in bits.
    """

    responses: int = 0
    errors: int = 5_000
    refusals: int = 100
    slip: int = 2
    log_only: bool = False
    ipv4_prefix: int = 24
    ipv6_prefix: int = 56


UNLIMITED: Final = Rates()
"""As many responses as are asked for."""


class Kind(Enum):
    """What a reply is, and so whose rate it counts under."""

    RESPONSE = "responses"
    ERROR = "errors"
    REFUSAL = "refusals"


class Sending(Enum):
    """What becomes of a reply; LOGGED leaves whole, though it is over the rate."""

    WHOLE = "whole"
    LOGGED = "log"
    TRUNCATED = "truncate"
    NOT_AT_ALL = "drop"


class RateLimiter:
    """The buckets of one worker."""

    __slots__ = ("_buckets", "_most", "rates")

    def __init__(self, rates: Rates, most: int = BUCKETS) -> None:
        self.rates = rates
        self._most = most
        self._buckets: dict[bytes, tuple[float, int]] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def judge(self, kind: Kind, wire: bytes, client: bytes, now: float) -> Sending:
        """Say what becomes of a reply (``wire``) to a client (packed address) at this moment (monotonic seconds)."""
        rates = self.rates
        network = self._network(client)
        over = 0
        match kind:
            case Kind.RESPONSE:
                over = self._over(b"a" + network + _subject(wire), rates.responses, now)
            case Kind.ERROR:
                over = self._over(b"e" + network, rates.errors, now)
            case Kind.REFUSAL:
                over = self._over(b"r" + network, rates.refusals, now)
            case _ as never:
                assert_never(never)
        if over <= 0:
            return Sending.WHOLE
        if kind is not Kind.RESPONSE:
            return Sending.NOT_AT_ALL
        if rates.log_only:
            return Sending.LOGGED
        return Sending.TRUNCATED if rates.slip and over % rates.slip == 0 else Sending.NOT_AT_ALL

    def _over(self, key: bytes, rate: int, now: float) -> int:
        """Count one more in a bucket; tell how many there are beyond the rate."""
        until, count = self._buckets.get(key, (0.0, 0))
        if now >= until:
            if not count and len(self._buckets) >= self._most:
                self._buckets.clear()
            until, count = now + 1.0, 0
        self._buckets[key] = until, count + 1
        return count + 1 - rate

    def _network(self, client: bytes) -> bytes:
        bits = self.rates.ipv4_prefix if len(client) == 4 else self.rates.ipv6_prefix
        octets, rest = divmod(bits, 8)
        head = client[:octets]
        return head + bytes((client[octets] & 0xFF00 >> rest,)) if rest else head


def _subject(wire: bytes) -> bytes:
    """Tell what a reply answers: response code, name in lower case, type and class."""
    end = wire.find(0, HEADER_SIZE)
    return bytes((wire[3] & 0x0F,)) + wire[HEADER_SIZE:end].lower() + wire[end : end + 5]


def truncate(wire: bytes) -> bytes:
    """Leave of a reply to one question its header, the question and a bare OPT record: no longer than its query was."""
    end = HEADER_SIZE
    while length := wire[end]:  # labels may hold zeros
        end += length + 1
    end += 5
    opt = b""
    if wire[10:12] != b"\x00\x00":
        last = (0, *ttl_offsets(wire))[-1]  # the OPT record stands behind all others
        at = last + 6 + int.from_bytes(wire[last + 4 : last + 6], "big") if last else end
        opt = _DNSSEC_OPT if wire[at + 7] & 0x80 else _PLAIN_OPT
    flags = bytes((wire[2] | _TC, wire[3] & _NOT_AD))
    counts = b"\x00\x01\x00\x00\x00\x00" + (b"\x00\x01" if opt else b"\x00\x00")
    return wire[:2] + flags + counts + wire[HEADER_SIZE:end] + opt
