"""When a measure is in force: periods counted by the calendar, and what history makes of them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from resolver.dns.name import parse_name
from resolver.orders.model import Addressee, Order, Span, Timeline
from resolver.orders.period import MeasureTime, subtract, timeline, union
from tests.unit.orders.order_files import order_text, shipped_order, sound

PARIS = "Europe/Paris"


def at(text: str, zone: str = PARIS) -> float:
    """Turn a local time into POSIX seconds."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def spans(*pairs: tuple[str, str | None], zone: str = PARIS) -> Timeline:
    """Write a timeline in local times."""
    return tuple(Span(at(since, zone), None if until is None else at(until, zone)) for since, until in pairs)


def time_of(
    order: Order, first_applied: date | None = None, addressees: Sequence[Addressee] | None = None
) -> MeasureTime:
    """Work out the time of an order's first measure."""
    measure = order.measures[0]
    return timeline(order, measure, measure.addressees if addressees is None else addressees, first_applied)


def order(period: str, *events: str, measure: str = "", names: str = "[x.example]") -> Order:
    """Write and read an order of 2020-01-01 with a period and a history."""
    history = "history:\n" + "".join(f"  - {{date: {event}}}\n" for event in events) if events else ""
    text = order_text(measure, names=f"    names: {names}\n", after=history)
    return sound(text.replace("2026-01-31", "2020-01-01").replace("{until: 2027-01-31}", period))


class TestTheShippedOrder:
    def test_was_in_force_for_a_year(self) -> None:
        time = time_of(shipped_order())
        assert time.own == spans(("2014-01-27T00:00", "2015-01-28T00:00"))
        assert (time.named, time.pinned) == ({}, True)

    def test_says_why(self) -> None:
        assert time_of(shipped_order()).because == (
            "from 2014-01-27 (implemented) through 2015-01-27 (12 months from implementation); "
            "confirmed on 2016-03-15, by Cour d'appel de Paris (costs only, now borne by the providers and search "
            "engines; what was ordered stays as it was); confirmed on 2017-07-06, by Cour de cassation, première "
            "chambre civile (none, the appeal judgment was upheld)"
        )

    def test_is_implemented_for_providers_only(self) -> None:
        order = shipped_order()
        time = timeline(order, order.measures[1], (), None)
        assert (time.own, time.pinned) == ((), False)


@pytest.mark.parametrize(
    ("lasts", "begin", "end"),
    [
        ("12 months", "2025-11-21", "2026-11-22"),
        ("1 month", "2025-01-31", "2025-03-01"),
        ("1 month", "2024-01-31", "2024-03-01"),
        ("1 month", "2025-02-28", "2025-03-29"),
        ("12 months", "2024-02-29", "2025-03-01"),
        ("48 months", "2024-02-29", "2028-03-01"),
        ("1 month", "2025-12-31", "2026-02-01"),
        ("3 days", "2025-12-30", "2026-01-03"),
        ("1 day", "2024-02-28", "2024-03-01"),
        ("1 month and 1 day", "2025-01-31", "2025-03-02"),
        ("1 month and 1 day", "2025-02-27", "2025-03-29"),
        ("2 weeks", "2025-04-28", "2025-05-13"),
        ("1 day", "2025-03-29", "2025-03-31"),
        ("1 day", "2025-10-25", "2025-10-27"),
        ("1 month", "2025-12-01", "2026-01-02"),
        ("6 days", "2025-12-25", "2026-01-01"),
    ],
    ids=[
        "art. 641: the same day of the month",
        "art. 641: the month's last day",
        "art. 641: the month's last day in a leap year",
        "the last day of February is not every last day",
        "from a leap day",
        "from a leap day to a leap day",
        "over the new year",
        "days: the first does not count",
        "days over a leap day",
        "months before days",
        "months before days, not the other way",
        "weeks",
        "over the spring change of clocks",
        "over the autumn change of clocks",
        "a holiday at the end moves nothing",
        "a holiday at the beginning moves nothing",
    ],
)
def test_counting(lasts: str, begin: str, end: str) -> None:
    time = time_of(order(f"{{lasts: {lasts}, from: implementation}}", f"{begin}, event: implemented"))
    assert time.own == spans((f"{begin}T00:00", f"{end}T00:00"))


