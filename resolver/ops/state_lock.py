"""Who owns the state folder: one server at a time, by a lock that the kernel takes back when it dies."""

import fcntl
import os
from pathlib import Path
from typing import Final

LOCK_FILE: Final = "lock"


class StateError(Exception):
    """The state folder cannot be used; the message is one line that says what to do."""


class StateLock:
    """Exclusive ownership of a state folder, from making it until ``release`` or the end of the process."""

    def __init__(self, state: Path) -> None:
        """Make the folder if it is missing, and lock it. Raises StateError."""
        try:
            state.mkdir(mode=0o750, parents=True, exist_ok=True)
            self._descriptor = os.open(state / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
        except OSError as error:
            raise StateError(
                f"state: {state} cannot be used: {error.strerror}; make it writable for this user"
            ) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise StateError(
                f"state: {state} is in use by process {holder or 'unknown'}; stop it, or choose another state folder"
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let the next server in."""
        os.close(self._descriptor)
