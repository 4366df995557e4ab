"""Does a flood of made-up names below a domain whose servers are silent hold up who asks for other domains?"""

import socket
from collections.abc import Iterator
from itertools import count, cycle
from pathlib import Path

from benchmarks.bursts import RATE, running_bursts
from benchmarks.figures import Figure, Soak
from benchmarks.load import running_load, warm_up
from benchmarks.made_up_names import ZONE, cached_names, distinct_names, write_questions
from benchmarks.probe import asking, figures_of, ways_to_ask
from benchmarks.server import Server, in_folder
from benchmarks.sizes import Sizes
from benchmarks.slow_connections import ROUNDS, compared
from benchmarks.waits import percentile, waits
from resolver.compiled import form, is_compiled

KEPT = f"kept.{ZONE}"
FLOODED = "flooded.example"


LIMITS = "limits: {in_flight_per_client: 20000}\n"
"""One client floods for many: so that its domain's bound is the one that it meets."""
LONGEST_BESIDE_BURSTS = 50.0
LONGEST_NOT_COMPILED = 250.0
"""Milliseconds. The first burst of a flood takes the places that its domain has, each at the cost of a question that is
asked of upstreams; and what is not compiled takes several times as long to refuse the rest."""
KNOWN = "while as many known names are asked for"


def done(sizes: Sizes) -> str:
    """Say what is done."""
    return (
        f"{sizes.subdomain_rate:,} questions/s for made-up names below one domain, from another client, which its "
        "upstream never answers. Names of another domain, each new, are asked for one after the other, for "
        f"{sizes.wait_seconds:g} s before, and {ROUNDS} times in turn beside as many questions for names that are "
        "known, and beside the flood: who makes either shares the processors with the server. Then it comes in "
        f"bursts of {sizes.subdomain_burst:,} questions, {RATE:,} a second, while known names are asked for."
    )


def measure(folder: Path, upstream: int, sizes: Sizes) -> Iterator[Figure]:
    """Measure waits alone, beside harmless traffic, and beside the flood."""
    seconds = int(sizes.wait_seconds) + 2
    known = write_questions(folder / "known", cached_names(500))
    floods = [
        write_questions(folder / str(turn), distinct_names(sizes.subdomain_rate * seconds, f"made-up{turn}", FLOODED))
        for turn in range(ROUNDS)
    ]
    fresh = (f"fresh{number}.{ZONE}" for number in count())
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        zones = f"zones: {{{FLOODED}: ['127.0.0.1:{silent.getsockname()[1]}']}}\n"
        with in_folder(folder / "server", [KEPT], upstream, more=zones + LIMITS) as server:
            server.launch()
            server.wait_for_block(KEPT)
            warm_up(server.port, known, sizes.load_rate)
            before = waits(server.port, fresh, sizes.wait_seconds)
            control: list[float] = []
            meanwhile: list[float] = []
            waiting = 0.0
            for flood in floods:
                for questions, once, found in ((known, False, control), (flood, True, meanwhile)):
                    with running_load(
                        server.port,
                        questions,
                        rate=sizes.subdomain_rate,
                        seconds=seconds,
                        once=once,
                        source="127.0.0.2",
                    ):
                        found.extend(waits(server.port, fresh, sizes.wait_seconds))
                        waiting = server.metric("arret_in_flight")
            yield Figure("queries that wait at the end", waiting)
            yield from _beside_bursts(server, sizes)
            turned_away = server.metric("arret_overload_total")
            yield Figure("questions answered at once, over a bound", turned_away)
            yield from compared(before, control, meanwhile, beside=KNOWN)
            with asking(server.port) as asker:
                asker.ask_all(ways_to_ask(KEPT))
            yield from figures_of(asker.seen)
            yield server.complaint_count()


def _beside_bursts(server: Server, sizes: Sizes) -> Iterator[Figure]:
    """Measure how long who asks for known names waits while the flood comes in bursts."""
    with running_bursts(server.port, FLOODED, sizes.subdomain_burst, sizes.wait_seconds):
        found = waits(server.port, cycle(cached_names(500)), sizes.wait_seconds)
    longest = LONGEST_BESIDE_BURSTS if is_compiled() else LONGEST_NOT_COMPILED
    yield Figure("what 99 of 100 wait at most beside bursts", percentile(found, 0.99), "ms")
    yield Figure(f"the longest wait beside bursts ({form()})", found[-1], "ms", longest, at_full_size=True)


SOAK = Soak("A flood of made-up names below one domain", done, measure)
