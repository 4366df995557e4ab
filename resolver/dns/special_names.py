"""Which names mean nothing in the public DNS, or something else in every network, and how such names are answered.

Private address space in reverse and names for local use (RFC 6303, RFC 6761, RFC 6762, RFC 7686, RFC 7793, RFC 8375),
and the name by which clients look for an encrypted resolver (RFC 9462): that one would lead them to the upstream, past
the orders.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Final


class Kind(Enum):
    """How a special name and all below it are answered."""

    LOOPBACK = "the loopback addresses"
    NOWHERE = "no such name, itself included"
    EMPTY_ZONE = "a zone with nothing but its apex"
    NO_RECORDS = "names without records"


def _apexes() -> Iterator[tuple[str, Kind]]:
    yield "localhost", Kind.LOOPBACK  # RFC 6761 section 6.3
    for name in ("test", "invalid", "local", "onion"):  # RFC 6761 6.2 and 6.4, RFC 6762 22.1, RFC 7686 section 2
        yield name, Kind.NOWHERE
    yield "home.arpa", Kind.EMPTY_ZONE  # RFC 8375 section 4
    yield "resolver.arpa", Kind.NO_RECORDS  # RFC 9462 section 4
    for network in ("10", *(f"{octet}.172" for octet in range(16, 32)), "168.192"):  # RFC 6303 section 4.1
        yield f"{network}.in-addr.arpa", Kind.EMPTY_ZONE
    for octet in range(64, 128):  # RFC 7793
        yield f"{octet}.100.in-addr.arpa", Kind.EMPTY_ZONE
    for network in ("0", "127", "254.169", "2.0.192", "100.51.198", "113.0.203", "255.255.255.255"):  # RFC 6303 4.2
        yield f"{network}.in-addr.arpa", Kind.EMPTY_ZONE
    for network in ("0" + 31 * ".0", "1" + 31 * ".0", "d.f", "8.e.f", "9.e.f", "a.e.f", "b.e.f", "8.b.d.0.1.0.0.2"):
        yield f"{network}.ip6.arpa", Kind.EMPTY_ZONE  # RFC 6303 sections 4.3 to 4.6


APEXES: Final[Mapping[str, Kind]] = dict(_apexes())
"""Every special name, as text."""
