"""Which values of a configuration contradict each other although each is well formed."""

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Final

from resolver.core.admission import Admission
from resolver.core.counters import UPSTREAMS
from resolver.ops.config_values import Endpoint, Upstream

_FAMILIES: Final = {4: socket.AF_INET, 6: socket.AF_INET6}

KeyPath = tuple[str | int, ...]
Contradiction = tuple[KeyPath, str]


def contradictions(
    listen: Sequence[Endpoint],
    rehearse: date | None,
    upstreams: Sequence[Upstream],
    zones: Mapping[str, Sequence[Upstream]],
    metrics: Endpoint | None,
    orders: Sequence[Path],
) -> list[Contradiction]:
    """Find them all; each has the path of keys that leads to the culprit, and a sentence."""
    found = [*_listening_twice(listen), *_reading_twice(orders)]
    if rehearse is not None:
        found += _rehearsing_in_public(listen)
    if metrics is not None and metrics.port and metrics in listen:
        found.append((("metrics", "listen"), f"{metrics} is an address of listen; metrics need a port of their own"))
    found += _asking_badly(("upstreams",), upstreams, listen)
    for zone, servers in zones.items():
        found += _asking_badly(("zones", zone), servers, listen)
    found += _trusted_by_halves(upstreams, zones)
    distinct = {str(server) for server in (*upstreams, *(server for servers in zones.values() for server in servers))}
    if len(distinct) > UPSTREAMS:
        found.append((("zones",), f"{len(distinct)} upstreams in all; at most {UPSTREAMS} can be counted apart"))
    return found


def _listening_twice(listen: Sequence[Endpoint]) -> Iterator[Contradiction]:
    for number, endpoint in enumerate(listen):
        if endpoint.port and endpoint in listen[:number]:
            yield ("listen", number), f"{endpoint} stands here twice; take one away"


def _reading_twice(folders: Sequence[Path]) -> Iterator[Contradiction]:
    """Find folders whose orders would seem to stand in two files each, links followed."""
    first: dict[str, Path] = {}
    for number, folder in enumerate(folders):
        real = os.path.realpath(folder)
        if real in first:
            yield ("orders", number), f"this folder stands here twice, for {first[real]} is the same; take one away"
        first.setdefault(real, folder)


def _rehearsing_in_public(listen: Sequence[Endpoint]) -> Iterator[Contradiction]:
    for number, endpoint in enumerate(listen):
        if not endpoint.address.is_loopback:
            what = "is no loopback address, and a rehearsal must not reach subscribers"
            todo = "listen on 127.0.0.1 or [::1], or take the line rehearse: away"
            yield ("listen", number), f"{endpoint} {what}; {todo}"


def _asking_badly(path: KeyPath, servers: Sequence[Upstream], listen: Sequence[Endpoint]) -> Iterator[Contradiction]:
    for number, server in enumerate(servers):
        if str(server) in map(str, servers[:number]):
            yield (*path, number), f"{server} stands here twice; take one away"
        elif is_ourselves(server, listen):
            yield (*path, number), f"{server} is our own listen address: every question would come back to us"


def _trusted_by_halves(
    upstreams: Sequence[Upstream], zones: Mapping[str, Sequence[Upstream]]
) -> Iterator[Contradiction]:
    """Find upstreams that are to be trusted in one place and not in another; their answers share one cache."""
    first = {str(server): server.trust_ad for server in upstreams}
    for zone, servers in zones.items():
        for number, server in enumerate(servers):
            if first.setdefault(str(server), server.trust_ad) != server.trust_ad:
                yield ("zones", zone, number), f"{server} stands elsewhere with another trust_ad; write it alike"


def contradicting_brands(
    brands: Sequence[tuple[str, Sequence[str]]], exempt: Sequence[Sequence[str]], allow: Sequence[str]
) -> Iterator[Contradiction]:
    """Find brands of one name, networks that belong to two, and more kinds of clients than can be told apart."""
    owners: dict[str, str] = {}
    for number, (name, networks) in enumerate(brands):
        if name in {other for other, _ in brands[:number]}:
            yield ("brands", number, "name"), f"a second brand {name!r}; give each a name of its own"
        for place, network in enumerate(networks):
            owner = owners.setdefault(network, name)
            if owner != name:
                yield (
                    ("brands", number, "clients", place),
                    f"{network} belongs to {owner!r} already; keep one of the two",
                )
    try:
        Admission(allow, brands, ((str(number), networks) for number, networks in enumerate(exempt)))
    except ValueError as error:
        yield ("exempt",), f"{error}; put networks together that are alike"


def is_ourselves(server: Upstream, listen: Sequence[Endpoint]) -> bool:
    """Tell whether a question to this upstream would arrive at one of our own listeners."""
    return any(
        server.endpoint.port == endpoint.port
        and (server.endpoint.host == endpoint.host or _takes_all_of_this_host(endpoint, server.endpoint))
        for endpoint in listen
    )


def _takes_all_of_this_host(listener: Endpoint, asked: Endpoint) -> bool:
    same_family = listener.address.version == asked.address.version
    return listener.address.is_unspecified and same_family and is_of_this_host(asked)


def is_of_this_host(endpoint: Endpoint) -> bool:
    """Tell whether an address is one of this host: what goes there leaves from there. Nothing is sent."""
    if endpoint.address.is_loopback:
        return True
    with suppress(OSError), socket.socket(_FAMILIES[endpoint.address.version], socket.SOCK_DGRAM) as probe:
        probe.connect((endpoint.host, endpoint.port))
        source: str = probe.getsockname()[0]
        return source == endpoint.host
    return False
