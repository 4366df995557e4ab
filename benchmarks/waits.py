"""How long answers are waited for: one question after the other, from several source ports, each wait kept."""

import socket
import time
from collections.abc import Iterator
from itertools import cycle
from typing import Final

import dns.message

PORTS: Final = 8
PAUSE_SECONDS: Final = 0.002
PATIENCE_SECONDS: Final = 5.0


def waits(port: int, names: Iterator[str], seconds: float) -> list[float]:
    """Ask for these names in turn for so many seconds; milliseconds, in rising order. Raises OSError if one is lost."""
    lines = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(PORTS)]
    try:
        for line in lines:
            line.settimeout(PATIENCE_SECONDS)
            line.connect(("127.0.0.1", port))
        found = []
        until = time.monotonic() + seconds
        for line, name in zip(cycle(lines), names, strict=False):
            if time.monotonic() > until:
                break
            time.sleep(PAUSE_SECONDS)
            wire = dns.message.make_query(name, "A").to_wire()
            started = time.perf_counter()
            line.send(wire)
            line.recv(4_096)
            found.append((time.perf_counter() - started) * 1_000)
        return sorted(found)
    finally:
        for line in lines:
            line.close()


def percentile(rising: list[float], share: float) -> float:
    """Find the value that this share of all is below."""
    return rising[min(int(len(rising) * share), len(rising) - 1)]
