"""What a worker gets of the configuration: whom it serves, whom it asks, and its share of every bound."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple, cast

from resolver.core.rate_limit import Rates
from resolver.net.resolv_conf import nameservers
from resolver.net.settings import UpstreamAddress, WorkerSettings
from resolver.ops.config import Config
from resolver.ops.config_checks import is_ourselves
from resolver.ops.config_serving import RateLimitConfig
from resolver.ops.config_values import Endpoint, Upstream

SYSTEM_RESOLVERS: Final = Path("/etc/resolv.conf")


class AskedUpstreams(NamedTuple):
    """The resolvers that are asked: for everything, and for zones."""

    everywhere: tuple[Upstream, ...]
    zones: tuple[tuple[str, tuple[Upstream, ...]], ...]

    def all(self) -> Iterator[Upstream]:
        """Yield each, those for everything first; some may come twice."""
        yield from self.everywhere
        for _, upstreams in self.zones:
            yield from upstreams


def asked_upstreams(config: Config, system: Path = SYSTEM_RESOLVERS) -> AskedUpstreams:
    """Take them from the configuration, or from the system's file where the configuration is silent.

    The system may name ourselves, for its own programs; we are left out, or every question would come back to us.
    """
    zones = tuple(config.zones.items())
    if config.upstreams is not None:
        return AskedUpstreams(config.upstreams, zones)
    return AskedUpstreams(tuple(_of_the_system(config, system)), zones)


def _of_the_system(config: Config, system: Path) -> Iterator[Upstream]:
    try:
        text = system.read_text(errors="replace")
    except OSError:
        return
    for host in nameservers(text):
        upstream = Upstream("udp", Endpoint(host, 53))
        if not is_ourselves(upstream, config.listen):
            yield upstream


def worker_settings(
    config: Config,
    asked: AskedUpstreams,
    numbers: Mapping[str, int],
    workers: int,
    cookie_secrets: Sequence[bytes] = (),
) -> WorkerSettings:
    """Divide the bounds by the number of workers, and give every upstream its counter number."""
    return WorkerSettings(
        clients_allow=config.clients.allow,
        upstreams=_numbered(asked.everywhere, numbers),
        zones=tuple((apex, _numbered(upstreams, numbers)) for apex, upstreams in asked.zones),
        special_forwarded=tuple(config.special_names),
        message_entries=_share(config.cache.entries, workers),
        message_octets=_share(config.cache.size, workers),
        packet_entries=config.cache.packets // max(workers, 1),
        stale_seconds=config.cache.stale,
        tcp_connections=_share(config.limits.tcp_connections, workers),
        tcp_per_client=_share(config.limits.tcp_per_client, workers),
        tcp_queries=config.limits.tcp_queries,
        in_flight=_share(config.limits.in_flight, workers),
        in_flight_per_client=_share(config.limits.in_flight_per_client, workers),
        in_flight_per_domain=_share(config.limits.in_flight_per_domain, workers),
        pace_seconds=config.lane.pace,
        random_case=config.upstream_case == "random",
        rebinding_allow=(*config.rebinding.allow, *config.zones) if config.rebinding.deny else None,
        drop_system_ports=config.lane.drop_system_ports,
        rates=_rates(config.rate_limit, workers),
        rate_exempt=config.rate_limit.exempt,
        cookie_secrets=tuple(secret.hex() for secret in cookie_secrets),
        cookie_algorithm=config.cookies.algorithm,
        cookies_required=config.cookies.require,
        structured_option=config.blocked.structured_error_option if config.blocked.structured_errors else 0,
    )


def _rates(limit: RateLimitConfig, workers: int) -> Rates:
    return Rates(
        responses=_share(limit.responses_per_second, workers) if limit.responses_per_second else 0,
        errors=_share(limit.errors_per_second, workers),
        refusals=_share(limit.refusals_per_second, workers),
        slip=limit.slip,
        log_only=limit.log_only,
        ipv4_prefix=limit.ipv4_prefix,
        ipv6_prefix=limit.ipv6_prefix,
    )


def _share(bound: int, workers: int) -> int:
    return max(1, bound // max(workers, 1))


def _numbered(upstreams: tuple[Upstream, ...], numbers: Mapping[str, int]) -> tuple[UpstreamAddress, ...]:
    return tuple(
        UpstreamAddress(
            cast("Literal['udp', 'tcp']", upstream.protocol),
            upstream.endpoint.host,
            upstream.endpoint.port,
            numbers[str(upstream)],
            upstream.trust_ad,
        )
        for upstream in upstreams
    )
