"""Which datagrams of a batch get a reply that is at hand, and what is counted; of the source in C, too, where the tests
run against the compiled form."""

from struct import pack_into, unpack_from
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.core.counters import PAGE_SIZE
from resolver.core.replay import aged, replay

STRIDE = 16
STAMP = object()
"""Of the table in force."""


class Kept:
    """A reply that says of itself whether it could be made right."""

    def __init__(self, tail: bytes, *, stamp: object = STAMP, until: float = 10.0, renews: bool = False) -> None:
        self.ready: tuple[Any, ...] = (stamp, until, tail, 3, 4)
        self._renews = renews

    def renew(self, now: float) -> bool:
        if self._renews:
            stamp, _, tail, *counters = self.ready
            self.ready = (stamp, now + 1, tail + b" renewed", *counters)
        return self._renews


class Views(dict[Any, Any]):
    """Remembers views, and works out those of strangers."""

    def __missing__(self, client: int) -> str:
        return "stranger"


def found(
    young: dict[bytes, Any], *datagrams: bytes, clients: list[int] | None = None
) -> tuple[list[bytes | None], list[int], int]:
    """Look up datagrams at the tenth second; also says how often both counters were added to."""
    queries = b"".join(datagram.ljust(STRIDE, b"\xff") for datagram in datagrams)
    page = memoryview(bytearray(PAGE_SIZE)).cast("Q")
    lengths = [len(datagram) for datagram in datagrams]
    views = Views({1: "allowed"})
    callers = clients or [1] * len(datagrams)
    tails, missing = replay(queries, STRIDE, lengths, callers, views, "allowed", young, STAMP, 9.0, page)
    assert page[3] == page[4]
    return tails, missing, page[3]


@pytest.mark.parametrize(
    ("kept", "tail"),
    [(Kept(b"one"), b"one"),
     (Kept(b"one", until=9.0, renews=True), b"one renewed"),
     (Kept(b"one", until=9.0), None),
     (Kept(b"one", stamp=object()), None),
     (Kept(b"one", stamp=None, until=9.0, renews=True), None)],
    ids=["right", "made right", "expired", "judged under another table", "judged under none"],
)  # fmt: skip  # a table
def test_a_reply_is_given_and_counted_if_it_is_right_now(kept: Kept, tail: bytes | None) -> None:
    missing, counted = ([], 1) if tail is not None else ([0], 0)
    assert found({b"a": kept}, b"a") == ([tail], missing, counted)


def test_each_datagram_gets_its_own_and_gaps_are_told() -> None:
    young = {b"a": Kept(b"one"), b"bb": Kept(b"two")}
    assert found(young, b"bb", b"other", b"a", b"b", b"") == ([b"two", None, b"one", None, None], [1, 3, 4], 2)


def test_a_client_of_another_view_is_left_to_others() -> None:
    assert found({b"a": Kept(b"one")}, b"a", b"a", clients=[2, 1]) == ([None, b"one"], [0], 1)


def test_nothing_came() -> None:
    assert found({b"a": Kept(b"one")}) == ([], [], 0)


def test_lists_that_shrink_while_a_client_is_looked_up_are_read_no_further() -> None:
    lengths, callers = [1, 1, 1], [2, 1, 1]

    class Shrinking(dict[int, str]):
        def __missing__(self, client: int) -> str:
            lengths.clear()
            callers.clear()
            return "allowed"

    page = memoryview(bytearray(PAGE_SIZE)).cast("Q")
    queries = b"a".ljust(STRIDE) * 3
    young = {b"a": Kept(b"one")}
    said = replay(queries, STRIDE, lengths, callers, Shrinking(), "allowed", young, STAMP, 9.0, page)
    assert said == ([b"one"], [])


def test_an_error_of_a_reply_is_told() -> None:
    class Broken(Kept):
        def renew(self, now: float) -> bool:
            raise ValueError("no clock")

    with pytest.raises(ValueError, match="no clock"):
        found({b"a": Broken(b"one", until=0.0)}, b"a")


def test_nothing_is_counted_outside_of_the_page() -> None:
    page = memoryview(bytearray(32)).cast("Q")
    with pytest.raises(IndexError):
        replay(b"a", STRIDE, [1], [1], Views({1: "allowed"}), "allowed", {b"a": Kept(b"one")}, STAMP, 9.0, page)


@given(st.lists(st.integers(0, 0xFFFF_FFFF), max_size=8), st.integers(0, 0xFFFF_FFFF))
def test_ttls_are_counted_down_to_zero_and_nothing_else_changes(ttls: list[int], age: int) -> None:
    message = bytearray(b"octets" * 10)
    offsets = tuple(range(2, 2 + 6 * len(ttls), 6))
    written = aged(bytes(message), offsets, tuple(ttls), age)
    for offset, ttl in zip(offsets, ttls, strict=True):
        pack_into("!L", message, offset, max(0, ttl - age))
    assert written == message
    assert [unpack_from("!L", written, offset)[0] for offset in offsets] == [max(0, ttl - age) for ttl in ttls]
