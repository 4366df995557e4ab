"""Takes every TCP connection, reads nothing, and closes it a second later: ``python -m benchmarks.silent_listener``.

That is the least that a server can do with connections that send an octet a second: what these cost the machine here
is what their client and the kernel cost. It says its port in a line, and ends when its input does.
"""

import resource
import select
import socket
import sys
import time
from collections import deque
from typing import Final

LIFE_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 0.01


def listen() -> None:
    """Accept and close until the input ends."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    taken: deque[tuple[float, socket.socket]] = deque()
    with socket.create_server(("127.0.0.1", 0), backlog=4_096) as listener:
        listener.settimeout(0)
        print(listener.getsockname()[1], flush=True)
        while sys.stdin not in select.select([sys.stdin], [], [], LOOK_SECONDS)[0]:
            now = time.monotonic()
            while taken and now - taken[0][0] > LIFE_SECONDS:
                taken.popleft()[1].close()
            take(listener, taken, now)


def take(listener: socket.socket, taken: "deque[tuple[float, socket.socket]]", now: float) -> None:
    """Accept all who wait."""
    while True:
        try:
            taken.append((now, listener.accept()[0]))
        except BlockingIOError:
            return


if __name__ == "__main__":
    listen()
