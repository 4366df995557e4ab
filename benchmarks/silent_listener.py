"""Takes every TCP connection and does nothing with it: ``python -m benchmarks.silent_listener``.

What connections to it cost the machine is what their client and the kernel cost. It says its port in a line, and ends
when its input does.
"""

import resource
import select
import socket
import sys


def listen() -> None:
    """Accept until the input ends."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    taken = []
    with socket.create_server(("127.0.0.1", 0), backlog=4_096) as listener:
        print(listener.getsockname()[1], flush=True)
        while sys.stdin not in (ready := select.select([listener, sys.stdin], [], [])[0]):
            taken += [listener.accept()[0] for _ in ready]


if __name__ == "__main__":
    listen()
