"""The first things to look at when something does not work; each check says what it found and what to do."""

import ctypes
import os
import resource
import socket
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from time import perf_counter
from typing import Final, NamedTuple

import dns.exception
import dns.message
import dns.query
import dns.rcode

from resolver.cli.query import connected_socket
from resolver.compiled import form, is_compiled
from resolver.net.mmsg import BATCH, unsupported
from resolver.net.sockets import FamilyAbsentError, ListenAddress, ListenError, open_listener
from resolver.net.upstream_sockets import SOCKETS, sockets_for_each
from resolver.ops.config_values import Endpoint, Upstream
from resolver.ops.metrics_server import MetricsAddressError, open_metrics_listener

OLDEST_PYTHON: Final = (3, 11)
UPSTREAM_PATIENCE: Final = 2.0
MOST_AT_ONCE: Final = 16
CLOCK_UNSYNCHRONISED: Final = 5
"""TIME_ERROR of adjtimex(2)."""


class Health(StrEnum):
    """How serious a finding is."""

    GOOD = "ok"
    DOUBTFUL = "warning"
    BAD = "problem"


class Finding(NamedTuple):
    """What one check found."""

    check: str
    health: Health
    what: str


def python_version() -> Finding:
    """Compare the interpreter with what Arrêt needs."""
    running = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        return Finding("python", Health.BAD, f"{running}; install 3.11 or newer")
    return Finding("python", Health.GOOD, running)


