"""What is wrong with an order here: with us as its addressees, and with the names that must never be blocked."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from resolver.dns.name import ROOT, BadNameError, WireName, parse_name
from resolver.ops.config import Config
from resolver.ops.config_operator import BrandConfig, EntityConfig, OperatorConfig
from resolver.ops.order_choice import Findings
from resolver.ops.order_records import TimedMeasure, TimedOrder
from resolver.ops.order_times import has_ended
from resolver.ops.regular_file import open_regular
from resolver.orders.entities import Brand, Entity, NotOurs, binding, near_matches
from resolver.orders.guard import Thresholds, refusals
from resolver.orders.model import Action, Listed, MeasureKind, Order, Place, Problem, Reach
from resolver.orders.protected import Protected, protect, read_protected


def brands_of(config: Config) -> tuple[Brand, ...]:
    """Name the legal persons that we are, brand by brand, the operator's own first."""
    own = Brand("", _entities(config.operator.who_we_are))
    return (own, *(Brand(each.name, _entities(each.who_we_are)) for each in config.brands))


def _entities(configured: Sequence[EntityConfig]) -> tuple[Entity, ...]:
    return tuple(Entity(each.name, each.siren, each.also) for each in configured)


def protected_by(config: Config) -> tuple[Protected, tuple[Problem, ...]]:
    """Put together which names no order may block here, and what is wrong with the operator's list of them.

    A list that cannot be used protects nothing, so the one that comes with the program stands in for it.
    """
    own = _own_names(config)
    if config.guard.protected is None:
        return protect(own), ()
    file = config.guard.protected
    try:
        with open_regular(file) as opened:
            listed = read_protected(opened.read(), str(file))
    except OSError as error:
        listed = (Problem(Place(str(file), 1, 1), f"cannot be read ({error.strerror}): correct `guard.protected`"),)
    if isinstance(listed, dict):
        return protect(own, listed), ()
    return protect(own), tuple(
        replace(each, what=f"{each.what}; until then the shipped list counts") for each in listed
    )


def _own_names(config: Config) -> dict[WireName, str]:
    own: dict[WireName, str] = {}
    for serving in _names_served(config):
        for domain in _domain_of(serving.website):
            own[domain] = "our own web site"
        for domain in _domain_of(serving.contact):
            own[domain] = "where subscribers complain"
    for name in config.guard.own_names:
        own[parse_name(name)] = "one of our own names"
    return own


def _names_served(config: Config) -> tuple[OperatorConfig | BrandConfig, ...]:
    return (config.operator, *config.brands)


def _domain_of(contact: str | None) -> Iterator[WireName]:
    """Take the name out of ``mailto:legal@example.net`` or ``https://example.net/blocked``, if there is one."""
    parts = urlsplit(contact or "")
    host = parts.path.rpartition("@")[2] if parts.scheme == "mailto" else parts.hostname
    try:
        name = parse_name(host or "")
    except BadNameError:
        return
    if name != ROOT:
        yield name


def thresholds_of(config: Config) -> Thresholds:
    """Take from the configuration what looks like an accident."""
    guard = config.guard
    return Thresholds(guard.many, guard.lost_of_all, guard.added_to_all, guard.lost_of_order)


def inspect(order: Order, known: Order | None, brands: Sequence[Brand], protected: Protected) -> Findings:
    """Find what condemns an order by itself: it is not ours and does not say so, or it blocks what it must not.

    A name that its last good version lists as well was applied before it became protected: that is an alarm, and the
    name stays blocked, since nobody but the authority may lift it.
    """
    us = [entity for brand in brands for entity in brand.entities]
    bound = [measure for measure in order.measures if not isinstance(binding(measure, us), NotOurs)]
    problems: list[Problem] = []
    alarms: list[Problem] = []
    for refusal in refusals(order, protected):
        if known is not None and _was_listed(refusal.entry, known):
            alarms.append(Problem(refusal.entry.place, f"{refusal.what}. {_STAYS}"))
        else:
            problems.append(Problem(refusal.entry.place, refusal.what))
    if not bound and order.not_ours is None:
        addressees = {one.name: None for measure in order.measures for one in measure.addressees}
        what = f"binds none of us (it addresses {', '.join(addressees)}): correct `operator.entities` in the "
        problems.append(Problem(order.place, what + "configuration, or add `not_ours:` with the reason"))
        problems += near_misses(order, brands)
    if bound and order.not_ours is not None:
        what = f"says `not_ours`, but measure {bound[0].id!r} addresses us: take `not_ours` away"
        problems.append(Problem(order.place, what))
    return Findings(tuple(problems), tuple(alarms))


