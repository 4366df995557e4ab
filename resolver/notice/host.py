"""Which name a request is for: its Host header, and nothing else of it, read into a name or into what is wrong with it.

The target of the request is never looked at, so that its path and query can end up nowhere; a client must repeat the
authority of an absolute target in the Host header anyway (RFC 9112 section 3.2.2).
"""

import re
from collections.abc import Sequence
from enum import Enum
from ipaddress import ip_address
from typing import Final

from resolver.dns.name import BadNameError, WireName, parse_name
from resolver.orders.listed_names import parse_listed

LONGEST: Final = 1_024
"""Characters; a name has at most 253, and those that are not ASCII may be written with several octets each."""

_AUTHORITY: Final = re.compile(r"([^\s:@/?#\[\]\\%<>\"']*)(?::[0-9]{0,5})?")
_IPV6: Final = re.compile(r"\[[0-9A-Fa-f:.]{2,45}\](?::[0-9]{0,5})?")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.-]+")


class Nameless(Enum):
    """Why a request is for no name."""

    ABSENT = "it says no name, or an IP address"
    MALFORMED = "what it says is no name"


def read_host(fields: Sequence[str], *, required: bool) -> WireName | Nameless:
    """Read all Host fields of a request; from HTTP/1.1 on exactly one is required (RFC 9110 section 7.2).

    Octets beyond ASCII are UTF-8, as some clients send names that they did not convert.
    """
    if len(fields) != 1:
        return Nameless.MALFORMED if fields or required else Nameless.ABSENT
    field = fields[0].strip(" \t")
    if _IPV6.fullmatch(field):
        return Nameless.ABSENT
    found = _AUTHORITY.fullmatch(field) if len(field) <= LONGEST else None
    if found is None:
        return Nameless.MALFORMED
    host = found[1]
    if not host or _is_ipv4(host):
        return Nameless.ABSENT
    return _read_name(host)


def _is_ipv4(host: str) -> bool:
    try:
        return host[-1].isdigit() and ip_address(host).version == 4
    except ValueError:
        return False


def _read_name(host: str) -> WireName | Nameless:
    try:
        if _PLAIN.fullmatch(host):
            return parse_name(host.lower())
        return Nameless.MALFORMED if host.isascii() or not host.isprintable() else parse_listed(host)
    except BadNameError:
        return Nameless.MALFORMED
