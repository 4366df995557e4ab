"""How order files become the policy that workers enforce: read, choose, enact, write.

Nothing here touches what is applied; a policy takes effect when its path is handed to the workers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from resolver.core.policy import Policy
from resolver.core.policy_entries import ExemptionEntry
from resolver.ops.account import Told
from resolver.ops.basis import basis_of, note_basis
from resolver.ops.config import Config
from resolver.ops.doubt import doubts
from resolver.ops.enactment import Tables, enact
from resolver.ops.exemptions import exemption_warnings, exemptions
from resolver.ops.last_versions import LastVersions, read_last_versions
from resolver.ops.manners import manners_of
from resolver.ops.order_checks import warnings
from resolver.ops.order_choice import Choice, Refusal
from resolver.ops.order_files import OrderVersion, read_order_files
from resolver.ops.order_folders import empty_folders, unread_versions
from resolver.ops.plan import Confirms, confirms_nothing, plan_digest
from resolver.ops.policy_document import VERSION, PolicyDocument
from resolver.ops.policy_file import AppliedPolicy, join, read_lines
from resolver.ops.policy_lines import PolicyLines
from resolver.ops.policy_writing import Written, contents_of, write_policy
from resolver.ops.progress import Tell, tell_nobody
from resolver.ops.remembered_names import RememberedNames
from resolver.ops.weighing import Weighed, notice_addresses, weigh
from resolver.orders.index import Index, build_index, index_name
from resolver.orders.model import Order, Problem


@dataclass(frozen=True, slots=True)
class CompileReport:
    """What came of the orders.

    ``policy`` is the file to apply: None if nothing was to be written, or if nothing stands because of ``problems``
    and nothing ever did. ``problems`` need somebody's hand, ``warnings`` are worth knowing. ``names`` are distinct.
    ``plan`` names the files on disk, ``before`` are the orders that were applied last and can be read, by id.
    """

    policy: Path | None
    digest: str
    document: PolicyDocument
    index: Index
    problems: tuple[Problem, ...]
    refused: tuple[Refusal, ...]
    warnings: tuple[Problem, ...]
    orders: int
    names: int
    plan: str
    choice: Choice
    before: Mapping[str, Order]

    def told(self, before: PolicyDocument | None) -> Told:
        """Say what the journal is to be told; ``before`` is the document of the policy that it knows."""
        return Told(self.plan, self.choice, self.digest, self.document, before, self.before)

    def load(self, slots: Mapping[str, int]) -> Policy:
        """Make the policy in memory, as workers would from the files."""
        return join(self.digest, self.document, self.index, slots)


def compile_orders(
    config: Config,
    wall: float,
    applied: AppliedPolicy | None,
    *,
    write: bool = True,
    tell: Tell = tell_nobody,
    confirms: Confirms = confirms_nothing,
) -> CompileReport:
    """Compile the order files as of ``wall`` on the order clock (POSIX seconds).

    ``applied`` is what stands now: refused orders fall back on it. With ``write``, the policy and a copy of every
    order are in the state directory when this returns. ``tell`` learns how far it is. ``confirms`` tells whether what
    looks like an accident is meant. Raises OSError when the policy cannot be written, PlanChangedError when other files
    were meant; what was there before is unchanged then.
    """
    basis = basis_of(config) if write else None
    remembered = RememberedNames(config.state, tell)
    versions, problems = read_order_files(config.orders, remembered.read, tell)
    plan = plan_digest(versions, problems)
    confirmed = confirms(plan) and not problems  # nobody means to lose what a folder holds that cannot be read
    last = read_last_versions(config.state, applied, versions, remembered.read)
    versions += unread_versions(versions, problems, last.good, last.refused)
    weighed = weigh(config, wall, applied, versions, last, confirmed=confirmed)
    choice, timed = weighed.choice, weighed.timed
    problems += weighed.problems
    made = _unchanged(applied, last, choice, versions, wall)
    if made is None:
        made = _make(config, applied, weighed, tell)
        if write and (choice.standing or applied is not None or not problems):
            known = None if applied is None else applied.index
            made = replace(made, written=write_policy(config.state, contents_of(choice), made.index, known, made.lines))
            if not made.written.problems:
                remembered.keep_used()
                note_basis(config.state, made.lines.digest, basis)
    problems += made.written.problems
    return CompileReport(
        policy=made.written.policy if write else None,
        digest=made.lines.digest,
        document=made.document,
        index=made.index,
        problems=tuple(sorted(dict.fromkeys(problems), key=lambda problem: problem.place)),
        refused=choice.refused,
        warnings=(
            *empty_folders(config.orders),
            *exemption_warnings(made.document.get("exempt", []), config.exempt_places, wall),
            *warnings(timed, notice_addresses(config), wall),
        ),
        orders=len(made.document["orders"]),
        names=len(made.index),
        plan=plan,
        choice=choice,
        before={order_id: version.order for order_id, version in last.good.items() if version.order is not None},
    )


@dataclass(frozen=True, slots=True)
class _Made:
    """What the orders became, and what was written of it."""

    document: PolicyDocument
    lines: PolicyLines
    index: Index
    written: Written


def _unchanged(
    applied: AppliedPolicy | None, last: LastVersions, choice: Choice, versions: Sequence[OrderVersion], wall: float
) -> _Made | None:
    """Stay with the applied policy where nobody knows what an order in force says, if that policy is sound."""
    if applied is None or applied.path is None or applied.index is None or not (last.lost or last.lost_unblocking):
        return None
    lines = read_lines(applied.path)
    doubtful = tuple(doubts(last, choice, versions, lines.document, wall))
    return _Made(lines.document, lines, applied.index, Written(applied.path, doubtful)) if doubtful else None


def _make(config: Config, applied: AppliedPolicy | None, weighed: Weighed, tell: Tell) -> _Made:
    tables = enact(weighed.timed, manners_of(config), weighed.is_settled)
    laid_out = tables.fingerprint()
    index = _index(tables, laid_out, applied, tell)
    exempt = exemptions(config.exempt, weighed.timed, tables.measures)
    document = frame_of(config, weighed, index, laid_out, exempt)
    document["orders"], document["measures"], document["manifest"] = tables.orders, tables.measures, tables.manifest
    document["files"] = list(tables.file_numbers)
    return _Made(document, PolicyLines.of(document), index, Written(None))


def _index(tables: Tables, laid_out: str, applied: AppliedPolicy | None, tell: Tell) -> Index:
    """Lay the index out, unless the one that is applied was made from the same names."""
    if applied is not None and applied.index is not None and applied.laid_out == laid_out:
        return applied.index
    advance = partial(tell, "laying out the index")
    return Index.read(build_index(tables.rules(), tables.rule_tables(), advance))


def frame_of(
    config: Config, weighed: Weighed, index: Index, laid_out: str, exempt: list[ExemptionEntry]
) -> PolicyDocument:
    """Write a policy document without any order."""
    return {
        "version": VERSION,
        "index": index_name(index.digest),
        "laid_out": laid_out,
        "names": len(index),
        "brands": [{"name": brand.name, "clients": list(brand.clients)} for brand in config.brands],
        "exempt": exempt,
        "rehearsal": config.rehearse is not None,
        "orders": [],
        "measures": [],
        "files": [],
        "manifest": [],
        "refused": [
            {
                "file": refusal.file,
                "order": refusal.order,
                "problems": list(map(str, refusal.problems)),
                "kept": refusal.kept,
                "deadlines": weighed.unmet.get(refusal.file, []),
            }
            for refusal in weighed.choice.refused
        ],
    }
