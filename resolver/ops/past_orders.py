"""How orders are read again as they were applied once, from what the journal says and the copies that were kept."""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from resolver.dns.name import WireName, ancestors, present_name
from resolver.ops.compile import manners_of
from resolver.ops.config import Config
from resolver.ops.config_operator import EntityConfig
from resolver.ops.enactment import Tables, enact
from resolver.ops.kept_orders import KeptOrder, KeptRefusal, read_kept
from resolver.ops.order_checks import brands_of
from resolver.ops.order_choice import RefusedVersion, StandingOrder
from resolver.ops.order_files import read_kept_order
from resolver.ops.order_times import OrderTimes
from resolver.ops.policy_document import VERSION, PolicyDocument
from resolver.ops.remembered_names import RememberedNames
from resolver.orders.index import Index, build_index, index_name
from resolver.proof.chain import Facts
from resolver.proof.past import PastState


def kept_order(facts: Facts) -> KeptOrder:
    """Make of an entry what a manifest says of an order."""
    first_applied = {measure: date.fromisoformat(day) for measure, day in facts["first_applied"].items()}
    refused = tuple(KeptRefusal(each["path"], _sources(each["files"]), each["repeats"]) for each in facts["refused"])
    return KeptOrder(facts["order"], facts["file"], _sources(facts["files"]), first_applied, refused)


def _sources(files: Iterable[Iterable[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, digest) for name, digest in files)


def past_policy(config: Config, state: PastState, name: WireName, wall: float) -> tuple[PolicyDocument, Index]:
    """Compile what a past state says of a name, as of an instant (POSIX seconds). Raises KeptFileError.

    Orders whose copies do not spell the name are left out, for reading ten thousand takes a minute.
    """
    entities = tuple(EntityConfig.model_validate(each) for each in state.entities)
    who = config.operator.model_copy(update={"entities": entities, "addressee_names": ()})
    config = config.model_copy(update={"operator": who})
    kept = [kept_order(facts) for facts in state.orders.values()]
    found = [each for each in kept if _may_list(config.state, each, name)]
    times = OrderTimes(brands_of(config), wall, {each.id: each.first_applied for each in found})
    tables = enact([times.of(each) for each in _standing(config.state, found)], manners_of(config))
    index = Index.read(build_index(tables.rules(), tables.rule_tables()))
    return _document(state, tables, index), index


def _may_list(state: Path, kept: KeptOrder, name: WireName) -> bool:
    """Tell whether a copy of an order spells a name or one above it; what may be written otherwise is not ruled out."""
    written = [present_name(each).encode() for each in ancestors(name)]
    spelt = [each for each in written if b"." in each.strip(b".")] or written[:1]
    for _, digest in kept.sources:
        content = read_kept(state, digest).lower()
        if not content.isascii() or b"\\" in content or any(each in content for each in spelt):
            return True
    return False


def _standing(state: Path, found: Iterable[KeptOrder]) -> Iterator[StandingOrder]:
    names = RememberedNames(state)
    for each in found:
        version = read_kept_order(state, each, names.read)
        newer = tuple(RefusedVersion(read_kept_order(state, one, names.read), one.repeats) for one in each.refused)
        if version.order is not None:
            yield StandingOrder(version.order, version, kept=False, newer=newer)


def _document(state: PastState, tables: Tables, index: Index) -> PolicyDocument:
    return {
        "version": VERSION,
        "index": index_name(index.digest),
        "laid_out": "",
        "names": len(index),
        "rehearsal": state.rehearsal,
        "orders": tables.orders,
        "measures": tables.measures,
        "files": list(tables.file_numbers),
        "manifest": tables.manifest,
        "refused": [],
    }
