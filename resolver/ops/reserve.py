"""How a full disk is kept from delaying un-blocking: room that is held back, and given up to write a change.

``state/reserve`` takes up as much room as another policy may need. It holds nothing.
"""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

RESERVE: Final = "reserve"
LEAST_OCTETS: Final = 4 * 1024 * 1024
RESERVE_GIVEN_UP: Final = "the disk is full: this change took the place of the reserve, the next finds none: make room"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})

Written = TypeVar("Written")


def make_reserve(state: Path) -> str | None:
    """Take up the room, on top of what is held already; a sentence if it cannot be had.

    It is four MiB and what the policies take that are there, so that another one has room beside them.
    """
    path = state / RESERVE
    try:
        wanted = LEAST_OCTETS + sum(
            each.stat().st_size for kind in ("policy", "sources") for each in _files(state, kind)
        )
        before = path.stat().st_size if path.exists() else 0
        if before < wanted:
            _allocate(path, before, wanted)
    except OSError as error:
        why = error.strerror or error
        return f"{path}: no reserve can be held ({why}), so a full disk would delay un-blocking: make room"
    return None


def _files(state: Path, kind: str) -> list[Path]:
    return list(state.glob(f"{kind}-*.json"))


def _allocate(path: Path, before: int, wanted: int) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, wanted)
    except OSError:
        os.ftruncate(descriptor, before)
        if not before:
            path.unlink()
        raise
    finally:
        os.close(descriptor)


def with_reserve(state: Path, write: Callable[[], Written]) -> tuple[Written, bool]:
    """Write, on a full disk once more in the place of the reserve; tells whether that was needed. Raises OSError.

    ``write`` must be one that can be called again after it failed.
    """
    try:
        return write(), False
    except OSError as error:
        if error.errno not in _FULL or not _give_up(state):
            raise
    return write(), True


def _give_up(state: Path) -> bool:
    with suppress(OSError):
        (state / RESERVE).unlink()
        return True
    return False
