"""Who may ask, and as whose subscriber: from the address of a client to its view.

Addresses are the packed bytes of the network, 4 or 16 octets; an IPv4 address mapped into IPv6 (RFC 4291 2.5.5.2)
is the IPv4 address it stands for, in the list of networks as well as in a query.
"""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final, NamedTuple

REMEMBERED: Final = 16_384
"""Addresses whose view is remembered; beyond that the memory is emptied whole, which costs about a millisecond."""
VIEWS: Final = 256
"""How many views there may be: each has a number of one octet in cache keys."""

_MAPPED: Final = bytes(10) + b"\xff\xff"
_MAPPED_NETWORK: Final = IPv6Network("::ffff:0:0/96")


class View(NamedTuple):
    """What a client network is to us. ``number`` tells views apart in cache keys.

    ``brand`` is whose subscribers they are, "" for the operator's own. ``exempt`` are the keys of the exemptions that
    hold for them, as long as these last. ``limited``: their replies over UDP are rate-limited.
    """

    number: int
    allowed: bool
    brand: str = ""
    exempt: tuple[str, ...] = ()
    limited: bool = False


ALLOWED: Final = View(0, allowed=True)
STRANGER: Final = View(1, allowed=False)

Networks = Sequence[str]
"""Networks in CIDR notation; bare addresses are networks of one."""


class _Marks(NamedTuple):
    """What is said of one network: a brand of None says nothing, and is that of the network around it."""

    allowed: bool = False
    brand: str | None = None
    exempt: tuple[str, ...] = ()

    def within(self, other: "_Marks") -> "_Marks":
        """Add what is said of a network around this one, or of this very network."""
        brand = other.brand if self.brand is None else self.brand
        return _Marks(self.allowed or other.allowed, brand, tuple(sorted({*self.exempt, *other.exempt})))


_Group = tuple[int, int]
"""Octets of an address, and how many bits of it are behind the prefix."""


class Admission:
    """The networks that may ask, looked up by address; the smallest network that holds it decides."""

    __slots__ = ("_groups", "_memory")

    def __init__(
        self,
        allow: Networks,
        brands: Iterable[tuple[str, Networks]] = (),
        exempt: Iterable[tuple[str, Networks]] = (),
    ) -> None:
        """Take the allowed networks, those of each brand, which are allowed too, and by key those of each exemption.

        Raises ValueError for what is no network, and where networks differ in more than VIEWS ways.
        """
        marks: dict[_Group, dict[int, _Marks]] = {}
        for network, said in _said(allow, brands, exempt):
            shift = network.max_prefixlen - network.prefixlen
            heads = marks.setdefault((network.max_prefixlen // 8, shift), {})
            head = int(network.network_address) >> shift
            heads[head] = said.within(heads.get(head, _Marks()))
        numbered = _Numbered()
        self._groups = tuple(
            (octets, shift, {head: numbered.view(_with_outer(marks, octets, shift, head)) for head in heads})
            for (octets, shift), heads in sorted(marks.items())
        )
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
        for octets, shift, heads in self._groups:  # the smallest network first
            if octets == len(address) and (view := heads.get(number >> shift)) is not None:
                return view
        return STRANGER


def _said(
    allow: Networks, brands: Iterable[tuple[str, Networks]], exempt: Iterable[tuple[str, Networks]]
) -> Iterator[tuple[IPv4Network | IPv6Network, _Marks]]:
    for text in allow:
        yield _unmapped(text), _Marks(allowed=True)
    for brand, networks in brands:
        for text in networks:
            yield _unmapped(text), _Marks(allowed=True, brand=brand)
    for key, networks in exempt:
        for text in networks:
            yield _unmapped(text), _Marks(exempt=(key,))


def _with_outer(marks: dict[_Group, dict[int, _Marks]], octets: int, shift: int, head: int) -> _Marks:
    """Put together what is said of a network and of all around it, the smaller one first."""
    together = marks[octets, shift][head]
    for (length, wider), heads in sorted(marks.items()):
        if length == octets and wider > shift and (outer := heads.get(head >> (wider - shift))) is not None:
            together = together.within(outer)
    return together


class _Numbered:
    """Gives each kind of client one view; lives while an Admission is made."""

    def __init__(self) -> None:
        self._views: dict[_Marks, View] = {_Marks(allowed=True, brand=""): ALLOWED}

    def view(self, marks: _Marks) -> View:
        if not marks.allowed:
            return STRANGER
        kind = marks._replace(brand=marks.brand or "")
        number = len(self._views) + 1  # 0 and 1 are taken
        if kind not in self._views and number >= VIEWS:
            raise ValueError(f"brands and exemptions tell apart more than {VIEWS - 2} kinds of clients")
        return self._views.setdefault(kind, View(number, allowed=True, brand=kind.brand or "", exempt=kind.exempt))


def _unmapped(text: str) -> IPv4Network | IPv6Network:
    network = ip_network(text, strict=False)
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED_NETWORK):
        return IPv4Network((network.network_address.packed[12:], network.prefixlen - 96))
    return network
