"""What does a list of a million names cost: to compile, to start with, to hold, to change?"""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.changing_list import ChangingList
from benchmarks.figures import Figure, Soak
from benchmarks.load import running_load
from benchmarks.made_up_names import ZONE, cached_names, listed_names, mix, write_questions
from benchmarks.probe import asking, figures_of, must_be_allowed, must_be_blocked, probing, ways_to_ask
from benchmarks.processes import Watch, settled_pss
from benchmarks.server import Server, in_folder
from benchmarks.sizes import Sizes

KEPT = f"kept.{ZONE}"
LOOKED_UP = 200


def done(sizes: Sizes) -> str:
    """Say what is done."""
    return (
        f"One order with {sizes.many_names:,} names in a `names_file`, two workers. Start with an empty state folder; "
        "end; start again with what was compiled; then change one name by a reload under "
        f"{sizes.load_rate:,} queries/s (1 in 20 blocked, the others cached), while a name that is listed before and "
        "after is asked for all the time."
    )


def measure(folder: Path, upstream: int, sizes: Sizes) -> Iterator[Figure]:
    """Start twice, look around, change one name."""
    listed = [*listed_names(sizes.many_names - 1), KEPT]
    with in_folder(folder, listed, upstream) as server:
        yield from _first_start(server)
        server.stop()
        server.launch()
        seconds = server.wait_for_block(KEPT)
        yield Figure("start with a compiled index, to the first blocked answer", seconds, "s", 1.0, at_full_size=True)
        yield Figure("names missing from the index", sizes.many_names - server.status()["names"], "", 0)
        yield from _correctness(server, listed)
        yield Figure("memory of the whole tree (PSS)", settled_pss(server.pid), "MB", 160, at_full_size=True)
        yield from _change(server, listed, sizes)
        yield server.complaint_count()


def _first_start(server: Server) -> Iterator[Figure]:
    server.launch()
    with Watch(server.pid).looking() as watch:
        seconds = server.wait_for_block(KEPT)
    yield Figure(
        "first start, compiled from text: life of the compile child", watch.compile_seconds, "s", 10, at_full_size=True
    )
    yield Figure("peak memory of the compile child (RSS)", watch.compile_peak_rss, "MB")
    yield Figure("first start, to the first blocked answer", seconds, "s")
    yield Figure("peak memory of the whole tree at the first start (PSS)", watch.peak_pss, "MB", 350, at_full_size=True)


def _correctness(server: Server, listed: Sequence[str]) -> Iterator[Figure]:
    with asking(server.port) as asker:
        for name in random.Random(5).sample(listed, LOOKED_UP):
            asker.ask(must_be_blocked(name))
        for name in cached_names(LOOKED_UP):
            asker.ask(must_be_allowed(name))
    yield from figures_of(asker.seen)


def _change(server: Server, listed: Sequence[str], sizes: Sizes) -> Iterator[Figure]:
    questions = write_questions(server.folder / "questions", mix(listed[:1_000], cached_names(1_000), 20_000))
    with (
        running_load(server.port, questions, rate=sizes.load_rate, seconds=sizes.deadline_seconds) as load,
        probing(server.port, ways_to_ask(KEPT)) as probed,
        asking(server.port) as asker,
        Watch(server.pid).looking() as watch,
    ):
        seconds = ChangingList(server, listed).change(asker)
        counts = load.stop()
    yield Figure("reload that changes one name", seconds, "s", 10, at_full_size=True)
    yield Figure("peak memory of the whole tree meanwhile (PSS)", watch.peak_pss, "MB", 350, at_full_size=True)
    yield Figure("queries sent meanwhile", counts.sent)
    yield Figure("queries lost", counts.lost, "", 0)
    yield Figure("answers that were no NOERROR", counts.other_rcodes, "", 0)
    yield from figures_of(probed, asker.seen)


SOAK = Soak("A long list", done, measure)
