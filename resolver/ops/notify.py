"""What the service manager is told: ready, reloading, stopping, alive (sd_notify(3)); nothing without NOTIFY_SOCKET."""

import contextlib
import os
import socket
import time


def notify(state: str) -> None:
    """Send one state such as ``READY=1``; a service manager that does not listen is no error of ours."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock:
        sock.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)


def notify_reloading() -> None:
    """Tell that a reload begins; ``READY=1`` ends it."""
    notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")


def watchdog_seconds() -> float | None:
    """Tell how often the service manager wants to hear from us; None if it does not."""
    wanted = os.environ.get("WATCHDOG_USEC", "")
    meant_for = os.environ.get("WATCHDOG_PID", "")
    if not wanted.isdigit() or (meant_for and meant_for != str(os.getpid())):
        return None
    return int(wanted) / 2_000_000
