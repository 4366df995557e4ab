"""A child knows one role, obeys its channel, and outlives neither the channel nor its supervisor."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from resolver.ops import children
from resolver.ops.children import AHEAD, LEAST_PRIORITY, Child, end_in_words, may_hurry
from resolver.ops.interpreters import start_interpreter

HEAVY = {"pydantic", "yaml", "prometheus_client", "click", "rich", "idna", "publicsuffixlist", "zoneinfo", "dnslib",
         "cffi", "pycparser"}  # fmt: skip  # two lines, not eleven
WORKERS_OWN = ("resolver.ops.child", "resolver.ops.channel", "resolver.ops.dns_child", "resolver.ops.policy_file")


def modules_of_a_worker() -> set[str]:
    listing = "import sys, resolver.ops.child, resolver.ops.dns_child; print(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", listing], check=True, capture_output=True).stdout.decode().split())


def test_a_worker_carries_no_library_of_the_other_roles() -> None:
    modules = modules_of_a_worker()
    assert not {module.partition(".")[0] for module in modules} & HEAVY
    parsing = {"resolver.orders.parse", "resolver.orders.yaml_document", "resolver.ops.config", "resolver.ops.compile"}
    assert not modules & parsing
    assert modules.issuperset(WORKERS_OWN)


def test_the_supervisor_carries_nothing_that_only_children_and_commands_need() -> None:
    listing = "import sys, resolver.cli.command_line as line; line.command_line.commands['serve']; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", listing], check=True, capture_output=True)
    loaded = {module.partition(".")[0] for module in done.stdout.decode().split()}
    assert not loaded & {"marisa_trie", "publicsuffixlist", "rich", "dnslib", "cffi"}


def test_the_supervisor_writes_metrics_later() -> None:
    listing = "import sys, resolver.ops.supervisor; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", listing], check=True, capture_output=True)
    assert not {"prometheus_client", "resolver.ops.metrics"} & set(done.stdout.decode().split())


def test_a_child_looks_for_modules_where_we_found_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, str]] = []

    class Noted:
        def __init__(self, *_: object, env: dict[str, str], **_others: object) -> None:
            given.append(env)

    monkeypatch.setattr("resolver.ops.interpreters.subprocess.Popen", Noted)
    monkeypatch.setattr(sys, "path", ["/where/we/were/started", "", str(tmp_path), *sys.path])
    start_interpreter("compile").channel.close()
    path = given[0]["PYTHONPATH"].split(os.pathsep)
    assert path[0] == str(tmp_path)
    assert str(Path(children.__file__).parents[2]) in path
    assert "" not in path
    assert "/where/we/were/started" not in path


START_ONE = """
import sys
from resolver.ops.interpreters import start_interpreter
begun = start_interpreter("none")  # which says how it is used, with status 2
begun.channel.close()
sys.exit(begun.process.wait())
"""


@pytest.mark.parametrize("place", ["sys.path.append(%r)", "sys.path[0] = %r"], ids=["found last", "where we started"])
def test_what_lies_beside_the_package_replaces_nothing_of_the_standard_library(tmp_path: Path, place: str) -> None:
    (tmp_path / "resolver").symlink_to(Path(children.__file__).parents[1])
    for module in ("gc.py", "signal.py", "ctypes.py"):
        (tmp_path / module).write_text("raise SystemExit('not that of the standard library')")
    program = f"import ctypes, gc, signal, subprocess, sys; {place % str(tmp_path)}{START_ONE}"
    begun = subprocess.run([sys.executable, "-S", "-E", "-c", program], check=False, capture_output=True, timeout=60)
    assert (begun.returncode, b"usage:" in begun.stderr) == (2, True), begun.stderr


@pytest.mark.parametrize("arguments", [[], ["dns"], ["dns", "--channel", "x"], ["root", "--channel", "3"]])
def test_a_role_that_nobody_knows_is_refused(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "resolver.ops.child", *arguments], check=False, capture_output=True, timeout=60
    )
    assert done.returncode == 2
    assert b"usage:" in done.stderr


@pytest.mark.parametrize("less", [0, 3, AHEAD])
def test_a_child_is_as_urgent_as_it_is_told_to_be_and_we_may(less: int) -> None:
    async def niceness() -> int:
        child = Child(asyncio.get_running_loop(), "compile")
        child.be_nice(less)
        now = os.getpriority(os.PRIO_PROCESS, child.pid)
        child.kill()
        await child.ended
        child.be_nice(less)
        return now

    ours = os.getpriority(os.PRIO_PROCESS, 0)
    assert asyncio.run(niceness()) == ours + (less if less > 0 or children.may_hurry() else 0)


def test_whoever_has_the_number_of_a_child_that_ended_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    touched: list[tuple[int, int, int]] = []

    async def ended() -> None:
        child = Child(asyncio.get_running_loop(), "compile")
        child.kill()
        await child.end()
        monkeypatch.setattr(os, "setpriority", lambda *told: touched.append(told))
        monkeypatch.setattr(os, "sched_setscheduler", lambda *told: touched.append(told))
        child.be_nice(AHEAD)
        child.hurry()

    asyncio.run(ended())
    assert touched == []


@pytest.mark.parametrize(("may", "gentle"), [(False, os.SCHED_OTHER), (True, os.SCHED_IDLE)])
def test_it_takes_what_is_left_over_only_where_that_can_be_ended(
    *, may: bool, gentle: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    can_be_ended = children.may_hurry()

    async def policies() -> tuple[int, int]:
        child = Child(asyncio.get_running_loop(), "compile")
        child.give_way()
        meanwhile = os.sched_getscheduler(child.pid)
        child.hurry()
        after = os.sched_getscheduler(child.pid)
        child.kill()
        await child.ended
        child.hurry()
        return meanwhile, after

    monkeypatch.setattr(children, "may_hurry", lambda: may)
    assert asyncio.run(policies()) == (gentle, os.SCHED_OTHER if can_be_ended else gentle)


@pytest.mark.parametrize(
    ("limit", "capabilities", "may"),
    [
        pytest.param(0, "0000000000000000", False, id="nobody-special"),
        pytest.param(LEAST_PRIORITY, "0000000000000000", True, id="by-a-limit"),
        pytest.param(0, "000001ffffffffff", True, id="as-root"),
        pytest.param(0, "000001ffff7fffff", False, id="as-root-without-that-right"),
    ],
)
def test_who_may_end_it(*, limit: int, capabilities: str, may: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    monkeypatch.setattr(Path, "read_text", lambda _: f"Name:\tarret\nCapEff:\t{capabilities}\nCapBnd:\t0\n")
    assert may_hurry() is may


def scenario(play: Callable[[Child], "asyncio.Future[int]"]) -> int:
    async def run() -> int:
        child = Child(asyncio.get_running_loop(), "dns")
        async with asyncio.timeout(60):
            return await play(child)

    return asyncio.run(run())


def test_it_ends_with_the_drain() -> None:
    def drain(child: Child) -> "asyncio.Future[int]":
        child.tell({"do": "drain"})
        return child.ended

    assert scenario(drain) == 0


def test_it_ends_with_the_channel() -> None:
    def hang_up(child: Child) -> "asyncio.Future[int]":
        child._channel.close()
        return child.ended

    assert scenario(hang_up) == 0


def test_a_policy_that_is_missing_is_refused_and_a_killed_child_answers_nothing() -> None:
    async def run() -> None:
        child = Child(asyncio.get_running_loop(), "dns")
        start = {"do": "start", "change": 1, "policy": "/nowhere/policy.json", "slots": {}}
        answer = await child.ask(start, 60)
        assert answer is not None
        assert (answer["say"], answer["change"], answer["damaged"]) == ("refused", 1, True)
        assert "/nowhere/policy.json" in answer["why"]
        child.kill()
        assert await child.ended == -signal.SIGKILL
        assert await child.ask(start, 60) is None

    asyncio.run(run())


def test_whoever_stops_waiting_for_its_end_takes_it_from_nobody() -> None:
    async def run() -> None:
        child = Child(asyncio.get_running_loop(), "dns")
        waiting = asyncio.create_task(child.end())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert waiting.cancelled()
        assert child.alive
        child.kill()
        assert await child.end() == -signal.SIGKILL

    asyncio.run(run())


def test_signals_of_a_terminal_are_not_its_own() -> None:
    async def run() -> None:
        child = Child(asyncio.get_running_loop(), "dns")
        start = {"do": "start", "change": 1, "policy": "/nowhere/policy.json", "slots": {}}
        await child.ask(start, 60)  # from here on it has taken up its role
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(child.pid, number)
        assert await child.ask({**start, "change": 2}, 60) is not None
        child.kill()
        await child.ended

    asyncio.run(run())


@pytest.mark.parametrize(("status", "words"), [(0, "exit status 0"), (-9, "killed by SIGKILL"), (1, "exit status 1")])
def test_ends_are_told_in_words(status: int, words: str) -> None:
    assert end_in_words(status) == words
