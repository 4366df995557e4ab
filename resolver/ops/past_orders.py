"""How orders are read again as they were applied once, from what the journal says and the copies that were kept."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from resolver.dns.name import WireName, ancestors, present_name
from resolver.ops.config import Config
from resolver.ops.config_operator import EntityConfig
from resolver.ops.enactment import Tables, enact
from resolver.ops.exemptions import exemptions
from resolver.ops.kept_orders import KeptOrder, KeptRefusal, read_kept
from resolver.ops.manners import manners_of
from resolver.ops.order_checks import brands_of
from resolver.ops.order_choice import RefusedVersion, StandingOrder
from resolver.ops.order_files import read_kept_order
from resolver.ops.order_records import TimedOrder
from resolver.ops.order_times import OrderTimes
from resolver.ops.policy_document import VERSION, PolicyDocument
from resolver.ops.remembered_names import RememberedNames
from resolver.ops.settings_kept import with_settings
from resolver.orders.index import Index, build_index, index_name
from resolver.proof.chain import Facts
from resolver.proof.past import PastState

_WHOLE_NAME: Final = rb"(?<![a-z0-9_-])(?<![a-z0-9_-]\.)(?:%b)(?![a-z0-9_-])"
"""A name, and not the end of a longer one; what stands before it may be ``*.`` or ``.``."""


def kept_order(facts: Facts) -> KeptOrder:
    """Make of an entry what a manifest says of an order."""
    first_applied = {measure: date.fromisoformat(day) for measure, day in facts["first_applied"].items()}
    refused = tuple(KeptRefusal(each["path"], _sources(each["files"]), each["repeats"]) for each in facts["refused"])
    return KeptOrder(facts["order"], facts["file"], _sources(facts["files"]), first_applied, refused)


def _sources(files: Iterable[Iterable[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, digest) for name, digest in files)


def past_policy(config: Config, state: PastState, name: WireName, wall: float) -> tuple[PolicyDocument, Index]:
    """Compile what a past state says of a name, as of an instant (POSIX seconds), under the settings of its time.

    Orders whose copies do not spell the name are left out, for reading ten thousand takes a minute. Raises
    KeptFileError.
    """
    kept = [kept_order(facts) for facts in state.orders.values()]
    found = [each for each in kept if _may_list(config.state, each, name)]
    times = OrderTimes(brands_of(config), wall, {each.id: each.first_applied for each in found})
    timed = [times.of(each) for each in _standing(config.state, found)]
    tables = enact(timed, manners_of(config))
    index = Index.read(build_index(tables.rules(), tables.rule_tables()))
    return _document(config, state, timed, tables, index), index


def past_settings(config: Config, state: PastState) -> Config:
    """Put the settings of a past state in the place of today's; where none were kept, who we were at least.

    Raises KeptFileError.
    """
    if state.settings is not None:
        return with_settings(config, state.settings)
    entities = tuple(EntityConfig.model_validate(each) for each in state.entities)
    who = config.operator.model_copy(update={"entities": entities, "addressee_names": ()})
    return config.model_copy(update={"operator": who})


def _may_list(state: Path, kept: KeptOrder, name: WireName) -> bool:
    """Tell whether a copy of an order spells a name or one above it; what may be written otherwise is not ruled out."""
    written = [present_name(each).encode() for each in ancestors(name)]
    names = [each for each in written if b"." in each.strip(b".")] or written[:1]
    spelt = re.compile(_WHOLE_NAME % b"|".join(map(re.escape, names)))
    for _, digest in kept.sources:
        content = read_kept(state, digest).lower()
        if not content.isascii() or b"\\" in content or spelt.search(content):
            return True
    return False


def _standing(state: Path, found: Iterable[KeptOrder]) -> Iterator[StandingOrder]:
    names = RememberedNames(state)
    for each in found:
        version = read_kept_order(state, each, names.read)
        newer = tuple(RefusedVersion(read_kept_order(state, one, names.read), one.repeats) for one in each.refused)
        if version.order is not None:
            yield StandingOrder(version.order, version, kept=False, newer=newer)


def _document(
    config: Config, state: PastState, timed: Sequence[TimedOrder], tables: Tables, index: Index
) -> PolicyDocument:
    return {
        "version": VERSION,
        "index": index_name(index.digest),
        "laid_out": "",
        "names": len(index),
        "brands": [{"name": brand.name, "clients": list(brand.clients)} for brand in config.brands],
        "exempt": exemptions(config.exempt, timed, tables.measures),
        "rehearsal": state.rehearsal,
        "orders": tables.orders,
        "measures": tables.measures,
        "files": list(tables.file_numbers),
        "manifest": tables.manifest,
        "refused": [],
    }
