"""How one order's history takes effect without reading any other order: only its records in the policy are made anew.

So a suspension binds within a second beside ten thousand orders, and nothing else that changed on the disk comes with
it. It is done only where all but the history is as it was, to the line; anything else is for a reload.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

from resolver.ops.account import Written, changed_orders
from resolver.ops.basis import pass_on_basis
from resolver.ops.config import Config
from resolver.ops.description import NewPart
from resolver.ops.enactment import Tables, enact
from resolver.ops.kept_orders import KeptFileError, keep
from resolver.ops.manners import manners_of
from resolver.ops.order_checks import brands_of, inspect, is_settled, protected_by
from resolver.ops.order_choice import StandingOrder
from resolver.ops.order_files import OrderVersion, read_kept_order, read_order_file
from resolver.ops.order_records import TimedOrder
from resolver.ops.order_times import OrderTimes
from resolver.ops.policy_document import MeasureRecord, PolicyDocument, RefusalRecord
from resolver.ops.policy_file import AppliedPolicy, digest_in_name, store_lines
from resolver.ops.policy_lines import PolicyLines, exchanged, written
from resolver.ops.remembered_names import RememberedNames
from resolver.ops.reserve import with_reserve
from resolver.ops.weighing import first_applied, notice_addresses
from resolver.orders.model import Order


@dataclass(frozen=True, slots=True)
class Amended:
    """The policy with one order's new history, what is new in it, and what the journal is told of it."""

    policy: Path
    part: NewPart
    account: Written


def amend(config: Config, applied: AppliedPolicy, file: Path, wall: float) -> Amended | None:
    """Put the history of the order in ``file`` into the applied policy, as of ``wall``; None if that takes a reload.

    Raises OSError when the new policy cannot be written.
    """
    lines = applied.lines
    number = None if lines is None else lines.number_of(str(file))
    if lines is None or number is None:
        return None
    kept, record = applied.manifest[number], lines.order(number)
    if kept.refused or record["kept"]:
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
    timed = times.of(StandingOrder(new.order, new, kept=False, newer=()))
    settled = partial(_is_settled, config, new.order, old.order, was_settled="settled" in lines.entry(number))
    after = enact([timed], manners_of(config), settled)
    if not _same_measures(list(map(lines.measure, record["measures"])), after.measures):
        return None
    policy = _write(config.state, _replaced(lines, number, record["measures"], after), new)
    pass_on_basis(config, applied.digest, digest_in_name(policy))
    refused: list[RefusalRecord] = lines.part_of_rest("refused")
    others = {each.id for each in applied.manifest} - {kept.id}
    alone = _alone(lines, after, [each for each in refused if each["order"] not in others])
    told = changed_orders(None, alone, {old.order.id: old.order}, {new.order.id: new.order}, wall)
    changes = [{**each, "change": "changed"} for each in told]
    part = NewPart(applied.digest, alone, (), len(lines.orders), len(refused))
    return Amended(policy, part, {"orders": changes, "rehearsal": applied.rehearsal, "baseline": False})


def _is_settled(config: Config, new: Order, old: Order, timed: TimedOrder, *, was_settled: bool) -> bool:
    """Tell whether there is nothing to say of the order, which has the names that it had."""
    brands = brands_of(config)
    alarming = not was_settled and bool(inspect(new, old, brands, protected_by(config)[0]).alarms)
    return is_settled(timed, brands, notice_addresses(config), {new.id} if alarming else ())


def _same_measures(before: Sequence[MeasureRecord], after: Sequence[MeasureRecord]) -> bool:
    """Tell whether these records stand for the same measures, with the same names."""
    same = ("id", "brand", "kind", "names", "own_timelines")
    was, now = ([[each.get(key) for key in same] for each in measures] for measures in (before, after))
    return was == now


def _replaced(lines: PolicyLines, number: int, measures: Sequence[int], after: Tables) -> PolicyLines:
    """Put the records of one order in the place of those that it had."""
    first = measures[0]
    others = [{**each, "listed_as": first + each["listed_as"]} for each in after.measures]
    return replace(
        lines,
        measures=exchanged(lines.measures, zip(measures, map(written, others), strict=True)),
        orders=exchanged(lines.orders, [(number, written({**after.orders[0], "measures": measures}))]),
        manifest=exchanged(lines.manifest, [(number, written(after.manifest[0]))]),
    )


def _write(state: Path, lines: PolicyLines, version: OrderVersion) -> Path:
    """Write the copies of the order first, then the policy that names them."""
    contents = {digest: version.contents[name] for name, digest in version.sources if name in version.contents}
    with_reserve(state, partial(keep, state, contents))
    policy, _ = with_reserve(state, partial(store_lines, state, lines))
    return policy


def _alone(lines: PolicyLines, after: Tables, refused: list[RefusalRecord]) -> PolicyDocument:
    """Make a document of the one order, to tell of it."""
    parts = {"orders": after.orders, "measures": after.measures, "manifest": after.manifest, "refused": refused}
    return cast("PolicyDocument", {**lines.head, **parts})
