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
    """Versions by the id of their order; ``problems`` says which are lost. Filled by `read_last_versions` alone."""

    good: dict[str, OrderVersion] = field(default_factory=dict)
    refused: dict[str, list[RefusedVersion]] = field(default_factory=dict)
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
            version = read(each)
            if version.order is None:
                last.problems.append(_lost(each, str(version.problems[0])))
            else:
                last.good[each.id] = version
            last.refused[each.id] = [RefusedVersion(read(newer), newer.repeats) for newer in each.refused]
        except KeptFileError as error:
            last.problems.append(_lost(each, str(error)))
    return last


def _lost(kept: KeptOrder, why: str) -> Problem:
    what = f"the last good version of order {kept.id!r} is lost, only its file counts now: {why}"
    return Problem(Place(kept.file, 1, 1), what)
