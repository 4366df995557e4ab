"""How a file is written so that a crash leaves what was there before or all that was meant to be there."""

import os
import tempfile
from mmap import mmap
from pathlib import Path

from resolver.orders.large_file import write_large


def write_whole(path: Path, content: bytes | mmap) -> None:
    """Write a file so that its name holds either what it held before or all of the content, even after a power cut.

    Raises OSError, and leaves nothing behind then.
    """
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            write_large(file, content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
