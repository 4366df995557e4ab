"""What is received from many sockets, and what sending says; of the source in C, too, where the tests run against the
compiled form."""

import errno
import os
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from resolver.net.readiness import receive, send


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def pair(stack: ExitStack, epoll: select.epoll) -> tuple[socket.socket, socket.socket]:
    """Make a connected pair of UDP sockets, of which the first is watched."""
    ours, theirs = (stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(2))
    ours.bind(("127.0.0.1", 0))
    theirs.bind(("127.0.0.1", 0))
    ours.connect(theirs.getsockname())
    theirs.connect(ours.getsockname())
    ours.settimeout(0)
    epoll.register(ours.fileno(), select.EPOLLIN)
    return ours, theirs


@pytest.mark.parametrize("size", [0, 1, 12, 1_232, 60_000])
def test_a_datagram_comes_whole(stack: ExitStack, size: int) -> None:
    epoll = stack.enter_context(select.epoll())
    ours, theirs = pair(stack, epoll)
    sent = os.urandom(size)
    theirs.send(sent)
    assert receive(epoll, 64) == [(ours.fileno(), sent, 0)]
    assert receive(epoll, 64) == []


def test_each_socket_gives_one_datagram_at_a_time(stack: ExitStack) -> None:
    epoll = stack.enter_context(select.epoll())
    pairs = [pair(stack, epoll) for _ in range(5)]
    for number, (_, theirs) in enumerate(pairs):
        theirs.send(b"first %d" % number)
        theirs.send(b"then %d" % number)
    for word in (b"first", b"then"):
        expected = {(ours.fileno(), b"%s %d" % (word, number), 0) for number, (ours, _) in enumerate(pairs)}
        assert set(receive(epoll, 64)) == expected


def test_no_more_than_so_many_are_read(stack: ExitStack) -> None:
    epoll = stack.enter_context(select.epoll())
    for _, theirs in [pair(stack, epoll) for _ in range(3)]:
        theirs.send(b"one")
    assert [len(receive(epoll, 2)), len(receive(epoll, 2))] == [2, 1]


def test_nobody_there_is_an_error_of_one_socket(stack: ExitStack) -> None:
    epoll = stack.enter_context(select.epoll())
    ours, theirs = pair(stack, epoll)
    other, speaking = pair(stack, epoll)
    theirs.close()
    assert send(ours.fileno(), b"anybody?") == 0
    speaking.send(b"here")
    found = dict[int, tuple[bytes | None, int]]()
    while len(found) < 2:
        found |= {descriptor: (datagram, failed) for descriptor, datagram, failed in receive(epoll, 64)}
    assert found == {ours.fileno(): (None, errno.ECONNREFUSED), other.fileno(): (b"here", 0)}


def test_what_is_sent_arrives(stack: ExitStack) -> None:
    epoll = stack.enter_context(select.epoll())
    ours, theirs = pair(stack, epoll)
    assert send(ours.fileno(), b"a question") == 0
    assert theirs.recv(100) == b"a question"


def test_what_cannot_be_sent_has_its_reason(stack: ExitStack) -> None:
    epoll = stack.enter_context(select.epoll())
    ours, _ = pair(stack, epoll)
    assert send(ours.fileno(), bytes(65_536)) == errno.EMSGSIZE
    descriptor = ours.detach()
    os.close(descriptor)
    assert send(descriptor, b"anybody?") == errno.EBADF


def test_a_set_that_is_closed_is_an_error() -> None:
    epoll = select.epoll()
    epoll.close()
    with pytest.raises((OSError, ValueError)):
        receive(epoll, 64)


@pytest.mark.parametrize("most", [0, 65, 1 << 40])
def test_no_other_number_is_read_at_once(stack: ExitStack, most: int) -> None:
    epoll = stack.enter_context(select.epoll())
    with pytest.raises((ValueError, OverflowError)):
        receive(epoll, most)
