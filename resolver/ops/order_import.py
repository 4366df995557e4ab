"""How a delivered list comes into an order: which file and measure, what is written there, and that it still holds.

Nothing is written unless the order file, with all that was added, is an order that can be read.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from resolver.dns.name import WireName, present_name
from resolver.ops.order_files import is_order_file
from resolver.orders.importers.entries import Beyond
from resolver.orders.importers.harvest import Harvest, Kept
from resolver.orders.model import Measure, Order, Reach
from resolver.orders.order_writing import OrderWritingError, Value, replace_file, with_added
from resolver.orders.parse import parse_order
from resolver.orders.whole_file import write_whole
from resolver.orders.yaml_document import YamlDocument, read_yaml

_ORDER_LINE: Final = rb"^(?:\xef\xbb\xbf)?order:[ \t]*[\"']?%b[\"']?[ \t\r]*(?:#.*)?$"
INLINE: Final = 50
"""Names that are written into the order file itself; a longer list goes into a file beside it."""
WHY: Final = {"url": "url", "port": "url", "ip": "ip", "pattern": "pattern"}
"""How ``cannot_enforce`` says why; a port is part of a URL."""


class ImportRefusedError(Exception):
    """Nothing was written; the message is one sentence that says what to do."""


class Target(NamedTuple):
    """The measure that a list is for, and the file of its order."""

    path: Path
    content: bytes
    order: Order
    measure: Measure
    number: int
    scope: Reach


@dataclass(frozen=True, slots=True)
class Delivery:
    """A list of a measure: our id of it, whose it is, when it reached us (as order files write it)."""

    id: str
    by: str | None = None
    received: str | None = None


@dataclass(frozen=True, slots=True)
class Addition:
    """What is to be written: the order file, and a file of names beside it if the list is long."""

    target: Target
    content: bytes
    names_file: tuple[Path, bytes] | None = None

    def write(self) -> None:
        """Write it; the names first, for the order file refers to them. Raises ImportRefusedError."""
        try:
            if self.names_file is not None:
                write_whole(*self.names_file)
                _own_as(self.names_file[0], self.target.path)
            if self.content != self.target.content:
                replace_file(self.target.path, self.target.content, self.content)
        except OrderWritingError as error:
            raise ImportRefusedError(str(error)) from error
        except OSError as error:
            raise ImportRefusedError(f"{error.filename}: cannot be written ({error.strerror})") from error


def _own_as(path: Path, other: Path) -> None:
    """Let whoever may read the order file read this one, too."""
    like = other.stat()
    if (like.st_uid, like.st_gid) != (os.geteuid(), os.getegid()):
        os.chown(path, like.st_uid, like.st_gid)
    path.chmod(like.st_mode & 0o7777)


def find_target(folders: Sequence[Path], order_id: str, measure_id: str | None) -> Target:
    """Find an order's file, and the measure of it. Raises ImportRefusedError."""
    path = _find_file(folders, order_id)
    content = path.read_bytes()
    order = _read(path, content)
    if order.id != order_id:
        raise ImportRefusedError(f"{path}: is order {order.id}, not {order_id}")
    chosen = [(number, each) for number, each in enumerate(order.measures) if measure_id in {None, each.id}]
    if len(chosen) != 1:
        known = ", ".join(each.id for each in order.measures)
        raise ImportRefusedError(f"{path}: which measure? Say --measure with one of {known}")
    number, measure = chosen[0]
    return Target(path, content, order, measure, number, _scope(content, number))


def _scope(content: bytes, number: int) -> Reach:
    match read_yaml(content, ""):
        case YamlDocument(value={"measures": [*measures]}):
            return Reach(measures[number].get("scope", Reach.SUBTREE))
        case _:
            raise AssertionError("it was read as an order just now")


