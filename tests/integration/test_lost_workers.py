"""Nobody waits for the successor of a worker that died or hangs: its neighbour answers in the meantime.

Which worker a query reaches is the kernel's choice, by the source port. So each question is asked from many ports.
"""

import os
import select
import signal
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import dns.message

from benchmarks.load import running_load
from tests.datagrams import take
from tests.integration.running_server import CONFIG, PATIENCE, RunningServer, running
from tests.integration.test_supervisor import metric

PORTS = 32
"""The chance that none of so many reaches a certain one of two workers is one in four thousand million."""
LISTED = "listed.example"
QUERY = dns.message.make_query(LISTED, "A").to_wire()
AGAIN = 3.0
"""Seconds after which a client asks again: a machine that is busy for 1.9 s makes a worker drop what it asked."""
ATTEMPTS = 5
"""What must happen before a worker has been silent for two seconds may be tried so often: we may be held up, too."""


@contextmanager
def many_ports(server: RunningServer) -> Iterator[list[socket.socket]]:
    """Open sockets that ask the server."""
    host, _, port = server.status()["listen"][0].rpartition(":")
    clients = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(PORTS)]
    try:
        for client in clients:
            client.connect((host, int(port)))
        yield clients
    finally:
        for client in clients:
            client.close()


def ask_from(clients: Iterable[socket.socket]) -> None:
    for client in clients:
        take(client)  # a second answer, where it was asked twice
        client.send(QUERY)


def answered(clients: list[socket.socket], within: float) -> int:
    """Count the clients that get an answer within so many seconds, all in all; who waits for long asks again."""
    waiting = set(clients)
    until = time.monotonic() + within
    while waiting and (left := until - time.monotonic()) > 0:
        ready = select.select(waiting, [], [], min(left, AGAIN))[0]
        for client in ready:
            assert dns.message.from_wire(client.recv(4_096)).answer
            waiting.remove(client)
        if not ready and left > AGAIN:
            ask_from(waiting)
    return len(clients) - len(waiting)


def stop_successor(server: RunningServer, place: int, predecessor: int) -> int:
    """Stop the process that follows in a place before it can serve, or one that follows that; gives its number."""
    gone = {None, predecessor}
    while True:
        status = server.wait_until(lambda told: told["workers"][place]["pid"] not in gone)
        successor = int(status["workers"][place]["pid"])
        os.kill(successor, signal.SIGSTOP)
        server.status()  # what it said before that has been heard by the next time
        if server.status()["workers"][place]["digest"] is None:
            return successor
        os.kill(successor, signal.SIGKILL)  # it was quicker than we
        gone.add(successor)


def test_a_dead_workers_queries_are_answered_before_its_successor_serves(tmp_path: Path) -> None:
    with running(tmp_path, one=LISTED) as server, many_ports(server) as clients:
        killed = server.pids()[0]
        os.kill(killed, signal.SIGKILL)
        ask_from(clients)
        successor = stop_successor(server, 0, killed)
        assert answered(clients, PATIENCE) == PORTS
        ask_from(clients)
        assert answered(clients, PATIENCE) == PORTS
        assert server.status()["workers"][0]["digest"] is None, "nobody serves there yet"
        os.kill(successor, signal.SIGKILL)
        server.wait_until(lambda told: told["workers"][0]["in_force"])
        ask_from(clients)
        assert answered(clients, PATIENCE) == PORTS


def test_a_silent_workers_queries_are_answered_before_it_counts_as_hung(tmp_path: Path) -> None:
    with running(tmp_path, one=LISTED) as server, many_ports(server) as clients:

        def held_its_place() -> bool:
            """Stop it, ask, and tell whether the answers were there before it was replaced."""
            stopped = server.pids()[1]
            os.kill(stopped, signal.SIGSTOP)
            ask_from(clients)
            assert answered(clients, PATIENCE) == PORTS
            held = bool(server.status()["workers"][1]["pid"] == stopped)
            server.wait_until(lambda told: told["workers"][1]["pid"] != stopped and told["workers"][1]["in_force"])
            return held

        assert any(held_its_place() for _ in range(ATTEMPTS))


def test_a_worker_that_goes_on_again_is_not_replaced(tmp_path: Path) -> None:
    with running(tmp_path, one=LISTED) as server, many_ports(server) as clients:

        def held_its_place() -> bool:
            """Stop it for as long as others take to answer for it, and tell whether it is still there afterwards."""
            server.wait_until(lambda told: told["workers"][1]["in_force"])
            stopped = server.pids()[1]
            os.kill(stopped, signal.SIGSTOP)
            ask_from(clients)
            assert answered(clients, PATIENCE) == PORTS
            with suppress(ProcessLookupError):
                os.kill(stopped, signal.SIGCONT)
            ask_from(clients)
            assert answered(clients, PATIENCE) == PORTS
            return server.pids()[1] == stopped

        assert any(held_its_place() for _ in range(ATTEMPTS))


def test_under_load_a_kill_costs_at_most_what_the_worker_held(tmp_path: Path) -> None:
    questions = tmp_path / "questions"
    questions.write_text(f"{LISTED} A\n")
    with running(tmp_path, one=LISTED) as server:
        port = int(server.status()["listen"][0].rpartition(":")[2])
        with running_load(port, questions, rate=1_000, seconds=2) as load:
            server.wait_until(lambda _told: metric(server, "arret_blocked_total") > 100)
            os.kill(server.pids()[0], signal.SIGKILL)
            counts = load.counts(60.0)
        assert counts.sent > 500
        assert counts.lost <= 64, "one batch"
        assert counts.other_rcodes == 0


def test_what_waited_while_the_whole_server_stood_still_is_dropped(tmp_path: Path) -> None:
    with (
        running(tmp_path, CONFIG.replace("workers: 2", "workers: 1"), one=LISTED) as server,
        many_ports(server) as clients,
    ):
        assert server.process is not None
        processes = [server.process.pid, *server.pids()]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        early, recent = clients[:-1], clients[-1:]
        ask_from(early)
        assert not answered(early, 2.0), "they wait"
        ask_from(recent)
        for process in reversed(processes):
            os.kill(process, signal.SIGCONT)
        assert answered(recent, PATIENCE) == 1
        assert answered(early, 0.1) == 0
        assert metric(server, "arret_dropped_total") == len(early)
