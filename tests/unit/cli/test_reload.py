"""What a reload is said to have changed, order by order."""

from copy import deepcopy

from resolver.cli.reload import Change, changes_between
from resolver.ops.policy_document import PolicyDocument
from tests.unit.cli.laws import law, measure, order


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
        Change("first", "2 names before, 3 now; block: timelines changed; block: counts changed")
    ]


def test_an_order_whose_number_moved_has_not_changed() -> None:
    after = document()
    after["measures"].insert(0, measure("zeroth"))
    after["orders"] = [order("zeroth", [0]), order("first", [1]), order("second", [2, 3], kept=True)]

    assert list(changes_between(document(), after)) == [Change("zeroth", "new, 2 names")]


def test_the_first_policy_is_all_new() -> None:
    assert [change.what for change in changes_between(None, document())] == ["new, 2 names", "new, 7 names"]
