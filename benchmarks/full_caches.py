"""How long does a worker stand still when the policy changes under caches that are full?"""

import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.changing_list import ChangingList
from benchmarks.figures import Figure, Soak
from benchmarks.load import running_load
from benchmarks.made_up_names import ZONE, distinct_names, listed_names, write_questions
from benchmarks.probe import asking, figures_of, probing, ways_to_ask
from benchmarks.server import Cache, Server, in_folder
from benchmarks.sizes import Sizes

KEPT = f"kept.{ZONE}"
LISTED = listed_names(100)
CHANGES = 3
AGAIN = 20
"""One in so many questions is asked again after each change, to have its answer judged anew."""
OCTETS = 3_000
"""Room for an answer: more than it takes, so that the number of entries is the bound."""
FILL_SECONDS = 300
MOST_PAUSE = 20.0


def done(sizes: Sizes) -> str:
    """Say what is done."""
    return (
        f"One worker, whose message cache takes in {sizes.cached_answers:,} answers and whose packet cache takes in "
        f"{sizes.cached_answers:,} replies for hosts below a listed name. Then {CHANGES} reloads, each exchanging one "
        f"name; after each, one in {AGAIN} of those questions once more. A listed name is asked for all the time, "
        "first while nothing changes."
    )


def measure(folder: Path, upstream: int, sizes: Sizes) -> Iterator[Figure]:
    """Fill, watch, change."""
    count = sizes.cached_answers
    cache = Cache(2 * count, 2 * count * OCTETS, 2 * count)
    forwarded = write_questions(folder / "forwarded", distinct_names(count, "full"))
    blocked = write_questions(folder / "blocked", distinct_names(count, "full", KEPT))
    again = write_questions(
        folder / "again", [*distinct_names(count // AGAIN, "full"), *distinct_names(count // AGAIN, "full", KEPT)]
    )
    with in_folder(folder / "server", [*LISTED, KEPT], upstream, cache, workers=1) as server:
        server.launch()
        server.wait_for_block(KEPT)
        for questions in (forwarded, blocked):
            _ask_each(server, questions)
        yield Figure("entries of the message cache", server.metric("arret_cache_entries", cache="message"))
        yield Figure("entries of the packet cache", server.metric("arret_cache_entries", cache="packet"))
        with probing(server.port, ways_to_ask(KEPT)) as undisturbed:
            _ask_each(server, again)
            time.sleep(sizes.settle_seconds)
        yield Figure("longest wait for an answer while nothing changes", undisturbed.longest_wait, "ms")
        yield from _changes(server, again, sizes)
        yield server.complaint_count()


def _changes(server: Server, again: Path, sizes: Sizes) -> Iterator[Figure]:
    """Change the policy, and have some of what is cached judged under it."""
    change = ChangingList(server, [*LISTED, KEPT])
    with probing(server.port, ways_to_ask(KEPT)) as probed, asking(server.port) as asker:
        for _ in range(CHANGES):
            change.change(asker)
            _ask_each(server, again)
            time.sleep(sizes.settle_seconds)
    yield from figures_of(probed, asker.seen)
    yield Figure("longest wait for an answer meanwhile", probed.longest_wait, "ms", MOST_PAUSE, at_full_size=True)


def _ask_each(server: Server, questions: Path) -> None:
    with running_load(server.port, questions, seconds=FILL_SECONDS, once=True) as load:
        load.counts(FILL_SECONDS + 30.0)


SOAK = Soak("A change under full caches", done, measure)
