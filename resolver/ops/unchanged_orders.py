"""Which orders a reload takes from the applied policy as they are, and what must be compiled anew beside them.

An order stays if it is settled, if its files are to the octet those that were applied, and if no other file claims its
id. Whether anything else changed that its records depend on is for the caller to know.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from resolver.ops.kept_orders import digest_of
from resolver.ops.order_files import OrderVersion, is_order_file, read_order_file, read_regular, written_name
from resolver.ops.policy_document import ManifestEntry, SettledRecord
from resolver.ops.policy_lines import PolicyLines
from resolver.orders.lists import ReadNames


@dataclass(frozen=True, slots=True)
class StayingOrder:
    """An order that stays: its number in the applied policy, its manifest, and its files by their SHA-256."""

    number: int
    entry: ManifestEntry
    contents: Mapping[str, bytes]

    @property
    def settled(self) -> SettledRecord:
        """What is noted of it."""
        return self.entry["settled"]

    def is_over(self, wall: float) -> bool:
        """Tell whether nothing of it can be in force any more (POSIX seconds)."""
        end = self.settled["over"]
        return end is not None and end <= wall


@dataclass(frozen=True, slots=True)
class SortedFiles:
    """All order files in their order, the orders that stay, by id, and by file what the others became."""

    files: tuple[str, ...]
    staying: Mapping[str, StayingOrder]
    read: Mapping[str, OrderVersion]

    @property
    def versions(self) -> tuple[OrderVersion, ...]:
        """The files that were read, in their order."""
        return tuple(self.read[file] for file in self.files if file in self.read)


def sort_files(folders: Sequence[Path], lines: PolicyLines, read_listed: ReadNames) -> SortedFiles:
    """Look at every order file, and parse those that are not as they were. Raises OSError for a folder."""
    paths = [path for folder in folders for path in sorted(filter(is_order_file, folder.iterdir()))]
    staying: dict[str, StayingOrder] = {}
    read: dict[str, OrderVersion] = {}
    settled = _settled(lines)
    for path in paths:
        found = settled.get(written_name(path))
        contents = None if found is None else _as_applied(path, found[1]["files"])
        if found is None or contents is None:
            read[written_name(path)] = read_order_file(path, read_listed)
        else:
            staying[found[1]["id"]] = StayingOrder(*found, contents)
    for claimed in {version.id for version in read.values() if version.id is not None} & staying.keys():
        file = staying.pop(claimed).entry["path"]
        read[file] = read_order_file(Path(file), read_listed)
    return SortedFiles(tuple(map(written_name, paths)), staying, read)


def _settled(lines: PolicyLines) -> dict[str, tuple[int, ManifestEntry]]:
    """Find the settled orders of a policy by their files."""
    found: dict[str, tuple[int, ManifestEntry]] = {}
    for number, line in enumerate(lines.manifest):
        entry: ManifestEntry = json.loads(line)
        if "settled" in entry:
            found[entry["path"]] = (number, entry)
    return found


def _as_applied(path: Path, sources: Sequence[Sequence[str]]) -> dict[str, bytes] | None:
    """Read an order file and those that it names; None if one is not what it was, or cannot be read."""
    contents: dict[str, bytes] = {}
    for name, digest in sources:
        try:
            content = read_regular(path.parent / name if name else path)
        except OSError:
            return None
        if digest_of(content) != digest:
            return None
        contents[digest] = content
    return contents
