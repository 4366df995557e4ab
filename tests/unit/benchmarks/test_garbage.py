"""Broken messages are the same in every run, and many of them are broken indeed."""

from benchmarks.garbage import datagrams, streams
from resolver.dns.message import Query, read_query


def test_they_are_the_same_each_time() -> None:
    assert list(datagrams(200, seed=1)) == list(datagrams(200, seed=1))
    assert list(streams(50, seed=1)) == list(streams(50, seed=1))
    assert list(datagrams(200, seed=1)) != list(datagrams(200, seed=2))


def test_some_can_be_read_and_most_cannot() -> None:
    read = [isinstance(read_query(wire), Query) for wire in datagrams(1_000, seed=1)]

    assert 50 < sum(read) < 500


def test_they_fit_a_datagram() -> None:
    assert max(len(wire) for wire in datagrams(1_000, seed=1)) <= 65_507
