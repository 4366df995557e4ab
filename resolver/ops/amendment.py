"""How one order's history takes effect without reading any other order: only its records in the policy are made anew.

So a suspension binds within a second beside ten thousand orders, and nothing else that changed on the disk comes with
it. It is done only where all but the history is as it was, to the line; anything else is for a reload.
"""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

from resolver.ops.account import Written, changed_orders
from resolver.ops.compile import first_applied, manners_of
from resolver.ops.config import Config
from resolver.ops.enactment import Tables, enact
from resolver.ops.kept_orders import KeptFileError, keep
from resolver.ops.order_checks import brands_of
from resolver.ops.order_choice import StandingOrder
from resolver.ops.order_files import OrderVersion, read_kept_order, read_order_file
from resolver.ops.order_times import OrderTimes
from resolver.ops.policy_document import OrderRecord, PolicyDocument
from resolver.ops.policy_file import AppliedPolicy, store_document
from resolver.ops.remembered_names import RememberedNames
from resolver.ops.reserve import with_reserve


@dataclass(frozen=True, slots=True)
class Amended:
    """The policy with one order's new history, and what the journal is told of it."""

    policy: Path
    document: PolicyDocument
    account: Written


def amend(
    config: Config, applied: AppliedPolicy | None, document: PolicyDocument | None, file: Path, wall: float
) -> Amended | None:
    """Put the history of the order in ``file`` into the applied policy, as of ``wall``; None if that takes a reload.

    ``document`` is that of the applied policy, and is changed. Raises OSError when the new one cannot be written.
    """
    if applied is None or document is None:
        return None
    kept = next((each for each in applied.manifest if each.file == str(file)), None)
    record = next((each for each in document["orders"] if kept is not None and each["id"] == kept.id), None)
    if kept is None or record is None or kept.refused or record["kept"]:
        return None
    remembered = RememberedNames(config.state)
    new = read_order_file(file, remembered.read)
    try:
        old = read_kept_order(config.state, kept, remembered.read)
    except KeptFileError:
        return None
    if new.order is None or old.order is None or replace(new.order, history=old.order.history) != old.order:
        return None
    times = OrderTimes(brands_of(config), wall, first_applied(config, applied))
    standing = StandingOrder(new.order, new, kept=False, newer=())
    after = enact([times.of(standing)], manners_of(config))
    if not _replace(document, record, after):
        return None
    policy = _write(config.state, document, new)
    told = changed_orders(None, _alone(document, after), {old.order.id: old.order}, {new.order.id: new.order}, wall)
    changes = [{**each, "change": "changed"} for each in told]
    return Amended(policy, document, {"orders": changes, "rehearsal": applied.rehearsal, "baseline": False})


def _replace(document: PolicyDocument, record: OrderRecord, after: Tables) -> bool:
    """Exchange the records of one order; False if they do not stand for the same measures."""
    numbers = record["measures"]
    was = [document["measures"][number] for number in numbers]
    same = ("id", "brand", "kind", "names", "own_timelines")
    if [[each.get(key) for key in same] for each in was] != [
        [each.get(key) for key in same] for each in after.measures
    ]:
        return False
    for number, measure in zip(numbers, after.measures, strict=True):
        document["measures"][number] = {**measure, "listed_as": numbers[0] + measure["listed_as"]}
    place = document["orders"].index(record)
    document["orders"][place] = {**after.orders[0], "measures": numbers}
    manifest = document["manifest"]
    manifest[[each["id"] for each in manifest].index(record["id"])] = after.manifest[0]
    return True


def _write(state: Path, document: PolicyDocument, version: OrderVersion) -> Path:
    """Write the copies of the order first, then the policy that names them."""
    contents = {digest: version.contents[name] for name, digest in version.sources if name in version.contents}
    with_reserve(state, partial(keep, state, contents))
    policy, _ = with_reserve(state, partial(store_document, state, document))
    return policy


def _alone(document: PolicyDocument, after: Tables) -> PolicyDocument:
    """Make a document of the one order, to tell of it."""
    parts = {"orders": after.orders, "measures": after.measures, "manifest": after.manifest}
    return cast("PolicyDocument", {**document, **parts})