@pytest.mark.parametrize(
    ("begin", "since", "until"),
    [
        ("2025-10-02T10:12", "2025-10-02T10:12", "2025-10-03T10:12"),
        ("2025-10-25T12:00", "2025-10-25T12:00", "2025-10-26T11:00"),
        ("2025-03-29T12:00", "2025-03-29T12:00", "2025-03-30T13:00"),
        ("2025-10-02", "2025-10-02T00:00", "2025-10-03T00:00"),
        ("2025-10-26", "2025-10-26T00:00", "2025-10-26T23:00"),
        ("2025-10-02T10:12Z", "2025-10-02T12:12", "2025-10-03T12:12"),
    ],
    ids=["an instant", "autumn", "spring", "a day", "a day of 25 hours", "an instant with its zone"],
)
def test_hours_run_without_a_stop(begin: str, since: str, until: str) -> None:
    time = time_of(order("{lasts: 24 hours, from: implementation}", f"{begin}, event: implemented"))
    assert time.own == spans((since, until))


@pytest.mark.parametrize(
    ("zone", "since", "until"),
    [
        ("Europe/Paris", "2025-03-29T23:00Z", "2025-04-30T22:00Z"),
        ("Pacific/Noumea", "2025-03-29T13:00Z", "2025-04-30T13:00Z"),
        ("America/Martinique", "2025-03-30T04:00Z", "2025-05-01T04:00Z"),
        ("Indian/Reunion", "2025-03-29T20:00Z", "2025-04-30T20:00Z"),
        ("Pacific/Marquesas", "2025-03-30T09:30Z", "2025-05-01T09:30Z"),
        ("America/Miquelon", "2025-03-30T02:00Z", "2025-05-01T02:00Z"),
    ],
)
def test_days_begin_and_end_where_the_addressee_is(zone: str, since: str, until: str) -> None:
    ours = Addressee("A", timezone=zone)
    text = order("{lasts: 1 month, from: implementation}", "2025-03-30, event: implemented")
    assert time_of(text, addressees=[ours]).own == (
        Span(datetime.fromisoformat(since).timestamp(), datetime.fromisoformat(until).timestamp()),
    )
    measured = order("{lasts: 1 month, from: 2025-03-30}", measure=f"    timezone: {zone}\n")
    assert time_of(measured).own[0].until == datetime.fromisoformat(until).timestamp()


@pytest.mark.parametrize(
    ("period", "events", "expected"),
    [
        ("{until: 2021-05-30}", (), [("2020-01-01T00:00", "2021-05-31T00:00")]),
        ("{until: 2021-05-30T23:00}", (), [("2020-01-01T00:00", "2021-05-30T23:00")]),
        ("{until: 2021-05-30}", ("2020-02-01, event: implemented",), [("2020-02-01T00:00", "2021-05-31T00:00")]),
        ("{unlimited: true, review_by: 2021-01-01}", (), [("2020-01-01T00:00", None)]),
        ("{lasts: 3 months, from: decision}", (), [("2020-01-01T00:00", "2020-04-02T00:00")]),
        (
            "{lasts: 3 months, from: decision}",
            ("2020-02-10, event: implemented",),
            [("2020-02-10T00:00", "2020-04-02T00:00")],
        ),
        ("{lasts: 3 months, from: 2020-06-15}", (), [("2020-06-15T00:00", "2020-09-16T00:00")]),
        (
            "{lasts: 3 months, from: 2020-06-15}",
            ("2020-02-10, event: implemented",),
            [("2020-06-15T00:00", "2020-09-16T00:00")],
        ),
        (
            "{lasts: 12 months, from: decision, at_most: 2020-03-31}",
            (),
            [("2020-01-01T00:00", "2020-04-01T00:00")],
        ),
        ("{lasts: 1 month, from: decision, at_most: 2020-03-31}", (), [("2020-01-01T00:00", "2020-02-02T00:00")]),
        ("{lasts: 1 month, from: decision}", ("2020-05-01, event: implemented",), []),
    ],
    ids=[
        "until a day",
        "until an instant",
        "until a day, implemented later",
        "unlimited",
        "from the decision",
        "from the decision, implemented later",
        "from a date",
        "from a date, implemented before",
        "at most",
        "at most, not reached",
        "implemented when it was over",
    ],
)
def test_periods(period: str, events: tuple[str, ...], expected: list[tuple[str, str | None]]) -> None:
    time = time_of(order(period, *events))
    assert (time.own, time.pinned) == (spans(*expected), True)


