"""Is anything lost, wrong or left over when the orders change again and again under load?"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.changing_list import ChangingList
from benchmarks.figures import Figure, Soak
from benchmarks.load import running_load, warm_up
from benchmarks.made_up_names import ZONE, cached_names, listed_names, mix, write_questions
from benchmarks.probe import Asker, asking, figures_of, probing, ways_to_ask
from benchmarks.processes import settled_pss
from benchmarks.server import Server, in_folder
from benchmarks.sizes import Sizes

KEPT = f"kept.{ZONE}"
MOST_BESIDE = 0.05
"""Megabytes that a reload may leave beside the list: entries of the journal, and its write-ahead file."""


def done(sizes: Sizes) -> str:
    """Say what is done."""
    return (
        f"{sizes.reloads} reloads, one after the other, of a list of {sizes.reload_names:,} names, each exchanging one "
        f"name for another, under {sizes.load_rate:,} queries/s (1 in 20 blocked, the others cached). A name that is "
        "in every version of the list is asked for all the time; the names that come and go are asked of every worker "
        f"right before and after each reload. Memory and disk are read after reload {sizes.first_reading} and after "
        "the last."
    )


def measure(folder: Path, upstream: int, sizes: Sizes) -> Iterator[Figure]:
    """Reload, ask, and weigh."""
    listed = [*listed_names(sizes.reload_names - 1), KEPT]
    questions = write_questions(folder / "questions", mix(listed[:1_000], cached_names(1_000), 7 * sizes.load_rate))
    with in_folder(folder / "server", listed, upstream) as server:
        server.launch()
        server.wait_for_block(KEPT)
        warm_up(server.port, questions, sizes.load_rate)
        with (
            running_load(server.port, questions, rate=sizes.load_rate, seconds=sizes.deadline_seconds) as load,
            probing(server.port, ways_to_ask(KEPT)) as probed,
            asking(server.port) as asker,
        ):
            changing = ChangingList(server, listed)
            first = _reload(server, changing, asker, sizes.first_reading)
            last = _reload(server, changing, asker, sizes.reloads - sizes.first_reading)
            counts = load.stop()
        seconds = sorted(first.seconds + last.seconds)
        yield Figure("reloads", len(seconds))
        yield Figure("a reload, the median", seconds[len(seconds) // 2], "s")
        yield Figure("a reload, the longest", seconds[-1], "s", 10, at_full_size=True)
        yield Figure("queries sent", counts.sent)
        yield Figure("queries lost", counts.lost, "", 0)
        yield Figure("answers that were no NOERROR", counts.other_rcodes, "", 0)
        yield from figures_of(probed, asker.seen)
        yield from _growth("memory (PSS)", first.memory, last.memory)
        yield from _growth("memory that is no file (PSS)", first.without_files, last.without_files)
        yield from _kept(server, first, last, sizes.reloads - sizes.first_reading)
        yield Figure(
            "workers that were replaced", sum(place["restarts"] for place in server.status()["workers"]), "", 0
        )
        yield server.complaint_count()


class Stretch(NamedTuple):
    """Some reloads: seconds of each, and what there is after the last: megabytes of memory and on disk."""

    seconds: list[float]
    memory: float
    without_files: float
    state: float


def _reload(server: Server, changing: ChangingList, asker: Asker, count: int) -> Stretch:
    seconds = [changing.change(asker) for _ in range(count)]
    return Stretch(seconds, settled_pss(server.pid), settled_pss(server.pid, "Pss_Anon"), server.state_size())


def _kept(server: Server, first: Stretch, last: Stretch, reloads: int) -> Iterator[Figure]:
    """Weigh what a reload leaves on the disk.

    Each version of a list that was in force stays, for `arret rollback` and for what was in force on a past day, until
    `arret journal prune`. So the folder may grow by what came, and by nothing that is in proportion to what was there.
    """
    yield Figure("state folder early on", first.state, "MB")
    yield Figure("state folder at the end", last.state, "MB")
    each = (last.state - first.state) / reloads
    yield Figure(
        "its growth by each reload, beyond the list that came",
        each - server.list_size(),
        "MB",
        MOST_BESIDE,
        at_full_size=True,
    )


def _growth(of_what: str, first: float, last: float) -> Iterator[Figure]:
    yield Figure(f"{of_what} early on", first, "MB")
    yield Figure(f"{of_what} at the end", last, "MB")
    yield Figure("its growth", 100 * (last - first) / first, "%", 3, at_full_size=True)


SOAK = Soak("Reload after reload", done, measure)
