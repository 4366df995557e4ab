"""Replies that are finished but for the message id: what the same datagram got a moment ago.

A probe costs one lookup. What it finds is replayed only under the very table it was judged under, and only until it
expires; its TTLs are counted down in place, and its addresses take turns, at most once a second. Under another table an
upstream's answer is judged again, once, without being made again: it stays if that table passes by the name that was
asked for and all that its aliases lead to, so that a change which is about other names takes no answers away. Names are
kept in
lower case: a datagram that differs in nothing but letter case finds the same entry at the second attempt, so that
changing the case fills no memory. The plain twin of this cache is Pipeline.receive: with or without it, a client gets
the same records, octet for octet but for the turn of the addresses.
"""

from struct import Struct
from typing import Any, Final

from resolver.core.admission import View
from resolver.core.counters import Transport, answer_slot
from resolver.core.generations import Generations
from resolver.core.policy import Table
from resolver.core.replay import aged
from resolver.core.step import Reply
from resolver.dns.codes import RRType
from resolver.dns.message import HEADER_SIZE
from resolver.dns.name import WireName
from resolver.dns.writer import ttl_offsets

_TTL: Final = Struct("!L")
_OVERHEAD: Final = 500
"""Octets of an entry besides its reply and its key: objects and places in the table."""
_RECORD_OVERHEAD: Final = 80
"""Octets of each record beside its own: where its TTL stands, and what it was."""
_NAME_OVERHEAD: Final = 50
"""Octets of each name that aliases lead to beside its own: an object and its place."""
_MEAN_OCTETS: Final = 1_500
"""Octets allowed for an entry on average, its key included."""
_HEAD: Final = 12
"""Octets of a record before its data: a compressed owner, type, class, TTL, length (RFC 1035 4.1.3, 4.1.4)."""
_ADDRESSES: Final = (RRType.A.to_bytes(2, "big"), RRType.AAAA.to_bytes(2, "big"))


class Finished:
    """A reply less its id, and all that is needed to send it again: nothing of it is computed on a hit.

    ``ready`` is all that a hit looks at, as each look at an attribute costs it: the stamp of the table that it was
    judged under, until when it may be sent as it is (monotonic seconds), what follows the two octets of the client's id
    with the question's name in lower case, and the two counters to add to.
    """

    __slots__ = ("_age", "_ages_from", "_aliases", "_era", "_expires", "_offsets", "_opt_at", "_ttls", "_turning",
                 "octets", "ready")  # fmt: skip  # two lines, not ten

    def __init__(self, transport: Transport, tail: bytes, reply: Reply, now: float, era: int) -> None:
        stamp = reply.judged_under.stamp if reply.judged_under is not None else None
        self.octets = 2 * len(tail) + _OVERHEAD
        self._expires = now + reply.lifetime
        self._ages_from = reply.ages_from
        self._aliases = reply.aliases
        self._era = era
        self._offsets: tuple[int, ...] = ()
        self._ttls: tuple[int, ...] = ()
        self._turning: tuple[int, int, int] | None = None
        self._age = 0
        self._opt_at = 0
        if reply.aliases:  # which may outlive the answer that they came from
            self.octets += sum([len(name) + _NAME_OVERHEAD for name in reply.aliases])
        good_until = self._expires
        if reply.ages_from is not None:
            self._age = int(now - reply.ages_from)
            self._offsets = tuple(offset - 2 for offset in ttl_offsets(reply.wire))
            self._ttls = tuple(_TTL.unpack_from(tail, offset)[0] + self._age for offset in self._offsets)
            self._turning = _address_rrset(tail, self._offsets)
            self.octets += _RECORD_OVERHEAD * len(self._offsets)
            good_until = min(self._expires, reply.ages_from + self._age + 1)
        answers = answer_slot(transport, reply.qtype, reply.rcode)
        self.ready: tuple[Any, ...] = (stamp, good_until, tail, answers, reply.slot)

    @property
    def tail(self) -> bytes:
        """The reply less its id."""
        tail: bytes = self.ready[2]
        return tail

    @property
    def slots(self) -> tuple[int, int]:
        """The two counters to add to."""
        return self.ready[3], self.ready[4]

    @property
    def opt_at(self) -> int:
        """Where in the tail the OPT record begins, which is the last of all; for replies that have one."""
        if not self._opt_at:
            tail = self.tail
            offsets = self._offsets or tuple(offset - 2 for offset in ttl_offsets(b"\0\0" + tail))
            if offsets:
                self._opt_at = offsets[-1] + 6 + int.from_bytes(tail[offsets[-1] + 4 : offsets[-1] + 6], "big")
            else:
                self._opt_at = tail.find(0, HEADER_SIZE - 2) + 5  # behind the question
        return self._opt_at

    def judge_again(self, key: bytes, table: Table, era: int) -> bool:
        """Put it under another table if that allows it as it is; ``key`` is what it is kept under."""
        if self._aliases is None or self._era != era or not table.passes_by(_asked_name(key)):
            return False
        for name in self._aliases:
            if not table.passes_by(name):
                return False
        self.ready = (table.stamp, *self.ready[1:])
        return True

    def renew(self, now: float) -> bool:
        """Count the TTLs down to this moment (monotonic seconds) and let the next address stand first; False if the
        reply has expired."""
        if now >= self._expires:
            return False
        if self._ages_from is not None:
            stamp, _, tail, answers, order = self.ready
            self._age = int(now - self._ages_from)
            tail = aged(tail, self._offsets, self._ttls, self._age)
            if self._turning is not None:
                start, size, end = self._turning
                tail = tail[:start] + tail[start + size : end] + tail[start : start + size] + tail[end:]
            self.ready = (stamp, min(self._expires, self._ages_from + self._age + 1), tail, answers, order)
        return True


