"""Broken messages, and how they are sent: the same octets in every run, over UDP and TCP."""

import random
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Final, Literal, NamedTuple

import dns.exception
import dns.flags
import dns.message

from benchmarks.made_up_names import ZONE
from benchmarks.probe import SOCKETS

BATCH: Final = 40
"""Datagrams sent before a sound question: its answer says that all of them were read."""
PATIENCE_SECONDS: Final = 3.0
STREAM_SECONDS: Final = 0.05
LONGEST_MESSAGE: Final = 65_535

End = Literal["reset", "close", "half-close"]
ENDS: Final[tuple[End, ...]] = ("reset", "close", "half-close")


class Stream(NamedTuple):
    """What is written to one connection, and how it is ended."""

    octets: bytes
    end: End


@dataclass(frozen=True, slots=True)
class Replies:
    """What came back; ``unanswered`` counts sound questions, or connections that were not accepted.

    ``longest`` is the longest wait for the answer to a sound question behind a batch, in milliseconds.
    """

    replies: int = 0
    malformed: int = 0
    unanswered: int = 0
    longest: float = 0.0

    def __add__(self, other: "Replies") -> "Replies":
        return Replies(
            self.replies + other.replies,
            self.malformed + other.malformed,
            self.unanswered + other.unanswered,
            max(self.longest, other.longest),
        )


def datagrams(count: int, seed: int) -> Iterator[bytes]:
    """Make so many: a third random octets, the others sound messages that were damaged."""
    draw = random.Random(seed)
    sound = _sound_messages()
    for _ in range(count):
        if draw.random() < 1 / 3:
            yield draw.randbytes(draw.choice((0, 1, 11, 12, 13, 40, 512, 1_400, draw.randrange(4_000))))
        else:
            yield _damaged(draw, draw.choice(sound))


def streams(count: int, seed: int) -> Iterator[Stream]:
    """Make so many: framed damaged messages, wrong lengths, random octets."""
    draw = random.Random(seed)
    sound = _sound_messages()
    for _ in range(count):
        frames = [_framed(draw, _damaged(draw, draw.choice(sound))) for _ in range(draw.randint(1, 4))]
        octets = b"".join(frames) if draw.random() < 0.8 else draw.randbytes(draw.randrange(3_000))
        yield Stream(octets, draw.choice(ENDS))


