"""A TCP stream cut into messages, however it arrives."""

import pytest

from resolver.dns.framing import MessageSplitter, frame

STREAM = frame(b"first") + frame(b"") + frame(b"x" * 65_535) + frame(b"last")
MESSAGES = [b"first", b"", b"x" * 65_535, b"last"]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000, 65_536, len(STREAM)])
def test_the_pieces_a_stream_comes_in_do_not_matter(size: int) -> None:
    splitter = MessageSplitter()
    found: list[bytes] = []
    for start in range(0, len(STREAM), size):
        found += splitter.feed(STREAM[start : start + size])
    assert found == MESSAGES
    assert not splitter.partial


def test_a_message_is_partial_from_its_first_octet_to_its_last() -> None:
    splitter = MessageSplitter()
    seen = [(splitter.feed(octets), splitter.partial) for octets in (b"", b"\x00", b"\x02a", b"b")]
    assert seen == [([], False), ([], True), ([], True), ([b"ab"], False)]


def test_what_follows_a_message_begins_the_next() -> None:
    splitter = MessageSplitter()
    assert splitter.feed(b"\x00\x01a\x00\x02b") == [b"a"]
    assert splitter.partial
    assert splitter.feed(b"c") == [b"bc"]


def test_no_more_than_a_message_is_held() -> None:
    splitter = MessageSplitter()
    for _ in range(1000):
        splitter.feed(frame(b"x" * 1000))
    splitter.feed(b"\x00")
    assert len(splitter._pending) == 1


def test_a_message_too_long_for_its_length_is_not_framed() -> None:
    with pytest.raises(OverflowError):
        frame(bytes(65_536))
