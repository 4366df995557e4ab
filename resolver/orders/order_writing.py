"""How something is added to an order file so that nothing else in it changes: no comment, no quote, no indent.

New members are put behind the last one, as text; the rest of the file is not written anew but copied. Then the file is
read again and must say what it said before and the new members beside it, or nothing is written.
"""

import fcntl
import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from resolver.orders.yaml_document import Extent, YamlDocument, read_text, read_yaml

Value = str | bool | Sequence["Value"] | Mapping[str, "Value"]
"""What may be added; None is nothing that an order file says."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_BOM: Final = b"\xef\xbb\xbf"


class OrderWritingError(Exception):
    """An order file cannot be added to; the message names it and says what to do. Nothing was changed."""


def with_added(content: bytes, file: str, path: Sequence[str | int], members: Sequence[Value]) -> bytes:
    """Add members to the list at a path of keys and positions; a list that is missing is made.

    Such as ``with_added(content, "order.yaml", ["history"], [{"date": "2026-11-21", "event": "lifted"}])``. The path
    leads through mappings and lists that are there; ``file`` is the name that errors carry. Raises OrderWritingError.
    """
    before = _document(content, file)
    text = read_text(content, file)
    assert isinstance(text, str), "it was read just now"
    added = _added(before, text, path, members)
    bom = _BOM if content.startswith(_BOM) else b""
    written = bom + added.encode()
    after = read_yaml(written, file)
    if not isinstance(after, YamlDocument) or after.value != _expected(before.value, path, members):
        raise OrderWritingError(f"{file}: nothing can be added to {_present(path)} here as it is written; add by hand")
    return written


def _document(content: bytes, file: str) -> YamlDocument:
    match read_yaml(content, file):
        case YamlDocument() as document:
            return document
        case problems:
            raise OrderWritingError(f"{problems[0]}; correct it first, nothing was written")


def _added(document: YamlDocument, text: str, path: Sequence[str | int], members: Sequence[Value]) -> str:
    break_ = "\r\n" if "\r\n" in text else "\n"
    here = document.extent(path)
    if here is not None and here.flow:
        return _within_brackets(text, here, ", ".join(map(write_value, members)))
    if here is not None:
        return _below(text, here, [f"- {write_value(member)}" for member in members], break_)
    above = document.extent(path[:-1])
    if above is None or not isinstance(path[-1], str):
        raise OrderWritingError(f"{document.file}: has no {_present(path[:-1])} to add to")
    if above.flow:
        return _within_brackets(text, above, f"{path[-1]}: {write_value(members)}")
    return _below(text, above, [f"{path[-1]}:", *(f"  - {write_value(member)}" for member in members)], break_)


def _within_brackets(text: str, here: Extent, new: str) -> str:
    return text[: here.end] + ("" if here.empty else ", ") + new + text[here.end :]


def _below(text: str, here: Extent, lines: Sequence[str], break_: str) -> str:
    """Put lines behind the one on which the last member ends; a comment on that line stays there."""
    begins_line = here.end > 0 and text[here.end - 1] == "\n"  # the end of a text in lines of its own
    end = here.end if begins_line else text.find("\n", here.end) + 1 or len(text)
    first = break_ if end == len(text) and not text.endswith("\n") else ""
    return text[:end] + first + "".join(" " * here.column + line + break_ for line in lines) + text[end:]


def write_value(value: Value) -> str:
    """Write a value on one line of YAML, so that it is read as the same again."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            plain = _PLAIN.fullmatch(value) and value not in {"true", "false", "null"}
            return value if plain else json.dumps(value, ensure_ascii=False)
        case Mapping():
            return "{" + ", ".join(f"{key}: {write_value(each)}" for key, each in value.items()) + "}"
        case _:
            return "[" + ", ".join(map(write_value, value)) + "]"


def _expected(value: object, path: Sequence[str | int], members: Sequence[Value]) -> object:
    """Say what the file must say afterwards."""
    if not path:
        return [*(value if isinstance(value, list) else ()), *map(_plain, members)]
    step, rest = path[0], path[1:]
    match value:
        case dict():
            return {**value, step: _expected(value.get(step), rest, members)}
        case list() if isinstance(step, int) and step < len(value):
            return [*value[:step], _expected(value[step], rest, members), *value[step + 1 :]]
        case _:
            return None


def _plain(value: Value) -> object:
    match value:
        case str() | bool():
            return value
        case Mapping():
            return {key: _plain(each) for key, each in value.items()}
        case _:
            return [_plain(each) for each in value]


def _present(path: Sequence[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".") or "mapping"


def replace_file(path: Path, before: bytes, after: bytes) -> None:
    """Exchange the content of a file whole: owner and mode stay, and a power cut leaves the one or the other.

    A symbolic link stays one; what it leads to is exchanged. Raises OrderWritingError, also when the file no longer
    holds ``before``.
    """
    target = path.resolve()
    try:
        _exchange(target, before, after)
    except OSError as error:
        raise OrderWritingError(
            f"{path}: cannot be written ({error.strerror or error}); do it as a user who may, the folder included"
        ) from error


def _exchange(path: Path, before: bytes, after: bytes) -> None:
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # two of us at once: the second one finds other content
        old = os.fstat(file.fileno())
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", suffix=".new", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as new:
                new.write(after)
                if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(new.fileno(), old.st_uid, old.st_gid)
                os.fchmod(new.fileno(), old.st_mode & 0o7777)
                new.flush()
                os.fsync(new.fileno())
            _insist_on(path, before)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _insist_on(path: Path, before: bytes) -> None:
    if path.read_bytes() != before:
        raise OrderWritingError(f"{path}: was changed meanwhile; look at it, then do it again")
