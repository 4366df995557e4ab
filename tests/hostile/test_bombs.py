"""What 64 KiB made to cost time cost a worker, from the socket to the last of what comes of it, over TCP on both sides.

Upstreams send the responses; clients send queries that are as long. Time is that of the worker's thread alone. A bomb
is sent several times under several names, and the cheapest time counts: a busy machine slows down most of them.
"""

import gc
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Final

import pytest

from resolver.core.counters import UpstreamCount, upstream_slot
from resolver.dns.framing import MessageSplitter, frame
from resolver.net.settings import UpstreamAddress
from tests.bombs import BOMBS, NAME, QUESTION, fill, largest_readable
from tests.hostile.packets import DO, opt, option, query, record
from tests.integration.running_worker import PATIENCE, Running, answer_tcp, ask_tcp, make_policy, running_worker

MOST_SECONDS: Final = 0.005
ATTEMPTS: Final = 60
SERIAL: Final = count(100)


@dataclass
class Bomber:
    """An upstream over TCP that answers each question once, with the bomb of the moment."""

    port: int
    bomb: bytes = b""
    sent: set[bytes] = field(default_factory=set)

    def answer(self, wire: bytes) -> bytes | None:
        """Write the bomb under the id and the question of a query, unless that was answered."""
        end = wire.index(b"\x00", 12) + 5
        question = wire[12:end]
        if question in self.sent:
            return None
        self.sent.add(question)
        return wire[:2] + self.bomb[2:12] + question + self.bomb[end:]

    def serve(self, listener: socket.socket) -> None:
        """Answer on one connection after the other until the listener is closed."""
        with suppress(OSError):
            while True:
                line, _ = listener.accept()
                threading.Thread(target=self._converse, args=[line], daemon=True).start()

    def _converse(self, line: socket.socket) -> None:
        splitter = MessageSplitter()
        with line, suppress(OSError):
            while octets := line.recv(65_536):
                for wire in splitter.feed(octets):
                    if (answer := self.answer(wire)) is not None:
                        line.sendall(frame(answer))


@contextmanager
def bombing() -> Iterator[Bomber]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        bomber = Bomber(listener.getsockname()[1])
        threading.Thread(target=bomber.serve, args=[listener], daemon=True).start()
        yield bomber
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def bomber() -> Iterator[Bomber]:
    with bombing() as made:
        yield made


@pytest.fixture(scope="module")
def running(bomber: Bomber) -> Iterator[Running]:
    """Serve with the one upstream, without the collector, as workers do."""
    gc.disable()
    place = UpstreamAddress("tcp", "127.0.0.1", bomber.port, 0)
    with running_worker(make_policy("pirate.example"), upstreams=(place,)) as worker:
        yield worker
    gc.enable()


async def spent() -> float:
    """Tell the seconds that the thread of the worker has run."""
    return time.thread_time()


def seconds_of_worker(running: Running, wire: bytes) -> float:
    """Send a message over TCP and wait for its answer, or until what an upstream said is refused."""
    refused = upstream_slot(0, UpstreamCount.UNUSABLE_ANSWERS)
    with running.tcp("127.0.0.1") as line:
        before: float = running.run(spent())
        count_before = running.page[refused]
        ask_tcp(line, wire)
        deadline = time.monotonic() + PATIENCE
        while not select.select([line], [], [], 0.002)[0] and running.page[refused] == count_before:
            assert time.monotonic() < deadline, "neither answered nor refused"
        if running.page[refused] == count_before:
            assert answer_tcp(line)
        after: float = running.run(spent())
        return after - before


def type_of(bomb: bytes) -> int:
    """Find the type of which a bomb has records, so that it answers the question."""
    position = 12 + len(QUESTION)
    while 0 < bomb[position] < 0xC0:
        position += bomb[position] + 1
    position += 2 if bomb[position] else 1
    return int.from_bytes(bomb[position : position + 2])


@pytest.mark.parametrize("readable", [False, True], ids=["64 KiB", "as much as is read"])
@pytest.mark.parametrize("case", BOMBS)
def test_a_response_costs_a_worker_five_milliseconds_at_most(
    running: Running, bomber: Bomber, case: str, *, readable: bool
) -> None:
    wire = fill(BOMBS[case])
    bomber.bomb = largest_readable(wire) if readable else wire
    times = []
    for _ in range(ATTEMPTS):
        qname = NAME.replace(b"Test", b"T%03d" % next(SERIAL))
        times.append(seconds_of_worker(running, query(qname, type_of(bomber.bomb), rest=opt(flags=DO))))
        if times[-1] < MOST_SECONDS:
            return
    pytest.fail(f"{min(times) * 1_000:.1f} ms at least")


QUERIES: Final = {
    "options": lambda q: query(q, rest=opt(rdata=option(65_001) * 16_000)),
    "one long option": lambda q: query(q, rest=opt(rdata=option(65_001, bytes(65_000)))),
    "records beside": lambda q: query(q, counts=(1, 0, 0, 4_000), rest=record() * 4_000),
    "owners that point to owners": lambda q: query(
        q, counts=(1, 0, 0, 5_000), rest=b"".join(record(b"\x01a" + b"\xc0\x0c", 65_280, b"") for _ in range(4_600))
    ),
    "records that are not there": lambda q: query(q, counts=(1, 65_535, 65_535, 65_535), rest=bytes(65_000)),
    "questions": lambda q: query(q, counts=(65_535, 0, 0, 0), rest=b"\x00\x00\x01\x00\x01" * 13_000),
    "octets behind": lambda q: query(q) + bytes(65_000),
}  # fmt: skip  # a table


@pytest.mark.parametrize("qname", [b"\x06pirate\x07example\x00", b"\x09localhost\x00"], ids=["blocked", "special"])
@pytest.mark.parametrize("case", QUERIES)
def test_a_query_costs_a_worker_five_milliseconds_at_most(running: Running, case: str, qname: bytes) -> None:
    times = []
    for _ in range(ATTEMPTS):
        times.append(seconds_of_worker(running, QUERIES[case](qname)))
        if times[-1] < MOST_SECONDS:
            return
    pytest.fail(f"{min(times) * 1_000:.1f} ms at least")
