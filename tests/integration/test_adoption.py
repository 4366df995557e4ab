"""A worker reads a neighbour's sockets while it is told to, and answers nothing that has waited too long."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import dns.message
import pytest

from resolver.core.counters import DROPS, DropReason
from resolver.net.sockets import ListenAddress, open_listener
from tests.integration.running_worker import PATIENCE, Running, make_policy, running_worker

LISTED = "dpstream.example"
NEIGHBOUR = 1


class Rig:
    """A worker, and an address that belongs to the other place; that address is its neighbour's only one."""

    def __init__(self, running: Running, theirs: socket.socket) -> None:
        self.running = running
        self._theirs = theirs

    def adopt(self) -> None:
        self.running.call(lambda: self.running.worker.adopt(NEIGHBOUR))

    def release(self) -> None:
        self.running.call(lambda: self.running.worker.release(NEIGHBOUR))

    @contextmanager
    def client(self) -> Iterator[socket.socket]:
        """Open a socket that asks the neighbour."""
        with socket.socket(type=socket.SOCK_DGRAM) as client:
            client.settimeout(PATIENCE)
            client.connect(self._theirs.getsockname())
            yield client

    def late(self) -> int:
        return int(self.running.page[DROPS + DropReason.LATE])

    def unread(self) -> bytes:
        """Read what waits for the neighbour."""
        return self._theirs.recv(4_096)


@pytest.fixture
def rig() -> Iterator[Rig]:
    with ExitStack() as held:
        listener = open_listener(ListenAddress("127.0.0.1", 0), 1)
        held.callback(listener.close)
        worker = running_worker(make_policy(LISTED), hosts=["127.0.0.1"], neighbours={NEIGHBOUR: listener.udp})
        yield Rig(held.enter_context(worker), listener.udp[0])


def ask(client: socket.socket, name: str = LISTED) -> None:
    client.send(dns.message.make_query(name, "A").to_wire())


def address(client: socket.socket) -> str:
    return str(dns.message.from_wire(client.recv(4_096)).answer[0][0])


class TestAdoption:
    def test_what_waited_and_what_comes_is_answered_from_the_address_asked(self, rig: Rig) -> None:
        with rig.client() as client:
            ask(client)
            rig.adopt()
            assert address(client) == "192.0.2.80"
            ask(client)
            assert address(client) == "192.0.2.80"

    def test_what_comes_after_the_release_is_left_to_its_owner(self, rig: Rig) -> None:
        with rig.client() as client:
            rig.adopt()
            rig.release()
            ask(client)
            exchange_with_itself(rig.running)
            assert rig.unread()

    def test_what_was_in_flight_at_the_release_is_still_answered(self, rig: Rig) -> None:
        with rig.client() as client:
            rig.adopt()
            ask(client, "slow.example")
            rig.running.upstream.wait_for("slow.example.")
            rig.release()
            rig.running.call(rig.running.upstream.let_go)
            assert address(client) == "192.0.2.7"

    def test_twice_is_no_more_than_once(self, rig: Rig) -> None:
        with rig.client() as client:
            rig.release()
            for _ in range(3):
                rig.adopt()
                rig.adopt()
                ask(client)
                assert address(client) == "192.0.2.80"
                rig.release()
                rig.release()

    def test_a_worker_that_ends_ends_its_reading_for_others(self, rig: Rig) -> None:
        with rig.client() as client:
            rig.adopt()
            rig.running.call(rig.running.worker.close)
            rig.adopt()
            ask(client)
            rig.running.call(lambda: None)
            assert rig.unread()

    def test_a_drain_answers_what_waits_for_the_neighbour_too(self, rig: Rig) -> None:
        with rig.client() as client:
            rig.adopt()

            async def drain() -> None:
                ask(client)
                await rig.running.worker.drain(PATIENCE)

            rig.running.run(drain())
            assert address(client) == "192.0.2.80"


class TestLate:
    def test_what_waited_too_long_for_a_reader_is_dropped_and_counted(self, rig: Rig) -> None:
        with rig.client() as client:
            ask(client)
            ask(client)
            rig.running.clocks.ahead = PATIENCE
            rig.adopt()
            assert rig.late() == 2
            rig.running.clocks.ahead = 0.0
            ask(client, "free.example")
            assert address(client) == "192.0.2.7", "the first answer is to the last query"

    def test_after_a_standstill_a_worker_looks_at_its_own_sockets(self, rig: Rig) -> None:
        with rig.running.udp("127.0.0.1") as client:

            def stand_still() -> None:
                """Ask while the loop is busy with this, and be a minute older then."""
                ask(client)
                rig.running.clocks.ahead = PATIENCE
                rig.running.worker.discard_late()
                rig.running.clocks.ahead = 0.0
                ask(client, "free.example")

            rig.running.call(stand_still)
            assert address(client) == "192.0.2.7"
            assert rig.late() == 1

    def test_what_waited_less_is_answered(self, rig: Rig) -> None:
        with rig.client() as client:
            ask(client)
            rig.running.clocks.ahead = 0.5
            rig.adopt()
            assert address(client) == "192.0.2.80"
            assert rig.late() == 0


def exchange_with_itself(running: Running) -> None:
    """Ask a worker on its own address: then it has looked at whatever it reads."""
    with running.udp("127.0.0.1") as client:
        ask(client)
        assert address(client) == "192.0.2.80"