def _find_file(folders: Sequence[Path], order_id: str) -> Path:
    """Look for the file with this ``order``, without reading ten thousand others as YAML."""
    line = re.compile(_ORDER_LINE % re.escape(order_id.encode()), re.MULTILINE)
    found = []
    for folder in folders:
        try:
            files = sorted(path for path in folder.iterdir() if is_order_file(path) and path.is_file())
            found += [path for path in files if line.search(path.read_bytes())]
        except OSError as error:
            raise ImportRefusedError(f"{folder}: cannot be read ({error.strerror})") from error
    if len(found) > 1:
        raise ImportRefusedError(
            f"order {order_id} stands in {' and '.join(map(str, found))}: remove one of them first"
        )
    if not found:
        where = ", ".join(map(str, folders))
        raise ImportRefusedError(f"no file of order {order_id} in {where}: `arret new` makes one")
    return found[0]


def _read(path: Path, content: bytes, names_file: tuple[Path, bytes] | None = None) -> Order:
    def read_file(name: str) -> bytes:
        if names_file is not None and path.parent / name == names_file[0]:
            return names_file[1]
        return (path.parent / name).read_bytes()

    parsed = parse_order(content, str(path), read_file)
    if isinstance(parsed, Order):
        return parsed
    raise ImportRefusedError("\n".join(["the order cannot be read:", *map(str, parsed.problems)]))


def known_names(measure: Measure, delivery: Delivery | None) -> set[WireName]:
    """List the names that need not be added: of the measure itself; a list of its own holds its names anyhow."""
    return set() if delivery is not None else {each.name for each in measure.listed if None in each.lists}


def prepare(target: Target, harvest: Harvest, delivery: Delivery | None) -> Addition:
    """Work out what is to be written, and see that it is an order. Raises ImportRefusedError."""
    here: tuple[str | int, ...] = ("measures", target.number)
    file = str(target.path)
    kept = sorted(harvest.kept, key=lambda each: each.line)
    content, names_file = target.content, None
    try:
        if delivery is not None and kept:
            entry, names_file = _list_entry(target, kept, delivery)
            content = with_added(content, file, [*here, "lists"], [entry])
        elif kept:
            content = with_added(content, file, [*here, "names"], [_name(target.scope, each) for each in kept])
        if unable := _unable(target.measure, harvest.beyond):
            content = with_added(content, file, [*here, "cannot_enforce"], unable)
    except OrderWritingError as error:
        raise ImportRefusedError(str(error)) from error
    _read(target.path, content, names_file)
    return Addition(target, content, names_file)


def _list_entry(
    target: Target, kept: Sequence[Kept], delivery: Delivery
) -> tuple[dict[str, Value], tuple[Path, bytes] | None]:
    if any(each.id == delivery.id for each in target.measure.lists):
        raise ImportRefusedError(
            f"{target.path}: measure {target.measure.id} has a list {delivery.id} already: choose another id"
        )
    about = {"id": delivery.id, "by": delivery.by, "received": delivery.received}
    entry: dict[str, Value] = {key: value for key, value in about.items() if value is not None}
    entries = [_name(target.scope, each) for each in kept]
    plain = [each for each in entries if isinstance(each, str)]
    if len(plain) <= INLINE:
        return {**entry, "names": entries}, None
    others = [each for each in entries if not isinstance(each, str)]
    content = "".join(f"{name}\n" for name in plain).encode()
    path = target.path.with_name(f"{target.path.stem}-{delivery.id}.txt")
    if path.exists():
        raise ImportRefusedError(f"{path}: is there already: move it away, or choose another id of the list")
    entry |= {"file": path.name, "sha256": sha256(content).hexdigest()}
    return entry | ({"names": others} if others else {}), (path, content)


def _name(scope: Reach, kept: Kept) -> Value:
    """Write a name: short if its reach is the measure's, and with what was decided about it."""
    name = present_name(kept.name).rstrip(".")
    long: dict[str, Value] = {"name": name}
    if kept.reach is not scope:
        long["scope"] = kept.reach.value
    if kept.widened is not None:
        long["note"] = f"widened from {kept.text}: {kept.widened}"
    return name if len(long) == 1 else long


def _unable(measure: Measure, beyond: Sequence[Beyond]) -> list[Value]:
    """Write what DNS cannot do, each once."""
    known = {each.as_written for each in measure.cannot_enforce}
    fresh = {each.text: each for each in beyond if each.text not in known}
    return [{"as_written": each.text, "why": WHY[each.why]} for each in fresh.values()]
