"""When, with which source and on what machine a run was made."""

import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.processes import memory_of_machine

ROOT: Final = Path(__file__).parents[1]
REPORTS: Final = (":!benchmarks/SOAK.md", ":!benchmarks/RESULTS.md")
"""What runs write themselves is no change of what they measure."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When, with which source and on what a run was made."""

    date: str
    commit: str
    cores: int
    gigabytes: float
    python: str
    load_average: float
    """Of the minute before: what others did on the machine."""
    command: str


def find_circumstances(command: str) -> Circumstances:
    """Find out how things are now, for a run of this command."""
    return Circumstances(
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        commit=_commit(),
        cores=os.cpu_count() or 1,
        gigabytes=memory_of_machine(),
        python=platform.python_version(),
        load_average=os.getloadavg()[0],
        command=command,
    )


def _commit() -> str:
    """Name the commit that is measured, and whether the source differs from it."""
    commit = _git("rev-parse", "--short=12", "HEAD")
    changed = _git("status", "--porcelain", "--", "resolver", "benchmarks", *REPORTS)
    return (commit or "unknown") + (", with changes that are not committed" if changed else "")


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=20)
    except OSError:
        return ""
    return done.stdout.strip()