SERVED = """\
    addressees:
      - {name: A, served: 2020-01-10}
      - {name: B, served: 2020-01-20}
      - {name: C, served: 2020-06-20}
      - {name: D}
"""


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        ("A", [("2020-01-10T00:00", "2020-02-11T00:00")]),
        ("B", [("2020-01-20T00:00", "2020-02-21T00:00")]),
        ("AB", [("2020-01-10T00:00", "2020-02-21T00:00")]),
        ("CA", [("2020-01-10T00:00", "2020-02-11T00:00"), ("2020-06-20T00:00", "2020-07-21T00:00")]),
    ],
)
def test_a_period_from_service_is_each_addressees_own(ours: str, expected: list[tuple[str, str]]) -> None:
    read = order("{lasts: 1 month, from: service}", measure=SERVED)
    bound = [one for one in read.measures[0].addressees if one.name in ours]
    time = time_of(read, addressees=bound)
    assert (time.own, time.pinned) == (spans(*expected), True)


@pytest.mark.parametrize(
    ("ours", "events", "first_applied", "expected"),
    [
        ("D", (), None, []),
        ("D", (), date(2020, 3, 1), [("2020-03-01T00:00", "2020-04-02T00:00")]),
        ("D", ("2020-02-01, event: implemented",), date(2020, 3, 1), [("2020-02-01T00:00", "2020-03-02T00:00")]),
    ],
    ids=["unknown", "from the first application", "from the implementation"],
)
def test_a_missing_date_of_service_is_not_pinned(
    ours: str, events: tuple[str, ...], first_applied: date | None, expected: list[tuple[str, str]]
) -> None:
    read = order("{lasts: 1 month, from: service}", *events, measure=SERVED)
    time = time_of(read, first_applied, [one for one in read.measures[0].addressees if one.name == ours])
    assert (time.own, time.pinned) == (spans(*expected), False)


def test_without_an_implementation_the_first_application_counts_and_is_not_pinned() -> None:
    read = order("{lasts: 12 months, from: implementation}")
    time = time_of(read, date(2020, 6, 1))
    assert (time.own, time.pinned) == (spans(("2020-06-01T00:00", "2021-06-02T00:00")), False)
    assert time_of(read).own == ()
    assert time_of(read).because.startswith("not in force: no date to count from (first applied here")