_STAYS = "It was applied before it was protected, and stays blocked until that is settled"


def _was_listed(entry: Listed, known: Order) -> bool:
    """Tell whether the last good version of an order blocks at least as much of a name."""
    blocking = (measure.listed for measure in known.measures if measure.kind is MeasureKind.DNS_BLOCK)
    before = [found for listed in blocking if (found := listed.find(entry.name)) is not None]
    return any(found.reach in {entry.reach, Reach.SUBTREE} for found in before)


def near_misses(order: Order, brands: Sequence[Brand]) -> Iterator[Problem]:
    """Name the addressees that look like us without being spelt like us; nothing is guessed."""
    if order.not_ours is not None:
        return
    us = [entity for brand in brands for entity in brand.entities]
    for measure in order.measures:
        yield from (Problem(measure.place, sentence) for sentence in near_matches(measure, us))


def warnings(orders: Sequence[TimedOrder], addresses: Mapping[str, str | None], wall: float) -> Iterator[Problem]:
    """Tell what is worth knowing about orders that stand; ``addresses`` are those of the notice, by family."""
    for timed in orders:
        order = timed.standing.order
        ours = [each for each in timed.measures if each.ours is not None]
        times = [time for each in ours for time in (each.time, each.unsuspended) if time is not None]
        if ours and all(has_ended(span, wall) for time in times for span in (time.own, *time.named.values())):
            yield over(order.id, order.place)
        for each in ours:
            yield from each.measure.skipped
            yield from _unpinned(each, wall)
            yield from _only_observed(each, wall)
            yield from _nowhere_to_redirect(each, addresses)


def over(order_id: str, place: Place) -> Problem:
    """Say that nothing of an order is in force any more."""
    return Problem(place, f"order {order_id!r} is over; `arret explain` says why of each name")


def is_settled(
    timed: TimedOrder, brands: Sequence[Brand], addresses: Mapping[str, str | None], alarmed: Container[str]
) -> bool:
    """Tell whether there is nothing to say of an order, now or later, but perhaps that it is over.

    ``alarmed`` are the orders, by id, of which there is something alarming.
    """
    standing = timed.standing
    ours = [each for each in timed.measures if each.ours is not None]
    return not (
        standing.kept
        or standing.newer
        or standing.order.id in alarmed
        or any(near_misses(standing.order, brands))
        or any(each.measure.skipped or each.measure.observe or not each.time.pinned for each in ours)
        or any(problem for each in ours for problem in _nowhere_to_redirect(each, addresses))
    )


def _only_observed(timed: TimedMeasure, wall: float) -> Iterator[Problem]:
    if timed.measure.observe and not has_ended(timed.time.own, wall):
        what = f"measure {timed.measure.id!r} is only observed: what it lists is counted, and not blocked"
        yield Problem(timed.measure.place, what)


def _unpinned(timed: TimedMeasure, wall: float) -> Iterator[Problem]:
    if not timed.time.pinned and not has_ended(timed.time.own, wall):
        day = timed.first_applied or datetime.fromtimestamp(wall, UTC).date()
        entry = f"- {{date: {day}, event: implemented, measure: {timed.measure.id}}}"
        what = f"measure {timed.measure.id!r} counts from its implementation, which the history does not record: add"
        yield Problem(timed.measure.place, f"{what} `{entry}`, with the true date")


def _nowhere_to_redirect(timed: TimedMeasure, addresses: Mapping[str, str | None]) -> Iterator[Problem]:
    measure = timed.measure
    redirects = measure.kind is MeasureKind.DNS_BLOCK and measure.action is Action.REDIRECT
    if redirects and measure.redirect_to is None and not any(addresses.values()):
        what = f"measure {measure.id!r} redirects, but `notice:` in the configuration has no address: "
        yield Problem(measure.place, what + "its names get an answer without addresses")
