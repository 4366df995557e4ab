"""What do ten thousand orders cost the desk: to check, to plan, to explain, to change one of them?"""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.figures import Figure, Soak
from benchmarks.made_up_names import ZONE
from benchmarks.probe import asking, figures_of, must_be_allowed, must_be_blocked
from benchmarks.server import ROOT, Server, in_folder
from benchmarks.sizes import Sizes

KEPT: Final = f"kept.{ZONE}"
PATIENCE: Final = 300.0
ORDER: Final = """\
order: many-{number:05}
authority: Tribunal judiciaire de Paris
case_number: RG 26/{number:05}
decided: 2024-01-10
measures:
  - id: block
    kind: dns-block
    addressees: [Soak]
    period: {{until: 2099-12-31}}
    names:
{names}
history:
  - {{date: 2024-02-01, event: implemented, measure: block}}
"""


def done(sizes: Sizes) -> str:
    """Say what is done."""
    return (
        f"{sizes.many_orders:,} order files with {sizes.names_of_each} names each. `arret check` without a server; "
        "a start; `arret plan` and `arret explain` beside it; then one order gets another name, and a reload. "
        "Each is a command as somebody types it, its start included."
    )


def measure(folder: Path, upstream: int, sizes: Sizes) -> Iterator[Figure]:
    """Write the orders, check, start, ask, change one."""
    with in_folder(folder, [KEPT], upstream) as server:
        for number in range(sizes.many_orders):
            _write(server, number, sizes.names_of_each)
        yield _time(server, 20, "check")
        server.launch()
        server.wait_for_block(KEPT)
        yield _time(server, 20, "plan")
        yield _time(server, 0.5, "explain", _name(1, 0))
        _write(server, 1, sizes.names_of_each, come=f"come.{ZONE}")
        yield Figure("reload that changes one order", server.reload(), "s", 5, at_full_size=True)
        with asking(server.port) as asker:
            asker.ask_all(
                [must_be_blocked(f"come.{ZONE}"), must_be_blocked(_name(2, 0)), must_be_allowed(f"free.{ZONE}")]
            )
        yield from figures_of(asker.seen)
        yield server.complaint_count()


def _write(server: Server, number: int, names: int, come: str | None = None) -> None:
    listed = [_name(number, each) for each in range(names)] + ([] if come is None else [come])
    lines = "\n".join(f"      - {name}" for name in listed)
    (server.folder / "orders" / f"many-{number:05}.yaml").write_text(ORDER.format(number=number, names=lines))


def _name(order: int, number: int) -> str:
    return f"name{number}.order{order}.{ZONE}"


def _time(server: Server, most: float, *verb: str) -> Figure:
    """Run a verb to its end, which must be a good one."""
    started = time.monotonic()
    command = [sys.executable, "-m", "resolver", *verb, "-c", str(server.folder / "config.yaml")]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)
    return Figure(f"arret {verb[0]}", time.monotonic() - started, "s", most, at_full_size=True)


SOAK = Soak("Many orders", done, measure)