X, Y, Z = (parse_name(f"{label}.example") for label in "xyz")


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (["2020-02-01, event: lifted"], [("2020-01-01T00:00", "2020-02-01T00:00")]),
        (["2020-02-01T12:00, event: lifted"], [("2020-01-01T00:00", "2020-02-01T12:00")]),
        (["2020-02-01, event: reversed"], [("2020-01-01T00:00", "2020-02-01T00:00")]),
        (["2020-01-01, event: lifted"], []),
        (["2021-06-01, event: lifted"], [("2020-01-01T00:00", "2021-01-01T00:00")]),
        (["2020-02-01, event: appealed"], [("2020-01-01T00:00", "2021-01-01T00:00")]),
        (["2020-02-01, event: confirmed"], [("2020-01-01T00:00", "2021-01-01T00:00")]),
        (["2020-02-01, event: suspended"], [("2020-01-01T00:00", "2020-02-01T00:00")]),
        (
            ["2020-02-01, event: suspended", "2020-03-01, event: resumed"],
            [("2020-01-01T00:00", "2020-02-01T00:00"), ("2020-03-01T00:00", "2021-01-01T00:00")],
        ),
        (
            ["2020-02-01, event: suspended, until: 2020-02-29"],
            [("2020-01-01T00:00", "2020-02-01T00:00"), ("2020-03-01T00:00", "2021-01-01T00:00")],
        ),
        (
            ["2020-02-01, event: suspended, until: 2020-03-31", "2020-03-01, event: resumed"],
            [("2020-01-01T00:00", "2020-02-01T00:00"), ("2020-03-01T00:00", "2021-01-01T00:00")],
        ),
        (
            ["2020-02-01, event: suspended", "2020-02-01, event: resumed"],
            [("2020-01-01T00:00", "2021-01-01T00:00")],
        ),
        (
            [
                "2020-02-01, event: suspended",
                "2020-03-01, event: resumed",
                "2020-03-01, event: suspended",
                "2020-04-01, event: lifted",
            ],
            [("2020-01-01T00:00", "2020-02-01T00:00")],
        ),
        (["2020-02-01, event: end-moved, until: 2020-06-30"], [("2020-01-01T00:00", "2020-07-01T00:00")]),
        (["2020-02-01, event: end-moved, until: 2021-06-30"], [("2020-01-01T00:00", "2021-07-01T00:00")]),
        (
            ["2021-02-01, event: end-moved, until: 2021-06-30"],
            [("2020-01-01T00:00", "2021-01-01T00:00"), ("2021-02-01T00:00", "2021-07-01T00:00")],
        ),
        (
            ["2020-02-01, event: end-moved, until: 2020-06-30", "2020-05-01, event: end-moved, until: 2020-08-31"],
            [("2020-01-01T00:00", "2020-09-01T00:00")],
        ),
        (
            ["2020-05-01, event: end-moved, until: 2021-06-30", "2020-06-01, event: lifted"],
            [("2020-01-01T00:00", "2020-06-01T00:00")],
        ),
        (
            ["2020-06-01, event: suspended", "2021-03-01, event: resumed"],
            [("2020-01-01T00:00", "2020-06-01T00:00")],
        ),
        (["2020-02-01, event: lifted, measure: dns-block"], [("2020-01-01T00:00", "2020-02-01T00:00")]),
    ],
    ids=[
        "lifted from the day's first minute",
        "lifted at an instant",
        "reversed",
        "lifted at once",
        "lifted when it was over",
        "an appeal alone changes nothing",
        "a confirmation changes nothing",
        "suspended",
        "resumed",
        "suspended through a day",
        "resumed early",
        "resumed the same day",
        "suspended again the day it was resumed",
        "an earlier end",
        "a later end",
        "revived after the end",
        "the end moved twice",
        "lifted before the moved end",
        "a suspension does not extend the period",
        "of this measure",
    ],
)
def test_history(events: list[str], expected: list[tuple[str, str | None]]) -> None:
    time = time_of(order("{until: 2020-12-31}", *events))
    assert time.own == spans(*expected)
    assert time.named == {}


WHOLE = [("2020-01-01T00:00", "2021-01-01T00:00")]


