"""Does the journal hold all that was enforced, whenever the whole server is killed? How long is one to verify?"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from benchmarks.figures import Figure, Soak
from benchmarks.made_up_names import ZONE
from benchmarks.probe import is_blocked
from benchmarks.server import ROOT, Server, in_folder
from benchmarks.short_orders import write_order
from benchmarks.sizes import Sizes
from resolver.ops.current_policy import named_in_pointer
from resolver.proof.chain import Facts, Kind
from resolver.proof.journal import JOURNAL_FILE, Journal, open_for_reading
from resolver.proof.reading import entries
from resolver.proof.verification import verify
from resolver.proof.writer import now_text

KEPT: Final = f"kept.{ZONE}"
LONGEST_LIFE: Final = 1.5
"""Seconds after a change was asked for; by then it is in force, and all of it is journalled."""
GONE_SECONDS: Final = 10.0
PATIENCE: Final = 60.0
AT_ONCE: Final = 1_000
ENTRY: Final = {"kind": "order", "order": "soak", "change": "changed", "files": [["", "ab" * 32]], "names": 100,
                "measures": [{"id": "block", "in_force": [[["2024-01-31T23:00:00Z", "2099-12-31T23:00:00Z"]]]}],
                "because": "from 2024-02-01 (implemented) through 2099-12-31"}  # fmt: skip  # three lines, not eleven
"""As long as an entry about a short order."""


def done(sizes: Sizes) -> str:
    """Say what is done."""
    return (
        f"{sizes.supervisor_kills} times a server is started, told to apply another list or to suspend an order or to "
        f"resume it, and killed (SIGKILL to the supervisor) at a random moment, at most {LONGEST_LIFE} s later. Each "
        "time the journal is verified, and whatever was decided or seen to be enforced must be in it. Then a journal "
        f"of {sizes.journal_entries:,} entries is verified."
    )


def measure(folder: Path, upstream: int, sizes: Sizes) -> Iterator[Figure]:
    """Change, kill, look; then verify a long journal."""
    draw = random.Random(11)
    broken, unknown, changed = 0, 0, 0
    with in_folder(folder / "server", [KEPT], upstream) as server:
        write_order(server, "acted-on", f"acted-on.{ZONE}", "2024-02-01", "2099-12-31")
        for number in range(sizes.supervisor_kills):
            server.launch()
            server.wait_for_block(KEPT)
            seen = _changed_and_killed(server, draw, number)
            told = _told(server)
            broken += len(told.problems)
            unknown += _unjournalled(server, told.facts, seen)
            changed += seen is not None
    yield Figure("kills", sizes.supervisor_kills)
    yield Figure("changes that were enforced before the kill", changed)
    yield Figure("problems that `arret journal verify` finds", broken, "", 0)
    yield Figure("policies decided or seen that the journal does not hold", unknown, "", 0)
    yield from _long(folder / "long", sizes.journal_entries)


class _Told:
    """What a journal says, and what is wrong with it."""

    def __init__(self, state: Path) -> None:
        with closing(open_for_reading(state / JOURNAL_FILE)) as reading:
            self.problems = verify(reading).problems
            self.facts = [entry.facts for entry in entries(reading) if entry.facts is not None]


def _told(server: Server) -> _Told:
    return _Told(server.folder / "state")


def _changed_and_killed(server: Server, draw: random.Random, number: int) -> str | None:
    """Ask for a change, kill at a moment at random; gives the name that came, if it was seen to be blocked before."""
    pids = server.worker_pids()
    come = f"come{number}.{ZONE}"
    acting: subprocess.Popen[bytes] | None = None
    if number % 3 == 0:
        server.list_names([KEPT, *(f"come{each}.{ZONE}" for each in range(0, number + 1, 3))])
        os.kill(server.pid, signal.SIGHUP)
    else:
        acting = _act(server, "suspend" if number % 3 == 1 else "resume")
    until = time.monotonic() + draw.uniform(0, LONGEST_LIFE)
    seen = None
    while time.monotonic() < until:
        seen = come if is_blocked(server.port, come) else None
    os.kill(server.pid, signal.SIGKILL)
    server.stop()
    if acting is not None:
        acting.wait(PATIENCE)
    _wait_until_gone(pids)
    return seen


def _act(server: Server, verb: str) -> "subprocess.Popen[bytes]":
    ground = ["--ground", "court"] if verb == "suspend" else []
    command = [sys.executable, "-m", "resolver", verb, "acted-on", *ground, "--why", "a soak"]
    return subprocess.Popen(
        [*command, "-c", str(server.folder / "config.yaml")],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip  # one line for what, one for how


def _wait_until_gone(pids: list[int]) -> None:
    """Wait for children that the kernel ends with their supervisor."""
    until = time.monotonic() + GONE_SECONDS
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        if time.monotonic() > until:
            raise TimeoutError("workers outlive their supervisor")
        time.sleep(0.01)


def _unjournalled(server: Server, facts: list[Facts], seen: str | None) -> int:
    """Count what was decided, or seen to be blocked, without an intention before it."""
    intended = {f"policy-{each['digest']}.json" for each in facts if each["kind"] == Kind.INTENDED}
    in_force = {f"policy-{each['digest']}.json" for each in facts if each["kind"] == Kind.IN_FORCE}
    decided = {*named_in_pointer(server.folder / "state"), *in_force} - intended
    orders = [each for each in facts if each["kind"] == Kind.ORDER and each["order"] == "soak"]
    listed = (server.folder / "orders" / "names.txt").read_text().split()
    missing = seen is not None and orders[-1]["names"] != len(listed)
    return len(decided) + missing


def _long(state: Path, count: int) -> Iterator[Figure]:
    state.mkdir()
    with closing(Journal(state)) as journal:
        for begin in range(0, count, AT_ONCE):
            size = min(AT_ONCE, count - begin)
            journal.append([{**ENTRY, "time": now_text(), "who": {"by": "soak"}} for _ in range(size)])
    with closing(open_for_reading(state / JOURNAL_FILE)) as reading:
        started = time.monotonic()
        found = verify(reading)
        seconds = time.monotonic() - started
    yield Figure("entries verified", found.entries)
    yield Figure("problems found", len(found.problems), "", 0)
    yield Figure("to verify them", seconds, "s", 2, at_full_size=True)


SOAK = Soak("The supervisor killed while orders change", done, measure)
