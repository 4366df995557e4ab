"""Connections that send an octet a second and never a question: ``python -m benchmarks.slow_clients PORT COUNT``.

A process of its own, so that what it does does not disturb who measures. It says a line once all are open, opens those
again that are closed, and ends when its input does.
"""

import resource
import select
import socket
import sys
import time
from contextlib import suppress
from typing import Final

ROUND_SECONDS: Final = 1.0
ADDRESSES: Final = 250
"""Addresses of the loopback that they come from, so that no client has too many."""


def connect(port: int, number: int) -> socket.socket:
    """Begin a connection; it need not succeed."""
    sock = socket.socket()
    sock.settimeout(0)
    with suppress(OSError):
        sock.bind((f"127.0.1.{1 + number % ADDRESSES}", 0))
        sock.connect_ex(("127.0.0.1", port))
    return sock


def trickle(port: int, count: int) -> None:
    """Keep so many connections open until the input ends."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    socks = [connect(port, number) for number in range(count)]
    print("open", flush=True)
    pause = ROUND_SECONDS / count
    number, started = 0, time.monotonic()
    while not select.select([sys.stdin], [], [], 0)[0]:
        due = min(int((time.monotonic() - started) / pause), number + count)
        while number < due:
            place = number % count
            try:
                socks[place].send(b"\x01")
            except BlockingIOError:
                pass
            except OSError:
                socks[place].close()
                socks[place] = connect(port, place)
            number += 1
        time.sleep(0.01)


if __name__ == "__main__":
    trickle(int(sys.argv[1]), int(sys.argv[2]))
