"""Who holds a port: what /proc tells about the process behind an address that is taken already.

The tables /proc/net/{udp,tcp}{,6} give the inode of each socket (proc(5)), /proc/PID/fd gives the process that has it
open. Without the right to look into other people's processes the answer is None.
"""

import contextlib
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Final, Literal, NamedTuple

_LISTEN: Final = "0A"
"""The state of a listening TCP socket, as /proc/net/tcp writes it."""


class Holder(NamedTuple):
    """A process that has the port open."""

    pid: int
    command: str

    def __str__(self) -> str:
        return f"{self.command} (process {self.pid})"


class _Bound(NamedTuple):
    address: IPv4Address | IPv6Address
    port: int
    inode: str


def port_holder(protocol: Literal["udp", "tcp"], host: str, port: int, proc: Path = Path("/proc")) -> Holder | None:
    """Name the process whose socket keeps this address from us; None when /proc does not tell."""
    wanted = ip_address(host.partition("%")[0])
    inodes = {f"socket:[{bound.inode}]" for bound in _bound(proc / "net", protocol) if _in_the_way(bound, wanted, port)}
    return _process_with(proc, inodes) if inodes else None


def _in_the_way(bound: _Bound, wanted: IPv4Address | IPv6Address, port: int) -> bool:
    if bound.port != port:
        return False
    if bound.address.is_unspecified:  # [::] may hold IPv4 too
        return bound.address.version >= wanted.version
    same_family = bound.address.version == wanted.version
    return same_family and (wanted.is_unspecified or bound.address == wanted)


def _bound(net: Path, protocol: str) -> Iterator[_Bound]:
    for table in (net / protocol, net / f"{protocol}6"):
        with contextlib.suppress(OSError):
            for line in table.read_text().splitlines()[1:]:
                fields = line.split()
                if protocol == "udp" or fields[3] == _LISTEN:
                    host, _, port = fields[1].partition(":")
                    yield _Bound(_address(host), int(port, 16), fields[9])


def _address(text: str) -> IPv4Address | IPv6Address:
    """Read an address that the kernel printed as 32-bit words in host order."""
    words = [int(text[at : at + 8], 16).to_bytes(4, "little") for at in range(0, len(text), 8)]
    return ip_address(b"".join(words))


def _process_with(proc: Path, links: set[str]) -> Holder | None:
    for process in proc.iterdir():
        if process.name.isdigit() and _has_open(process / "fd", links):
            with contextlib.suppress(OSError):
                return Holder(int(process.name), (process / "comm").read_text().strip())
    return None


def _has_open(descriptors: Path, links: set[str]) -> bool:
    with contextlib.suppress(OSError):
        for descriptor in descriptors.iterdir():
            with contextlib.suppress(OSError):
                if str(descriptor.readlink()) in links:
                    return True
    return False
