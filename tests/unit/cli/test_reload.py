"""What a reload is said to have changed, order by order."""

from copy import deepcopy

import pytest

from resolver.cli.reload import Change, changes_between
from resolver.ops.policy_document import PolicyDocument
from tests.unit.cli.laws import DAY, JUNE, law, measure, order


def document() -> PolicyDocument:
    return deepcopy(law().document)


def test_nothing_changed() -> None:
    assert list(changes_between(document(), document())) == []


def test_an_order_came_and_another_went() -> None:
    after = document()
    after["orders"][0] = order("third", [0])

    assert list(changes_between(document(), after)) == [
        Change("first", "gone, it had 2 names"),
        Change("third", "new, 2 names"),
    ]


def test_names_and_dates_changed() -> None:
    after = document()
    after["measures"][0] = measure("first", names=3, timelines=[[]], counts=[3])

    assert list(changes_between(document(), after)) == [
        Change("first", "2 names before, 3 now; block: begins or ends at another time, never in force")
    ]


@pytest.mark.parametrize(
    ("own", "said"),
    [
        pytest.param([[JUNE, JUNE + DAY]], "from 2014-06-01 00:00 CEST until 2014-06-02 00:00 CEST", id="lifted"),
        pytest.param(
            [[JUNE, JUNE + DAY], [JUNE + 2 * DAY, None]],
            "from 2014-06-01 00:00 CEST until 2014-06-02 00:00 CEST and from 2014-06-03 00:00 CEST without an end",
            id="suspended for a day",
        ),
        pytest.param(
            [[JUNE + day * DAY, JUNE + day * DAY + 60] for day in range(4)],
            "… from 2014-06-02 00:00 CEST until 2014-06-02 00:01 CEST"
            " and from 2014-06-03 00:00 CEST until 2014-06-03 00:01 CEST"
            " and from 2014-06-04 00:00 CEST until 2014-06-04 00:01 CEST",
            id="a long history",
        ),
    ],
)
def test_other_dates_are_told(own: list[list[float | None]], said: str) -> None:
    after = document()
    after["measures"][0] = measure("first", timelines=[own], own=own)

    assert list(changes_between(document(), after)) == [
        Change("first", f"block: begins or ends at another time, {said}")
    ]


def test_a_list_more_moves_nothing_of_the_measure() -> None:
    june = document()["measures"][0]["timelines"][0]
    after = document()
    after["measures"][0] = measure("first", names=3, timelines=[june, june], counts=[2, 1], own_timelines=2)

    assert list(changes_between(document(), after)) == [Change("first", "2 names before, 3 now")]


def test_a_list_of_the_future_moves_nothing_of_the_measure() -> None:
    june, later = document()["measures"][0]["timelines"][0], [[JUNE + DAY, JUNE + 30 * DAY]]
    after = document()
    after["measures"][0] = measure("first", timelines=[june, later], counts=[2, 0], own_timelines=2)

    assert list(changes_between(document(), after)) == [Change("first", "block: other times for a list")]


def test_a_name_was_removed_by_the_history() -> None:
    june, removed = document()["measures"][0]["timelines"][0], [[JUNE, JUNE + DAY]]
    after = document()
    after["measures"][0] = measure("first", timelines=[june, removed], counts=[1, 1], named={"a.example": 1})

    assert list(changes_between(document(), after)) == [Change("first", "block: other times for single names")]


def test_the_number_of_a_names_times_is_no_change() -> None:
    june, one, other = document()["measures"][0]["timelines"][0], [[JUNE, JUNE + DAY]], [[JUNE + DAY, None]]
    before, after = document(), document()
    before["measures"][0] = measure("first", timelines=[june, one, other], named={"a.example": 1, "b.example": 2})
    after["measures"][0] = measure("first", timelines=[june, other, one], named={"a.example": 2, "b.example": 1})

    assert list(changes_between(before, after)) == [Change("first", "its file was edited")]


def test_an_order_whose_number_moved_has_not_changed() -> None:
    after = document()
    after["measures"].insert(0, measure("zeroth"))
    after["orders"] = [order("zeroth", [0]), order("first", [1]), order("second", [2, 3], kept=True)]

    assert list(changes_between(document(), after)) == [Change("zeroth", "new, 2 names")]


def test_the_first_policy_is_all_new() -> None:
    assert [change.what for change in changes_between(None, document())] == ["new, 2 names", "new, 2 names"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"action": "nxdomain"}, "block: another action"),
        ({"ede_text": "x"}, "block: another text"),
        ({"id": "other"}, "measure block is gone; measure other is new"),
        ({"kind": "delist"}, "2 names before, 0 now; measure block is gone"),
        ({"line": 10}, "its file was edited"),
    ],
)
def test_a_measure_changed(change: dict[str, object], what: str) -> None:
    after = document()
    after["measures"][0] = measure("first", **change)

    assert list(changes_between(document(), after)) == [Change("first", what)]


def test_an_order_was_refused_and_came_back() -> None:
    refused = document()
    refused["orders"][0] = order("first", [0], kept=True)

    assert list(changes_between(document(), refused)) == [Change("first", "refused, its last good version stays")]
    assert list(changes_between(refused, document())) == [Change("first", "its own file stands again")]


def test_another_name_for_one_of_them_is_an_edited_file() -> None:
    before, after = document(), document()
    before["manifest"] = [{"id": "first", "path": "first.yaml", "files": [["", "aa"]], "first_applied": {}}]
    after["manifest"] = [{"id": "first", "path": "first.yaml", "files": [["", "bb"]], "first_applied": {}}]

    assert list(changes_between(before, after)) == [Change("first", "its file was edited")]
