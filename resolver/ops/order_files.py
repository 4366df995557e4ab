"""Which order files there are, and what each became: an order, or the list of all that is wrong with it."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from resolver.ops.kept_orders import KeptOrder, KeptRefusal, digest_of, read_kept
from resolver.ops.progress import Tell, tell_nobody
from resolver.ops.regular_file import open_regular
from resolver.orders.large_file import read_large
from resolver.orders.lists import ReadNames
from resolver.orders.model import Event, Order, Place, Problem
from resolver.orders.parse import parse_order
from resolver.orders.salvage import salvage

SUFFIXES = (".yaml", ".yml")
MAX_LIST_OCTETS = 512_000_000


@dataclass(frozen=True, slots=True)
class OrderVersion:
    """One reading of an order file.

    ``sources`` holds the SHA-256 of the file and of those that it names, ``contents`` what they hold unless it is kept
    already, both as in `KeptOrder`. Where ``order`` is None, ``problems`` says why, ``draft`` is the order as far as it
    could be read, for what else is wrong with it, and ``id`` and ``unblocking`` are what counts all the same; the
    latter is None where not even a history was found.
    """

    file: str
    contents: Mapping[str, bytes]
    sources: tuple[tuple[str, str], ...]
    order: Order | None
    problems: tuple[Problem, ...]
    id: str | None
    unblocking: tuple[Event, ...] | None
    draft: Order | None = None


def read_order_files(
    folders: Sequence[Path], read_listed: ReadNames, tell: Tell = tell_nobody
) -> tuple[list[OrderVersion], list[Problem]]:
    """Read every order file of some folders, by name; also returns what is wrong with the folders themselves."""
    versions: list[OrderVersion] = []
    problems: list[Problem] = []
    for folder in folders:
        try:
            files = sorted(path for path in folder.iterdir() if is_order_file(path))
        except OSError as error:
            problems.append(Problem(Place(str(folder), 1, 1), _UNREAD.format(error.strerror)))
            continue
        for number, path in enumerate(files):
            tell("reading orders", number, len(files))
            versions.append(read_order_file(path, read_listed))
    return versions, problems


_UNREAD = (
    "orders cannot be read here ({}), so the last good version of each stays: "
    "give this user the right to read the folder, or correct `orders:`"
)


def is_order_file(path: Path) -> bool:
    """Tell whether a file of a folder is taken for an order."""
    return path.suffix in SUFFIXES and not path.name.startswith(".") and not path.is_dir()


def written_name(path: Path) -> str:
    """Write a file's name so that it can be told and kept: octets that are no UTF-8 as ``\\xff``."""
    return os.fsencode(path).decode(errors="backslashreplace")


def read_order_file(path: Path, read_listed: ReadNames) -> OrderVersion:
    """Read one order file and the files that it names."""
    if written_name(path) != str(path):
        problem = Problem(Place(written_name(path), 1, 1), "the name of this file is no UTF-8: rename it")
        return OrderVersion(written_name(path), {}, (), None, (problem,), None, None)
    try:
        content = read_regular(path)
    except OSError as error:
        problem = Problem(Place(str(path), 1, 1), f"cannot be read ({error.strerror}): check its permissions")
        return OrderVersion(str(path), {}, (), None, (problem,), None, None)
    return reread(path, content, read_listed)


def reread(path: Path, content: bytes, read_listed: ReadNames) -> OrderVersion:
    """Read an order file as if it held this content; the files that it names are read as they are."""
    return _version(content, str(path), lambda name: read_regular(path.parent / name), read_listed)


def read_kept_order(state: Path, kept: KeptOrder | KeptRefusal, read_listed: ReadNames) -> OrderVersion:
    """Read a version of an order again whose sources were kept. Raises KeptFileError."""
    digests = dict(kept.sources)
    content = read_kept(state, digests[""])
    version = _version(content, kept.file, lambda name: _read_kept_list(state, digests, name), read_listed)
    return replace(version, contents={})  # they are kept, and sound: a million names need not be held twice


def _read_kept_list(state: Path, digests: Mapping[str, str], name: str) -> bytes:
    if name not in digests:
        raise FileNotFoundError(None, "no kept copy")
    return read_kept(state, digests[name])


def _version(content: bytes, file: str, read_list: Callable[[str], bytes], read_listed: ReadNames) -> OrderVersion:
    contents = {"": content}

    def read_and_remember(name: str) -> bytes:
        contents[name] = read_list(name)
        return contents[name]

    parsed = parse_order(content, file, read_and_remember, read_listed)
    sources = tuple((name, digest_of(each)) for name, each in contents.items())
    if isinstance(parsed, Order):
        return OrderVersion(file, contents, sources, parsed, (), parsed.id, parsed.history)
    salvaged = salvage(content, file)
    return OrderVersion(file, contents, sources, None, parsed.problems, salvaged.id, salvaged.unblocking, parsed.draft)


def read_regular(path: Path) -> bytes:
    """Read a file of bounded size that is neither a device nor a pipe. Raises OSError."""
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size <= MAX_LIST_OCTETS:
            content = read_large(file, MAX_LIST_OCTETS + 1)
            if len(content) <= MAX_LIST_OCTETS:
                return content
    raise OSError(None, f"larger than {MAX_LIST_OCTETS} octets", str(path))
