"""How dnsperf loads a server, and what it says of the answers."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CLIENTS: Final = 20
"""Source ports: enough that every worker gets its share."""
ANSWER_SECONDS: Final = 5
"""A query without an answer for so long is lost."""
END_SECONDS: Final = 30.0
BUFFER_KILOBYTES: Final = 4_096
"""Room for answers that come in one burst: what is lost must have been lost by the server."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What dnsperf counted; ``rcodes`` by name. What it gave up when it was told to stop counts nowhere."""

    sent: int
    completed: int
    lost: int
    rcodes: dict[str, int]

    @property
    def other_rcodes(self) -> int:
        """Answers that were not NOERROR."""
        return self.completed - self.rcodes.get("NOERROR", 0)

    @property
    def lost_share(self) -> float:
        """Percentage of what was sent."""
        return 100 * self.lost / max(1, self.sent)


def read_counts(said: str) -> Counts:
    """Read the statistics that dnsperf prints at its end. Raises ValueError if they are not there."""
    sent, completed, lost = (re.search(rf"Queries {what}:\s+(\d+)", said) for what in ("sent", "completed", "lost"))
    if sent is None or completed is None or lost is None:
        raise ValueError(f"dnsperf printed no statistics: {said[-500:]}")
    rcodes = re.search(r"Response codes:(.*)", said)
    counted = re.findall(r"([A-Z0-9]+) (\d+) \(", rcodes[1] if rcodes else "")
    return Counts(int(sent[1]), int(completed[1]), int(lost[1]), {name: int(count) for name, count in counted})


class Load:
    """A dnsperf that runs."""

    def __init__(self, port: int, questions: Path, *options: str, clients: int = CLIENTS) -> None:
        program = shutil.which("dnsperf", path="/usr/bin:/usr/local/bin")
        if program is None:
            raise FileNotFoundError("dnsperf is missing: run `make peers`, or install the Debian package dnsperf")
        self._said = open(os.memfd_create("dnsperf"), "w+")  # noqa: SIM115, PTH123  # closed by kill
        """A file, for a line about every answer would fill a pipe that nobody reads meanwhile; in memory, for a server
        that reloads may keep the disk busy."""
        self._process = subprocess.Popen(
            [program, "-s", "127.0.0.1", "-p", str(port), "-d", str(questions), "-c", str(clients),
             "-t", str(ANSWER_SECONDS), *options],
            stdout=self._said, stderr=subprocess.STDOUT,
        )  # fmt: skip  # one line for what is asked, one for how

    def interrupt(self) -> None:
        """Tell it to end now; what is on its way is not counted as lost."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def so_far(self) -> int:
        """Tell how many octets it has printed: a line for each answer since then comes behind them, all but the last
        hundred before then are among them."""
        return os.fstat(self._said.fileno()).st_size

    def stop(self) -> Counts:
        """End it now, and read what it counted."""
        self.interrupt()
        return self.counts(END_SECONDS)

    def counts(self, within: float) -> Counts:
        """Wait so many seconds for its end, and read what it counted."""
        return read_counts(self.said(within))

    def said(self, within: float) -> str:
        """Wait so many seconds for its end, and give all that it printed."""
        self._process.wait(within)
        self._said.seek(0)
        return self._said.read()

    def kill(self) -> None:
        """Make sure that it is gone."""
        self._process.kill()
        self._process.wait()
        self._said.close()


@contextmanager
def running_load(
    port: int,
    questions: Path,
    *,
    rate: int | None = None,
    seconds: int,
    once: bool = False,
    source: str = "127.0.0.1",
    clients: int = CLIENTS,
) -> Iterator[Load]:
    """Load a server for at most so many seconds.

    With a rate (queries a second), questions are asked at that rate whether or not earlier ones are answered. Without,
    at most 200 are open at a time: as fast as the server is. ``once`` ends it with the file of questions.
    """
    pace = ("-Q", str(rate), "-q", str(min(60_000, max(100, rate * ANSWER_SECONDS)))) if rate else ("-q", "200")
    load = Load(
        port,
        questions,
        "-l",
        str(seconds),
        "-b",
        str(BUFFER_KILOBYTES),
        "-a",
        source,
        *pace,
        *(("-n", "1") if once else ()),
        clients=clients,
    )
    try:
        yield load
    finally:
        load.kill()


def warm_up(port: int, questions: Path, rate: int) -> None:
    """Ask every question of a file once, so that answers are in the caches and all code has run."""
    with running_load(port, questions, rate=rate, seconds=60, once=True) as load:
        load.counts(90.0)
