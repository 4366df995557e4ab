"""How a single value of the configuration is written: addresses, networks, upstreams, durations, sizes.

Every function takes the text as it stands in the file and raises ValueError with a sentence that says what to write.
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, NamedTuple

from resolver.dns.special_names import APEXES
from resolver.orders.page_address import LIMITED_BROADCAST, parse_page_address

DNS_PORT: Final = 53

_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400}
_OCTETS = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_PACE = re.compile(r"(\d{1,2})ms\Z", re.ASCII)
_SHARE = re.compile(r"(\d{1,4})\s*%\Z", re.ASCII)
_PORT = re.compile(r"\d{1,5}\Z", re.ASCII)
_AMOUNT = re.compile(r"(\d{1,12})\s*([A-Za-z]*)\Z", re.ASCII)


class Endpoint(NamedTuple):
    """An address and a port; the host is an IP address in its canonical spelling."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def address(self) -> IPv4Address | IPv6Address:
        """The host as an address."""
        return ip_address(self.host)


class Upstream(NamedTuple):
    """A resolver that we forward to, and the transport that questions to it start with.

    ``trust_ad``: it validates and the way there is safe, so that its AD bit may be passed on. Where it is reached,
    which is what ``str`` gives, tells one upstream from another.
    """

    protocol: str
    endpoint: Endpoint
    trust_ad: bool = False

    def __str__(self) -> str:
        return f"{self.protocol}://{self.endpoint}"


def parse_endpoint(text: object, default_port: int | None = DNS_PORT) -> Endpoint:
    """Read ``127.0.0.1:5300``, ``[::1]:5300``, or an address alone where there is a default port."""
    written = _text(text, "an address and port such as 127.0.0.1:5300")
    host, port = _split_port(written)
    address = _parse_address(host, written)
    if port is None:
        if default_port is None:
            raise ValueError(f"{written!r} has no port; write for example {Endpoint(str(address), 9153)}")
        return Endpoint(str(address), default_port)
    if _PORT.match(port) is None or int(port) > 65_535:
        raise ValueError(f"{port!r} is no port; write a number from 1 to 65535, or 0 for any free one")
    return Endpoint(str(address), int(port))


def _split_port(written: str) -> tuple[str, str | None]:
    if written.startswith("["):
        host, bracket, rest = written[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"{written!r} is no address; an IPv6 address with a port is written [2001:db8::1]:53")
        return host, rest[1:] if rest else None
    if written.count(":") == 1:
        host, _, port = written.partition(":")
        return host, port
    return written, None


def _parse_address(host: str, written: str) -> IPv4Address | IPv6Address:
    try:
        return ip_address(host)
    except ValueError:
        raise ValueError(
            f"{written!r} is no IP address; write 192.0.2.1 or [2001:db8::1], with :PORT behind it if needed"
        ) from None


def parse_upstream(written: object) -> Upstream:
    """Read ``9.9.9.10``, ``9.9.9.10:5353``, ``udp://9.9.9.10`` or ``tcp://[2620:fe::10]:53``, or a mapping with one of
    them as ``address`` and perhaps ``trust_ad``."""
    if not isinstance(written, dict):
        return _parse_upstream_address(written)
    unknown = [str(key) for key in written if key not in {"address", "trust_ad"}]
    if unknown or "address" not in written:
        what = f"unknown: {', '.join(unknown)}" if unknown else "no address"
        raise ValueError(f"an upstream is an address, or {{address: 9.9.9.10, trust_ad: true}}; {what}")
    trust_ad = written.get("trust_ad", False)
    if trust_ad not in (True, False):
        raise ValueError(f"trust_ad is {trust_ad!r}; write true or false")
    return _parse_upstream_address(written["address"])._replace(trust_ad=trust_ad is True)


def write_upstream(upstream: Upstream) -> str | dict[str, str | bool]:
    """Write what `parse_upstream` reads."""
    return {"address": str(upstream), "trust_ad": True} if upstream.trust_ad else str(upstream)


