"""However a TCP stream is cut into pieces, the same queries get the same answers, in any order."""

import socket
import struct
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile.packets import dotted, opt, query
from tests.integration.running_worker import Running, answer_tcp, make_policy, running_worker

KINDS: Final[list[Callable[[int], bytes]]] = [
    lambda number: query(dotted("pirate.example"), message_id=number),
    lambda number: query(dotted("www.PIRATE.example"), 65, rest=opt(flags=0x8000), message_id=number),
    lambda number: query(dotted("fine.example"), message_id=number),
    lambda number: query(dotted("fine.example"), 16, rest=opt(), message_id=number),
    lambda number: query(dotted("localhost"), 28, message_id=number),
    lambda number: query(b"\xc0\x0c", message_id=number),
    lambda number: query(dotted("pirate.example"), flags=0x2000, message_id=number),
]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with running_worker(make_policy("pirate.example")) as worker:
        yield worker


@pytest.fixture(scope="module")
def alone(running: Running) -> list[bytes]:
    """Give what each kind of query gets by itself, less its id."""
    answers = []
    for kind in KINDS:
        with running.tcp("127.0.0.1") as line:
            wire = kind(1)
            line.sendall(struct.pack("!H", len(wire)) + wire)
            answers.append(answer_tcp(line)[2:])
    return answers


def in_pieces(line: socket.socket, stream: bytes, cuts: list[int]) -> None:
    """Send octets in pieces of these sizes, the last one what is left."""
    for cut in cuts:
        if stream[:cut]:
            line.sendall(stream[:cut])
            stream = stream[cut:]
    line.sendall(stream)


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, len(KINDS) - 1), min_size=1, max_size=12),
    st.lists(st.sampled_from([1, 1, 2, 3, 30, 200]), max_size=60),
)
def test_the_pieces_of_a_stream_do_not_matter(
    running: Running, alone: list[bytes], kinds: list[int], cuts: list[int]
) -> None:
    messages = [KINDS[kind](number) for number, kind in enumerate(kinds)]
    with running.tcp("127.0.0.1") as line:
        in_pieces(line, b"".join(struct.pack("!H", len(wire)) + wire for wire in messages), cuts)
        got = dict[int, bytes]()
        for _ in messages:
            answer = answer_tcp(line)
            got[int.from_bytes(answer[:2])] = answer[2:]
    assert {number: len(answer) for number, answer in got.items()} == {
        number: len(alone[kind]) for number, kind in enumerate(kinds)
    }
    for number, kind in enumerate(kinds):
        if kind not in {2, 3}:  # the seconds of those count down
            assert got[number] == alone[kind]
