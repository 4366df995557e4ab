"""What folders say of orders: one that cannot be read has lost none, and one without any is worth a warning."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from resolver.ops.order_choice import RefusedVersion
from resolver.ops.order_files import OrderVersion, is_order_file
from resolver.orders.model import Place, Problem


def unread_versions(
    versions: Sequence[OrderVersion],
    problems: Sequence[Problem],
    kept: Mapping[str, OrderVersion],
    remembered: Mapping[str, Sequence[RefusedVersion]],
) -> Iterator[OrderVersion]:
    """Give each file that was read last time from a folder that cannot be read now, as one that cannot be read itself.

    ``problems`` are those of the folders, ``kept`` and ``remembered`` the good and the refused versions of last time,
    by order. An order that is found in another folder has moved there.
    """
    unread = {problem.place.file: problem for problem in problems}
    elsewhere = {version.id for version in versions}
    files = {version.file: None for order_id, version in kept.items() if order_id not in elsewhere}
    files |= {each.version.file: None for several in remembered.values() for each in several}
    for file in files:
        problem = unread.get(str(Path(file).parent))
        if problem is not None:
            yield OrderVersion(file, {}, (), None, (problem,), None, None)


def empty_folders(folders: Sequence[Path]) -> Iterator[Problem]:
    """Name the folders that hold no order file; of one that cannot be read nothing is said here."""
    for folder in folders:
        try:
            found = any(map(is_order_file, folder.iterdir()))
        except OSError:
            continue
        if not found:
            what = "no order file is here (*.yaml, *.yml), so nothing is blocked because of this folder"
            yield Problem(Place(str(folder), 1, 1), what)
