"""Do dates bind while the disk is full, does un-blocking work, and is it all journalled once there is room again?

The state folder is a file system of its own, of a few megabytes, which takes root to mount.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.figures import Figure, Soak
from benchmarks.made_up_names import ZONE
from benchmarks.probe import is_blocked
from benchmarks.server import Server, in_folder
from benchmarks.short_orders import write_order
from benchmarks.sizes import Sizes
from resolver.ops.control import call
from resolver.proof.journal import JOURNAL_FILE, open_for_reading
from resolver.proof.reading import entries
from resolver.proof.verification import verify

KEPT: Final = f"kept.{ZONE}"
OCTETS: Final = 40_000_000
AHEAD_SECONDS: Final = 6.0
LATE_SECONDS: Final = 1.0
ROOM_SECONDS: Final = 20.0
BLOCK: Final = 4_096


def done(_: Sizes) -> str:
    """Say what is done."""
    return (
        f"The state folder is a file system of {OCTETS // 1_000_000} MB (tmpfs, mounted for this run). It is filled to "
        "the last octet, then an order begins by its date, and one ends. They must bind all the same; the entries "
        "wait, and log and metric say so. Then there is room again, and the journal must have them. Where it cannot be "
        "mounted, the first figure says so, and nothing else is done."
    )


def measure(folder: Path, upstream: int, _: Sizes) -> Iterator[Figure]:
    """Mount, fill, let dates pass, make room."""
    with in_folder(folder / "server", [KEPT], upstream) as server:
        state = server.folder / "state"
        state.mkdir()
        with _mounted(state) as mounted:
            yield Figure("no small file system could be mounted", int(not mounted))
            if mounted:
                yield from _dates_on_a_full_disk(server, state)
            server.stop()


@contextmanager
def _mounted(state: Path) -> Iterator[bool]:
    """Mount a small file system there for the block; tells whether that could be done."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={OCTETS}", "tmpfs", str(state)]
    mounted = os.geteuid() == 0 and subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(state)], check=True)


def _dates_on_a_full_disk(server: Server, state: Path) -> Iterator[Figure]:
    turn = float(int(time.time() + 2 * AHEAD_SECONDS))
    write_order(server, "begins", f"begins.{ZONE}", _text(turn), "2099-12-31")
    write_order(server, "ends", f"ends.{ZONE}", "2024-02-01", _text(turn))
    server.launch()
    server.wait_for_block(KEPT)
    yield Figure("free before its end", int(not is_blocked(server.port, f"ends.{ZONE}")), "", 0)
    filler = state / "filler"
    _fill(filler)
    yield Figure("octets free", os.statvfs(state).f_bavail * os.statvfs(state).f_frsize)
    time.sleep(turn + LATE_SECONDS - time.time())
    yield Figure("began late", int(not is_blocked(server.port, f"begins.{ZONE}")), "", 0)
    yield Figure("ended late", int(is_blocked(server.port, f"ends.{ZONE}")), "", 0)
    waiting = server.status()["journal"]["waiting"]
    yield Figure("entries that wait", waiting)
    yield Figure("the metric says otherwise", abs(server.metric("arret_journal_waiting") - waiting), "", 0)
    told = sum("the journal cannot be written" in line for line in server.complaints())
    yield Figure("alarms in the log that are missing", int(waiting > 0 and not told), "", 0)
    answer = call(state, "reload", within=60.0)
    yield Figure("reload that changes nothing, refused", int(not answer["ok"]))
    filler.unlink()
    started = time.monotonic()
    while server.status()["journal"]["waiting"] and time.monotonic() - started < ROOM_SECONDS:
        time.sleep(0.1)
    yield Figure("until the journal is written, once there is room", time.monotonic() - started, "s", ROOM_SECONDS)
    with closing(open_for_reading(state / JOURNAL_FILE)) as reading:
        yield Figure("problems that `arret journal verify` finds", len(verify(reading).problems), "", 0)
        facts = [entry.facts for entry in entries(reading) if entry.facts is not None]
    passed = {(each["kind"], each["order"]) for each in facts if each["kind"] in {"began", "ended"}}
    missing = {("began", "begins"), ("ended", "ends")} - passed
    yield Figure("dates that the journal does not hold", len(missing), "", 0)


def _fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"\0" * BLOCK) == BLOCK:
            pass


def _text(wall: float) -> str:
    return f"'{datetime.fromtimestamp(wall, UTC):%Y-%m-%dT%H:%M:%SZ}'"


SOAK = Soak("A full disk", done, measure)
