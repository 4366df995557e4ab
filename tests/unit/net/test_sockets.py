"""Opening listeners: what is shared, what is exclusive, and what an operator reads when it fails."""

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest

from resolver.net import sockets
from resolver.net.port_holder import port_holder
from resolver.net.sockets import (
    AddressTakenError,
    FamilyAbsentError,
    ListenAddress,
    Listener,
    ListenError,
    NoRightError,
    NoSuchAddressError,
    is_wildcard,
    kernel_drops,
    open_listener,
    open_listeners,
)

ABSENT = "listen: [::1]:0 (UDP): this host has no IPv6; enable it or take the address off the list"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "0.0.0.0", "::"])
def test_every_worker_has_its_own_udp_socket_on_one_port(host: str) -> None:
    opened = open_listeners([ListenAddress(host, 0)], 3)
    (listener,) = opened.listeners
    try:
        ports = {sock.getsockname()[1] for sock in (*listener.udp, listener.tcp)}
        assert ports == {listener.address.port}
        assert len(listener.udp) == 3
        assert [is_wildcard(sock) for sock in listener.udp] == [host in {"0.0.0.0", "::"}] * 3
        assert not any(sock.getblocking() for sock in (*listener.udp, listener.tcp))
        assert all(sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) >= 212_992 for sock in listener.udp)
    finally:
        listener.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_nobody_can_make_us_fragment_by_forging_a_path_mtu(host: str) -> None:
    listener = open_listener(ListenAddress(host, 0), 2)
    try:
        for sock in listener.udp:
            if sock.family == socket.AF_INET6:
                asked = sock.getsockopt(socket.IPPROTO_IPV6, sockets.IPV6_MTU_DISCOVER)
            else:
                asked = sock.getsockopt(socket.IPPROTO_IP, sockets.IP_MTU_DISCOVER)
            assert asked == 5, "IP_PMTUDISC_OMIT of ip(7): what others say of the path is not listened to"
    finally:
        listener.close()


def test_ipv6_listeners_hear_ipv6_only() -> None:
    listener = open_listener(ListenAddress("::", 0), 1)
    try:
        for sock in (*listener.udp, listener.tcp):
            assert sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1
    finally:
        listener.close()


HOLDER = """
import socket, sys
sock = socket.socket(getattr(socket, sys.argv[1]), getattr(socket, sys.argv[2]))
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
sock.bind((sys.argv[3], 0))
if sys.argv[2] == "SOCK_STREAM":
    sock.listen()
print(sock.getsockname()[1], flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("family", "kind", "held", "wanted"),
    [
        pytest.param("AF_INET", "SOCK_DGRAM", "127.0.0.1", "127.0.0.1", id="the same address"),
        pytest.param("AF_INET", "SOCK_DGRAM", "0.0.0.0", "127.0.0.1", id="a wildcard holds it"),
        pytest.param("AF_INET", "SOCK_DGRAM", "127.0.0.1", "0.0.0.0", id="the wildcard is wanted"),
        pytest.param("AF_INET6", "SOCK_DGRAM", "::", "127.0.0.1", id="[::] holds IPv4 too"),
        pytest.param("AF_INET6", "SOCK_DGRAM", "::1", "::1", id="IPv6"),
        pytest.param("AF_INET", "SOCK_STREAM", "127.0.0.1", "127.0.0.1", id="TCP"),
    ],
)
def test_a_port_that_somebody_shares_is_taken_and_its_holder_named(
    family: str, kind: str, held: str, wanted: str
) -> None:
    command = [sys.executable, "-c", HOLDER, family, kind, held]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        port = int(holder.stdout.readline())
        with pytest.raises(AddressTakenError) as caught:
            open_listeners([ListenAddress(wanted, port)], 2)
        holder.communicate()
    protocol = "UDP" if kind == "SOCK_DGRAM" else "TCP"
    assert str(caught.value).startswith(f"listen: {ListenAddress(wanted, port)} ({protocol}): taken by ")
    assert f"(process {holder.pid}); stop it or listen on another port" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_failure_gives_everything_back() -> None:
    first = open_listener(ListenAddress("127.0.0.1", 0), 1)
    port = first.address.port
    with pytest.raises(AddressTakenError, match="another address of the list covers it already"):
        open_listeners([ListenAddress("127.0.0.2", port), ListenAddress("127.0.0.1", port)], 2)
    first.close()
    open_listener(ListenAddress("127.0.0.2", port), 1).close()


def test_an_address_of_somebody_else_is_refused() -> None:
    with pytest.raises(NoSuchAddressError, match="this host has no such address; configure it"):
        open_listener(ListenAddress("203.0.113.77", 0), 1)


def refuse(number: int) -> Callable[[socket.socket], None]:
    def prepare(_: socket.socket) -> None:
        raise OSError(number, os.strerror(number))

    return prepare


@pytest.mark.parametrize(
    ("number", "kind", "advice"),
    [
        (errno.EACCES, NoRightError, "CAP_NET_BIND_SERVICE"),
        (errno.EAFNOSUPPORT, FamilyAbsentError, "this host has no IPv4"),
        (errno.EMFILE, ListenError, "Too many open files"),
    ],
)
def test_each_failure_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, number: int, kind: type[ListenError], advice: str
) -> None:
    monkeypatch.setattr(sockets, "_prepare_udp", refuse(number))
    with pytest.raises(kind, match=advice):
        open_listener(ListenAddress("127.0.0.1", 53), 1)


class WithoutIpv6:
    """Opens IPv4 addresses; the host that this test plays has no IPv6."""

    def __call__(self, address: ListenAddress, workers: int) -> Listener:
        if ":" in address.host:
            raise FamilyAbsentError(ABSENT)
        return open_listener(address, workers)


def test_an_absent_family_is_left_out_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "open_listener", WithoutIpv6())
    opened = open_listeners([ListenAddress("::1", 0), ListenAddress("127.0.0.1", 0)], 1)
    assert [listener.address.host for listener in opened.listeners] == ["127.0.0.1"]
    assert opened.warnings == (ABSENT,)
    opened.listeners[0].close()


@pytest.mark.parametrize(
    ("hosts", "strict"), [(["::1"], False), (["127.0.0.1", "::1"], True)], ids=["nothing else binds", "strict"]
)
def test_an_absent_family_is_an_error(monkeypatch: pytest.MonkeyPatch, hosts: list[str], strict: bool) -> None:  # noqa: FBT001 - a row of the table
    monkeypatch.setattr(sockets, "open_listener", WithoutIpv6())
    with pytest.raises(FamilyAbsentError, match="no IPv6"):
        open_listeners([ListenAddress(host, 0) for host in hosts], 1, strict=strict)


def test_the_kernel_tells_how_much_it_dropped() -> None:
    listener = open_listener(ListenAddress("127.0.0.1", 0), 1)
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        listener.udp[0].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        assert kernel_drops(listener.udp[0]) == 0
        for _ in range(50):
            client.sendto(bytes(100), listener.udp[0].getsockname())
        assert 0 < kernel_drops(listener.udp[0]) < 50
    listener.close()


def test_nobody_holds_a_free_port() -> None:
    listener = open_listener(ListenAddress("127.0.0.1", 0), 1)
    port = listener.address.port
    holder = port_holder("udp", "127.0.0.1", port)
    assert holder is not None
    assert holder.pid == os.getpid()
    listener.close()
    assert port_holder("udp", "127.0.0.1", port) is None
