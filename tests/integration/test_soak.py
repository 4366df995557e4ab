"""The full-size runs are made rarely; here two are made on little, and reported. ``--quick`` alone makes all."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from benchmarks import killed_worker, million_names

ROOT = Path(__file__).parents[2]
PATIENCE = 300.0
ATTEMPTS = 3
"""In any one of them the machine may stand still for a moment, and then an answer is missing."""
MADE = [million_names.SOAK.title, killed_worker.SOAK.title]


def start(*arguments: str, scratch: Path) -> "subprocess.Popen[str]":
    """Start a small soak in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.soak", "--quick", *arguments],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def end(soak: "subprocess.Popen[str]") -> None:
    """End whatever is left of its group."""
    with suppress(ProcessLookupError):
        os.killpg(soak.pid, signal.SIGKILL)
    soak.communicate()


def test_a_small_soak_passes_and_is_reported(tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    said: list[str] = []
    assert any(passes(report, tmp_path, said) for _ in range(ATTEMPTS)), said
    lines = report.read_text().splitlines()
    assert "- Outcome: every bound is kept" in lines
    assert sum(line.startswith("## ") and line.endswith(": pass") for line in lines) == len(MADE)
    assert str(tmp_path) not in report.read_text()


def passes(report: Path, scratch: Path, said: list[str]) -> bool:
    """Make one, keep what it says, and tell whether it kept every bound."""
    soak = start("--report", str(report), "--only", *MADE, scratch=scratch)
    try:
        said.append(soak.communicate(timeout=PATIENCE)[0])
    finally:
        end(soak)
    return soak.returncode == 0


def test_interrupted_it_leaves_nothing_behind(tmp_path: Path) -> None:
    soak = start(scratch=tmp_path)
    try:
        assert soak.stdout is not None
        while "first start" not in soak.stdout.readline():
            assert soak.poll() is None
        soak.send_signal(signal.SIGINT)
        soak.communicate(timeout=PATIENCE)

        assert soak.returncode == 130
        until = time.monotonic() + PATIENCE
        while group_lives(soak.pid):  # who is killed, or was its parent's, ends a moment later
            assert time.monotonic() < until
            time.sleep(0.01)
        assert list(tmp_path.iterdir()) == []
    finally:
        end(soak)


def group_lives(group: int) -> bool:
    """Tell whether any process of a group still runs; the dead whom nobody has collected yet do not count."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            state, _, its_group, *_ = stat.read_text().rpartition(")")[2].split()
            if int(its_group) == group and state != "Z":
                return True
    return False
