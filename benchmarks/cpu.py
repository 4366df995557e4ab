"""How much processor time a tree of processes has used, and how busy the machine was beside it."""

import os
import resource
import time
from pathlib import Path
from typing import Final

from benchmarks.processes import tree

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_SCHEDULED: Final = 2
"""Which of a process's clocks: the exact time on a processor, not the one sampled at ticks (clock_getcpuclockid(3))."""
_IDLE: Final = (3, 4)
"""Places of idle and iowait in the first line of /proc/stat (proc_stat(5))."""
_GUEST: Final = 8
"""From this place on, time is told a second time."""


def used_by(root: int) -> float:
    """Add up the user and system time of a process and all below it that live, in seconds."""
    return sum(map(_used_by_one, tree(root)))


def used_by_us() -> float:
    """Add up what this process, all below it that live, and all that it has waited for have used, in seconds."""
    waited_for = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used_by(os.getpid()) + waited_for.ru_utime + waited_for.ru_stime


def used_by_all() -> float:
    """Read how many seconds of processor time anybody has used, or the host has taken away, since the start."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return sum(count for place, count in enumerate(ticks[:_GUEST]) if place not in _IDLE) / _TICKS


def _used_by_one(pid: int) -> float:
    try:
        return time.clock_gettime((~pid << 3) | _SCHEDULED)
    except OSError:
        return 0.0
