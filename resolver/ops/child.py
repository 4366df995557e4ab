"""How a child process begins: a fresh interpreter that obeys its channel, outlives nobody, and knows one role.

``python -m resolver.ops.child dns|notice|compile --channel FD``. A terminal's or a service manager's signals are
the supervisor's to answer, so a child ignores them; it ends when the channel ends, or when the supervisor dies.
"""

import ctypes
import gc
import signal
import socket
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1
OBJECTS_BETWEEN_COLLECTIONS: Final = 20_000
"""So many new ones before the garbage collector looks: modules make none, and looking takes a fifth of loading them."""


def main(arguments: list[str]) -> int:
    """Take up a role; the exit status is its answer."""
    match arguments:
        case ["dns" | "notice" | "compile" as role, "--channel", descriptor] if descriptor.isdigit():
            gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
            _belong_to_the_supervisor()
            return _take_up(role, socket.socket(fileno=int(descriptor)))
        case _:
            print("usage: python -m resolver.ops.child dns|notice|compile --channel FD", file=sys.stderr)  # noqa: T201  # there is no log yet
            return 2


def _belong_to_the_supervisor() -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _take_up(role: str, channel: socket.socket) -> int:
    """Import one role only: a worker that carried the other's libraries would be three times as large."""
    if role == "dns":
        from resolver.ops.dns_child import serve  # noqa: PLC0415  # see above

        return serve(channel)
    if role == "notice":
        from resolver.ops.notice_child import serve as serve_notice  # noqa: PLC0415  # see above

        return serve_notice(channel)
    from resolver.ops.compile_child import compile_once  # noqa: PLC0415  # see above

    return compile_once(channel)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
