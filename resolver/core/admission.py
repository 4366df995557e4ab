"""Who may ask: from the address of a client to its view.

Addresses are the packed bytes of the network, 4 or 16 octets; an IPv4 address mapped into IPv6 (RFC 4291 2.5.5.2)
is the IPv4 address it stands for, in the list of networks as well as in a query.
"""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final, NamedTuple

REMEMBERED: Final = 16_384
"""Addresses whose view is remembered; beyond that the memory is emptied whole, which costs about a millisecond."""

_MAPPED: Final = bytes(10) + b"\xff\xff"
_MAPPED_NETWORK: Final = IPv6Network("::ffff:0:0/96")


class View(NamedTuple):
    """What a client network is to us. ``number`` tells views apart in cache keys."""

    number: int
    allowed: bool


ALLOWED: Final = View(0, allowed=True)
STRANGER: Final = View(1, allowed=False)


class Admission:
    """The networks that may ask, looked up by address."""

    __slots__ = ("_allow", "_memory")

    def __init__(self, allow: Sequence[str]) -> None:
        """Take the allowed networks in CIDR notation; bare addresses are networks of one.

        Raises ValueError for what is no network.
        """
        found: dict[tuple[int, int], set[int]] = {}
        for network in map(_unmapped, allow):
            shift = network.max_prefixlen - network.prefixlen
            found.setdefault((network.max_prefixlen // 8, shift), set()).add(int(network.network_address) >> shift)
        self._allow = tuple((length, shift, frozenset(heads)) for (length, shift), heads in found.items())
        self._memory: dict[bytes, View] = {}

    def view(self, packed: bytes) -> View:
        """Find the view of a client by its packed address, 4 or 16 octets."""
        view = self._memory.get(packed)
        if view is None:
            if len(self._memory) >= REMEMBERED:
                self._memory.clear()
            view = self._memory[packed] = self._look_up(packed)
        return view

    def _look_up(self, packed: bytes) -> View:
        address = packed[12:] if packed.startswith(_MAPPED) and len(packed) == 16 else packed
        number = int.from_bytes(address, "big")
        inside = any(len(address) == length and number >> shift in heads for length, shift, heads in self._allow)
        return ALLOWED if inside else STRANGER


def _unmapped(text: str) -> IPv4Network | IPv6Network:
    network = ip_network(text, strict=False)
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED_NETWORK):
        return IPv4Network((network.network_address.packed[12:], network.prefixlen - 96))
    return network