@pytest.mark.parametrize(
    ("events", "own", "named"),
    [
        (
            ["2020-02-01, event: names-removed, names: [y.example]"],
            WHOLE,
            {Y: [("2020-01-01T00:00", "2020-02-01T00:00")]},
        ),
        (
            ["2020-02-01, event: names-added, names: [y.example]"],
            WHOLE,
            {Y: [("2020-02-01T00:00", "2021-01-01T00:00")]},
        ),
        (
            [
                "2020-02-01, event: names-removed, names: [y.example]",
                "2020-03-01, event: names-added, names: [y.example]",
            ],
            WHOLE,
            {Y: [("2020-01-01T00:00", "2020-02-01T00:00"), ("2020-03-01T00:00", "2021-01-01T00:00")]},
        ),
        (
            [
                "2020-02-01, event: names-added, names: [y.example]",
                "2020-02-01, event: names-removed, names: [y.example]",
            ],
            WHOLE,
            {Y: []},
        ),
        (["2020-01-01, event: names-added, names: [y.example]"], WHOLE, {}),
        (
            ["2020-02-01, event: suspended, names: [y.example]", "2020-03-01, event: resumed, names: [y.example]"],
            WHOLE,
            {Y: [("2020-01-01T00:00", "2020-02-01T00:00"), ("2020-03-01T00:00", "2021-01-01T00:00")]},
        ),
        (
            ["2020-02-01, event: suspended", "2020-03-01, event: resumed, names: [y.example]"],
            [("2020-01-01T00:00", "2020-02-01T00:00")],
            {Y: [("2020-01-01T00:00", "2020-02-01T00:00"), ("2020-03-01T00:00", "2021-01-01T00:00")]},
        ),
        (
            [
                "2020-02-01, event: suspended, names: [y.example]",
                "2020-03-01, event: suspended",
                "2020-04-01, event: resumed",
            ],
            [("2020-01-01T00:00", "2020-03-01T00:00"), ("2020-04-01T00:00", "2021-01-01T00:00")],
            {Y: [("2020-01-01T00:00", "2020-02-01T00:00")]},
        ),
        (
            ["2020-02-01, event: lifted, names: [y.example]", "2020-03-01, event: lifted"],
            [("2020-01-01T00:00", "2020-03-01T00:00")],
            {Y: [("2020-01-01T00:00", "2020-02-01T00:00")]},
        ),
        (
            ["2020-02-01, event: names-removed, list: l"],
            WHOLE,
            {Z: [("2020-01-01T00:00", "2020-02-01T00:00")]},
        ),
    ],
    ids=[
        "removed",
        "added",
        "removed and added",
        "added and removed the same day",
        "added with the rest",
        "suspended and resumed",
        "resumed alone",
        "not resumed with the rest",
        "lifted before the rest",
        "a list removed",
    ],
)
def test_history_of_names(
    events: list[str], own: list[tuple[str, str]], named: dict[object, list[tuple[str, str]]]
) -> None:
    lists = "    lists: [{id: l, names: [z.example]}]\n"
    time = time_of(order("{until: 2020-12-31}", *events, measure=lists, names="[x.example, y.example]"))
    assert time.own == spans(*own)
    assert time.named == {name: spans(*expected) for name, expected in named.items()}


SHARED = "    lists: [{id: first, names: [y.example, z.example]}, {id: second, names: [y.example, x.example]}]\n"


@pytest.mark.parametrize(
    ("events", "named"),
    [
        (["2020-02-01, event: names-removed, list: second, names: [y.example]"], {}),
        (["2020-02-01, event: names-removed, list: first, names: [y.example]"], {}),
        (["2020-02-01, event: names-removed, list: first"], {Z: "2020-02-01T00:00"}),
        (["2020-02-01, event: suspended, list: second"], {}),
        (["2020-02-01, event: names-removed, names: [y.example]"], {Y: "2020-02-01T00:00"}),
        (
            [
                "2020-02-01, event: names-removed, list: first, names: [y.example]",
                "2020-03-01, event: names-removed, list: second, names: [y.example]",
            ],
            {Y: "2020-03-01T00:00"},
        ),
        (
            ["2020-02-01, event: suspended, list: first", "2020-03-01, event: lifted, list: second"],
            {Y: "2020-03-01T00:00", Z: "2020-02-01T00:00"},
        ),
    ],
    ids=[
        "removed from the second",
        "removed from the first",
        "the first list removed",
        "the second list suspended",
        "removed from all",
        "removed from one after the other",
        "one list suspended, the other lifted",
    ],
)
def test_a_name_in_two_lists_is_blocked_while_one_of_them_demands_it(
    events: list[str], named: dict[object, str]
) -> None:
    time = time_of(order("{until: 2020-12-31}", *events, measure=SHARED))
    assert time.own == spans(*WHOLE)
    assert time.named == {name: spans(("2020-01-01T00:00", until)) for name, until in named.items()}