def _framed(draw: random.Random, message: bytes) -> bytes:
    length = len(message) if draw.random() < 0.8 else draw.choice((0, 1, len(message) // 2, LONGEST_MESSAGE))
    return struct.pack("!H", length) + message


def _sound_messages() -> list[bytes]:
    plain = dns.message.make_query(f"host1.{ZONE}", "A", id=1)
    messages = [
        plain,
        dns.message.make_query(f"kept.{ZONE}", "AAAA", id=2, use_edns=0),
        dns.message.make_query(f"host2.{ZONE}", "TXT", id=3, want_dnssec=True),
        dns.message.make_query(
            f"host3.{ZONE}", "ANY", id=4, use_edns=0, options=[dns.edns.CookieOption(b"12345678", b"")]
        ),
        dns.message.make_response(plain),
    ]
    return [message.to_wire() for message in messages]


def _damaged(draw: random.Random, message: bytes) -> bytes:
    octets = bytearray(message)
    struct.pack_into("!H", octets, 0, draw.randrange(65_536))
    for _ in range(draw.randint(1, 3)):
        draw.choice(_DAMAGES)(draw, octets)
    return bytes(octets[:LONGEST_MESSAGE])


def _flip_a_bit(draw: random.Random, octets: bytearray) -> None:
    if octets:
        octets[draw.randrange(len(octets))] ^= 1 << draw.randrange(8)


def _overwrite(draw: random.Random, octets: bytearray) -> None:
    at = draw.randrange(len(octets) + 1)
    octets[at : at + draw.randint(1, 4)] = draw.randbytes(draw.randint(1, 4))


def _cut(draw: random.Random, octets: bytearray) -> None:
    del octets[draw.randrange(len(octets) + 1) :]


def _lengthen(draw: random.Random, octets: bytearray) -> None:
    octets += draw.randbytes(draw.randint(1, 100))


def _miscount(draw: random.Random, octets: bytearray) -> None:
    at = draw.choice((4, 6, 8, 10))
    octets[at : at + 2] = draw.choice((b"\x00\x00", b"\x00\x02", b"\xff\xff"))


def _point_anywhere(draw: random.Random, octets: bytearray) -> None:
    at = draw.randrange(min(12, len(octets)), len(octets) + 1)
    octets[at : at + 2] = struct.pack("!H", 0xC000 | draw.randrange(0x4000))


def _repeat_the_end(draw: random.Random, octets: bytearray) -> None:
    octets += octets[draw.randrange(len(octets) + 1) :]


_DAMAGES: Final[tuple[Callable[[random.Random, bytearray], None], ...]] = (
    _flip_a_bit, _flip_a_bit, _overwrite, _cut, _lengthen, _miscount, _point_anywhere, _repeat_the_end,
)  # fmt: skip  # a list of words


def send_datagrams(port: int, messages: Iterable[bytes]) -> Replies:
    """Send them as fast as they are read, from several ports, so that every worker gets some."""
    counted = Replies()
    lines = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(SOCKETS)]
    try:
        for line in lines:
            line.settimeout(PATIENCE_SECONDS)
            line.connect(("127.0.0.1", port))
        turn = cycle(lines)
        batch: list[bytes] = []
        for message in messages:
            batch.append(message)
            if len(batch) == BATCH:
                counted += _send_batch(next(turn), batch)
                batch.clear()
        return counted + _send_batch(next(turn), batch)
    finally:
        for line in lines:
            line.close()


def _send_batch(line: socket.socket, batch: Iterable[bytes]) -> Replies:
    for message in batch:
        line.send(message)
    question = dns.message.make_query(f"host4.{ZONE}", "A")
    line.send(question.to_wire())
    asked = time.perf_counter()
    counted = Replies()
    while True:
        try:
            reply = line.recv(LONGEST_MESSAGE)
        except TimeoutError:
            return counted + Replies(unanswered=1)
        counted += Replies(replies=1, malformed=not _is_reply(reply))
        if reply[:2] == question.id.to_bytes(2) and _answers(question, reply):
            return counted + Replies(longest=(time.perf_counter() - asked) * 1_000)


def _answers(question: dns.message.Message, reply: bytes) -> bool:
    try:
        return question.is_response(dns.message.from_wire(reply))
    except dns.exception.DNSException:
        return False


def _is_reply(octets: bytes) -> bool:
    try:
        return bool(dns.message.from_wire(octets).flags & dns.flags.QR)
    except dns.exception.DNSException:
        return False


def send_streams(port: int, all_streams: Iterable[Stream]) -> Replies:
    """Open a connection for each, one after the other."""
    counted = Replies()
    for stream in all_streams:
        counted += _send_stream(port, stream)
    return counted


def _send_stream(port: int, stream: Stream) -> Replies:
    with socket.socket() as line:
        line.settimeout(PATIENCE_SECONDS)
        try:
            line.connect(("127.0.0.1", port))
        except OSError:
            return Replies(unanswered=1)
        try:
            line.sendall(stream.octets)
            return _end(line, stream.end)
        except OSError:  # it was closed on us, which is what broken messages may expect
            return Replies()


def _end(line: socket.socket, end: End) -> Replies:
    if end == "reset":
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if end == "half-close":
        line.shutdown(socket.SHUT_WR)
        return _read_frames(line)
    return Replies()


def _read_frames(line: socket.socket) -> Replies:
    line.settimeout(STREAM_SECONDS)
    received = bytearray()
    try:
        while chunk := line.recv(LONGEST_MESSAGE):
            received += chunk
    except OSError:
        pass
    counted = Replies()
    while len(received) >= 2 and len(received) >= 2 + (length := int.from_bytes(received[:2])):
        counted += Replies(replies=1, malformed=not _is_reply(bytes(received[2 : 2 + length])))
        del received[: 2 + length]
    return counted
