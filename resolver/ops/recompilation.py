"""How a start or a reload compiles only the orders whose files changed, and takes the others from the applied policy.

What comes of it is to the octet what `resolver.ops.compile` makes of all files. Where that could not be told for
certain, or would be no quicker, this says nothing, and everything is compiled.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from resolver.ops.account import Told
from resolver.ops.basis import basis_of, is_made_on, note_basis
from resolver.ops.compile import frame_of
from resolver.ops.config import Config
from resolver.ops.description import NewPart
from resolver.ops.enactment import EnactedOrder, Tables, enact_order
from resolver.ops.joining import join_orders
from resolver.ops.last_versions import LastVersions, read_last_versions
from resolver.ops.manners import manners_of
from resolver.ops.order_checks import over, warnings
from resolver.ops.order_folders import empty_folders
from resolver.ops.plan import digest_of_files
from resolver.ops.policy_file import AppliedPolicy
from resolver.ops.policy_lines import PolicyLines
from resolver.ops.policy_writing import Written, contents_of, write_policy
from resolver.ops.remembered_names import WORTH_OCTETS
from resolver.ops.unchanged_orders import SortedFiles, StayingOrder, sort_files
from resolver.ops.weighing import Weighed, weigh
from resolver.orders.index import Index
from resolver.orders.lists import FileNames, read_names
from resolver.orders.model import Place, Problem

MOST_NAMES: Final = 50_000
"""Above so many names in orders that changed, a new index is laid out in as short a time and less room."""


@dataclass(frozen=True, slots=True)
class Recompiled:
    """The policy, what is new in it, and what supervisor and journal are told; `CompileReport` has the words."""

    written: Written
    lines: PolicyLines
    part: NewPart
    told: Told
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def recompile(config: Config, wall: float, applied: AppliedPolicy) -> Recompiled | None:
    """Compile what changed since ``applied``, as of ``wall`` on the order clock (POSIX seconds), and write it.

    Raises OSError when the policy cannot be written; what was there before is unchanged then.
    """
    lines, basis = applied.lines, basis_of(config)
    if lines is None or applied.index is None or config.exempt or not is_made_on(config.state, applied.digest, basis):
        return None
    try:
        files = sort_files(config.orders, lines, _read_short)
        changing = tuple(each for each in applied.manifest if each.id not in files.staying)
        last = read_last_versions(config.state, replace(applied, manifest=changing), files.versions, _read_short)
    except (OSError, _LongListError):
        return None
    if last.lost or last.lost_unblocking:
        return None
    weighed = weigh(
        config, wall, applied, files.versions, last, confirmed=False, beside=_beside(applied, files.staying, wall)
    )
    if sum(len(each.listed) for standing in weighed.choice.standing for each in standing.order.measures) > MOST_NAMES:
        return None
    return _Recompilation(config, wall, applied, basis, lines, applied.index, files, last, weighed).finish()


class _LongListError(Exception):
    """A list is read that is worth remembering: whoever compiles everything reads it once, and not we before him."""


def _read_short(content: bytes, file: str, column: str | None) -> FileNames:
    if len(content) >= WORTH_OCTETS:
        raise _LongListError
    return read_names(content, file, column)


def _beside(applied: AppliedPolicy, staying: Mapping[str, StayingOrder], wall: float) -> int | None:
    """Count the names of orders that stay and are not over; None where none was applied, as at a first start."""
    if not applied.manifest:
        return None
    return sum(each.settled["names"] for each in staying.values() if not each.is_over(wall))


@dataclass(frozen=True, slots=True)
class _Recompilation:
    """All that was found out; nothing is written yet."""

    config: Config
    wall: float
    applied: AppliedPolicy
    basis: str | None
    lines: PolicyLines
    index: Index
    files: SortedFiles
    last: LastVersions
    weighed: Weighed

    def finish(self) -> Recompiled:
        """Join new orders with those that stay, write the policy, report."""
        config, choice, staying = self.config, self.weighed.choice, self.files.staying
        manners = manners_of(config)
        enacted = [enact_order(timed, manners, self.weighed.is_settled) for timed in self.weighed.timed]
        new = {each.order["id"]: each for each in enacted}
        frame = partial(frame_of, config, self.weighed, exempt=[])
        lines, index = join_orders(self.lines, self.index, staying, new, frame)
        contents = contents_of(choice)
        for each in staying.values():
            contents |= each.contents
        done = write_policy(config.state, contents, index, self.index, lines)
        note_basis(config.state, lines.digest, self.basis)
        part, told = self._new_part(lines, enacted)
        problems = dict.fromkeys((*self.weighed.problems, *done.problems))
        return Recompiled(
            done, lines, part, told, tuple(sorted(problems, key=lambda problem: problem.place)), tuple(self._warnings())
        )

    def _new_part(self, lines: PolicyLines, enacted: Sequence[EnactedOrder]) -> tuple[NewPart, Told]:
        """Say what is new in the policy against the one before."""
        choice = self.weighed.choice
        before = self.lines.part(
            number for number, each in enumerate(self.applied.manifest) if each.id not in self.files.staying
        )
        after = lines.part(())
        tables = Tables()
        for each in enacted:
            tables.add(each)
        after["orders"], after["measures"], after["manifest"] = tables.orders, tables.measures, tables.manifest
        gone = {each["id"] for each in before["orders"]} - {each["id"] for each in after["orders"]}
        part = NewPart(self.applied.digest, after, tuple(sorted(gone)), len(lines.orders), len(choice.refused))
        old = {order_id: version.order for order_id, version in self.last.good.items() if version.order is not None}
        return part, Told(self._plan(), choice, lines.digest, after, before, old)

    def _plan(self) -> str:
        """Name all files, those that did not change, too."""
        sources = {each.entry["path"]: each.entry["files"] for each in self.files.staying.values()}
        read = self.files.read
        return digest_of_files(
            (
                (file, read[file].sources, [] if read[file].order is not None else read[file].problems)
                if file in read
                else (file, sources[file], [])
                for file in self.files.files
            ),
            (),
        )

    def _warnings(self) -> Iterator[Problem]:
        """Tell what is worth knowing of all orders; of a settled one that is that it is over, or nothing."""
        yield from empty_folders(self.config.orders)
        timed = {each.standing.order.id: each for each in self.weighed.timed}
        for order_id in sorted({*timed, *self.files.staying}):
            if order_id in timed:
                yield from warnings([timed[order_id]], self.weighed.addresses, self.wall)
            elif self.files.staying[order_id].is_over(self.wall) and self.files.staying[order_id].settled["ours"]:
                settled = self.files.staying[order_id]
                yield over(order_id, Place(settled.entry["path"], *settled.settled["place"]))
