"""How a file is opened that an operator names, so that none of them can keep us waiting.

Opening a pipe waits for whoever writes into it, and a device may never end; a server that reads its configuration again
would stand still, and nothing could be un-blocked.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_regular(path: Path) -> BinaryIO:
    """Open a file to be read that is neither a device nor a pipe. Raises OSError, whose ``strerror`` says why not."""
    file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115  # Path.open takes no opener; the caller's
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise OSError(None, "not a regular file", str(path))


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
