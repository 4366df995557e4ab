"""What do broken messages do to the server: does it log, grow, or stop to answer?"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.distinct_names import KEPT, ask_afterwards, cache_of
from benchmarks.figures import Figure, Soak
from benchmarks.garbage import datagrams, send_datagrams, send_streams, streams
from benchmarks.load import warm_up
from benchmarks.made_up_names import cached_names, write_questions
from benchmarks.processes import settled_pss
from benchmarks.server import Server, in_folder
from benchmarks.sizes import Sizes

LONGEST_WAIT: Final = 50.0
"""Milliseconds that no sound question may wait behind broken ones."""


def done(sizes: Sizes) -> str:
    """Say what is done."""
    return (
        f"{sizes.datagrams:,} datagrams and {sizes.streams:,} TCP connections of random octets and of queries with "
        "flipped bits, wrong counts, wild pointers, cut or lengthened, always the same ones. What comes back is parsed."
    )


def measure(folder: Path, upstream: int, sizes: Sizes) -> Iterator[Figure]:
    """Send them, weigh in the middle and at the end, ask afterwards."""
    warm = write_questions(folder / "warm", cached_names(500))
    with in_folder(folder / "server", [KEPT], upstream, cache_of(sizes)) as server:
        server.launch()
        server.wait_for_block(KEPT)
        warm_up(server.port, warm, sizes.load_rate)
        first = send_datagrams(server.port, datagrams(sizes.datagrams // 2, seed=11))
        middle = settled_pss(server.pid)
        second = send_datagrams(server.port, datagrams(sizes.datagrams // 2, seed=12))
        end = settled_pss(server.pid)
        replies = first + second
        yield Figure("datagrams sent", sizes.datagrams)
        yield Figure("replies", replies.replies)
        yield Figure("replies that are no DNS message, or no reply", replies.malformed, "", 0)
        yield Figure("sound questions in between without an answer", replies.unanswered, "", 0)
        yield Figure(
            "longest wait for the answer to a sound question", replies.longest, "ms", LONGEST_WAIT, at_full_size=True
        )
        yield Figure("memory in the middle (PSS)", middle, "MB")
        yield Figure("growth from the middle to the end", 100 * (end - middle) / middle, "%", 3, at_full_size=True)
        yield from _streams(server, sizes, end)
        yield from ask_afterwards(server)
        yield Figure(
            "workers that were replaced", sum(place["restarts"] for place in server.status()["workers"]), "", 0
        )
        yield server.complaint_count()


def _streams(server: Server, sizes: Sizes, before: float) -> Iterator[Figure]:
    sent = send_streams(server.port, streams(sizes.streams, seed=13))
    after = settled_pss(server.pid)
    yield Figure("TCP connections", sizes.streams)
    yield Figure("replies over them", sent.replies)
    yield Figure("replies that are no DNS message, or no reply", sent.malformed, "", 0)
    yield Figure("connections that were not accepted", sent.unanswered, "", 0)
    yield Figure("growth by the TCP connections", 100 * (after - before) / before, "%", 3, at_full_size=True)


SOAK = Soak("A flood of broken messages", done, measure)
