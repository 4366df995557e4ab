"""Does a flood of made-up names below a domain whose servers are silent hold up who asks for other domains?"""

import socket
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from benchmarks.figures import Figure, Soak
from benchmarks.load import running_load, warm_up
from benchmarks.made_up_names import ZONE, cached_names, distinct_names, write_questions
from benchmarks.probe import asking, figures_of, ways_to_ask
from benchmarks.server import in_folder
from benchmarks.sizes import Sizes
from benchmarks.slow_connections import compared
from benchmarks.waits import waits

KEPT = f"kept.{ZONE}"
FLOODED = "flooded.example"


def done(sizes: Sizes) -> str:
    """Say what is done."""
    return (
        f"{sizes.subdomain_rate:,} questions/s for made-up names below one domain, from another client, which its "
        "upstream never answers. Names of another domain, each new, are asked for one after the other, for "
        f"{sizes.wait_seconds:g} s before and meanwhile; and, between the two, while the flood goes to a port that "
        "nobody reads: who floods and who asks share the processors with the server."
    )


def measure(folder: Path, upstream: int, sizes: Sizes) -> Iterator[Figure]:
    """Measure waits without the flood and with it."""
    seconds = int(sizes.wait_seconds) + 2
    flood = write_questions(folder / "flood", distinct_names(sizes.subdomain_rate * seconds, "made-up", FLOODED))
    fresh = (f"fresh{number}.{ZONE}" for number in count())
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        zones = f"zones: {{{FLOODED}: ['127.0.0.1:{silent.getsockname()[1]}']}}\n"
        with in_folder(folder / "server", [KEPT], upstream, more=zones) as server:
            server.launch()
            server.wait_for_block(KEPT)
            warm_up(server.port, write_questions(folder / "warm", cached_names(500)), sizes.load_rate)
            before = waits(server.port, fresh, sizes.wait_seconds)
            with running_load(silent.getsockname()[1], flood, rate=sizes.subdomain_rate, seconds=seconds, once=True):
                elsewhere = waits(server.port, fresh, sizes.wait_seconds)
            with running_load(
                server.port, flood, rate=sizes.subdomain_rate, seconds=seconds, once=True, source="127.0.0.2"
            ):
                meanwhile = waits(server.port, fresh, sizes.wait_seconds)
                yield Figure("queries that wait at the end", server.metric("arret_in_flight"))
            turned_away = server.metric("arret_overload_total")
            yield Figure("questions answered at once, over a bound", turned_away)
            yield from compared(before, elsewhere, meanwhile)
            with asking(server.port) as asker:
                asker.ask_all(ways_to_ask(KEPT))
            yield from figures_of(asker.seen)
            yield server.complaint_count()


SOAK = Soak("A flood of made-up names below one domain", done, measure)
