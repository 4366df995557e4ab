"""Every event of a history on both sides of its instant: for an order, a measure, a list, and a name of it.

What is blocked is asked of the policy as a worker asks, and where it stands is what `arret explain` says then.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from resolver.cli.explanation import explain_name
from resolver.cli.law import Law
from resolver.core.admission import ALLOWED
from resolver.dns.name import parse_name
from tests.unit.ops.desk import Desk

ORDER: Final = """
order: ta-1
authority: Tribunal judiciaire de Paris
case_number: RG 26/00001
decided: 2026-01-15
measures:
  - id: one
    kind: dns-block
    addressees: [Example Télécom]
    period: {until: 2026-12-31}
    names: [own.example, other.example]
    lists:
      - {id: annex, by: decision, names: [annex.example, both.example]}
      - {id: second, by: agency, names: [both.example]}
  - id: two
    kind: dns-block
    addressees: [Example Télécom]
    period: {until: 2026-12-31}
    names: [two.example]
history:
  - {date: 2026-01-20, event: implemented}
"""
ALL: Final = frozenset({"own", "other", "annex", "both", "two"})
ONE: Final = ALL - {"two"}
NOON, EVE, END = "2026-06-10T12:00", "2026-06-20T00:00", "2027-01-01T00:00"
WHOLE, OF_ONE, OF_LIST, OF_NAME = "", "measure: one, ", "list: annex, ", "names: [own.example], "
SUBJECTS: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "the order": (WHOLE, ALL),
    "a measure": (OF_ONE, ONE),
    "a list": (OF_LIST, frozenset({"annex"})),
    "a name": (OF_NAME, frozenset({"own"})),
}
"""What an entry says of its subject, and which names that are on nothing else it frees."""


class Step(NamedTuple):
    """An instant, and what is free from then on while the rest is blocked; ``says`` is where the freed ones stand."""

    at: str
    free: frozenset[str]
    says: str = ""


def entry(event: str, subject: str, at: str = NOON, **more: str) -> str:
    said = "".join(f"{key}: {value}, " for key, value in more.items())
    return f"  - {{{subject}{said}date: '{at}', event: {event}}}\n"


def told() -> list[object]:
    """Write the table: the entries, and what they make of the names from each instant on."""
    cases = []
    for what, (subject, names) in SUBJECTS.items():
        gone = "over since 2026-06-10 12:00 CEST"
        held = "suspended since 2026-06-10 12:00 CEST"
        suspended = entry("suspended", subject)
        resumed = entry("resumed", subject, EVE)
        none: frozenset[str] = frozenset()
        over = Step(END, ALL)
        cases += [
            (f"{what} suspended", suspended, [Step(NOON, names, f"{held}, without an end"), over]),
            (
                f"{what} suspended until a day",
                entry("suspended", subject, until="2026-06-19"),
                [Step(NOON, names, f"{held}, until 2026-06-20 00:00 CEST"), Step(EVE, none), over],
            ),
            (
                f"{what} resumed",
                suspended + resumed,
                [Step(NOON, names, f"{held}, until 2026-06-20 00:00 CEST"), Step(EVE, none), over],
            ),
            (f"{what} lifted", entry("lifted", subject), [Step(NOON, names, gone), over]),
            (f"{what} reversed", entry("reversed", subject), [Step(NOON, names, gone), over]),
            (
                f"{what} lifted while suspended",
                suspended + entry("lifted", subject, EVE),
                [
                    Step(NOON, names, f"{held}, without an end"),
                    Step(EVE, names, gone),
                    over,
                ],
            ),
            (f"{what} appealed", entry("appealed", subject), [Step(NOON, none), over]),
            (f"{what} confirmed", entry("confirmed", subject), [Step(NOON, none), over]),
        ]
    for what in ("a list", "a name"):
        subject, names = SUBJECTS[what]
        cases += [
            (
                f"{what} removed",
                entry("names-removed", subject),
                [Step(NOON, names, "over since 2026-06-10 12:00 CEST"), Step(END, ALL)],
            ),
            (
                f"{what} added",
                entry("names-added", subject),
                [
                    Step("2026-01-20T00:00", names, "not yet in force; begins 2026-06-10 12:00 CEST"),
                    Step(NOON, frozenset()),
                    Step(END, ALL),
                ],
            ),
            (
                f"{what} removed and added again",
                entry("names-removed", subject) + entry("names-added", subject, EVE),
                [
                    Step(NOON, names, "interrupted since 2026-06-10 12:00 CEST, until 2026-06-20 00:00 CEST"),
                    Step(EVE, frozenset()),
                    Step(END, ALL),
                ],
            ),
        ]
    for what in ("the order", "a measure"):
        subject, names = SUBJECTS[what]
        cases += [
            (
                f"the end of {what} moved on",
                entry("end-moved", subject, until="2027-02-28"),
                [Step(NOON, frozenset()), Step(END, ALL - names), Step("2027-03-01T00:00", ALL)],
            ),
            (
                f"the end of {what} moved back",
                entry("end-moved", subject, until="2026-06-19"),
                [
                    Step(NOON, frozenset()),
                    Step(EVE, names, "over since 2026-06-20 00:00 CEST"),
                    Step(END, ALL),
                ],
            ),
        ]
    return [pytest.param(entries, steps, id=name) for name, entries, steps in cases]


def instant(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Paris")).timestamp()


@pytest.mark.parametrize(("entries", "steps"), told())
def test_both_sides_of_every_boundary(tmp_path: Path, entries: str, steps: list[Step]) -> None:
    desk = Desk(tmp_path)
    desk.write("one.yaml", ORDER + entries)
    report = desk.compile(write=False)
    assert report.problems == ()
    law = Law(report.document, report.load({}), desk.wall, running=False)
    before: frozenset[str] = frozenset() if steps[0].at > "2026-01-20T00:00" else ALL
    for step in steps:
        at = instant(step.at)
        assert free(law, at - 0.001) == before, f"until {step.at}"
        assert free(law, at) == step.free, f"from {step.at}"
        if step.says:
            for name in step.free:
                (listing,) = explain_name(law, parse_name(f"{name}.example"), at, ALLOWED).listings
                assert listing.standing.words() == step.says
        before = step.free


def free(law: Law, wall: float) -> frozenset[str]:
    table = law.policy.at(wall)
    return frozenset(
        name for name in ALL if not hasattr(table.judge(parse_name(f"{name}.example"), ALLOWED), "measure")
    )


def test_the_measure_is_in_force_whatever_became_of_most_of_its_names(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.write(
        "one.yaml", ORDER + entry("suspended", "measure: one, names: [own.example, other.example, both.example], ")
    )
    report = desk.compile(write=False)
    law = Law(report.document, report.load({}), desk.wall, running=False)

    (listing,) = explain_name(law, parse_name("own.example"), instant(EVE), ALLOWED).listings

    assert listing.standing.words() == "suspended since 2026-06-10 12:00 CEST, without an end"
    assert listing.whole.words() == "in force since 2026-01-20 00:00 CET, until 2027-01-01 00:00 CET"


def test_an_order_that_is_suspended_without_an_end_is_not_over(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    path = desk.write("one.yaml", ORDER + entry("suspended", WHOLE, "2026-05-10"))
    assert desk.apply().warnings == ()
    path.unlink()

    (problem,) = desk.apply().problems

    assert "neither lifted nor past its end" in problem.what
