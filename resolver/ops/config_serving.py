"""The part of a configuration that says how queries are served, and what is bounded while they are."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, StrictBool

from resolver.ops.config_types import (
    Apex,
    Count,
    Network,
    Octets,
    Pace,
    Seconds,
    SecretFile,
    Section,
    as_list,
    between,
)


class CacheConfig(Section):
    """Bounds of the caches, for the whole server; every worker gets its share."""

    entries: Annotated[Count, between(1_000, 50_000_000)] = 400_000
    size: Annotated[Octets, between(1_000_000, 64 * 2**30, "B")] = 256_000_000
    packets: Annotated[Count, between(0, 10_000_000)] = 200_000
    stale: Annotated[Seconds, between(0, 3 * 86_400, "s")] = 86_400


class LimitsConfig(Section):
    """Bounds on what is open at once, for the whole server; every worker gets its share."""

    tcp_connections: Annotated[Count, between(1, 100_000)] = 1_000
    tcp_per_client: Annotated[Count, between(1, 100_000)] = 100
    tcp_queries: Annotated[Count, between(1, 1_000_000_000)] = 100_000
    in_flight: Annotated[Count, between(10, 1_000_000)] = 20_000
    in_flight_per_client: Annotated[Count, between(10, 1_000_000)] = 1_000
    in_flight_per_domain: Annotated[Count, between(10, 1_000_000)] = 500
    """Half of what a client has: a flood below one domain leaves whoever sends it places for others."""


class RebindingConfig(Section):
    """Whether upstreams may give out addresses of private networks, and for which names."""

    deny: StrictBool = False
    allow: Annotated[tuple[Apex, ...], BeforeValidator(as_list)] = ()


class RateLimitConfig(Section):
    """How many replies over UDP a client network gets in a second."""

    responses_per_second: Annotated[Count, between(0, 1_000_000)] = 0
    errors_per_second: Annotated[Count, between(1, 1_000_000)] = 5_000
    refusals_per_second: Annotated[Count, between(1, 1_000_000)] = 100
    slip: Annotated[Count, between(0, 100)] = 2
    log_only: StrictBool = False
    exempt: Annotated[tuple[Network, ...], BeforeValidator(as_list)] = ()
    ipv4_prefix: Annotated[Count, between(8, 32)] = 24
    ipv6_prefix: Annotated[Count, between(32, 128)] = 56


class CookiesConfig(Section):
    """How clients show that an address is their own (RFC 7873)."""

    secret: SecretFile | None = None
    algorithm: Literal["blake2s", "siphash"] = "blake2s"
    require: StrictBool = False


class LaneConfig(Section):
    """How UDP sockets are read."""

    pace: Pace = 0.001
    drop_system_ports: StrictBool = False
