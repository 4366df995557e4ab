"""Questions that are refused for want of room, all those of a batch in one go.

A flood of names below one domain is nothing but such questions: each is read no further than it takes to know that its
domain, its client, or everybody has too many waiting, and that nothing is at hand for it. Whatever is unusual is left
to `Pipeline.receive` and the forwarder, the plain twins of this. refuse.c does the same for who can compile it, in a
tenth of the time, and is imported instead of this file then; the tests of both are the same.
"""

from collections.abc import Mapping
from struct import Struct
from typing import Final, Protocol, TypeVar

from resolver.core.overload import Fullness, RefusalSlots
from resolver.dns.name import WireName


class Octets(Protocol):
    """Octets in memory."""

    def __getitem__(self, places: slice, /) -> bytes:
        """Copy some of them."""


Client = int | bytes | None
"""The address as `Batch.clients` gives it: an IPv4 address as it lies in memory, an IPv6 address, or nobody."""
Viewed = TypeVar("Viewed")

_HEADER: Final = 12
_MAX_LABEL: Final = 63
_MAX_NAME: Final = 255
_FIXED: Final = Struct("!HH")
_QR_AND_OPCODE: Final = 0xF8
_RD: Final = 0x01
_CD: Final = 0x10
_QR: Final = 0x80
_RA_AND_SERVFAIL: Final = 0x82
_IN: Final = 1
_OPT: Final = 41
_FIRST_OF_META: Final = 128
_LAST_OF_META: Final = 255
"""Types of RFC 6895 section 3.1 that are asked for, if at all, for something else than data."""
_ONE_QUESTION: Final = b"\x00\x01\x00\x00\x00\x00\x00\x00"
_ONE_QUESTION_AND_MORE: Final = b"\x00\x01\x00\x00\x00\x00\x00\x01"
_OPT_OF_ROOT: Final = b"\x00\x00\x29"
_BARE_OPT: Final = 11


def refuse(  # noqa: PLR0917  # called for each batch: keywords would cost more than a lookup
    queries: Octets,
    stride: int,
    lengths: list[int],
    clients: list[Client],
    views: Mapping[Client, Viewed],
    allowed: Viewed,
    tails: list[bytes | None],
    missing: list[int],
    full: Fullness,
    slots: RefusalSlots,
    page: memoryview,
) -> list[int]:
    """Write the refusal less its id into ``tails`` for each of the ``missing`` datagrams that gets one, and count it;
    give the places of those that are still missing.

    Datagrams, clients and views are those that `replay` looked at; ``page`` has 64-bit places. Nothing but the
    counters and the tails changes.
    """
    rest: list[int] = []
    beginners = _Beginners(full.beginners)
    for place in missing:
        client = clients[place]
        start = place * stride
        tail = None
        if client is not None and views.get(client) is allowed:
            tail = _refusal(queries[start : start + lengths[place]], _packed(client), full, slots, page, beginners)
        if tail is None:
            rest.append(place)
        else:
            tails[place] = tail
    return rest


class _Beginners:
    """How many more of a batch may take a place."""

    __slots__ = ("_left",)

    def __init__(self, left: int) -> None:
        self._left = left

    def enter(self) -> bool:
        """Be one of them; False if there were enough."""
        self._left -= 1
        return self._left >= 0


def _packed(client: int | bytes) -> bytes:
    return client.to_bytes(4, "little") if isinstance(client, int) else client


def _refusal(
    key: bytes, client: bytes, full: Fullness, slots: RefusalSlots, page: memoryview, beginners: _Beginners
) -> bytes | None:
    """Write what a datagram gets, if it is refused; its id has been replaced as in a key of the packet cache."""
    end = _name_end(key)
    if end == 0 or len(key) < end + 4 or key[2] & _QR_AND_OPCODE or not key[2] & _RD:
        return None
    qtype, qclass = _FIXED.unpack_from(key, end)
    if qclass != _IN or qtype == _OPT or _FIRST_OF_META <= qtype <= _LAST_OF_META:
        return None
    dnssec_ok = _dnssec_ok(key, end + 4)
    if dnssec_ok is None:
        return None
    name = WireName(key[_HEADER:end].lower())
    domain = _domain(name, full)
    if domain is None:
        return None
    reason = _reason(domain, client, full, slots)
    if _is_at_hand(key, name, qtype, full, dnssec_ok=dnssec_ok):
        return None
    if reason is None:
        if beginners.enter():
            return None
        reason = slots.full_for_domain
    for slot in (slots.packet_misses, slots.message_misses, reason, slots.answers.get(qtype, slots.answers_of_others)):
        page[slot] += 1
    flags = bytes((_QR | key[2] & _RD, _RA_AND_SERVFAIL | key[3] & _CD))
    return flags + key[4 : end + 4] + (full.opts[dnssec_ok] if key[11] else b"")


def _name_end(key: bytes) -> int:
    """Find where the name of the only question ends; 0 if it is unusual, as one with a zero in a label is."""
    position, size = _HEADER, len(key)
    while position < size and (length := key[position]):
        if length > _MAX_LABEL or 0 in key[position + 1 : position + 1 + length]:
            return 0
        position += 1 + length
    end = position + 1
    return end if position < size and end <= _HEADER + _MAX_NAME else 0


def _dnssec_ok(key: bytes, end: int) -> bool | None:
    """Tell the DO bit of a query with nothing behind its question but a bare OPT record; None for any other query."""
    if key[4:_HEADER] == _ONE_QUESTION:
        return False
    if key[4:_HEADER] != _ONE_QUESTION_AND_MORE or len(key) < end + _BARE_OPT:
        return None
    version, options = key[end + 6], key[end + 9 : end + 11]
    if key[end : end + 3] != _OPT_OF_ROOT or version or options != b"\x00\x00":
        return None
    return key[end + 7] >= 0x80


def _domain(name: WireName, full: Fullness) -> WireName | None:
    """Find the registered domain that a name lies below or is, if it is one of those that are looked at."""
    position = 0
    while length := name[position]:
        if name[position:] in full.domains:
            return WireName(name[position:])
        position += 1 + length
    return None


def _reason(domain: WireName, client: bytes, full: Fullness, slots: RefusalSlots) -> int | None:
    """Say where a refusal counts, in the order in which places are asked for; None if there is room."""
    if full.of_client.get(client, 0) >= full.most_of_client:
        return slots.full_for_client
    if full.in_all:
        return slots.full_in_all
    return slots.full_for_domain if full.of_domain.get(domain, 0) >= full.most_of_domain else None


def _is_at_hand(key: bytes, name: WireName, qtype: int, full: Fullness, *, dnssec_ok: bool) -> bool:
    """Tell whether there may be an answer, or a failure, or one on its way; a stale one may lack signatures."""
    lower = key[:_HEADER] + name + key[_HEADER + len(name) :]
    if any(lower in finished for finished in full.finished):
        return True
    checking_disabled = bool(key[3] & _CD)
    questions = [(name, qtype, _IN, each, checking_disabled) for each in {dnssec_ok, False}]
    return any(question in kept for kept in full.kept for question in questions)
