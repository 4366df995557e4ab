"""That the way of a query, compiled to C, does what the sources do: their own tests, run once more against it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
COMPILED: Final = {**os.environ, "ARRET_PURE": "0"}
BUILD_SECONDS: Final = 900
TEST_SECONDS: Final = 900

PUTS_FAKES_IN: Final = (
    "--ignore=tests/unit/net/test_exchange.py",
    "--ignore=tests/unit/net/test_upstream_sockets.py",
    "--deselect=tests/unit/core/test_admission.py::test_the_memory_is_bounded",
    "--deselect=tests/unit/core/test_pipeline.py::test_the_chain_is_judged_once_for_a_table_and_a_view",
    "--deselect=tests/integration/test_known_answers.py::test_no_task_is_made_and_nothing_is_read_twice",
)
"""Compiled modules take no other constants and no objects of other types than they were compiled with."""

RUNS: Final = {
    "parts": ["tests/unit/dns", "tests/unit/core", "tests/unit/net"],
    "properties": sorted(
        str(path.relative_to(ROOT))
        for pattern in ("test_core_*.py", "test_dns_*.py", "test_name_reading.py")
        for path in (ROOT / "tests" / "property").glob(pattern)
    ),
    "scenarios": ["tests/scenarios", "tests/hostile/test_upstream_answers.py"],
    "real servers": ["tests/integration/test_forwarder_schedule.py", "tests/integration/test_known_answers.py"],
    "the whole server": ["tests/integration/test_cli_server.py"],
}


@pytest.fixture(scope="module")
def compiled() -> None:
    """Compile, unless these very sources are."""
    made = subprocess.run(
        [ROOT / "scripts" / "compile-query-path", sys.executable],
        check=False, capture_output=True, text=True, timeout=BUILD_SECONDS,
    )  # fmt: skip  # one breath
    assert made.returncode == 0, f"the compiled form cannot be tested: {made.stderr}{made.stdout}"


@pytest.mark.usefixtures("compiled")
def test_the_compiled_form_is_what_runs() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "import resolver.net.lane as lane; print(lane.__file__)"],
        check=True, capture_output=True, text=True, cwd=ROOT, env=COMPILED,
    )  # fmt: skip  # one breath
    assert told.stdout.endswith(".so\n")


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("run", RUNS)
def test_what_the_sources_pass_the_compiled_form_passes(run: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *RUNS[run], *PUTS_FAKES_IN],
        check=False, capture_output=True, text=True, cwd=ROOT, env=COMPILED, timeout=TEST_SECONDS,
    )  # fmt: skip  # one breath
    assert ended.returncode == 0, ended.stdout[-4_000:]
