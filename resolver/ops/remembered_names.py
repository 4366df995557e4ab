"""How long files of names are remembered as they were read, so that a reload reads anew only those that changed.

``state/parsed/<sha256>`` holds one file each: a seal, which is the SHA-256 of the rest, and what `read_names` gave. It
is named after the content it was read from, how it was read, and the reader itself. Nothing is believed whose seal does
not match, and losing all of it costs time and nothing else: so it is never flushed, and a full disk is no error here.
"""

import json
import os
from array import array
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final

from resolver.ops.progress import Tell, tell_nobody
from resolver.orders.lists import READER, FileNames, Rejected, Totals, is_csv, read_names
from resolver.orders.name_table import NameTable

PARSED: Final = "parsed"
WORTH_OCTETS: Final = 65_536
"""Files shorter than this are read faster than remembered."""
_SEAL: Final = sha256().digest_size
_LENGTH: Final = 4


class RememberedNames:
    """Reads files of names in one compilation, and remembers those used in it, which bounds what is kept."""

    def __init__(self, state: Path, tell: Tell = tell_nobody) -> None:
        self._folder = state / PARSED
        self._tell = tell
        self._used: dict[str, FileNames] = {}
        self._learned: list[str] = []

    def read(self, content: bytes, file: str, column: str | None) -> FileNames:
        """Do what `read_names` does."""
        if len(content) < WORTH_OCTETS:
            return read_names(content, file, column)
        form = f"{READER} {array('I').itemsize} {is_csv(file, column)} {column}\n".encode()
        key = sha256(form + sha256(content).digest()).hexdigest()
        if key not in self._used:
            names = self._recall(key)
            if names is None:
                names = read_names(content, file, column, partial(self._tell, f"reading {file}"))
                self._learned.append(key)
            self._used[key] = names
        return self._used[key]

    @property
    def in_use(self) -> bool:
        """Whether any file was read that is worth remembering."""
        return bool(self._used)

    def _recall(self, key: str) -> FileNames | None:
        try:
            with (self._folder / key).open("rb") as file:
                return _read(file)
        except (OSError, EOFError):
            return None

    def keep_used(self) -> None:
        """Remember what this compilation read, both for what is applied and for what will be, and nothing else.

        Called once all that must be on the disk is there: what is remembered takes its room from nobody.
        """
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in self._folder.iterdir():
                if path.name not in self._used:
                    path.unlink(missing_ok=True)
            for key in self._learned:
                self._keep(key)

    def _keep(self, key: str) -> None:
        temporary = self._folder / f".{key}.{os.getpid()}"
        try:
            _write(temporary, self._used[key])
            temporary.replace(self._folder / key)
        except OSError:
            temporary.unlink(missing_ok=True)


def _write(path: Path, names: FileNames) -> None:
    table = names.table
    head = json.dumps([names.totals, names.rejected, names.unreadable]).encode()
    lengths = [size.to_bytes(_LENGTH, "big") for size in (len(head), len(table.packed), len(table))]
    parts = (lengths[0], head, *lengths[1:], table.packed, table.lines.tobytes(), table.columns.tobytes())
    seal = sha256()
    for part in parts:
        seal.update(part)
    with path.open("wb") as file:
        file.write(seal.digest())
        for part in parts:
            file.write(part)


def _read(file: BinaryIO) -> FileNames | None:
    """Read what `_write` wrote; None if it is damaged. Piece by piece, so that no second copy is held."""
    expected = file.read(_SEAL)
    seal = sha256()

    size = os.fstat(file.fileno()).st_size

    def piece(octets: int) -> bytes:
        read = file.read(octets) if octets <= size else b""
        if len(read) < octets:
            raise EOFError
        seal.update(read)
        return read

    head = piece(int.from_bytes(piece(_LENGTH), "big"))
    lengths = piece(2 * _LENGTH)
    packed = piece(int.from_bytes(lengths[:_LENGTH], "big"))
    count = int.from_bytes(lengths[_LENGTH:], "big")
    lines, columns = array("I"), array("I")
    for places in (lines, columns):
        places.frombytes(piece(places.itemsize * count))
    if seal.digest() != expected:
        return None
    totals, rejected, unreadable = json.loads(head)
    return FileNames(
        NameTable(packed, lines, columns),
        Totals(*totals),
        tuple(Rejected(*each) for each in rejected),
        None if unreadable is None else Rejected(*unreadable),
    )
