"""Where the files of applied orders are kept, by content, so that an order survives what happens to its file.

``state/kept/<sha256>`` holds one file each: the order's own and those it names. A name is the checksum of its content,
so a damaged copy is noticed when it is read, and written again when the same content is kept again.
"""

import hashlib
import os
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from resolver.orders.large_file import holds, read_whole, write_large

KEPT = "kept"


class KeptFileError(OSError):
    """A kept copy is missing or damaged; the message names it."""

    def __str__(self) -> str:
        """Write the sentence alone: a damaged copy has no error number."""
        return str(self.strerror)


@dataclass(frozen=True, slots=True)
class KeptRefusal:
    """A refused version of an order that still counts for what it un-blocks, with ``sources`` as in `KeptOrder`.

    ``repeats`` says that it stood in a second file beside the order's own, of which nothing but its history counts.
    """

    file: str
    sources: tuple[tuple[str, str], ...]
    repeats: bool


@dataclass(frozen=True, slots=True)
class KeptOrder:
    """One applied order: its id, its file, and the SHA-256 of that file and of each file that it names.

    ``sources`` begins with the order file itself, under an empty name; the others are named as the order names them.
    ``first_applied`` gives, by measure, the day on which it was first applied here; ``refused`` are newer versions.
    """

    id: str
    file: str
    sources: tuple[tuple[str, str], ...]
    first_applied: Mapping[str, date]
    refused: tuple[KeptRefusal, ...] = ()


def digest_of(content: bytes) -> str:
    """Name content by its SHA-256, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def keep(state: Path, contents: Mapping[str, bytes]) -> None:
    """Keep the content of files, given by its SHA-256. Durable when it returns. Raises OSError.

    All are written before the first is flushed, so that ten thousand orders cost one turn of the disk, not as many.
    """
    folder = state / KEPT
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    missing = {digest: content for digest, content in contents.items() if not holds(folder / digest, content)}
    temporaries = [(folder / f".{digest}.{os.getpid()}", folder / digest) for digest in missing]
    try:
        for (temporary, _), content in zip(temporaries, missing.values(), strict=True):
            with temporary.open("wb") as file:
                write_large(file, content)
        for temporary, _ in temporaries:
            _flush(temporary)
        for temporary, final in temporaries:
            temporary.replace(final)
    except BaseException:
        for temporary, _ in temporaries:
            temporary.unlink(missing_ok=True)
        raise
    _flush(folder)


def discard_kept(state: Path, needed: Container[str]) -> None:
    """Remove every kept file but those needed, and what an interrupted `keep` left behind. Raises OSError."""
    for path in (state / KEPT).iterdir():
        if path.name not in needed:
            path.unlink(missing_ok=True)


def read_kept(state: Path, digest: str) -> bytes:
    """Read a kept file. Raises KeptFileError if it is missing or no longer what was kept."""
    path = state / KEPT / digest
    try:
        content = read_whole(path)
    except OSError as error:
        raise KeptFileError(error.errno, f"{path}: kept copy cannot be read ({error.strerror})") from None
    if digest_of(content) != digest:
        raise KeptFileError(None, f"{path}: kept copy was altered after it was written")
    return content


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
