"""How much memory a tree of processes holds, read from /proc (proc_pid_smaps(5)): now, and at its peak."""

import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

LOOK_SECONDS: Final = 0.1
"""Between two looks; to look takes milliseconds, for which the process that is looked at cannot map memory."""
MEGABYTE: Final = 1_000
"""Kilobytes, as /proc counts them; close enough to the kibibytes that they are."""
_TICKS: Final = os.sysconf("SC_CLK_TCK")


def tree(root: int) -> list[int]:
    """List a process and all below it."""
    found = [root]
    for pid in found:
        for task in _tasks(pid):
            found += map(int, _read(pid, f"task/{task}/children").split())
    return found


Kind = Literal["Pss", "Pss_Anon"]
"""All memory; or that without files. Of a page that many map, each counts its part: with other programs of the same
interpreter that come and go, the first one moves by itself."""


def pss(root: int, kind: Kind = "Pss") -> float:
    """Add up the proportional set size of a tree, in megabytes: shared pages count once."""
    return sum(_kilobytes(pid, "smaps_rollup", kind) for pid in tree(root)) / MEGABYTE


def compiler_of(root: int) -> int | None:
    """Find the process that compiles orders, if there is one now."""
    for pid in tree(root):
        words = _read(pid, "cmdline").split("\0")
        if "compile" in words and "resolver.ops.child" in words:
            return pid
    return None


def settled_pss(root: int, kind: Kind = "Pss", within: float = 10.0) -> float:
    """Read the memory of a tree that compiles nothing at the moment: the median of five readings, in megabytes."""
    until = time.monotonic() + within
    while compiler_of(root) is not None and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
    readings = []
    for _ in range(5):
        readings.append(pss(root, kind))
        time.sleep(LOOK_SECONDS)
    return sorted(readings)[2]


class Watch:
    """Looks at a tree again and again: peak of its memory, life and peak of whoever compiles in it."""

    def __init__(self, root: int, pause: float = LOOK_SECONDS) -> None:
        self.peak_pss = 0.0
        """Megabytes, of the whole tree."""
        self.compile_peak_rss = 0.0
        """Megabytes, of the largest process that compiled."""
        self.compile_seconds = 0.0
        """How long the one that took longest lived, to the last look at it."""
        self._root = root
        self._pause = pause
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_often, daemon=True)

    def _look_often(self) -> None:
        while not self._over.wait(self._pause):
            self.peak_pss = max(self.peak_pss, pss(self._root))
            compiler = compiler_of(self._root)
            if compiler is not None:
                peak = _kilobytes(compiler, "status", "VmHWM") / MEGABYTE
                self.compile_peak_rss = max(self.compile_peak_rss, peak)
                self.compile_seconds = max(self.compile_seconds, _age(compiler))

    @contextmanager
    def looking(self) -> Iterator["Watch"]:
        """Look until the block ends."""
        self._thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._thread.join()


def memory_of_machine() -> float:
    """Read how much memory this machine has, in gigabytes."""
    return _line(Path("/proc/meminfo").read_text(), "MemTotal") / MEGABYTE**2


def _age(pid: int) -> float:
    fields = _stat(pid)
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / _TICKS if fields else 0.0


def _tasks(pid: int) -> list[str]:
    """List the threads of a process."""
    try:
        return [task.name for task in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return []


def _stat(pid: int) -> list[str]:
    """Read the fields of a process from its state on, which is the third of proc_pid_stat(5)."""
    return _read(pid, "stat").rpartition(")")[2].split()


def _kilobytes(pid: int, file: str, key: str) -> float:
    return _line(_read(pid, file), key)


def _line(text: str, key: str) -> float:
    found = re.search(rf"^{key}:\s+(\d+)", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def _read(pid: int, file: str) -> str:
    """Read a file of a process; it may have ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/{file}").read_text(errors="replace")
    except OSError:
        return ""
