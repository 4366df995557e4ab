"""How commands reach the running server: one JSON object each way, over a socket in the state folder that only its
user may open.

A Unix socket's address holds 107 octets (unix(7)); a state folder's path may be longer. So both sides open the folder
and go through its descriptor, ``/proc/self/fd/N/control.sock``, which is short wherever the folder lies.
"""

import json
import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

Message = dict[str, Any]


class Peer(NamedTuple):
    """Who asks, as the kernel says (SO_PEERCRED, unix(7)): a user id, and its name on this machine."""

    uid: int
    user: str


SOCKET_FILE: Final = "control.sock"
MAX_ANSWER: Final = 16 * 1024 * 1024


class ControlError(Exception):
    """The server cannot be asked; the message is one line that says what to do."""


class NoServerError(ControlError):
    """No server runs on a state folder."""


@contextmanager
def short_address(state: Path) -> Iterator[str]:
    """Give the socket's address within a state folder, short enough for bind and connect. Raises OSError."""
    folder = os.open(state, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{SOCKET_FILE}"
    finally:
        os.close(folder)


def peer(uid: int) -> Peer:
    """Name a user; one who is not in the user database is called by the number."""
    try:
        return Peer(uid, pwd.getpwuid(uid).pw_name)
    except KeyError:
        return Peer(uid, str(uid))


def call(state: Path, verb: str, *, within: float = 120.0, **arguments: object) -> Message:
    """Ask the server that runs on this state folder; waits ``within`` seconds for the answer. Raises ControlError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(within)
        try:
            with short_address(state) as address:
                sock.connect(address)
            sock.sendall(json.dumps({**arguments, "verb": verb}).encode() + b"\n")
            return _read_answer(sock)
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
            raise NoServerError(f"no server runs on {state}; start it with `arret serve`") from None
        except PermissionError:
            raise ControlError(f"{state / SOCKET_FILE} belongs to another user; ask as that user or as root") from None
        except TimeoutError:
            raise ControlError(f"the server on {state} gave no answer within {within:g} s; see its log") from None
        except OSError as error:
            raise ControlError(f"the server on {state} cannot be asked: {error.strerror or error}") from error


def _read_answer(sock: socket.socket) -> Message:
    answer = bytearray()
    while not answer.endswith(b"\n"):
        chunk = sock.recv(65_536)
        if not chunk or len(answer) > MAX_ANSWER:
            raise ControlError("the server ended before it answered; see its log")
        answer += chunk
    with suppress(ValueError):
        read = json.loads(answer)
        if isinstance(read, dict):
            return read
    raise ControlError("the server's answer cannot be read; client and server may differ in version")
