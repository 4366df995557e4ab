"""What one entry of a delivered list is: a name, something that DNS cannot block, or nothing that can be used.

Reach is never widened. A URL that is only scheme and host names that host; with a path, a query or a port it means a
part of what is there, and an address or a pattern means what DNS does not see.
"""

import re
from ipaddress import ip_address, ip_network
from typing import Final, Literal, NamedTuple

from resolver.dns.name import BadNameError, WireName
from resolver.orders.listed_names import parse_listed
from resolver.orders.model import Reach

Why = Literal["url", "port", "ip", "pattern"]
"""Why DNS cannot do what an entry asks, as ``cannot_enforce`` says it."""

LONGEST: Final = 2_000
"""Characters of an entry that is looked at; a longer one is told of and left out."""
_SHOWN: Final = 100
_URL: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):?//(?P<rest>.*)", re.DOTALL)
_WEB: Final = frozenset({"http", "https"})
_PORT: Final = re.compile(r"(?P<host>[^:]*):[0-9]*")
_BELOW: Final = re.compile(r"\*\.(?P<name>[^*%/?#]+)")


class Named(NamedTuple):
    """A name; ``reach`` is None where the format lists names alone and says nothing of what lies below."""

    line: int
    text: str
    name: WireName
    reach: Reach | None


class Beyond(NamedTuple):
    """What DNS cannot do; ``host`` is the name that would do more than that, and takes somebody's decision."""

    line: int
    text: str
    why: Why
    host: WireName | None


class Rejected(NamedTuple):
    """An entry that is of no use; ``what`` is a predicate."""

    line: int
    text: str
    what: str


Entry = Named | Beyond | Rejected


def read_entry(line: int, text: str, reach: Reach | None = None) -> Entry:
    """Tell what an entry is; ``reach`` is what its format says of it."""
    text = text.strip()
    if len(text) > LONGEST:
        return Rejected(line, f"{text[:_SHOWN]}…", f"is longer than {LONGEST} characters")
    if url := _URL.fullmatch(text):
        return _url(line, text, url["scheme"].lower(), url["rest"], reach)
    if _is_address(text):
        return Beyond(line, text, "ip", None)
    if re.search(r"[*%^]", text):
        below = _BELOW.fullmatch(text)
        return Beyond(line, text, "pattern", _host(below["name"]) if below else None)
    if re.search(r"[/?#]", text):
        return Beyond(line, text, "url", _host(_authority(text)))
    if port := _PORT.fullmatch(text):
        return Beyond(line, text, "port", _host(port["host"]))
    return _name(line, text, text, reach)


def _url(line: int, text: str, scheme: str, rest: str, reach: Reach | None) -> Entry:
    authority = _authority(rest)
    if _is_address(_without_port(authority)):
        return Beyond(line, text, "ip", None)
    host = _without_port(authority)
    if rest in {authority, f"{authority}/"} and authority == host and scheme in _WEB:
        return _name(line, text, host, reach)  # an empty path is the path "/" (RFC 3986 section 6.2.3)
    only_port = rest in {authority, f"{authority}/"} and authority != host and "@" not in authority
    return Beyond(line, text, "port" if only_port else "url", _host(host))


def _authority(rest: str) -> str:
    return re.split(r"[/?#\\]", rest, maxsplit=1)[0]


def _without_port(authority: str) -> str:
    host = authority.rpartition("@")[2]
    return host if host.startswith("[") else host.partition(":")[0]


def _name(line: int, text: str, name: str, reach: Reach | None) -> Entry:
    try:
        wire = parse_listed(name)
    except BadNameError as error:
        return Rejected(line, text, str(error))
    if wire[wire[0] + 1] == 0:
        return Rejected(line, text, "is a single label: a top-level domain, or a name of this machine alone")
    return Named(line, text, wire, reach)


def _host(text: str) -> WireName | None:
    entry = _name(0, text, text, None) if text and not _is_address(text) else None
    return entry.name if isinstance(entry, Named) else None


def _is_address(text: str) -> bool:
    bare = text.removeprefix("[").partition("]")[0] if text.startswith("[") else text
    for candidate in (bare, bare.rpartition(":")[0] if bare.count(":") == 1 else bare):
        try:
            ip_address(candidate)
        except ValueError:
            pass
        else:
            return True
    try:
        ip_network(bare, strict=False)
    except ValueError:
        return False
    return True
