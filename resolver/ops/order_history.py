"""How an entry is put into the history of an order's file: found by the order's id, added, read again, exchanged.

It is done by whoever runs the command, with his rights; the server is told afterwards.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from resolver.dns.name import WireName
from resolver.ops.config import Config
from resolver.ops.kept_orders import digest_of
from resolver.ops.order_files import is_order_file, read_order_file, reread
from resolver.ops.regular_file import open_regular
from resolver.ops.remembered_names import RememberedNames
from resolver.orders.dates import day_of
from resolver.orders.history import without_suspensions
from resolver.orders.model import EventKind, Order, Timeline
from resolver.orders.order_writing import OrderWritingError, Value, replace_file, with_added
from resolver.orders.period import timeline
from resolver.orders.yaml_document import YamlDocument, read_yaml


@dataclass(frozen=True, slots=True)
class WrittenEntry:
    """What was written: the file, the SHA-256 that it has now, and the order that it holds."""

    file: Path
    digest: str
    order: Order


def find_order_file(folders: Sequence[Path], order: str) -> Path:
    """Find the file that holds an order, without reading the other ten thousand as YAML. Raises OrderWritingError.

    A file that cannot be read keeps nobody from un-blocking by another.
    """
    written = re.escape(order.encode())
    line = re.compile(rb"^(?:\xef\xbb\xbf)?order:[ \t]*([\"']?)" + written + rb"\1[ \t]*(?:#.*)?\r?$", re.MULTILINE)
    try:
        files = [path for folder in folders for path in folder.iterdir() if is_order_file(path)]
    except OSError as error:
        raise OrderWritingError(f"{error.filename}: cannot be read ({error.strerror})") from error
    contents, unread = _read_those_that_name(order.encode(), files)
    found = sorted(path for path, content in contents.items() if line.search(content))
    found = found or sorted(path for path, content in contents.items() if _holds(path, content, order))
    if len(found) > 1:
        raise OrderWritingError(f"order {order!r} stands in {' and '.join(map(str, found))}: keep one of them")
    if not found and unread:
        raise OrderWritingError(f"{unread[0]}, and no other file holds order {order!r}")
    if not found:
        where = ", ".join(map(str, folders))
        raise OrderWritingError(f"no file in {where} holds order {order!r}; `arret orders` lists those that are loaded")
    return found[0]


def _read_those_that_name(order: bytes, files: Iterable[Path]) -> tuple[dict[Path, bytes], list[str]]:
    """Read the files in which an id stands, wherever; also says of which files that cannot be told, and why."""
    contents: dict[Path, bytes] = {}
    unread: list[str] = []
    for path in files:
        try:
            with open_regular(path) as file:
                content = file.read()
        except OSError as error:
            unread.append(f"{path}: cannot be read ({error.strerror})")
            continue
        if order in content:
            contents[path] = content
    return contents, unread


def _holds(path: Path, content: bytes, order: str) -> bool:
    """Tell whether a file holds an order however that is written: in braces, under a quoted key."""
    match read_yaml(content, str(path)):
        case YamlDocument(value={"order": str(held)}):
            return held == order
        case _:
            return False


def add_to_history(config: Config, order: str, entry: Mapping[str, Value]) -> WrittenEntry:
    """Add an entry to an order's history. Raises OrderWritingError, and nothing is written then.

    The file must be sound before and after: what an entry says of names, measures and dates is checked as always.
    One that changes nothing is refused, or somebody would take it for what ended or brought back a block.
    """
    path = find_order_file(config.orders, order)
    names = RememberedNames(config.state)
    before = read_order_file(path, names.read)
    if before.order is None:
        first = "; ".join(str(problem) for problem in before.problems[:3])
        raise OrderWritingError(f"{first}; correct it first, or add the entry by hand: {entry}")
    after = with_added(before.contents[""], str(path), ["history"], [entry])
    read = reread(path, after, names.read)
    if read.order is None:
        what = "; ".join(problem.what for problem in read.problems[:3])
        raise OrderWritingError(f"{path}: this cannot be recorded: {what}")
    today = day_of(read.order.history[-1].day)
    useless = _USELESS.get(EventKind(str(entry["event"])))
    if useless is not None and _times(before.order, today) == _times(read.order, today):
        raise OrderWritingError(f"{path}: {useless}")
    replace_file(path, before.contents[""], after)
    return WrittenEntry(path, digest_of(after), read.order)


_USELESS: Final = {
    EventKind.RESUMED: (
        "nothing is suspended that this would bring back, so nothing was written; what was lifted or removed does not "
        "come back: a new decision is a new order"
    ),
    EventKind.SUSPENDED: (
        "all that this would suspend is suspended for as long, lifted or over already, so nothing was written; "
        "`arret resume` ends a suspension"
    ),
    EventKind.LIFTED: "all that this would lift was lifted or is over already, so nothing was written",
}
"""What is said of an entry that changes nothing."""

_Times = list[tuple[Timeline, dict[WireName, Timeline]]]


def _times(order: Order, today: date) -> tuple[_Times, _Times]:
    """Tell when each measure and each name with a history of its own is in force, and would be without suspensions.

    What is suspended can be lifted all the same: then it does not come back. Unpinned measures count from ``today``.
    """

    def times(told: Order) -> _Times:
        found = (timeline(told, each, each.addressees, today) for each in told.measures)
        return [(time.own, time.named) for time in found]

    return times(order), times(without_suspensions(order))
