"""Is every question answered, and soon enough, while no upstream says a word?"""

import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import dns.message

from benchmarks.figures import Figure, Soak
from benchmarks.made_up_names import ZONE
from benchmarks.probe import asking, figures_of, ways_to_ask
from benchmarks.server import in_folder
from benchmarks.sizes import Sizes
from benchmarks.waits import percentile

KEPT = f"kept.{ZONE}"
PORTS: Final = 16
CLIENTS: Final = 4
PATIENCE_SECONDS: Final = 4.0
"""After the last question: twice as long as anybody may have to wait."""


def done(sizes: Sizes) -> str:
    """Say what is done."""
    return (
        f"{sizes.silent_rate:,} questions/s for {sizes.wait_seconds:g} s, each for a name below a domain of its own, "
        f"from {CLIENTS} clients, with the usual limits; the upstream reads nothing."
    )


def measure(folder: Path, _upstream: int, sizes: Sizes) -> Iterator[Figure]:
    """Ask, and wait for all answers."""
    count = int(sizes.silent_rate * sizes.wait_seconds)
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        with in_folder(folder / "server", [KEPT], silent.getsockname()[1]) as server:
            server.launch()
            server.wait_for_block(KEPT)
            found = sorted(answered(server.port, count, sizes.silent_rate))
            yield Figure(f"questions never answered, of {count:,}", count - len(found), "", 0)
            yield Figure("wait for an answer, the median", percentile(found, 0.5), "s")
            yield Figure("what 99 of 100 wait at most", percentile(found, 0.99), "s")
            yield Figure("the longest wait", found[-1], "s", 1.8, at_full_size=True)
            with asking(server.port) as asker:
                asker.ask_all(ways_to_ask(KEPT))
            yield from figures_of(asker.seen)
            yield server.complaint_count()


def answered(port: int, count: int, rate: int) -> Iterator[float]:
    """Ask so many questions at a rate; yield the seconds that each answer takes, as they come."""
    with ExitStack() as held:
        lines = [held.enter_context(_line(port, number)) for number in range(PORTS)]
        sent: dict[tuple[socket.socket, int], float] = {}
        asked, started = 0, time.monotonic()
        while asked < count or (sent and time.monotonic() < started + count / rate + PATIENCE_SECONDS):
            due = min(count, int((time.monotonic() - started) * rate))
            while asked < due:
                line, message_id = lines[asked % PORTS], asked // PORTS
                query = dns.message.make_query(f"a.silent{asked}.example", "A", id=message_id).to_wire()
                sent[line, message_id] = time.monotonic()
                line.send(query)
                asked += 1
            for line in select.select(lines, [], [], 0.001)[0]:
                yield time.monotonic() - sent.pop((line, int.from_bytes(line.recv(4_096)[:2])))


def _line(port: int, number: int) -> socket.socket:
    line = socket.socket(type=socket.SOCK_DGRAM)
    line.bind((f"127.0.2.{1 + number % CLIENTS}", 0))
    line.connect(("127.0.0.1", port))
    return line


SOAK = Soak("Silent upstreams", done, measure)
