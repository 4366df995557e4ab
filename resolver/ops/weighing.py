"""What becomes of the versions of orders that were read: which stand, when they bind, and what is said of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from resolver.ops.config import Config
from resolver.ops.last_versions import LastVersions
from resolver.ops.order_checks import brands_of, inspect, is_settled, near_misses, protected_by, thresholds_of
from resolver.ops.order_choice import Choice, choose_orders
from resolver.ops.order_files import OrderVersion
from resolver.ops.order_records import TimedOrder
from resolver.ops.order_times import OrderTimes
from resolver.ops.policy_document import DeadlineRecord
from resolver.ops.policy_file import AppliedPolicy, lost_policies
from resolver.orders.entities import Brand
from resolver.orders.model import Place, Problem


@dataclass(frozen=True, slots=True)
class Weighed:
    """The choice, the times of what stands, and all that is wrong.

    ``unmet`` gives, by file, the deadlines that nothing meets because the file is refused.
    """

    choice: Choice
    timed: tuple[TimedOrder, ...]
    problems: tuple[Problem, ...]
    unmet: Mapping[str, list[DeadlineRecord]]
    brands: Sequence[Brand]
    addresses: Mapping[str, str | None]

    def is_settled(self, timed: TimedOrder) -> bool:
        """Tell whether there is nothing to say of a standing order."""
        return is_settled(timed, self.brands, self.addresses, self.choice.alarms)


def weigh(
    config: Config,
    wall: float,
    applied: AppliedPolicy | None,
    versions: Sequence[OrderVersion],
    last: LastVersions,
    *,
    confirmed: bool,
    beside: int | None = None,
) -> Weighed:
    """Choose among versions as of ``wall``; ``confirmed`` and ``beside`` are as in `choose_orders`."""
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
        beside=beside,
    )
    problems = [Problem(Place(str(config.state), 1, 1), lost) for lost in lost_policies(config.state, applied)]
    problems += (*last.problems, *wrong_protection)
    problems += [problem for alarms in choice.alarms.values() for problem in alarms]
    problems += [problem for refusal in choice.refused for problem in refusal.problems]
    problems += [problem for standing in choice.standing for problem in near_misses(standing.order, brands)]
    return Weighed(
        choice,
        tuple(map(times.of, choice.standing)),
        tuple(problems),
        _unmet(choice, versions, times),
        brands,
        notice_addresses(config),
    )


def _unmet(choice: Choice, versions: Sequence[OrderVersion], times: OrderTimes) -> dict[str, list[DeadlineRecord]]:
    standing = {each.order.id: each.order for each in choice.standing}
    refused = {refusal.file for refusal in choice.refused}
    return {
        version.file: times.unmet(version.order, standing.get(version.order.id))
        for version in versions
        if version.file in refused and version.order is not None
    }


def notice_addresses(config: Config) -> dict[str, str | None]:
    """Give the addresses of the notice, by family."""
    return config.notice.model_dump(include={"ipv4", "ipv6"})


def first_applied(config: Config, applied: AppliedPolicy | None) -> Mapping[str, Mapping[str, date]]:
    """Carry over since when measures are applied; what a rehearsal pretended is no fact, nor the other way round."""
    if applied is None or applied.rehearsal != (config.rehearse is not None):
        return {}
    return {each.id: each.first_applied for each in applied.manifest}
