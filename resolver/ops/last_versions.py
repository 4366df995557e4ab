"""What the state folder remembers of the orders that were applied last: good versions, and refused ones that un-block.

Whatever happens to an order's file, its last good version can stand in for it, and what a refused version un-blocked
before its file became unreadable, or was lost, stays un-blocked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from resolver.ops.kept_orders import KeptFileError, KeptOrder, KeptRefusal
from resolver.ops.order_choice import RefusedVersion
from resolver.ops.order_files import OrderVersion, read_kept_order
from resolver.ops.policy_file import AppliedPolicy
from resolver.orders.lists import ReadNames
from resolver.orders.model import Place, Problem


@dataclass(slots=True)
class LastVersions:
    """Versions by the id of their order; filled by `read_last_versions` alone.

    ``lost`` gives the files of orders whose good version is lost, ``lost_unblocking`` those of orders of which a
    refused one is; ``problems`` says so.
    """

    good: dict[str, OrderVersion] = field(default_factory=dict)
    refused: dict[str, list[RefusedVersion]] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    lost_unblocking: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_last_versions(
    state: Path, applied: AppliedPolicy | None, versions: Sequence[OrderVersion], read_listed: ReadNames
) -> LastVersions:
    """Read the kept copies behind the applied policy, except where a version on disk is the same."""
    last = LastVersions()
    if applied is None:
        return last
    if applied.damage is not None:
        last.problems.append(
            Problem(Place(str(state), 1, 1), f"{applied.damage}; it is compiled again from kept copies")
        )
    unchanged = {(version.file, version.sources): version for version in versions}

    def read(kept: KeptOrder | KeptRefusal) -> OrderVersion:
        return unchanged.get((kept.file, kept.sources)) or read_kept_order(state, kept, read_listed)

    for each in applied.manifest:
        try:
            last.good[each.id] = _sound(read(each))
        except KeptFileError as error:
            last.lost[each.id] = each.file
            last.problems.append(_lost(each.file, f"the last good version of order {each.id!r}", error))
        for newer in each.refused:
            try:
                last.refused.setdefault(each.id, []).append(RefusedVersion(read(newer), newer.repeats))
            except KeptFileError as error:
                last.lost_unblocking[each.id] = newer.file
                last.problems.append(_lost(newer.file, f"a refused version of order {each.id!r}", error))
    return last


def _sound(version: OrderVersion) -> OrderVersion:
    if version.order is None:
        raise KeptFileError(None, str(version.problems[0]))
    return version


def _lost(file: str, what: str, error: KeptFileError) -> Problem:
    return Problem(Place(file, 1, 1), f"{what} is lost, only its file counts now: {error}")
