"""That the kernel is pointed at the octets of each reply; of the source in C, too, where the tests run against the
compiled form."""

import ctypes

import pytest

from resolver.net.gather import gather


@pytest.mark.parametrize(("first", "step"), [(0, 2), (2, 4)], ids=["one piece each", "the second of two"])
def test_addresses_lead_to_the_replies(first: int, step: int) -> None:
    wires = [b"one", b"", b"three" * 100]
    words = memoryview(bytearray(8 * 12)).cast("Q")
    held = gather(words, first, step, wires)
    pointed = [(words[at], words[at + 1]) for at in range(first, first + step * len(wires), step)]
    assert [ctypes.string_at(address, length) for address, length in pointed] == wires
    assert held is not None


def test_nothing_else_is_written() -> None:
    words = memoryview(bytearray(8 * 12)).cast("Q")
    held = gather(words, 2, 4, [b"one", b"two"])
    assert [at for at in range(12) if words[at]] == [2, 3, 6, 7]
    assert held is not None


def test_no_more_is_written_than_there_is_room_for() -> None:
    with pytest.raises(ValueError, match=r".+"):
        gather(memoryview(bytearray(8 * 4)).cast("Q"), 0, 2, [b"one", b"two", b"three"])
