"""How listening sockets come to be: one UDP socket for each worker and address, one TCP listener for each address.

SO_REUSEPORT would let two resolvers of one user share a port without a word, each with some of the queries. So the
first socket of an address is bound without it, which fails if anybody holds the port, and only then lets the other
workers' sockets join it (Linux looks at the option when the next socket binds). No moment lies between the test and
the use.
"""

import contextlib
import errno
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from resolver.net.port_holder import Holder, port_holder
from resolver.net.settings import present_address

RECEIVE_BUFFER: Final = 4 * 1024 * 1024
"""Octets asked of the kernel; the default holds a few hundred small datagrams, five milliseconds of a busy worker."""
TCP_BACKLOG: Final = 512

# Linux numbers that the socket module does not name (linux/in.h, linux/in6.h, asm-generic/socket.h).
IP_PKTINFO: Final = 8
IP_MTU_DISCOVER: Final = 10
IP_PMTUDISC_OMIT: Final = 5
IPV6_MTU_DISCOVER: Final = 23
IPV6_PMTUDISC_OMIT: Final = 5
SO_MEMINFO: Final = 55
SO_RCVBUFFORCE: Final = 33


class ListenAddress(NamedTuple):
    """An address to listen on; port 0 takes any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return present_address(self.host, self.port)


class ListenError(Exception):
    """An address that cannot be listened on; the message is one line and says what to do."""


class AddressTakenError(ListenError):
    """Somebody holds the port already."""


class NoRightError(ListenError):
    """This user may not bind the port."""


class NoSuchAddressError(ListenError):
    """This host does not have the address."""


class FamilyAbsentError(ListenError):
    """This host has no IPv4, or no IPv6."""


@dataclass(frozen=True, slots=True)
class Listener:
    """The sockets of one address: ``udp[n]`` is worker n's own, ``tcp`` is shared by all workers."""

    address: ListenAddress
    udp: tuple[socket.socket, ...]
    tcp: socket.socket

    def close(self) -> None:
        """Give the address back."""
        for sock in (*self.udp, self.tcp):
            sock.close()


class Opened(NamedTuple):
    """All listeners, and a sentence for each address that was left out."""

    listeners: tuple[Listener, ...]
    warnings: tuple[str, ...]


def open_listeners(addresses: Sequence[ListenAddress], workers: int, *, strict: bool = False) -> Opened:
    """Open every address, or none.

    An address of a family that the host lacks is left out with a warning if another one binds; ``strict`` refuses it.
    Raises ListenError.
    """
    listeners: list[Listener] = []
    absent: list[FamilyAbsentError] = []
    with contextlib.ExitStack() as undo:
        for address in addresses:
            try:
                listener = open_listener(address, workers)
            except FamilyAbsentError as error:
                if strict:
                    raise
                absent.append(error)
            else:
                undo.callback(listener.close)
                listeners.append(listener)
        if absent and not listeners:
            raise absent[0]
        undo.pop_all()
    return Opened(tuple(listeners), tuple(str(error) for error in absent))


class OpenedPages(NamedTuple):
    """The TCP listeners of the notice page with their addresses, and a sentence for each that was left out."""

    listeners: tuple[tuple[ListenAddress, socket.socket], ...]
    warnings: tuple[str, ...]


def open_page_listeners(addresses: Sequence[ListenAddress], *, strict: bool) -> OpenedPages:
    """Open every address for HTTP; what cannot be opened is left out with a warning: DNS does not wait for a page.

    With ``strict`` it raises ListenError.
    """
    listeners: list[tuple[ListenAddress, socket.socket]] = []
    warnings: list[str] = []
    for address in addresses:
        try:
            tcp = _bound("tcp", address, _prepare_tcp)
            _listen(tcp, address)
        except ListenError as error:
            if strict:
                raise
            warnings.append(f"notice.{error}")
        else:
            listeners.append((ListenAddress(address.host, tcp.getsockname()[1]), tcp))
    return OpenedPages(tuple(listeners), tuple(warnings))


def open_listener(address: ListenAddress, workers: int) -> Listener:
    """Open one address for UDP and TCP, at the same port; raises ListenError."""
    attempts = 16 if address.port == 0 else 1
    for _ in range(attempts - 1):  # a port that is free for UDP may be taken for TCP
        with contextlib.suppress(AddressTakenError):
            return _open_once(address, workers)
    return _open_once(address, workers)


