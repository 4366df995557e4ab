"""How much a soak does: in full for the figures, or small, so that a test sees the code work."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Sizes:
    """Counts, rates in queries a second, and seconds, by run."""

    deadline_seconds: int
    """After which everything is ended, whatever it does."""
    settle_seconds: float
    """Pause before memory is read."""

    many_names: int
    busy_seconds: int

    many_orders: int
    names_of_each: int

    reload_names: int
    reloads: int
    first_reading: int
    """The reload after which memory and disk are read for the first time: a tenth of all in the full run."""
    load_rate: int

    flood_seconds: int
    flood_names: int
    blocked_flood_names: int
    flood_cache_entries: int
    cached_answers: int
    datagrams: int
    streams: int

    slow_connections: int
    subdomain_rate: int
    subdomain_burst: int
    silent_rate: int
    wait_seconds: float

    kill_rate: int
    kill_seconds: int
    hangs: int

    page_rate: int
    page_seconds: int

    law_rate: int
    suspensions: int
    journal_entries: int
    supervisor_kills: int


FULL: Final = Sizes(
    deadline_seconds=1_500,
    settle_seconds=2.0,
    many_names=1_000_000,
    busy_seconds=8,
    many_orders=10_000,
    names_of_each=100,
    reload_names=30_000,
    reloads=100,
    first_reading=10,
    load_rate=3_000,
    flood_seconds=60,
    flood_names=1_500_000,
    blocked_flood_names=200_000,
    flood_cache_entries=40_000,
    cached_answers=1_000_000,
    datagrams=100_000,
    streams=3_000,
    slow_connections=5_000,
    subdomain_rate=3_000,
    subdomain_burst=30_000,
    silent_rate=1_000,
    wait_seconds=10.0,
    kill_rate=20_000,
    kill_seconds=10,
    hangs=4,
    page_rate=2_000,
    page_seconds=20,
    law_rate=5_000,
    suspensions=5,
    journal_entries=100_000,
    supervisor_kills=40,
)

QUICK: Final = Sizes(
    deadline_seconds=280,
    settle_seconds=0.1,
    many_names=2_000,
    busy_seconds=1,
    many_orders=300,
    names_of_each=10,
    reload_names=500,
    reloads=4,
    first_reading=2,
    load_rate=300,
    flood_seconds=2,
    flood_names=20_000,
    blocked_flood_names=2_000,
    flood_cache_entries=1_000,
    cached_answers=1_000,
    datagrams=2_000,
    streams=60,
    slow_connections=100,
    subdomain_rate=300,
    subdomain_burst=300,
    silent_rate=100,
    wait_seconds=0.5,
    kill_rate=500,
    kill_seconds=3,
    hangs=1,
    page_rate=100,
    page_seconds=1,
    law_rate=300,
    suspensions=1,
    journal_entries=2_000,
    supervisor_kills=2,
)
