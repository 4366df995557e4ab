"""The side-by-side run is made rarely; its code is run here, with one peer and little of everything."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
CASES = "blocked,cookie,cold,mixed@5000,long list"
PATIENCE = 300.0
ATTEMPTS = 3
"""A round in which the machine stood still for a moment does not count, rightly; seldom are there three of them."""


def test_a_small_run_writes_its_page(tmp_path: Path) -> None:
    assert any(all_rounds_count(tmp_path / str(number)) for number in range(ATTEMPTS))


def all_rounds_count(scratch: Path) -> bool:
    """Run it, look at its page, and tell whether that has figures only."""
    scratch.mkdir()
    page = scratch / "page.md"
    bench = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.bench", "--quick", "--only", "arret,unbound", "--cases", CASES,
         "--report", str(page)],
        cwd=ROOT, env={**os.environ, "TMPDIR": str(scratch)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True,
    )  # fmt: skip  # one line for what is asked, one for how
    try:
        said, _ = bench.communicate(timeout=PATIENCE)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(bench.pid, signal.SIGKILL)

    assert bench.returncode == 0, said
    text = page.read_text()
    assert "| | blocked | cookie | cold | mixed@5000 |" in text
    assert text.count("| **Arrêt** |") == text.count("| Unbound |") == 5
    assert "packet cache, hit" in text
    assert str(scratch) not in text.replace(str(page), "")
    return "Rounds that do not count" not in text
