"""Which resolvers this machine uses, as its resolv.conf says; they are the upstreams if none are configured."""

from ipaddress import ip_address
from typing import Final

MOST: Final = 3
"""The C library reads no more than three (resolv.conf(5))."""


def nameservers(text: str) -> tuple[str, ...]:
    """List the addresses that a resolv.conf names, in its order, each once; a link-local one keeps its ``%scope``.

    Lines that say something else, or nothing readable, are passed over as the C library does.
    """
    found: dict[str, None] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and words[0] == "nameserver" and _is_address(words[1]):
            found[words[1]] = None
    return tuple(found)[:MOST]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
