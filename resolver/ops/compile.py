"""How order files become the policy that workers enforce: read, choose, enact, write.

Nothing here touches what is applied; a policy takes effect when its path is handed to the workers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from resolver.core.policy import Policy
from resolver.ops.config import Config
from resolver.ops.enactment import Manners, Tables, enact
from resolver.ops.kept_orders import KEPT, digest_of, discard_kept, keep
from resolver.ops.last_versions import read_last_versions
from resolver.ops.notice_text import responsible_name
from resolver.ops.order_checks import entities_of, near_misses, protected_by, warnings, wrong_with
from resolver.ops.order_choice import Choice, Refusal, choose_orders
from resolver.ops.order_files import read_order_files
from resolver.ops.order_times import OrderTimes
from resolver.ops.policy_document import VERSION, PolicyDocument
from resolver.ops.policy_file import AppliedPolicy, digests_in_use, encode_document, join, store_document
from resolver.ops.progress import Tell, tell_nobody
from resolver.ops.remembered_names import RememberedNames
from resolver.ops.reserve import RESERVE_GIVEN_UP, with_reserve
from resolver.orders.index import Index, build_index, index_name, store_index
from resolver.orders.model import Place, Problem


@dataclass(frozen=True, slots=True)
class CompileReport:
    """What came of the orders.

    ``policy`` is the file to apply: None if nothing was to be written, or if nothing stands because of ``problems``
    and nothing ever did. ``problems`` need somebody's hand, ``warnings`` are worth knowing. ``names`` are distinct.
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

    def load(self, slots: Mapping[str, int]) -> Policy:
        """Make the policy in memory, as workers would from the files."""
        return join(self.digest, self.document, self.index, slots)


def compile_orders(
    config: Config, wall: float, applied: AppliedPolicy | None, *, write: bool = True, tell: Tell = tell_nobody
) -> CompileReport:
    """Compile the order files as of ``wall`` on the order clock (POSIX seconds).

    ``applied`` is what stands now: refused orders fall back on it. With ``write``, the policy and a copy of every
    order are in the state directory when this returns. ``tell`` learns how far it is. Raises OSError when they cannot
    be written; what was there before is unchanged then.
    """
    remembered = RememberedNames(config.state, tell)
    versions, problems = read_order_files(config.orders, remembered.read, tell)
    last = read_last_versions(config.state, applied, versions, remembered.read)
    entities = entities_of(config)
    times = OrderTimes(entities, wall, _first_applied(config, applied))
    check = partial(wrong_with, entities=entities, protected=protected_by(config))
    choice = choose_orders(versions, last.good, last.refused, check, times.is_over)
    timed = [times.of(standing) for standing in choice.standing]
    tables = enact(timed, _manners(config))
    laid_out = tables.fingerprint()
    index = _index(tables, laid_out, applied, tell)
    document = _document(config, tables, choice, index, laid_out)
    problems += last.problems
    problems += [problem for refusal in choice.refused for problem in refusal.problems]
    problems += [problem for standing in choice.standing for problem in near_misses(standing.order, entities)]
    usable = bool(choice.standing) or applied is not None or not problems
    policy: Path | None = None
    if write and usable:
        write_all = partial(_write, config.state, applied, choice, index, document)
        policy, reserve_given_up = with_reserve(config.state, write_all)
        problems += [Problem(Place(str(config.state), 1, 1), RESERVE_GIVEN_UP)] * reserve_given_up
        remembered.keep_used()
    return CompileReport(
        policy=policy,
        digest=digest_of(encode_document(document)),
        document=document,
        index=index,
        problems=tuple(sorted(dict.fromkeys(problems), key=lambda problem: problem.place)),
        refused=choice.refused,
        warnings=tuple(warnings(timed, config.notice.model_dump(include={"ipv4", "ipv6"}), wall)),
        orders=len(choice.standing),
        names=len(index),
    )


def _index(tables: Tables, laid_out: str, applied: AppliedPolicy | None, tell: Tell) -> Index:
    """Lay the index out, unless the one that is applied was made from the same names."""
    if applied is not None and applied.index is not None and applied.laid_out == laid_out:
        return applied.index
    advance = partial(tell, "laying out the index")
    return Index.read(build_index(tables.rules(), tables.rule_tables(), advance))


def _first_applied(config: Config, applied: AppliedPolicy | None) -> Mapping[str, Mapping[str, date]]:
    """Carry over since when measures are applied; what a rehearsal pretended is no fact, nor the other way round."""
    if applied is None or applied.rehearsal != (config.rehearse is not None):
        return {}
    return {each.id: each.first_applied for each in applied.manifest}


def _manners(config: Config) -> Manners:
    return Manners(
        language=config.operator.language,
        rehearsal=config.rehearse is not None,
        ttl=config.blocked.ttl,
        ipv4=config.notice.ipv4,
        ipv6=config.notice.ipv6,
        responsible=responsible_name(config.operator.contact),
    )


def _document(config: Config, tables: Tables, choice: Choice, index: Index, laid_out: str) -> PolicyDocument:
    return {
        "version": VERSION,
        "index": index_name(index.digest),
        "laid_out": laid_out,
        "names": len(index),
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
    policy = store_document(state, document)
    needed = digests_in_use(state)
    if needed is not None:
        discard_kept(state, needed | contents.keys())
    return policy
