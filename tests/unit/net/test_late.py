"""What came before an instant is dropped, and only that; the kernel's own note of each arrival decides."""

import select
import selectors
import socket
import time
from collections.abc import Iterator

import pytest

from resolver.net.late import STANDSTILL, WatchfulSelector, discard_before, note_arrivals


@pytest.fixture(params=["127.0.0.1", "::1"])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, socket.socket]]:
    """A socket whose arrivals are noted, and one that sends to it."""
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as listener, socket.socket(family, socket.SOCK_DGRAM) as sender:
        listener.bind((request.param, 0))
        listener.settimeout(0)
        note_arrivals(listener)
        sender.connect(listener.getsockname()[:2])
        wait_until_arrivals_are_noted(listener, sender)
        yield listener, sender


def wait_until_arrivals_are_noted(listener: socket.socket, sender: socket.socket) -> None:
    """Go on once they are: the kernel begins a moment later, and until then stamps what is read when it is read."""
    while True:
        sender.send(b"a first one")
        later = time.time() + 0.001
        while time.time() < later:
            pass
        if discard_before(listener, later):
            return
        listener.recv(100)


Pair = tuple[socket.socket, socket.socket]


def left(sock: socket.socket) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(sock.recv(100))
        except BlockingIOError:
            return found


def test_what_came_too_long_ago_is_dropped_whole(pair: Pair) -> None:
    listener, sender = pair
    for number in range(5):
        sender.send(b"query %d" % number)
    assert discard_before(listener, time.time() + 0.5) == 5
    assert left(listener) == []


def test_what_is_younger_stays_whole(pair: Pair) -> None:
    listener, sender = pair
    sender.send(b"first")
    sender.send(b"second")
    assert discard_before(listener, time.time() - 0.5) == 0
    assert left(listener) == [b"first", b"second"]


def test_the_old_go_and_the_young_behind_them_stay(pair: Pair) -> None:
    listener, sender = pair
    sender.send(b"old")
    assert select.select([listener], [], [], 60)[0]
    between = time.time()
    while time.time() < between + 0.002:
        pass  # so that the kernel's clock tells the two apart
    sender.send(b"young")
    assert discard_before(listener, between + 0.001) == 1
    assert left(listener) == [b"young"]


def test_nothing_waiting_is_nothing_dropped(pair: Pair) -> None:
    assert discard_before(pair[0], time.time()) == 0


class TestSelector:
    def test_a_standstill_is_told_before_what_is_ready(self) -> None:
        now = 100.0
        told: list[float] = []
        with WatchfulSelector(lambda: now) as selector, socket.socket(type=socket.SOCK_DGRAM) as sock:
            selector.register(sock, selectors.EVENT_WRITE)
            selector.on_standstill = lambda: told.append(now)
            now += STANDSTILL - 0.1
            assert selector.select(0)
            assert told == []
            now += STANDSTILL + 0.1
            assert selector.select(0)
            assert told == [now]
            assert selector.select(0)
            assert told == [now], "once for each"
