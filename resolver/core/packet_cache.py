"""Replies that are finished but for the message id: what the same datagram got a moment ago.

A probe costs one lookup. What it finds is replayed only under the very table it was judged under, and only until it
expires; its TTLs are counted down in place, at most once a second. The plain twin of this cache is Pipeline.receive:
with or without it, a client gets the same octets.
"""

from struct import Struct
from typing import Final

from resolver.core.admission import View
from resolver.core.counters import Transport, answer_slot
from resolver.core.generations import Generations
from resolver.core.policy import Table
from resolver.core.step import Reply
from resolver.dns.writer import ttl_offsets

_TTL: Final = Struct("!L")
_OVERHEAD: Final = 450
"""Octets of an entry besides its reply and its key: objects and places in the table."""
_MEAN_OCTETS: Final = 1_500
"""Octets allowed for an entry on average, its key included."""


class Finished:
    """A reply less its id, and all that is needed to send it again: nothing of it is computed on a hit.

    ``tail`` follows the two octets of the client's id. ``answer_slot`` and ``slot`` are the two counters to add to.
    """

    __slots__ = ("_age", "_ages_from", "_offsets", "_ttls", "answer_slot", "expires", "judged_under", "octets", "slot",
                 "tail")  # fmt: skip  # two lines, not ten

    def __init__(self, transport: Transport, reply: Reply, now: float) -> None:
        self.tail = reply.wire[2:]
        self.expires = now + reply.lifetime
        self.judged_under = reply.judged_under.stamp if reply.judged_under is not None else None
        self.answer_slot = answer_slot(transport, reply.qtype, reply.rcode)
        self.slot = reply.slot
        self.octets = 2 * len(reply.wire) + _OVERHEAD
        self._ages_from = reply.ages_from
        self._offsets: tuple[int, ...] = ()
        self._ttls: tuple[int, ...] = ()
        self._age = 0
        if reply.ages_from is not None:
            self._age = int(now - reply.ages_from)
            self._offsets = tuple(offset - 2 for offset in ttl_offsets(reply.wire))
            self._ttls = tuple(_TTL.unpack_from(self.tail, offset)[0] + self._age for offset in self._offsets)

    def age(self, now: float) -> None:
        """Count the TTLs down to this moment (monotonic seconds), if a second has passed since the last time."""
        if self._ages_from is None or (age := int(now - self._ages_from)) == self._age:
            return
        aged = bytearray(self.tail)
        for offset, ttl in zip(self._offsets, self._ttls, strict=True):
            _TTL.pack_into(aged, offset, max(ttl - age, 0))
        self.tail = bytes(aged)
        self._age = age


class PacketCache:
    """Finished replies by view, transport and datagram less its id."""

    __slots__ = ("_finished",)

    def __init__(self, entries: int) -> None:
        """Hold at most this many replies."""
        self._finished: Generations[tuple[int, bytes], Finished] = Generations(entries, entries * _MEAN_OCTETS)

    def __len__(self) -> int:
        return len(self._finished)

    def probe(self, view: View, transport: Transport, datagram: bytes, table: Table, now: float) -> Finished | None:
        """Find the reply to a datagram, judged under the table in force, its TTLs right for ``now``."""
        key = (view.number * 4 + transport, datagram[2:])
        finished = self._finished.get(key)
        if finished is None:
            return None
        if finished.judged_under is not table.stamp or now >= finished.expires:
            self._finished.discard(key)
            return None
        finished.age(now)
        return finished

    def store(self, view: View, transport: Transport, datagram: bytes, reply: Reply, now: float) -> None:
        """Keep what a datagram got, if the reply may be replayed at all."""
        if reply.lifetime > 0:
            self._finished.put((view.number * 4 + transport, datagram[2:]), Finished(transport, reply, now))
