"""Sockets serve few queries for a short while, are replaced beside the queries, and never exceed their number."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, cast

import pytest

from resolver.net.arrivals import Arrivals
from resolver.net.draws import Draws
from resolver.net.settings import UpstreamAddress
from resolver.net.upstream_lines import open_datagram_socket
from resolver.net.upstream_sockets import (
    FEWEST,
    FEWEST_RETIRED,
    MOST_USES,
    OLDEST,
    PATIENCE,
    SOCKETS,
    UpstreamSocket,
    UpstreamSockets,
    sockets_for_each,
)
from tests.peers import free_port

if TYPE_CHECKING:
    from resolver.net.attempt import Attempt

NOBODY = cast("Attempt", object())


@contextmanager
def pool(size: int, arrived: Callable[[UpstreamSocket, bytes, float], None] | None = None) -> Iterator[UpstreamSockets]:
    """Make sockets that lead to a port where nobody listens; nothing is sent."""
    loop = asyncio.new_event_loop()
    arrivals = Arrivals(loop, arrived or (lambda *_: None), lambda *_: None, lambda: 0.0)
    address = UpstreamAddress("udp", "127.0.0.1", free_port(), 0)
    sockets = UpstreamSockets(address, arrivals, Draws(), size)
    try:
        yield sockets
    finally:
        sockets.close()
        arrivals.close()
        loop.close()


def test_what_cannot_be_taken_in_takes_nothing_else_with_it() -> None:
    """Six datagrams and an error of the kernel are there at once, and two of them meet an error of ours."""
    loop = asyncio.new_event_loop()
    taken: list[bytes] = []
    complaints: list[str] = []
    loop.set_exception_handler(lambda _, context: complaints.append(str(context["exception"])))

    def take_in(_: UpstreamSocket, datagram: bytes, _now: float) -> None:
        if datagram in {b"1", b"4"}:
            raise RuntimeError(datagram.decode())
        taken.append(datagram)

    def fail(_: UpstreamSocket, _now: float) -> None:
        raise RuntimeError("failed")

    arrivals = Arrivals(loop, take_in, fail, lambda: 0.0)
    with ExitStack() as stack:
        stack.callback(loop.close)
        stack.callback(arrivals.close)
        for number in range(7):
            there = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
            there.bind(("127.0.0.1", 0))
            line = stack.enter_context(
                open_datagram_socket(UpstreamAddress("udp", "127.0.0.1", there.getsockname()[1], 0))
            )
            arrivals.watch(UpstreamSocket(line, 0, 0.0))
            if number < 6:
                there.sendto(b"%d" % number, line.getsockname())
            else:
                there.close()
                line.send(b"to nobody")
        arrivals.read()
    assert sorted(taken) == [b"0", b"2", b"3", b"5"]
    assert sorted(complaints) == ["1", "4", "failed"]


def test_each_query_opens_a_socket_until_there_are_enough() -> None:
    with pool(4) as sockets:
        chosen = {sockets.assign(NOBODY, 0.0)[0] for _ in range(4)}
        assert len(chosen) == len(sockets) == 4
        assert len({each.line.getsockname() for each in chosen}) == 4
        for _ in range(20):
            assert sockets.assign(NOBODY, 0.0)[0] in chosen


def test_a_socket_serves_so_many_queries_and_is_replaced_later() -> None:
    with pool(1) as sockets:
        first = {sockets.assign(NOBODY, 0.0)[0] for _ in range(MOST_USES)}
        assert len(first) == 1
        assert next(iter(first)).place == -1
        sockets.renew(0.1)
        assert len(sockets) == 2, "the old one waits for its answers"
        assert sockets.assign(NOBODY, 0.2)[0] not in first


def test_ids_on_one_socket_differ() -> None:
    with pool(1) as sockets:
        drawn = [sockets.assign(NOBODY, 0.0) for _ in range(MOST_USES)]
        assert len({message_id for _, message_id in drawn}) == MOST_USES


def test_a_retired_socket_closes_with_its_last_answer() -> None:
    with pool(1) as sockets:
        drawn = [sockets.assign(NOBODY, 0.0) for _ in range(MOST_USES)]
        retired = drawn[0][0]
        for chosen, message_id in drawn:
            assert retired.line.fileno() >= 0
            del chosen.pending[message_id]
            sockets.release(chosen)
        assert retired.line.fileno() < 0


def test_a_retired_socket_closes_when_nobody_can_wait_any_more() -> None:
    with pool(1) as sockets:
        retired = {sockets.assign(NOBODY, 0.0)[0] for _ in range(MOST_USES)}.pop()
        sockets.renew(PATIENCE - 0.1)
        assert retired.line.fileno() >= 0
        sockets.renew(PATIENCE)
        assert retired.line.fileno() < 0


def test_old_sockets_are_replaced_if_they_were_of_use() -> None:
    with pool(8) as sockets:
        for _ in range(3):
            chosen, message_id = sockets.assign(NOBODY, 0.0)
            del chosen.pending[message_id]
        sockets.renew(OLDEST)
        assert len(sockets) == 3
        assert all(each.opened == OLDEST for each in sockets._ready)
        sockets.renew(2 * OLDEST)
        assert len(sockets) == 0, "unused since, so not replaced"


def test_retired_sockets_are_bounded() -> None:
    with pool(2) as sockets:
        for _ in range((FEWEST_RETIRED + 20) * MOST_USES):
            sockets.assign(NOBODY, 0.0)
            sockets.renew(0.0)
            assert len(sockets) <= 2 + FEWEST_RETIRED


def test_an_interface_that_is_not_there_is_a_network_error() -> None:
    with pytest.raises(OSError, match=r"not known|No address|family|rror"):
        open_datagram_socket(UpstreamAddress("udp", "fe80::1%none0", 53, 0))


def test_without_descriptors_what_is_there_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: UpstreamAddress) -> socket.socket:
        raise OSError(24, "Too many open files")

    with pool(4) as sockets:
        first, _ = sockets.assign(NOBODY, 0.0)
        monkeypatch.setattr("resolver.net.upstream_sockets.open_datagram_socket", refuse)
        assert sockets.assign(NOBODY, 0.0)[0] is first
        sockets.renew(0.0)
        sockets.close()
        with pytest.raises(OSError, match="Too many"):
            sockets.assign(NOBODY, 0.0)


@pytest.mark.parametrize(
    ("limit", "upstreams", "size"),
    [(20_000, 2, SOCKETS), (1_024, 1, 128), (1_024, 64, FEWEST), (-1, 64, SOCKETS), (20_000, 0, SOCKETS)],
)
def test_the_limit_on_open_files_bounds_the_number(
    monkeypatch: pytest.MonkeyPatch, limit: int, upstreams: int, size: int
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (limit, limit))
    assert sockets_for_each(upstreams) == size


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_connected_socket_takes_nothing_from_elsewhere(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as upstream, socket.socket(family, socket.SOCK_DGRAM) as stranger:
        upstream.bind((host, 0))
        with open_datagram_socket(UpstreamAddress("udp", host, upstream.getsockname()[1], 0)) as line:
            stranger.sendto(b"forged", line.getsockname())
            upstream.sendto(b"true", line.getsockname())
            assert line.recv(100) == b"true"
            with pytest.raises(BlockingIOError):
                line.recv(100)
