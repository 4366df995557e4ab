"""Draws are spread over their whole range, and places over all of theirs."""

from collections import Counter

import pytest

from resolver.net.draws import BLOCK, Draws, mix_case, pick_below


def test_draws_go_on_beyond_a_block_and_use_the_whole_range() -> None:
    draws = Draws()
    drawn = [draws.draw() for _ in range(3 * BLOCK)]
    ids = [message_id for message_id, _ in drawn]
    assert 0 <= min(ids) < 600
    assert 64_900 < max(ids) <= 65_535
    assert len(set(drawn)) == len(drawn)


@pytest.mark.parametrize("count", [1, 3, 1_000, 1_024])
def test_the_ends_of_the_range_are_the_ends_of_the_places(count: int) -> None:
    assert pick_below(0, count) == 0
    assert pick_below(0xFFFF_FFFF, count) == count - 1


def test_no_place_is_preferred() -> None:
    """Chi-square of 64 places at 200 draws each stays below what one in a million such tests would exceed."""
    draws = Draws()
    places = Counter(pick_below(draws.draw()[1], 64) for _ in range(64 * 200))
    assert sum((places[place] - 200) ** 2 / 200 for place in range(64)) < 137


def test_letters_are_mixed_and_nothing_else() -> None:
    question = b"\x03a-z\x1f" + b"q" * 31 + b"\x02{`\x00\x00\x41\x00\x01"
    mixed = [mix_case(question) for _ in range(64)]
    assert {each.lower()[:-4] for each in mixed} == {question[:-4]}
    assert {each[-4:] for each in mixed} == {question[-4:]}
    assert len(set(mixed)) == 64
    for place in (1, 3, 5, 35):
        assert {each[place : place + 1].isupper() for each in mixed} == {True, False}
