"""An interpreter gets ahead of a server that starts, and is left behind by nobody."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence

import pytest

from resolver.cli.ahead import compiler_ahead, verb_of
from resolver.ops.interpreters import Interpreter, start_interpreter

PATIENCE = 60.0


@pytest.mark.parametrize(
    ("arguments", "verb"),
    [
        pytest.param(["serve"], "serve", id="a verb"),
        pytest.param(["-c", "serve", "check"], "check", id="a file of that name"),
        pytest.param(["--config=serve", "orders"], "orders", id="a file of that name in one word"),
        pytest.param(["--config", "a.yaml", "serve"], "serve", id="behind the configuration"),
        pytest.param(["serve", "-c", "a.yaml"], "serve", id="before the configuration"),
        pytest.param(["query", "serve"], "query", id="before a name"),
        pytest.param(["serve", "--help"], None, id="help"),
        pytest.param(["--version"], None, id="no verb"),
        pytest.param([], None, id="nothing"),
        pytest.param(["-c"], None, id="half"),
    ],
)
def test_the_verb_is_found(arguments: Sequence[str], verb: str | None) -> None:
    assert verb_of(arguments) == verb


def has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Interpreter]:
    noted: list[Interpreter] = []

    def start(role: str) -> Interpreter:
        assert role == "compile"
        noted.append(start_interpreter("compile"))
        return noted[-1]

    monkeypatch.setattr("resolver.cli.ahead.start_interpreter", start)
    return noted


def test_one_that_nobody_takes_ends_with_the_verb(started: list[Interpreter]) -> None:
    def refused() -> None:
        with compiler_ahead(["serve"]):
            assert not has_ended(started[0].process.pid)
            raise SystemExit(1)  # as a configuration that cannot be used does

    with pytest.raises(SystemExit):
        refused()
    assert has_ended(started[0].process.pid)


def test_one_that_is_taken_is_given_once_and_belongs_to_who_took_it(started: list[Interpreter]) -> None:
    with compiler_ahead(["serve"]) as ahead:
        taken, again = ahead.take(), ahead.take()
    try:
        assert (taken, again) == (started[0], None)
        assert not has_ended(started[0].process.pid)
    finally:
        started[0].end()


def test_one_that_died_is_not_given(started: list[Interpreter]) -> None:
    with compiler_ahead(["serve"]) as ahead:
        started[0].process.kill()
        started[0].process.wait()
        assert ahead.take() is None


def test_a_standard_error_that_was_closed_is_taken_by_no_file_of_a_child() -> None:
    listing = "import os; os.write(3, os.readlink('/proc/self/fd/2').encode())"
    program = (
        "import os, subprocess, sys; from resolver.ops.interpreters import fill_standard_descriptors; "
        "told = os.dup(1); os.close(2); fill_standard_descriptors(); os.dup2(told, 3); "
        f"subprocess.run([sys.executable, '-S', '-c', {listing!r}], pass_fds=[3])"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.PIPE, timeout=PATIENCE)
    assert done.stdout.decode() == os.devnull


def test_no_other_verb_starts_one(started: list[Interpreter]) -> None:
    with compiler_ahead(["check"]) as ahead:
        assert ahead.take() is None
    assert started == []


def test_where_no_process_can_be_started_the_verb_runs_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(_: str) -> Interpreter:
        raise BlockingIOError

    monkeypatch.setattr("resolver.cli.ahead.start_interpreter", none_left)
    with compiler_ahead(["serve"]) as ahead:
        assert ahead.take() is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_outlives_nobody_who_is_killed_while_loading(number: signal.Signals) -> None:
    program = (
        "import signal; from resolver.cli.ahead import compiler_ahead; "
        "around = compiler_ahead(['serve']); ahead = around.__enter__(); "
        "print(ahead.take().process.pid, flush=True); signal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        watch = os.pidfd_open(int(parent.stdout.readline()))
        parent.send_signal(number)
    try:
        ended, _, _ = select.select([watch], [], [], PATIENCE)
        assert ended, "it lives on"
    finally:
        os.close(watch)