def _open_once(address: ListenAddress, workers: int) -> Listener:
    with contextlib.ExitStack() as undo:
        first = undo.enter_context(_bound("udp", address, _prepare_udp))
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound = ListenAddress(address.host, first.getsockname()[1])
        others = [undo.enter_context(_bound("udp", bound, _prepare_joining_udp)) for _ in range(workers - 1)]
        tcp = undo.enter_context(_bound("tcp", bound, _prepare_tcp))
        _listen(tcp, bound)
        undo.pop_all()
    return Listener(bound, (first, *others), tcp)


def _listen(tcp: socket.socket, address: ListenAddress) -> None:
    try:
        tcp.listen(TCP_BACKLOG)
    except OSError as error:
        raise _explained("tcp", address, error) from error


def is_wildcard(sock: socket.socket) -> bool:
    """Tell whether the socket hears several addresses, so that each answer must be given the one that was asked."""
    return ip_address(sock.getsockname()[0].partition("%")[0]).is_unspecified


def kernel_drops(sock: socket.socket) -> int:
    """Read how many datagrams the kernel dropped at this socket since it was opened (SK_MEMINFO_DROPS).

    It is the number that SO_RXQ_OVFL attaches to a datagram, without an ancillary message on each of them, and known
    even when no further datagram comes.
    """
    return int.from_bytes(sock.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 36)[32:36], "little")


def _bound(
    protocol: Literal["udp", "tcp"], address: ListenAddress, prepare: Callable[[socket.socket], None]
) -> socket.socket:
    family = socket.AF_INET6 if ip_address(address.host).version == 6 else socket.AF_INET
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    with contextlib.ExitStack() as undo:
        try:
            sock = undo.enter_context(socket.socket(family, kind | socket.SOCK_NONBLOCK))
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            prepare(sock)
            sock.bind(_socket_address(address, kind))
            if protocol == "udp" and is_wildcard(sock):
                _ask_for_the_address_asked(sock)
        except OSError as error:
            raise _explained(protocol, address, error) from error
        undo.pop_all()
    return sock


def _socket_address(address: ListenAddress, kind: int) -> tuple[Any, ...]:
    """Resolve the scope of a link-local address; nothing is asked of the network."""
    found = socket.getaddrinfo(address.host, address.port, type=kind, flags=socket.AI_NUMERICHOST)
    return found[0][4]


def _prepare_tcp(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of a predecessor may linger


def _prepare_joining_udp(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    _prepare_udp(sock)


def _prepare_udp(sock: socket.socket) -> None:
    """Widen the receive buffer, and never let a path MTU be forged (RFC 9715)."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT)


def _ask_for_the_address_asked(sock: socket.socket) -> None:
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)


def _explained(protocol: Literal["udp", "tcp"], address: ListenAddress, error: OSError) -> ListenError:
    where = f"listen: {address} ({protocol.upper()})"
    match error.errno:
        case errno.EADDRINUSE:
            return AddressTakenError(f"{where}: {_taken(port_holder(protocol, address.host, address.port))}")
        case errno.EACCES | errno.EPERM:
            return NoRightError(
                f"{where}: this user may not bind port {address.port}; start as root with `user:` set, "
                "or give the process CAP_NET_BIND_SERVICE"
            )
        case errno.EAFNOSUPPORT:
            return _family_absent(where, address)
        case errno.EADDRNOTAVAIL if _lacks_family(address):
            return _family_absent(where, address)
        case errno.EADDRNOTAVAIL:
            return NoSuchAddressError(
                f"{where}: this host has no such address; configure it on an interface or take it off the list"
            )
        case _:
            return ListenError(f"{where}: {error.strerror or error}; choose another address or port")


def _taken(holder: Holder | None) -> str:
    if holder is None:
        return (
            "taken by a process this user may not look into (ask `ss -lnp` as root); stop it or listen on another port"
        )
    if holder.pid == os.getpid():
        return "another address of the list covers it already; take one of the two off the list"
    return f"taken by {holder}; stop it or listen on another port"


def _family_absent(where: str, address: ListenAddress) -> FamilyAbsentError:
    family = f"IPv{ip_address(address.host).version}"
    return FamilyAbsentError(f"{where}: this host has no {family}; enable it or take the address off the list")


def _lacks_family(address: ListenAddress) -> bool:
    if ip_address(address.host).version == 4:
        return False
    try:
        return not Path("/proc/net/if_inet6").read_text().strip()
    except OSError:
        return True
