"""How large files are read and written without keeping a core from those who wait for it.

A kernel that takes a core away from programs but not from itself (PREEMPT_NONE, which many servers run on) reads 20 MB
in one call for 10 ms, and writes them for 50, of which it lets go of the core every 5. Who shall answer queries on that
core waits as long, whatever the priority of the reader.
"""

import os
from io import BytesIO
from mmap import mmap
from pathlib import Path
from typing import BinaryIO, Final

PIECE: Final = 262_144
"""Octets that are read in one call: a tenth of a millisecond."""
WRITTEN_PIECE: Final = 65_536
"""Octets that are written in one call, for as long."""


def read_large(file: BinaryIO, most: int) -> bytes:
    """Read what is left of a file, and at most so many octets. Raises OSError.

    Nothing is held twice: the buffer becomes the result.
    """
    buffer = BytesIO()
    while piece := file.read(min(PIECE, most - buffer.tell())):
        buffer.write(piece)
    return buffer.getvalue()


def read_whole(path: Path) -> bytes:
    """Read all of a file. Raises OSError."""
    with path.open("rb") as file:
        return read_large(file, os.fstat(file.fileno()).st_size)


def write_large(file: BinaryIO, content: bytes | memoryview | mmap) -> None:
    """Write octets to a file. Raises OSError."""
    with memoryview(content) as octets:
        file.writelines(octets[at : at + WRITTEN_PIECE] for at in range(0, len(octets), WRITTEN_PIECE))


def holds(path: Path, content: bytes | memoryview) -> bool:
    """Tell whether a file is there and holds this content and no more. Raises OSError if it cannot be read."""
    expected = memoryview(content)
    try:
        with path.open("rb") as file:
            at = 0
            while piece := file.read(PIECE):
                if piece != expected[at : at + PIECE]:
                    return False
                at += len(piece)
            return at == len(expected)
    except FileNotFoundError:
        return False
