"""Messages cross the channel whole and in order, however the octets are cut; its end is told once."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from resolver.ops.channel import MAX_LINE, Channel, ChannelError, LineSplitter, Message, write_line


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_messages_come_out_however_the_octets_are_cut(size: int) -> None:
    sent: list[Message] = [{"do": "start", "text": "é\n"}, {"do": "drain"}, {"change": 3}]
    stream = b"".join(map(write_line, sent))
    splitter = LineSplitter()
    received = [
        message for start in range(0, len(stream), size) for message in splitter.feed(stream[start : start + size])
    ]
    assert received == sent


@pytest.mark.parametrize("line", [b"{\n", b"[]\n", b"\xff\n", b"x" * (MAX_LINE + 1)])
def test_what_is_no_message_ends_the_channel(line: bytes) -> None:
    with pytest.raises(ChannelError):
        LineSplitter().feed(line)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def test_a_large_message_does_not_wait_for_its_reader(loop: asyncio.AbstractEventLoop) -> None:
    ours, theirs = socket.socketpair()
    large = {"slots": {f"order-{number}/redirect": number for number in range(50_000)}}
    received: list[Message] = []

    def stop_on(message: Message) -> None:
        received.append(message)
        loop.stop()

    sender = Channel(loop, ours, received.append, loop.stop)
    assert sender.send(large), "it returned although nobody reads yet"
    receiver = Channel(loop, theirs, stop_on, loop.stop)
    loop.run_forever()
    assert received == [large]
    sender.close()
    receiver.close()


def test_the_end_is_told_once_and_nothing_is_sent_after_it(loop: asyncio.AbstractEventLoop) -> None:
    ours, theirs = socket.socketpair()
    ends: list[str] = []

    def note_end() -> None:
        ends.append("end")
        loop.stop()

    channel = Channel(loop, ours, lambda _message: None, note_end)
    theirs.close()
    loop.run_forever()
    assert ends == ["end"]
    assert not channel.send({"do": "drain"})
