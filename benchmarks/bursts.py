"""Made-up names below one domain in bursts, from a process of its own: what a flooder sends that has fallen behind."""

import argparse
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Final

import dns.message

RATE: Final = 100_000
"""Questions a second within a burst."""
PAUSE_SECONDS: Final = 0.5
PORTS: Final = 20
"""Source ports: enough that every worker gets its share."""
SOURCE: Final = "127.0.0.2"


@contextmanager
def running_bursts(port: int, domain: str, questions: int, seconds: float) -> Iterator[None]:
    """Send bursts of so many questions to a server for so many seconds, or until the block ends."""
    command = [sys.executable, "-m", "benchmarks.bursts", str(port), domain, str(questions), str(seconds)]
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def main() -> None:
    """Send bursts as the command line says."""
    parser = argparse.ArgumentParser(description="Send bursts of questions for made-up names.")
    parser.add_argument("port", type=int)
    parser.add_argument("domain")
    parser.add_argument("questions", type=int)
    parser.add_argument("seconds", type=float)
    asked = parser.parse_args()
    lines = []
    for _ in range(PORTS):
        line = socket.socket(type=socket.SOCK_DGRAM)
        line.bind((SOURCE, 0))
        line.connect(("127.0.0.1", asked.port))
        lines.append(line)
    head, tail = _around(asked.domain)
    until = time.monotonic() + asked.seconds
    first = 0
    while time.monotonic() < until:
        _burst(lines, [b"%b%09d%b" % (head, first + number, tail) for number in range(asked.questions)])
        first += asked.questions
        time.sleep(PAUSE_SECONDS)


def _around(domain: str) -> tuple[bytes, bytes]:
    """Write what stands around nine digits in a question for a name that begins with them."""
    head, _, tail = dns.message.make_query(f"{'0' * 9}.{domain}", "A", id=7).to_wire().partition(b"0" * 9)
    return head, tail


def _burst(lines: list[socket.socket], questions: list[bytes]) -> None:
    """Send all, each when it is due or at once if that has passed."""
    started = time.monotonic()
    for number, (line, question) in enumerate(zip(cycle(lines), questions, strict=False)):
        while time.monotonic() < started + number / RATE:
            pass
        line.send(question)


if __name__ == "__main__":
    main()
