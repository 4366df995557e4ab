"""What a worker must know besides the policy: whom it serves, whom it asks, and how much it may hold.

The supervisor writes these settings as JSON on the channel, a worker reads them back; both ends are ours and of one
version, so reading trusts what writing wrote. Bounds are one worker's share already.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Literal, NamedTuple, Self

from resolver.core.cookies import Algorithm
from resolver.core.rate_limit import UNLIMITED, Rates

Protocol = Literal["udp", "tcp"]


class UpstreamAddress(NamedTuple):
    """One resolver that we forward to.

    ``number`` is its place among the counters, below UPSTREAMS; ``trust_ad`` says that its AD bit may be passed on.
    """

    protocol: Protocol
    host: str
    port: int
    number: int
    trust_ad: bool = False

    def __str__(self) -> str:
        return f"{self.protocol}://{present_address(self.host, self.port)}"


Zone = tuple[str, tuple[UpstreamAddress, ...]]
"""A name, and the resolvers that are asked for it and for all below it."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """The part of the configuration that concerns one worker; replaced whole, never changed."""

    clients_allow: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    upstreams: tuple[UpstreamAddress, ...] = ()
    zones: tuple[Zone, ...] = ()
    special_forwarded: tuple[str, ...] = ()
    message_entries: int = 100_000
    message_octets: int = 64 * 1024 * 1024
    packet_entries: int = 65_536
    stale_seconds: int = 86_400
    tcp_connections: int = 512
    tcp_per_client: int = 64
    tcp_queries: int = 100_000
    """On one connection."""
    in_flight: int = 4_096
    in_flight_per_client: int = 1_000
    in_flight_per_domain: int = 1_000
    pace_seconds: float = 0.001
    random_case: bool = False
    """Whether questions go upstream in letters of random case."""
    rebinding_allow: tuple[str, ...] | None = None
    """Zones whose names may have private addresses; None if all may."""
    drop_system_ports: bool = False
    rates: Rates = UNLIMITED
    rate_exempt: tuple[str, ...] = ()
    """Networks whose responses are not rate-limited."""
    cookie_secrets: tuple[str, ...] = field(default=(), repr=False)
    """In hexadecimal digits, the current one first; without one no cookie is spoken of."""
    cookie_algorithm: Algorithm = "blake2s"
    cookies_required: bool = False
    structured_option: int = 0
    """The EDNS option by which a client asks for JSON in extended errors; 0 where nobody may."""

    def to_json(self) -> dict[str, Any]:
        """Give what ``json.dumps`` can write."""
        return {
            "clients_allow": list(self.clients_allow),
            "upstreams": _upstreams_to_json(self.upstreams),
            "zones": [[name, _upstreams_to_json(upstreams)] for name, upstreams in self.zones],
            "special_forwarded": list(self.special_forwarded),
            "message_entries": self.message_entries,
            "message_octets": self.message_octets,
            "packet_entries": self.packet_entries,
            "stale_seconds": self.stale_seconds,
            "tcp_connections": self.tcp_connections,
            "tcp_per_client": self.tcp_per_client,
            "tcp_queries": self.tcp_queries,
            "in_flight": self.in_flight,
            "in_flight_per_client": self.in_flight_per_client,
            "in_flight_per_domain": self.in_flight_per_domain,
            "pace_seconds": self.pace_seconds,
            "random_case": self.random_case,
            "rebinding_allow": None if self.rebinding_allow is None else list(self.rebinding_allow),
            "drop_system_ports": self.drop_system_ports,
            "rates": self.rates._asdict(),
            "rate_exempt": list(self.rate_exempt),
            "cookie_secrets": list(self.cookie_secrets),
            "cookie_algorithm": self.cookie_algorithm,
            "cookies_required": self.cookies_required,
            "structured_option": self.structured_option,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read back what ``to_json`` gave."""
        allow = document["rebinding_allow"]
        return cls(
            clients_allow=tuple(document["clients_allow"]),
            upstreams=_upstreams_from_json(document["upstreams"]),
            zones=tuple((name, _upstreams_from_json(upstreams)) for name, upstreams in document["zones"]),
            special_forwarded=tuple(document["special_forwarded"]),
            message_entries=document["message_entries"],
            message_octets=document["message_octets"],
            packet_entries=document["packet_entries"],
            stale_seconds=document["stale_seconds"],
            tcp_connections=document["tcp_connections"],
            tcp_per_client=document["tcp_per_client"],
            tcp_queries=document["tcp_queries"],
            in_flight=document["in_flight"],
            in_flight_per_client=document["in_flight_per_client"],
            in_flight_per_domain=document["in_flight_per_domain"],
            pace_seconds=document["pace_seconds"],
            random_case=document["random_case"],
            rebinding_allow=None if allow is None else tuple(allow),
            drop_system_ports=document["drop_system_ports"],
            rates=Rates(**document["rates"]),
            rate_exempt=tuple(document["rate_exempt"]),
            cookie_secrets=tuple(document["cookie_secrets"]),
            cookie_algorithm=document["cookie_algorithm"],
            cookies_required=document["cookies_required"],
            structured_option=document["structured_option"],
        )


def present_address(host: str, port: int) -> str:
    """Write an address and a port as an operator does: ``127.0.0.1:53``, ``[::1]:53``."""
    return f"[{host}]:{port}" if ip_address(host).version == 6 else f"{host}:{port}"


def _upstreams_to_json(upstreams: tuple[UpstreamAddress, ...]) -> list[list[str | int]]:
    return [list(upstream) for upstream in upstreams]


def _upstreams_from_json(upstreams: list[list[Any]]) -> tuple[UpstreamAddress, ...]:
    return tuple(UpstreamAddress(*upstream) for upstream in upstreams)
