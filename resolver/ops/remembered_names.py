"""How long files of names are remembered as they were read, so that a reload reads anew only those that changed.

``state/parsed/<sha256>`` holds one file each: what `read_names` gave, the names first, and a seal, which is the SHA-256
of all before it. It is named after the content it was read from, how it was read, and the reader itself. Nothing is
believed whose seal does not match, and losing all of it costs time and nothing else: so it is never flushed, and a full
disk is no error here.
"""

import json
import mmap
import os
import struct
from array import array
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final

from resolver.ops.progress import Tell, tell_nobody
from resolver.orders.large_file import write_large
from resolver.orders.lists import READER, FileNames, Rejected, Totals, is_csv, read_names
from resolver.orders.name_table import NameTable

PARSED: Final = "parsed"
WORTH_OCTETS: Final = 65_536
"""Files shorter than this are read faster than remembered."""
WORTH_MAPPING_OCTETS: Final = 1 << 20
"""Shorter ones are held after all: what is mapped takes two descriptors each, and there may be a thousand lists."""
_SEAL: Final = sha256().digest_size
_NUMBER: Final = array("I").itemsize
_LENGTHS: Final = "=QQQ"
_TAIL: Final = struct.calcsize(_LENGTHS) + _SEAL
_PIECE: Final = 1 << 18
_FORM: Final = 2
"""Names how a file is laid out; it must change with that."""


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
        form = f"{READER} {_FORM} {_NUMBER} {is_csv(file, column)} {column}\n".encode()
        key = sha256(form + sha256(content).digest()).hexdigest()
        if key not in self._used:
            names = self._recall(key)
            if names is None:
                names = read_names(content, file, column, partial(self._tell, f"reading {file}"))
                self._learned.append(key)
            self._used[key] = names
        return self._used[key]

    def _recall(self, key: str) -> FileNames | None:
        try:
            with (self._folder / key).open("rb") as file:
                return _read(file)
        except OSError:
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
    lengths = struct.pack(_LENGTHS, len(table.packed), len(table), len(head))
    padding = bytes(-len(table.packed) % _NUMBER)
    seal = sha256()
    with path.open("wb") as file:
        for part in (table.packed, padding, table.lines.tobytes(), table.columns.tobytes(), head, lengths):
            seal.update(part)
            write_large(file, part)
        file.write(seal.digest())


def _read(file: BinaryIO) -> FileNames | None:
    """Read what `_write` wrote; None if it is damaged. Many names are verified by reading and then mapped, not held."""
    size = os.fstat(file.fileno()).st_size
    if size < _TAIL or not _is_sealed(file, size - _SEAL):
        return None
    file.seek(size - _TAIL)
    packed, count, head = struct.unpack(_LENGTHS, file.read(_TAIL - _SEAL))
    file.seek(size - _TAIL - head)
    totals, rejected, unreadable = json.loads(file.read(head))
    return FileNames(
        _table(file, packed, count),
        Totals(*totals),
        tuple(Rejected(*each) for each in rejected),
        None if unreadable is None else Rejected(*unreadable),
    )


def _is_sealed(file: BinaryIO, size: int) -> bool:
    seal = sha256()
    while size > 0 and (piece := file.read(min(_PIECE, size))):
        seal.update(piece)
        size -= len(piece)
    return seal.digest() == file.read(_SEAL)


def _table(file: BinaryIO, packed: int, count: int) -> NameTable:
    if not count:
        return NameTable.of(())
    lines = packed + -packed % _NUMBER
    columns = lines + count * _NUMBER
    end = columns + count * _NUMBER
    if end < WORTH_MAPPING_OCTETS:
        file.seek(0)
        content = file.read(end)
        return _in_parts(content[:packed], memoryview(content), lines, columns)
    keys = mmap.mmap(file.fileno(), packed, access=mmap.ACCESS_READ)
    whole = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    return _in_parts(keys, whole[:end], lines, columns)


def _in_parts(keys: bytes | mmap.mmap, whole: memoryview, lines: int, columns: int) -> NameTable:
    return NameTable(keys, whole[lines:columns].cast("I"), whole[columns:].cast("I"))
