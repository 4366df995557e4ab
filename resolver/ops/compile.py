"""How order files become the policy that workers enforce: read, choose, enact, write.

Nothing here touches what is applied; a policy takes effect when its path is handed to the workers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from resolver.core.policy import Policy
from resolver.ops.config import Config
from resolver.ops.enactment import Manners, Tables, enact
from resolver.ops.kept_orders import KeptFileError, KeptOrder, digest_of, keep
from resolver.ops.notice_text import responsible_name
from resolver.ops.order_checks import entities_of, near_misses, protected_by, warnings, wrong_with
from resolver.ops.order_choice import Choice, Refusal, choose_orders
from resolver.ops.order_files import OrderVersion, read_kept_order, read_order_files
from resolver.ops.order_times import OrderTimes
from resolver.ops.policy_document import VERSION, PolicyDocument
from resolver.ops.policy_file import AppliedPolicy, encode_document, join, store_document
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
    index: bytes
    problems: tuple[Problem, ...]
    refused: tuple[Refusal, ...]
    warnings: tuple[Problem, ...]
    orders: int
    names: int

    def load(self, slots: Mapping[str, int]) -> Policy:
        """Make the policy in memory, as workers would from the files."""
        return join(self.digest, self.document, Index.read(self.index), slots)


def compile_orders(config: Config, wall: float, applied: AppliedPolicy | None, *, write: bool = True) -> CompileReport:
    """Compile the order files as of ``wall`` on the order clock (POSIX seconds).

    ``applied`` is what stands now: refused orders fall back on it. With ``write``, the policy and a copy of every
    order are in the state directory when this returns. Raises OSError when they cannot be written; what was there
    before is unchanged then.
    """
    versions, problems = read_order_files(config.orders)
    kept, lost = _read_kept(config.state, applied, versions)
    entities = entities_of(config)
    times = OrderTimes(entities, wall, _first_applied(config, applied))
    check = partial(wrong_with, entities=entities, protected=protected_by(config))
    choice = choose_orders(versions, kept, check, times.is_over)
    timed = [times.of(standing) for standing in choice.standing]
    tables = enact(timed, _manners(config))
    index = build_index(tables.rules(), tables.rule_tables())
    document = _document(config, tables, choice, Index.read(index).digest)
    problems += lost
    problems += [problem for refusal in choice.refused for problem in refusal.problems]
    problems += [problem for standing in choice.standing for problem in near_misses(standing.order, entities)]
    usable = bool(choice.standing) or applied is not None or not problems
    return CompileReport(
        policy=_write(config.state, choice, index, document) if write and usable else None,
        digest=digest_of(encode_document(document)),
        document=document,
        index=index,
        problems=tuple(sorted(dict.fromkeys(problems), key=lambda problem: problem.place)),
        refused=choice.refused,
        warnings=tuple(warnings(timed, config.notice.model_dump(include={"ipv4", "ipv6"}), wall)),
        orders=len(choice.standing),
        names=len(Index.read(index)),
    )


def _read_kept(
    state: Path, applied: AppliedPolicy | None, versions: Sequence[OrderVersion]
) -> tuple[dict[str, OrderVersion], list[Problem]]:
    """Find the last good versions by id, those whose files changed from their copies; also says which are lost."""
    if applied is None:
        return {}, []
    unchanged = {(version.file, version.sources): version for version in versions}
    kept: dict[str, OrderVersion] = {}
    lost: list[Problem] = []
    if applied.damage is not None:
        lost.append(Problem(Place(str(state), 1, 1), f"{applied.damage}; it is compiled again from kept copies"))
    for each in applied.manifest:
        try:
            version = unchanged.get((each.file, each.sources)) or read_kept_order(state, each)
        except KeptFileError as error:
            lost.append(_lost(each, str(error)))
            continue
        if version.order is None:
            lost.append(_lost(each, str(version.problems[0])))
        else:
            kept[each.id] = version
    return kept, lost


def _lost(kept: KeptOrder, why: str) -> Problem:
    what = f"the last good version of order {kept.id!r} is lost, only its file counts now: {why}"
    return Problem(Place(kept.file, 1, 1), what)


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


def _document(config: Config, tables: Tables, choice: Choice, index_digest: str) -> PolicyDocument:
    return {
        "version": VERSION,
        "index": index_name(index_digest),
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


def _write(state: Path, choice: Choice, index: bytes, document: PolicyDocument) -> Path:
    """Write copies of the orders first, then the index, then the policy that refers to both."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    keep(state, (content for standing in choice.standing for content in standing.version.contents.values()))
    store_index(state, index)
    return store_document(state, document)
