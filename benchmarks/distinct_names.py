"""Does memory stay within the configured bounds when every question is new: forwarded, or blocked?"""

import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, Soak
from benchmarks.load import Counts, running_load, warm_up
from benchmarks.made_up_names import ZONE, cached_names, distinct_names, write_questions
from benchmarks.probe import asking, figures_of, must_be_allowed, ways_to_ask
from benchmarks.processes import pss, settled_pss
from benchmarks.server import Cache, Server, in_folder
from benchmarks.sizes import Sizes

KEPT = f"kept.{ZONE}"
WEIGH_SECONDS = 0.5
OCTETS_OF_ANSWER = 1_000
OCTETS_OF_PACKET = 1_500
"""What the packet cache allows for a reply, all told."""


def cache_of(sizes: Sizes) -> Cache:
    """Choose bounds that a flood reaches long before its end."""
    entries = sizes.flood_cache_entries
    return Cache(entries, max(2_000_000, entries * OCTETS_OF_ANSWER), entries // 2)


def done(sizes: Sizes) -> str:
    """Say what is done."""
    cache = cache_of(sizes)
    return (
        f"{sizes.flood_seconds} s of names asked for once each, 200 questions open at any time, all forwarded. "
        f"`cache: {{entries: {cache.entries}, size: {cache.octets // 1_000_000}MB, packets: {cache.packets}}}`, which "
        f"the flood passes many times over. Then {sizes.blocked_flood_names:,} hosts below a listed name, once each, "
        "whose answers the packet cache takes in."
    )


def measure(folder: Path, upstream: int, sizes: Sizes) -> Iterator[Figure]:
    """Flood, and weigh before, meanwhile, and at the end."""
    cache = cache_of(sizes)
    flood = write_questions(folder / "flood", distinct_names(sizes.flood_names, "once"))
    blocked_flood = write_questions(folder / "blocked", distinct_names(sizes.blocked_flood_names, "once", KEPT))
    warm = write_questions(folder / "warm", cached_names(500))
    with in_folder(folder / "server", [KEPT], upstream, cache) as server:
        server.launch()
        server.wait_for_block(KEPT)
        warm_up(server.port, warm, sizes.load_rate)
        before = settled_pss(server.pid)
        with running_load(server.port, flood, seconds=sizes.flood_seconds, once=True) as load:
            first_half = _peak(server, sizes.flood_seconds / 2)
            second_half = _peak(server, sizes.flood_seconds / 2)
            counts = load.counts(sizes.flood_seconds + 30.0)
        yield Figure("names forwarded", counts.sent)
        yield Figure("names a second", counts.completed / sizes.flood_seconds)
        yield from _answers(counts)
        with running_load(server.port, blocked_flood, seconds=sizes.flood_seconds, once=True) as load:
            yield from _answers(load.counts(sizes.flood_seconds + 30.0))
        time.sleep(sizes.settle_seconds)
        after_blocks = settled_pss(server.pid)
        yield from _entries(server, cache)
        allowed = (cache.octets + cache.packets * OCTETS_OF_PACKET) / 1_000_000
        yield Figure("memory before (PSS)", before, "MB")
        yield Figure(
            "growth by the end, against the sum of the bounds", after_blocks - before, "MB", allowed, at_full_size=True
        )
        growth = 100 * (second_half - first_half) / first_half
        yield Figure("growth of the peak, from the first half to the second", growth, "%", 3, at_full_size=True)
        yield from ask_afterwards(server)
        yield server.complaint_count()


def _peak(server: Server, seconds: float) -> float:
    """Weigh once in a while: what a cache holds goes up and down by a generation."""
    until = time.monotonic() + seconds
    peak = 0.0
    while time.monotonic() < until:
        peak = max(peak, pss(server.pid))
        time.sleep(WEIGH_SECONDS)
    return peak


def _answers(counts: Counts) -> Iterator[Figure]:
    yield Figure("answers that were no NOERROR", counts.other_rcodes, "", counts.sent / 1_000)
    yield Figure(f"queries lost, of {counts.sent:,}", counts.lost, "", counts.sent / 1_000)


def _entries(server: Server, cache: Cache) -> Iterator[Figure]:
    messages = server.metric("arret_cache_entries", cache="message")
    packets = server.metric("arret_cache_entries", cache="packet")
    yield Figure("entries of the message cache at the end", messages, "", cache.entries)
    yield Figure(
        "megabytes it says it holds", server.metric("arret_cache_bytes") / 1_000_000, "MB", cache.octets / 1_000_000
    )
    yield Figure("entries of the packet cache at the end", packets, "", cache.packets)
    yield Figure("datagrams that the kernel dropped", server.metric("arret_kernel_drops_total"), "")


def ask_afterwards(server: Server) -> Iterator[Figure]:
    """Ask what a server must still know after a flood, and a name that is new to it."""
    with asking(server.port) as asker:
        asker.ask_all([*ways_to_ask(KEPT), must_be_allowed(f"afterwards.{ZONE}")])
    yield from figures_of(asker.seen)


SOAK = Soak("A flood of names asked once", done, measure)
