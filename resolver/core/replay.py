"""Replies that are at hand for a batch of datagrams, all of them found in one go.

Nearly every query ends here. replay.c does the same for who can compile it, in a fifth of the time, and is imported
instead of this file then; the tests of both are the same.
"""

from collections import Counter
from struct import Struct
from typing import Any, Final, Protocol, TypeVar

_TTL: Final = Struct("!L")


class Replayable(Protocol):
    """A finished reply of the packet cache, as far as sending it again goes."""

    ready: tuple[Any, ...]
    """The stamp of the table it was judged under, until when it is right, its octets, the two counters to add to."""

    def renew(self, now: float) -> bool:
        """Make it right for this moment; False if it has expired."""


class Octets(Protocol):
    """Octets in memory."""

    def __getitem__(self, places: slice, /) -> bytes:
        """Copy some of them."""


Client = TypeVar("Client")
Viewed = TypeVar("Viewed")
Finished = TypeVar("Finished", bound=Replayable)


def replay(  # noqa: PLR0917  # called for each batch: keywords would cost more than a lookup
    queries: Octets,
    stride: int,
    lengths: list[int],
    clients: list[Client],
    views: dict[Client, Viewed],
    allowed: Viewed,
    young: dict[bytes, Finished],
    stamp: object,
    now: float,
    page: memoryview,
) -> tuple[list[bytes | None], list[int]]:
    """Give the reply less its id for each datagram that may get one again, None for each other one, and the places of
    the latter; count the former.

    A datagram stands every ``stride`` octets of ``queries``, as a key of ``young``, the finished replies. Only clients
    whose view is ``allowed`` are looked at, and only what was judged under the table whose stamp is ``stamp`` is
    replayed. ``page`` has 64-bit places.
    """
    tails: list[bytes | None] = []
    missing: list[int] = []
    slots: list[tuple[int, int]] = []
    start = 0
    for length, client in zip(lengths, clients):  # noqa: B905  # of one length; without the check it costs less
        finished = young.get(queries[start : start + length]) if views[client] is allowed else None
        start += stride
        if finished is not None:
            ready = finished.ready
            if ready[0] is stamp and (now < ready[1] or finished.renew(now)):
                _, _, tail, answers, order = finished.ready
                tails.append(tail)
                slots.append((answers, order))
                continue
        missing.append(len(tails))
        tails.append(None)
    for (answers, order), hits in Counter(slots).items():
        page[answers] += hits
        page[order] += hits
    return tails, missing


def aged(tail: bytes, offsets: tuple[int, ...], ttls: tuple[int, ...], age: int) -> bytes:
    """Write into a message's octets, at each offset, the TTL that is left after so many seconds."""
    written = bytearray(tail)
    for offset, ttl in zip(offsets, ttls):  # noqa: B905  # of one length; the check costs a third
        _TTL.pack_into(written, offset, ttl - age if ttl > age else 0)
    return bytes(written)
