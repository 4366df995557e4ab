"""How the order files become again what they were when a policy was in force, except for what was un-blocked since.

What is un-blocked stays so: entries of the history that suspend, lift, reverse or remove names since then are put
behind those of the restored file, with those that resume. A file that was not there then is taken away, and every file
that changes is copied first.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from resolver.ops.kept_orders import read_kept
from resolver.ops.order_files import OrderVersion
from resolver.ops.past_orders import kept_order
from resolver.orders.model import EventKind
from resolver.orders.order_writing import Value, replace_file, with_added
from resolver.orders.whole_file import write_whole
from resolver.orders.yaml_document import YamlDocument, read_yaml
from resolver.proof.chain import Facts
from resolver.proof.past import PastState

REPLACED: Final = "replaced"
KEPT_EVENTS: Final = frozenset(
    {EventKind.SUSPENDED, EventKind.RESUMED, EventKind.LIFTED, EventKind.REVERSED, EventKind.NAMES_REMOVED}
)


@dataclass(frozen=True, slots=True)
class Restoration:
    """What becomes of one file: its new content, None if it is taken away; ``unblocking`` counts entries that stay."""

    order: str
    path: Path
    before: bytes | None
    after: bytes | None
    unblocking: int = 0


def restorations(
    state: Path,
    past: PastState,
    versions: Sequence[OrderVersion],
    latest: Mapping[str, Facts],
    spared: frozenset[str],
    *,
    with_unblocking: bool,
) -> Iterator[Restoration]:
    """Tell what becomes of the files on the disk, given as ``versions``; those that stay as they are are left out.

    ``latest`` is what the journal says last of each order, for those whose file is gone. Orders that are ``spared``,
    and files that tell no order, stay. ``with_unblocking`` undoes also what was un-blocked since. Raises KeptFileError,
    OrderWritingError.
    """
    on_disk = {Path(version.file): version for version in versions}
    restored: set[Path] = set()
    for facts in past.orders.values():
        kept = kept_order(facts)
        for name, digest in kept.sources:
            path = Path(kept.file).parent / name if name else Path(kept.file)
            restored.add(path)
            before = path.read_bytes() if path.is_file() else None
            after, unblocking = read_kept(state, digest), 0
            if not name and not with_unblocking:
                now = on_disk.get(path)
                theirs = now.contents[""] if now is not None and now.id == kept.id else _last(state, latest[kept.id])
                after, unblocking = with_what_was_unblocked(after, theirs, str(path))
            if after != before:
                yield Restoration(kept.id, path, before, after, unblocking)
    for path, version in on_disk.items():
        if path not in restored and version.id is not None and version.id not in spared:
            yield Restoration(version.id, path, version.contents[""], None)


def _last(state: Path, facts: Facts) -> bytes:
    """Read the last version of an order that was applied."""
    return read_kept(state, kept_order(facts).sources[0][1])


def with_what_was_unblocked(then: bytes, now: bytes, file: str) -> tuple[bytes, int]:
    """Put the entries behind an older history that un-block since, or resume; tells how many."""
    known = _history(then, file)
    since = [each for each in _history(now, file) if each not in known and each.get("event") in KEPT_EVENTS]
    return (with_added(then, file, ["history"], since), len(since)) if since else (then, 0)


def _history(content: bytes, file: str) -> list[Mapping[str, Value]]:
    match read_yaml(content, file):
        case YamlDocument(value={"history": list() as history}):
            return cast("list[Mapping[str, Value]]", [each for each in history if isinstance(each, dict)])
        case _:
            return []


def restore(state: Path, label: str, changes: Sequence[Restoration]) -> Path:
    """Copy what is there, then write; gives the folder of the copies. Raises OSError, OrderWritingError."""
    folder = state / REPLACED / label
    folder.mkdir(mode=0o700, parents=True)
    for number, each in enumerate(changes):
        if each.before is not None:
            shutil.copy2(each.path, folder / f"{number}-{each.path.name}")
    for each in changes:
        if each.after is None:
            each.path.unlink()
        elif each.before is None:
            write_whole(each.path, each.after)
            each.path.chmod(0o644)
        else:
            replace_file(each.path, each.before, each.after)
    return folder