def test_an_entry_about_another_measure_changes_nothing() -> None:
    other = "  - {id: other, kind: dns-block, period: {until: 2020-12-31}, names: [o.example]}\n"
    read = order("{until: 2020-12-31}", "2020-02-01, event: lifted, measure: other", measure=other)
    assert time_of(read).own == spans(*WHOLE)
    assert timeline(read, read.measures[1], (), None).own == spans(("2020-01-01T00:00", "2020-02-01T00:00"))


def test_why_tells_what_happened() -> None:
    read = order(
        "{until: 2020-12-31T23:00, event: last match}",
        "2020-02-01, event: suspended, until: 2020-02-29",
        "2020-03-01, event: names-removed, names: [x.example], by: 'applicant, letter of 28 February'",
        "2020-04-01, event: appealed, by: Free",
    )
    assert time_of(read).because == (
        "from 2020-01-01 (decision) until 2020-12-31 23:00 (Europe/Paris) (last match); "
        "suspended on 2020-02-01 until 2020-02-29; names-removed (some names) on 2020-03-01, by applicant, "
        "letter of 28 February; appealed on 2020-04-01, by Free"
    )


def test_why_tells_instants_in_the_zone_of_the_addressee() -> None:
    read = order(
        "{until: 2020-12-31}",
        "'2020-02-01T10:12:30Z', event: suspended, until: '2020-02-02T12:00'",
        "'2020-02-01T15:00+01:00', event: resumed",
    )
    assert time_of(read).because.endswith(
        "; suspended on 2020-02-01 11:12 (Europe/Paris) until 2020-02-02 12:00 (Europe/Paris); "
        "resumed on 2020-02-01 15:00 (Europe/Paris)"
    )


@pytest.mark.parametrize(
    ("timelines", "joined"),
    [
        ([], ()),
        ([(), (Span(1, 2),)], (Span(1, 2),)),
        ([(Span(3, 4),), (Span(1, 2),)], (Span(1, 2), Span(3, 4))),
        ([(Span(1, 2),), (Span(2, 3),)], (Span(1, 3),)),
        ([(Span(1, 9),), (Span(2, 3),)], (Span(1, 9),)),
        ([(Span(1, None),), (Span(2, 3),)], (Span(1, None),)),
        ([(Span(1, 3),), (Span(2, None),)], (Span(1, None),)),
    ],
)
def test_union(timelines: list[Timeline], joined: Timeline) -> None:
    assert union(timelines) == joined


@pytest.mark.parametrize(
    ("away", "left"),
    [
        (Span(0, 1), (Span(1, 9),)),
        (Span(0, 2), (Span(2, 9),)),
        (Span(3, 4), (Span(1, 3), Span(4, 9))),
        (Span(8, 12), (Span(1, 8),)),
        (Span(0, None), ()),
        (Span(4, None), (Span(1, 4),)),
        (Span(9, None), (Span(1, 9),)),
        (Span(4, 4), (Span(1, 4), Span(4, 9))),
    ],
)
def test_subtract(away: Span, left: Timeline) -> None:
    assert union([subtract((Span(1, 9),), away)]) == union([left])


def test_an_instant_in_another_zone_is_the_same_instant() -> None:
    read = order("{until: 2020-06-01T00:00Z}")
    assert time_of(read).own[0].until == datetime(2020, 6, 1, tzinfo=UTC).timestamp()
