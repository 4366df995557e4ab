"""Sockets that lead to an upstream."""

import socket
from typing import Final

from resolver.net.settings import UpstreamAddress

_IP_MTU_DISCOVER: Final = 10
_IPV6_MTU_DISCOVER: Final = 23
_PMTUDISC_OMIT: Final = 5
"""Do not believe what the network says of the path's MTU: it may want fragments that can be forged (RFC 9715)."""


def open_datagram_socket(to: UpstreamAddress) -> socket.socket:
    """Open a connected UDP socket on a port that the kernel draws at random from its own range. Raises OSError.

    Connected, it takes datagrams from that address and port only and hears of ICMP errors. The port comes from the
    kernel's generator and range (``net.ipv4.ip_local_port_range``) and belongs to no other socket.
    """
    line = socket.socket(_family(to), socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        if line.family == socket.AF_INET6:
            line.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _PMTUDISC_OMIT)
        else:
            line.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _PMTUDISC_OMIT)
        line.connect(_socket_address(to))
    except OSError:
        line.close()
        raise
    return line


def open_stream_socket(to: UpstreamAddress) -> socket.socket:
    """Begin to connect a TCP socket; it becomes writable when it is connected or refused. Raises OSError."""
    line = socket.socket(_family(to), socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.connect(_socket_address(to))
    except BlockingIOError:
        pass  # Under way.
    except OSError:
        line.close()
        raise
    return line


def _family(to: UpstreamAddress) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in to.host else socket.AF_INET


def _socket_address(to: UpstreamAddress) -> tuple[str | int | bytes, ...]:
    """Find the address as the kernel wants it; a scope is looked up each time, for interfaces come and go."""
    if "%" not in to.host:
        return to.host, to.port
    found = socket.getaddrinfo(to.host, to.port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)
    return found[0][4]
