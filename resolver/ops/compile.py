"""How order files become the policy that workers enforce: read, choose, enact, write.

Nothing here touches what is applied; a policy takes effect when its path is handed to the workers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

from resolver.core.policy import ExemptionEntry, Policy
from resolver.ops.config import Config
from resolver.ops.config_operator import BrandConfig, PageAddresses
from resolver.ops.doubt import doubts
from resolver.ops.enactment import Manners, Tables, TimedOrder, enact
from resolver.ops.exemptions import exemption_warnings, exemptions
from resolver.ops.kept_orders import KEPT, digest_of, keep
from resolver.ops.last_versions import LastVersions, read_last_versions
from resolver.ops.notice_text import responsible_name
from resolver.ops.order_checks import brands_of, inspect, near_misses, protected_by, thresholds_of, warnings
from resolver.ops.order_choice import Choice, Refusal, choose_orders
from resolver.ops.order_files import OrderVersion, read_order_files
from resolver.ops.order_folders import empty_folders, unread_versions
from resolver.ops.order_times import OrderTimes
from resolver.ops.plan import Confirms, confirms_nothing, plan_digest
from resolver.ops.policy_document import VERSION, DeadlineRecord, PolicyDocument
from resolver.ops.policy_file import (
    AppliedPolicy,
    encode_document,
    join,
    lost_policies,
    read_document,
    store_document,
)
from resolver.ops.progress import Tell, tell_nobody
from resolver.ops.remembered_names import RememberedNames
from resolver.ops.reserve import RESERVE_GIVEN_UP, with_reserve
from resolver.orders.index import Index, build_index, index_name, store_index
from resolver.orders.model import Order, Place, Problem


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
    remembered = RememberedNames(config.state, tell)
    versions, problems = read_order_files(config.orders, remembered.read, tell)
    plan = plan_digest(versions, problems)
    confirmed = confirms(plan) and not problems  # nobody means to lose what a folder holds that cannot be read
    last = read_last_versions(config.state, applied, versions, remembered.read)
    versions += unread_versions(versions, problems, last.good, last.refused)
    brands = brands_of(config)
    times = OrderTimes(brands, wall, first_applied(config, applied))
    protected, wrong_protection = protected_by(config)
    choice = choose_orders(
        versions,
        last.good,
        last.refused,
        partial(inspect, brands=brands, protected=protected),
        times.is_over,
        thresholds=thresholds_of(config),
        confirmed=confirmed,
    )
    timed = [times.of(standing) for standing in choice.standing]
    problems += [Problem(Place(str(config.state), 1, 1), lost) for lost in lost_policies(config.state, applied)]
    problems += (*last.problems, *wrong_protection, *choice.alarms)
    problems += [problem for refusal in choice.refused for problem in refusal.problems]
    problems += [problem for standing in choice.standing for problem in near_misses(standing.order, brands)]
    made = _unchanged(applied, last, choice, versions, wall)
    if made is None:
        made = _make(config, applied, choice, timed, _unmet(choice, versions, times), tell)
        if write and (choice.standing or applied is not None or not problems):
            made = _written_with_reserve(config.state, applied, choice, made)
            if not made.problems:
                remembered.keep_used()
    problems += made.problems
    return CompileReport(
        policy=made.policy if write else None,
        digest=digest_of(encode_document(made.document)),
        document=made.document,
        index=made.index,
        problems=tuple(sorted(dict.fromkeys(problems), key=lambda problem: problem.place)),
        refused=choice.refused,
        warnings=(
            *empty_folders(config.orders),
            *exemption_warnings(made.document.get("exempt", []), config.exempt_places, wall),
            *warnings(timed, config.notice.model_dump(include={"ipv4", "ipv6"}), wall),
        ),
        orders=len(made.document["orders"]),
        names=len(made.index),
        plan=plan,
        choice=choice,
        before={order_id: version.order for order_id, version in last.good.items() if version.order is not None},
    )


@dataclass(frozen=True, slots=True)
class _Made:
    """What the orders became; ``policy`` is None as long as it is not written."""

    document: PolicyDocument
    index: Index
    policy: Path | None = None
    problems: tuple[Problem, ...] = ()


def _unchanged(
    applied: AppliedPolicy | None, last: LastVersions, choice: Choice, versions: Sequence[OrderVersion], wall: float
) -> _Made | None:
    """Stay with the applied policy where nobody knows what an order in force says, if that policy is sound."""
    if applied is None or applied.path is None or applied.index is None or not (last.lost or last.lost_unblocking):
        return None
    document = read_document(applied.path)
    doubtful = tuple(doubts(last, choice, versions, document, wall))
    return _Made(document, applied.index, applied.path, doubtful) if doubtful else None


def _unmet(choice: Choice, versions: Sequence[OrderVersion], times: OrderTimes) -> dict[str, list[DeadlineRecord]]:
    """Find, by file, the deadlines that nothing meets because the file is refused."""
    standing = {each.order.id: each.order for each in choice.standing}
    refused = {refusal.file for refusal in choice.refused}
    return {
        version.file: times.unmet(version.order, standing.get(version.order.id))
        for version in versions
        if version.file in refused and version.order is not None
    }


def _make(
    config: Config,
    applied: AppliedPolicy | None,
    choice: Choice,
    timed: Sequence[TimedOrder],
    unmet: Mapping[str, list[DeadlineRecord]],
    tell: Tell,
) -> _Made:
    tables = enact(timed, manners_of(config))
    laid_out = tables.fingerprint()
    index = _index(tables, laid_out, applied, tell)
    exempt = exemptions(config.exempt, timed, tables.measures)
    return _Made(_document(config, tables, exempt, choice, unmet, index, laid_out), index)


def _written_with_reserve(state: Path, applied: AppliedPolicy | None, choice: Choice, made: _Made) -> _Made:
    policy, given_up = with_reserve(state, partial(_write, state, applied, choice, made.index, made.document))
    full = (Problem(Place(str(state), 1, 1), RESERVE_GIVEN_UP),) if given_up else ()
    return replace(made, policy=policy, problems=full)


def _index(tables: Tables, laid_out: str, applied: AppliedPolicy | None, tell: Tell) -> Index:
    """Lay the index out, unless the one that is applied was made from the same names."""
    if applied is not None and applied.index is not None and applied.laid_out == laid_out:
        return applied.index
    advance = partial(tell, "laying out the index")
    return Index.read(build_index(tables.rules(), tables.rule_tables(), advance))


def first_applied(config: Config, applied: AppliedPolicy | None) -> Mapping[str, Mapping[str, date]]:
    """Carry over since when measures are applied; what a rehearsal pretended is no fact, nor the other way round."""
    if applied is None or applied.rehearsal != (config.rehearse is not None):
        return {}
    return {each.id: each.first_applied for each in applied.manifest}


def manners_of(config: Config) -> dict[str, Manners]:
    """Tell how each brand answers; what a brand does not say is as with the operator."""
    own = Manners(
        language=config.operator.language,
        rehearsal=config.rehearse is not None,
        ttl=config.blocked.ttl,
        ipv4=config.notice.ipv4,
        ipv6=config.notice.ipv6,
        responsible=responsible_name(config.operator.contact),
        structured=config.blocked.structured_errors,
        organization=config.operator.name,
        contact=config.operator.contact,
    )
    return {"": own} | {each.name: _brand_manners(each, own) for each in config.brands}


def _brand_manners(brand: BrandConfig, own: Manners) -> Manners:
    """A brand with a notice address of its own has no other: one of the operator's would show another's page."""
    page = own if brand.notice == PageAddresses() else brand.notice
    return replace(
        own,
        language=brand.language or own.language,
        ipv4=page.ipv4,
        ipv6=page.ipv6,
        responsible=own.responsible if brand.contact is None else responsible_name(brand.contact),
        organization=brand.name,
        contact=brand.contact or own.contact,
    )


def _document(
    config: Config,
    tables: Tables,
    exempt: list[ExemptionEntry],
    choice: Choice,
    unmet: Mapping[str, list[DeadlineRecord]],
    index: Index,
    laid_out: str,
) -> PolicyDocument:
    return {
        "version": VERSION,
        "index": index_name(index.digest),
        "laid_out": laid_out,
        "names": len(index),
        "brands": [{"name": brand.name, "clients": list(brand.clients)} for brand in config.brands],
        "exempt": exempt,
        "rehearsal": config.rehearse is not None,
        "orders": tables.orders,
        "measures": tables.measures,
        "files": list(tables.file_numbers),
        "manifest": tables.manifest,
        "refused": [
            {
                "file": refusal.file,
                "order": refusal.order,
                "problems": list(map(str, refusal.problems)),
                "kept": refusal.kept,
                "deadlines": unmet.get(refusal.file, []),
            }
            for refusal in choice.refused
        ],
    }


def _write(state: Path, applied: AppliedPolicy | None, choice: Choice, index: Index, document: PolicyDocument) -> Path:
    """Write all that a policy is made of, or leave nothing of it behind: what did not fit takes no room."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = _written(state)
    try:
        return _write_parts(state, applied, choice, index, document)
    except OSError:
        for path in _written(state) - before:
            path.unlink(missing_ok=True)
        raise


def _written(state: Path) -> set[Path]:
    return {path for pattern in (f"{KEPT}/*", "index-*", "sources-*", "policy-*") for path in state.glob(pattern)}


def _write_parts(
    state: Path, applied: AppliedPolicy | None, choice: Choice, index: Index, document: PolicyDocument
) -> Path:
    """Write copies of the orders first, then the index if it is new, then the policy that refers to both."""
    contents: dict[str, bytes] = {}
    for standing in choice.standing:
        for version in (standing.version, *(each.version for each in standing.newer)):
            named = version.contents
            contents |= {digest: named[name] for name, digest in version.sources if name in named}
    keep(state, contents)
    if applied is None or index is not applied.index:
        store_index(state, index.content)
    return store_document(state, document)
