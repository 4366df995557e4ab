"""Each key has so many places, and no memory of those who left."""

from resolver.core.crowd import Crowd


def test_each_key_has_places_of_its_own() -> None:
    crowd: Crowd[str] = Crowd(2)
    assert [crowd.enter("a"), crowd.enter("a"), crowd.enter("a"), crowd.enter("b")] == [True, True, False, True]


def test_a_place_given_back_is_free() -> None:
    crowd: Crowd[str] = Crowd(1)
    assert crowd.enter("a")
    crowd.leave("a")
    assert crowd.enter("a")


def test_who_left_takes_no_memory() -> None:
    crowd: Crowd[int] = Crowd(3)
    for number in range(100):
        crowd.enter(number)
        crowd.enter(number)
        crowd.leave(number)
        crowd.leave(number)
    assert len(crowd) == 0


def test_under_a_lower_bound_those_inside_stay() -> None:
    crowd: Crowd[str] = Crowd(3)
    for _ in range(3):
        crowd.enter("a")
    crowd.most = 1
    assert not crowd.enter("a")
    crowd.leave("a")
    assert not crowd.enter("a")
