"""The table of orders: one row a measure, as it stands at an instant."""

import pytest

from resolver.cli.orders import COLUMNS, NARROW_COLUMNS, enforced, measure_rows
from tests.unit.cli.laws import DAY, JUNE, law


@pytest.mark.parametrize(
    ("day", "states"),
    [
        (-1, ["not yet in force; begins 2014-06-01 00:00 CEST", "not yet in force; begins 2014-06-11 00:00 CEST"]),
        (
            15,
            [
                "in force since 2014-06-01 00:00 CEST, until 2014-07-01 00:00 CEST",
                "in force since 2014-06-11 00:00 CEST, without an end",
            ],
        ),
        (31, ["over since 2014-07-01 00:00 CEST", "in force since 2014-06-11 00:00 CEST, without an end"]),
    ],
)
def test_rows_follow_the_instant(day: int, states: list[str]) -> None:
    rows = measure_rows(law(), JUNE + day * DAY)

    assert [row.state_words() for row in rows if row.blocks] == states


def test_a_row_tells_names_in_force_and_listed() -> None:
    before, after = (measure_rows(law(), JUNE + day * DAY)[0] for day in (0, 31))

    assert before.cells() == (
        "first",
        "Tribunal de Paris",
        "RG first",
        "block",
        "redirect",
        "2/2",
        "in force since 2014-06-01 00:00 CEST, until 2014-07-01 00:00 CEST",
        "first.yaml:9",
    )
    assert len(before.cells()) == len(COLUMNS)
    assert after.cells()[5] == "0/2"
    assert after.narrow_cells() == (
        "first/block",
        "Tribunal de Paris, RG first",
        "0/2",
        "over since 2014-07-01 00:00 CEST",
    )
    assert len(after.narrow_cells()) == len(NARROW_COLUMNS)


def test_a_delisting_is_kept_for_the_record() -> None:
    delisting = measure_rows(law(), JUNE)[2]

    assert delisting.cells()[4:6] == ("delist", "0/5")
    assert delisting.state_words() == "kept for the record, no resolver enforces it"
    assert delisting.as_document()["state"] is None
    assert delisting.as_document()["action"] is None


def test_a_version_that_stands_in_for_a_refused_file_says_so() -> None:
    stands_in = measure_rows(law(), JUNE + 15 * DAY)[1]

    assert stands_in.cells()[6] == (
        "in force since 2014-06-11 00:00 CEST, without an end; its file was refused, this is the last good version"
    )


def test_a_measure_for_others_is_not_said_to_be_never_in_force() -> None:
    known = law()
    known.document["measures"][0] |= {"ours": False, "addressees": ["Orange", "SFR"], "timelines": [[]]}

    assert measure_rows(known, JUNE)[0].state_words() == "addressed to others: Orange, SFR"


def test_what_is_only_observed_is_not_counted_as_enforced() -> None:
    some = law(wall=JUNE)
    assert enforced(measure_rows(some, JUNE)) == 1

    some.document["measures"][0]["observe"] = True

    assert enforced(measure_rows(some, JUNE)) == 0
