"""Where upstream sockets lead: an address as the kernel wants it, and sockets that are made for it."""

import socket
from typing import NamedTuple

from resolver.net.settings import UpstreamAddress

_IP_MTU_DISCOVER = 10
_IPV6_MTU_DISCOVER = 23
_PMTUDISC_OMIT = 5
"""Do not believe what the network says of the path's MTU: it may want fragments that can be forged (RFC 9715)."""


class Destination(NamedTuple):
    """An upstream's socket address; the scope of a link-local address is in it."""

    family: socket.AddressFamily
    sockaddr: tuple[str | int | bytes, ...]


def destination(address: UpstreamAddress) -> Destination:
    """Find the socket address of an upstream. Raises OSError for a host that is no address of this machine's reach."""
    found = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    )
    family, _, _, _, sockaddr = found[0]
    return Destination(family, sockaddr)


def open_datagram_socket(to: Destination) -> socket.socket:
    """Open a connected UDP socket on a port that the kernel draws at random from its own range. Raises OSError.

    Connected, it takes datagrams from that address and port only and hears of ICMP errors. The port comes from the
    kernel's generator and range (``net.ipv4.ip_local_port_range``) and belongs to no other socket.
    """
    line = socket.socket(to.family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        if to.family == socket.AF_INET6:
            line.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _PMTUDISC_OMIT)
        else:
            line.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _PMTUDISC_OMIT)
        line.connect(to.sockaddr)
    except OSError:
        line.close()
        raise
    return line


def open_stream_socket(to: Destination) -> socket.socket:
    """Begin to connect a TCP socket; it becomes writable when it is connected or refused. Raises OSError."""
    line = socket.socket(to.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.connect(to.sockaddr)
    except BlockingIOError:
        pass  # Under way.
    except OSError:
        line.close()
        raise
    return line
