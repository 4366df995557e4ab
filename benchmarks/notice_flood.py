"""Does the notice page answer two thousand requests a second, and do queries notice?

``python -m benchmarks.notice_flood HOST PORT RATE SECONDS`` is the client: a process of its own, for threads of the
prober's would slow the prober.
"""

import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.figures import Figure, Soak
from benchmarks.made_up_names import ZONE, listed_names
from benchmarks.probe import Seen, probing, ways_to_ask
from benchmarks.server import ROOT, Server, in_folder
from benchmarks.sizes import Sizes

KEPT: Final = f"kept.{ZONE}"
REQUEST: Final = f"GET / HTTP/1.1\r\nHost: {KEPT}\r\n\r\n".encode()
CONNECTIONS: Final = 4
IN_ONE_GO: Final = 8
REQUESTS_A_CONNECTION: Final = 800
"""A connection lasts ten seconds at most; then a browser would open another one, too."""


@dataclass(slots=True)
class Asked:
    """How many answers of the page were as expected, and how many were not."""

    answered: int = 0
    wrong: int = 0


def done(sizes: Sizes) -> str:
    """Say what is done."""
    return (
        f"The page of a blocked name is asked for {sizes.page_rate:,} times a second for {sizes.page_seconds} s, over "
        f"{CONNECTIONS} connections; a prober asks the same server for blocked names, before that and meanwhile."
    )


def measure(folder: Path, upstream: int, sizes: Sizes) -> Iterator[Figure]:
    """Probe alone, then beside the requests."""
    seconds = sizes.page_seconds
    with in_folder(folder / "server", [*listed_names(1_000), KEPT], upstream) as server:
        server.launch()
        server.wait_for_block(KEPT)
        address = wait_for_page(server)
        with probing(server.port, ways_to_ask(KEPT)) as alone:
            time.sleep(seconds)
        begun = time.monotonic()
        with probing(server.port, ways_to_ask(KEPT)) as beside:
            asked = flood(address, sizes)
        meanwhile = time.monotonic() - begun
        missing = 100 - 100 * min(asked.answered / (sizes.page_rate * seconds), 1)
        yield Figure("pages a second", asked.answered / seconds)
        yield Figure("pages that were wanted and did not come", missing, "%", 1, at_full_size=True)
        yield Figure("answers of the page that were no 451", asked.wrong, "", 0)
        yield Figure("wrong answers to queries", alone.wrong + beside.wrong, "", 0)
        yield Figure("queries without an answer", alone.unanswered + beside.unanswered, "", 0)
        yield Figure("a question, with the prober's pause", pace(alone, seconds), "ms")
        yield Figure("the same beside the requests", pace(beside, meanwhile), "ms")
        yield Figure(
            "added by the requests", pace(beside, meanwhile) - pace(alone, seconds), "ms", 2, at_full_size=True
        )
        yield Figure("longest wait, without the requests", alone.longest_wait, "ms")
        yield Figure("longest wait, beside them", beside.longest_wait, "ms")
        yield server.complaint_count()


def pace(seen: Seen, seconds: float) -> float:
    """Tell how long a question took on average, the prober's pause behind it included (milliseconds)."""
    return 1_000 * seconds / max(seen.asked, 1)


def wait_for_page(server: Server) -> tuple[str, int]:
    """Wait until the page is served, and tell where."""
    while (notice := server.status()["notice"])["digest"] is None:
        time.sleep(0.05)
    host, _, port = notice["listen"][0].rpartition(":")
    return host, int(port)


def flood(address: tuple[str, int], sizes: Sizes) -> Asked:
    """Have the client ask for the page at the wanted rate."""
    words = [*map(str, address), str(sizes.page_rate), str(sizes.page_seconds)]
    client = [sys.executable, "-m", "benchmarks.notice_flood", *words]
    told = subprocess.run(client, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return Asked(*map(int, told.split()))


def ask(address: tuple[str, int], rate: float, seconds: float) -> Asked:
    """Ask from several threads, together at this rate, for so many seconds."""
    asked, over = Asked(), threading.Event()
    each = rate / CONNECTIONS
    threads = [threading.Thread(target=_ask_on, args=(address, each, asked, over)) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    over.set()
    for thread in threads:
        thread.join()
    return asked


def _ask_on(address: tuple[str, int], rate: float, asked: Asked, over: threading.Event) -> None:
    begun, sent = time.monotonic(), 0
    while not over.is_set():
        with socket.create_connection(address, timeout=30) as connection:
            for _ in range(REQUESTS_A_CONNECTION // IN_ONE_GO):
                connection.sendall(REQUEST * IN_ONE_GO)
                statuses = _statuses(connection)
                asked.answered += statuses.count(b"451")
                asked.wrong += len(statuses) - statuses.count(b"451")
                sent += IN_ONE_GO
                if over.wait(max(begun + sent / rate - time.monotonic(), 0)):
                    return


def _statuses(connection: socket.socket) -> list[bytes]:
    received = b""
    while received.count(b"</html>") < IN_ONE_GO:
        chunk = connection.recv(262_144)
        if not chunk:
            break
        received += chunk
    return re.findall(rb"HTTP/1\.1 (\d+) ", received)


SOAK = Soak("The notice page under load", done, measure)

if __name__ == "__main__":
    host, port, rate, seconds = sys.argv[1:]
    counted = ask((host, int(port)), float(rate), float(seconds))
    print(counted.answered, counted.wrong)