class PacketCache:
    """Finished replies by view, transport and datagram less its id; at most ``bound`` of them."""

    __slots__ = ("_era", "_finished", "bound")

    def __init__(self, entries: int) -> None:
        """Hold at most this many replies."""
        self.bound = entries
        self._era = 0
        self._finished: Generations[bytes, Finished] = Generations(entries, entries * _MEAN_OCTETS)

    def __len__(self) -> int:
        return len(self._finished)

    @property
    def young(self) -> dict[bytes, Finished]:
        """The entries used lately, by key; some may have expired. For one batch only, and only to look at."""
        return self._finished.young

    @property
    def all(self) -> tuple[dict[bytes, Finished], dict[bytes, Finished]]:
        """All entries, by key in lower case; otherwise as `young`."""
        return self._finished.both

    def begin_era(self) -> None:
        """Judge nothing again that was kept until now: something other than the table changes."""
        self._era += 1

    def find(self, key: bytes, table: Table, now: float) -> tuple[Finished, bytes] | None:
        """Find an entry by `tag` and datagram less its id, and the reply less its id with the letter case asked.

        It is what the table in force allows, and right for ``now``.
        """
        finished = self._fresh(key, table, now)
        if finished is not None:
            return finished, finished.tail
        end = key.find(0, HEADER_SIZE)
        if end < 0:  # no name ends there
            return None
        name = key[HEADER_SIZE:end]
        lower = name.lower()
        if lower == name or (finished := self._fresh(key[:HEADER_SIZE] + lower + key[end:], table, now)) is None:
            return None
        tail = finished.tail
        return finished, tail[: HEADER_SIZE - 2] + name + tail[end - 2 :]

    def store(self, view: View, transport: Transport, datagram: bytes, reply: Reply, now: float) -> None:
        """Keep what a datagram got, if the reply may be replayed at all."""
        if reply.lifetime > 0:
            end = datagram.find(0, HEADER_SIZE)
            name, asked = datagram[HEADER_SIZE:end].lower(), reply.wire
            tail = asked[2:HEADER_SIZE] + name + asked[end:]
            key = tag(view, transport) + datagram[2:HEADER_SIZE] + name + datagram[end:]
            self._finished.put(key, Finished(transport, tail, reply, now, self._era))

    def _fresh(self, key: bytes, table: Table, now: float) -> Finished | None:
        finished = self._finished.get(key)
        if finished is None:
            return None
        judged_under, good_until, *_ = finished.ready
        judged = judged_under is table.stamp or finished.judge_again(key, table, self._era)
        if judged and (now < good_until or finished.renew(now)):
            return finished
        self._finished.discard(key)
        return None


def tag(view: View, transport: Transport) -> bytes:
    """Write the two octets that stand for the id in a key: only the same view and transport get the same reply."""
    return bytes((view.number, transport))


def _asked_name(key: bytes) -> WireName:
    """Read the name of the question: it was well-formed when its answer was kept, and may hold zeros in its labels."""
    end = HEADER_SIZE
    while length := key[end]:
        end += 1 + length
    return WireName(key[HEADER_SIZE : end + 1].lower())


def _address_rrset(tail: bytes, offsets: tuple[int, ...]) -> tuple[int, int, int] | None:
    """Find several addresses in a row that differ in nothing but the address (``offsets``: where their TTLs stand).

    Returns where they start, the octets of one record, and where they end.
    """
    at = tail.find(0, HEADER_SIZE - 2) + 5  # the question ends
    start = size = 0
    head = b""
    for offset in offsets:
        end = offset + 6 + int.from_bytes(tail[offset + 4 : offset + 6], "big")
        same = start and tail[at : at + _HEAD] == head and end - at == size
        if start and not same:
            break
        if not same and offset - 6 == at and tail[at + 2 : at + 4] in _ADDRESSES:
            start, size, head = at, end - at, tail[at : at + _HEAD]
        at = end
    return (start, size, at) if start and at - start > size else None