def state_folder(state: Path) -> Finding:
    """Write into the state folder, or where it would be made."""
    existing = next(folder for folder in (state, *state.parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        return Finding(
            "state", Health.BAD, f"{existing} cannot be written: {error.strerror}; give this user the right, or move it"
        )
    return Finding("state", Health.GOOD, f"{state}" + ("" if existing == state else " (will be made)"))


def listen_addresses(listen: Sequence[Endpoint], *, ours: bool) -> Iterator[Finding]:
    """Bind every address for a moment; those of our own running server are taken, and should be."""
    for endpoint in listen:
        if ours:
            yield Finding("listen", Health.GOOD, f"{endpoint}: ours, the server is running")
            continue
        try:
            open_listener(ListenAddress(*endpoint), 1).close()
        except FamilyAbsentError as error:  # the server leaves such an address out, or says so at its start
            yield Finding("listen", Health.DOUBTFUL, str(error).removeprefix("listen: "))
        except ListenError as error:
            yield Finding("listen", Health.BAD, str(error).removeprefix("listen: "))
        else:
            yield Finding("listen", Health.GOOD, f"{endpoint}: free, UDP and TCP")


def metrics_address(listen: Endpoint | None, *, ours: bool) -> Finding:
    """Bind the metrics address for a moment."""
    if listen is None:
        return Finding("metrics", Health.DOUBTFUL, "switched off by metrics.listen: null")
    if ours:
        return Finding("metrics", Health.GOOD, f"{listen}: ours, the server is running")
    try:
        open_metrics_listener(listen).close()
    except MetricsAddressError as error:
        return Finding("metrics", Health.BAD, str(error))
    return Finding("metrics", Health.GOOD, f"{listen}: free")


def address_families(wanted: Iterable[Endpoint]) -> Iterator[Finding]:
    """Open a socket of each family that the configuration speaks of."""
    versions = {6 if ":" in endpoint.host else 4 for endpoint in wanted}
    for version in sorted(versions):
        family, loopback = (socket.AF_INET, "127.0.0.1") if version == 4 else (socket.AF_INET6, "::1")
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as sock:
                sock.bind((loopback, 0))
        except OSError as error:
            yield Finding(
                "families",
                Health.DOUBTFUL,
                f"IPv{version}: {error.strerror}; enable it or take its addresses off the list",
            )
        else:
            yield Finding("families", Health.GOOD, f"IPv{version}")


def open_files(upstreams: int, tcp_connections: int) -> Finding:
    """Compare the limit on open files with what sockets towards upstreams and clients want."""
    limit, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    each = sockets_for_each(upstreams)
    told = f"{each} sockets in each worker for each upstream, of which there are {upstreams}"
    if resource.RLIM_INFINITY in {limit, hard}:
        return Finding("open files", Health.GOOD, f"no limit: {told}")
    if hard < tcp_connections:
        return Finding("open files", Health.BAD, f"limit {hard}, less than limits.tcp_connections; raise LimitNOFILE")
    if each < SOCKETS:
        needed = 2 * SOCKETS * max(upstreams, 1) + 768
        return Finding(
            "open files",
            Health.DOUBTFUL,
            f"limit {hard}: {told}, and {SOCKETS} make answers harder to forge; "
            f"set LimitNOFILE={needed} or ulimit -n {needed}",
        )
    return Finding("open files", Health.GOOD, f"limit {hard}: {told}")


def upstream_answers(upstreams: Sequence[tuple[str, Upstream]], patience: float = UPSTREAM_PATIENCE) -> list[Finding]:
    """Ask each upstream for the SOA of the zone it is there for, all at the same time; ``patience`` is seconds."""
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        return list(pool.map(lambda asked: _ask_upstream(asked[0], asked[1], patience), upstreams))


def _ask_upstream(zone: str, upstream: Upstream, patience: float) -> Finding:
    asked = dns.message.make_query(zone, "SOA", use_edns=0, payload=1_232)
    begun = perf_counter()
    try:
        answer = _send(asked, upstream, patience)
    except ConnectionRefusedError:
        what = f"{upstream}: refused, nothing listens there; start it or correct the address"
        return Finding("upstreams", Health.BAD, what)
    except dns.exception.Timeout:
        return Finding(
            "upstreams", Health.BAD, f"{upstream}: no answer in {patience:g} s; check the address and firewalls"
        )
    except (OSError, EOFError, dns.exception.DNSException) as error:
        return Finding("upstreams", Health.BAD, f"{upstream}: {error}; check the address")
    rcode = dns.rcode.to_text(answer.rcode())
    took = f"{(perf_counter() - begun) * 1_000:.0f} ms"
    if answer.rcode() == dns.rcode.NOERROR:
        return Finding("upstreams", Health.GOOD, f"{upstream}: answers ({zone} SOA, {took})")
    return Finding("upstreams", Health.DOUBTFUL, f"{upstream}: {rcode} for {zone} SOA; is it a resolver for us?")


def _send(asked: dns.message.Message, upstream: Upstream, patience: float) -> dns.message.Message:
    host, port = upstream.endpoint
    if upstream.protocol == "tcp":
        return dns.query.tcp(asked, host, patience, port)
    with connected_socket(upstream.endpoint) as sock:
        return dns.query.udp(asked, host, patience, port, sock=sock)


def clock(wall: float, newest_file: float) -> Finding:
    """Ask the kernel whether anything keeps the clock right, and compare it with the newest order file.

    Both are POSIX seconds. Orders begin and end by this clock.
    """
    if wall < newest_file - 86_400:
        return Finding("clock", Health.BAD, "behind the newest order file by more than a day; set it, orders end by it")
    if ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512)) == CLOCK_UNSYNCHRONISED:
        return Finding("clock", Health.DOUBTFUL, "not synchronised, says the kernel; run chrony or systemd-timesyncd")
    return Finding("clock", Health.GOOD, "synchronised")


def newest_file(folders: Sequence[Path]) -> float:
    """Find when a file of these folders was last changed (POSIX seconds); 0 if there is none."""
    files = (path for folder in folders if folder.is_dir() for path in folder.rglob("*.yaml"))
    return max((path.stat().st_mtime for path in files), default=0.0)


def udp_lane(workers: int) -> Finding:
    """Say how datagrams will be read, and why not in batches."""
    why_not = unsupported()
    how = f"one system call for each datagram: {why_not}" if why_not else f"batches of up to {BATCH} datagrams"
    told = f"{how}; {workers} workers on {len(os.sched_getaffinity(0))} cores"
    return Finding("udp lane", Health.DOUBTFUL if why_not else Health.GOOD, told)


def query_path() -> Finding:
    """Say in which form the way of a query runs."""
    more = "" if is_compiled() else "; a forwarded query takes half as much again as with the compiled form"
    return Finding("query path", Health.GOOD, form() + more)