def _parse_upstream_address(text: object) -> Upstream:
    written = _text(text, "an upstream such as 9.9.9.10 or tcp://9.9.9.10:53")
    protocol, separator, rest = written.partition("://")
    if not separator:
        protocol, rest = "udp", written
    if protocol not in {"udp", "tcp"}:
        raise ValueError(f"{protocol!r} is no transport of ours; write udp://… or tcp://…, or the address alone")
    endpoint = parse_endpoint(rest)
    address = endpoint.address
    if endpoint.port == 0:
        raise ValueError(f"{written!r} has port 0, where nobody can be asked; write the port, or leave it out for 53")
    if address.is_unspecified or address.is_multicast or address == LIMITED_BROADCAST:
        raise ValueError(f"nobody can be asked at {endpoint.host}; write the address of one resolver")
    return Upstream(protocol, endpoint)


def parse_network(text: object) -> str:
    """Read ``10.0.0.0/8`` or a single address, and write it in its canonical spelling."""
    written = _text(text, "a network such as 10.0.0.0/8")
    if "%" in written:
        raise ValueError(f"{written!r} names an interface, which an answer does not depend on; write fe80::/10")
    try:
        return str(ip_network(written))
    except ValueError:
        pass
    try:
        meant = ip_network(written, strict=False)
    except ValueError:
        raise ValueError(f"{written!r} is no network; write for example 10.0.0.0/8 or 2001:db8::/32") from None
    raise ValueError(f"{written} has bits set behind its prefix; write {meant} for the network")


def parse_ipv4(text: object) -> str:
    """Read the IPv4 address of a page."""
    written = _text(text, "an IPv4 address")
    try:
        return parse_page_address(written, 4)
    except ValueError as error:
        raise ValueError(f"{error}; write for example 192.0.2.80") from None


def parse_ipv6(text: object) -> str:
    """Read the IPv6 address of a page."""
    written = _text(text, "an IPv6 address")
    try:
        return parse_page_address(written, 6)
    except ValueError as error:
        raise ValueError(f"{error}; write for example 2001:db8::80") from None


def parse_seconds(text: object) -> int:
    """Read a duration such as ``60s``, ``5m``, ``24h`` or ``3d``; a number alone is refused, for it has no unit."""
    return _parse_amount(text, _SECONDS, "a duration such as 60s, 5m, 24h or 3d")


def parse_pace(text: object) -> float:
    """Read a number of milliseconds from ``0ms`` to ``10ms``; seconds."""
    written = _text(text, "milliseconds such as 1ms")
    match = _PACE.match(written)
    if match is None or int(match[1]) > 10:
        raise ValueError(f"{written!r} is no pace; write 0ms to 10ms")
    return int(match[1]) / 1_000


def parse_share(text: object) -> float:
    """Read a share such as ``50%``; one half is 0.5."""
    written = _text(text, "a share such as 50%")
    match = _SHARE.match(written)
    if match is None or not 1 <= int(match[1]) <= 1_000:
        raise ValueError(f"{written!r} is no share; write 1% to 1000%")
    return int(match[1]) / 100


def parse_octets(text: object) -> int:
    """Read a size such as ``64MB`` or ``1GiB``; a number alone is refused, for it has no unit."""
    return _parse_amount(text, _OCTETS, "a size such as 64MB or 1GiB")


def _parse_amount(text: object, units: dict[str, int], example: str) -> int:
    written = _text(text, example)
    match = _AMOUNT.match(written)
    if match is None or match[2] not in units:
        raise ValueError(f"{written!r} is not {example}; the unit is one of {', '.join(units)}")
    return int(match[1]) * units[match[2]]


def parse_count(text: object) -> int:
    """Read a whole number."""
    written = _text(text, "a whole number")
    if not (written.isascii() and written.isdigit() and len(written) <= 12):
        raise ValueError(f"{written!r} is no whole number")
    return int(written)


def _text(value: object, expected: str) -> str:
    match value:
        case str():
            return value.strip()
        case None:
            found = "nothing"
        case bool():
            found = str(value).lower()
        case _:
            found = "a list or a mapping"
    raise ValueError(f"{found} stands where {expected} is expected")


def check_special(apex: str) -> str:
    """Let a special name through that may be forwarded like any other.

    Raises ValueError.
    """
    if apex not in APEXES:
        raise ValueError(f"{apex} is no special name; write for example test, home.arpa or 10.in-addr.arpa")
    if apex == "resolver.arpa":
        raise ValueError(
            "resolver.arpa leads clients to the upstream and past the orders; "
            "give it to a server of your own in zones, if you have one"
        )
    return apex
