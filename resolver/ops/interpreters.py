"""How an interpreter of ours is started; loads little, for one of them begins before all else is loaded."""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import resolver

Role = Literal["dns", "notice", "compile"]

PRIVATE_FILES: Final = 0o027
"""The umask of all that we are."""
LARGE_OCTETS: Final = 131_072
"""What the compilation asks of memory in one piece beyond this goes back to the system at once (mallopt(3)).

By itself the C library raises this bound up to 32 MiB, and then keeps pieces of a list of names, of which a reload
holds several at its peak.
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A process that takes up its role, and our end of its channel."""

    process: "subprocess.Popen[bytes]"
    channel: socket.socket

    def end(self) -> None:
        """End one that nobody took over."""
        self.process.kill()
        self.process.wait()
        self.channel.close()


def start_interpreter(role: Role, inherited: Sequence[int] = ()) -> Interpreter:
    """Start one; it inherits these descriptors under their numbers, and its end of the channel. Raises OSError."""
    ours, theirs = socket.socketpair()
    with theirs, ExitStack() as undo:
        undo.callback(ours.close)
        process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [sys.executable, "-S", "-P", "-m", "resolver.ops.child", role, "--channel", str(theirs.fileno())],
            pass_fds=(*inherited, theirs.fileno()),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=_environment(role),
            umask=PRIVATE_FILES,
        )
        undo.pop_all()
    return Interpreter(process, ours)


def _environment(role: Role) -> dict[str, str]:
    """Give a child our environment, and where we found this package and all others.

    To find that out anew, as `site` does where it is not told not to, takes two thirds of the start of an interpreter.
    """
    found = sys.path if sys.flags.safe_path else sys.path[1:]  # the first is where we were started, and no library
    memory = {"MALLOC_MMAP_THRESHOLD_": str(LARGE_OCTETS)} if role == "compile" else {}
    return {**os.environ, **memory, "PYTHONPATH": os.pathsep.join(_with_ours(found))}


def _with_ours(found: Sequence[str]) -> list[str]:
    """Add where this package is if it was found only where we were started: behind the standard library, for what lies
    beside it may bear the name of a module there."""
    places = list(dict.fromkeys(filter(None, found)))
    ours = str(Path(resolver.__file__).parents[1])
    if ours in places:
        return places
    library = str(Path(os.__file__).parent)
    standard = {library, f"{library}/lib-dynload"}
    behind = max((number for number, place in enumerate(places, start=1) if place in standard), default=0)
    return [*places[:behind], ours, *places[behind:]]


class Ahead:
    """At most one interpreter that loads ahead of whoever may need it; one that is never taken ends with us."""

    def __init__(self, interpreter: Interpreter | None = None) -> None:
        self._interpreter = interpreter

    def take(self) -> Interpreter | None:
        """Give it, once; None if there is none, or it ended."""
        interpreter, self._interpreter = self._interpreter, None
        if interpreter is None or interpreter.process.poll() is None:
            return interpreter
        interpreter.end()
        return None

    def end(self) -> None:
        """Do without it."""
        interpreter, self._interpreter = self._interpreter, None
        if interpreter is not None:
            interpreter.end()


def fill_standard_descriptors() -> None:
    """Open what the caller left closed of 0, 1 and 2, or a socket would take its place and a log line be a datagram.

    Children have them, too.
    """
    while (lowest := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(lowest, True)  # noqa: FBT003  # the os module's own signature
    os.close(lowest)
