"""An interpreter that was foreseen is used by whoever comes in time, and ends by itself otherwise."""

import asyncio

import pytest

from resolver.ops import foreseen
from resolver.ops.children import Child
from resolver.ops.foreseen import ForeseenChild
from resolver.ops.interpreters import Ahead, Role, start_interpreter
from tests.fair_time import run_fairly


class Noted(Child):
    """A child that is written down when it is started."""

    started: list["Noted"]

    def __init__(self, loop: asyncio.AbstractEventLoop, role: Role) -> None:
        super().__init__(loop, role)
        self.started.append(self)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Noted]:
    monkeypatch.setattr(Noted, "started", [], raising=False)
    monkeypatch.setattr(foreseen, "Child", Noted)
    return Noted.started


def test_whoever_comes_in_time_takes_it(started: list[Noted]) -> None:
    async def scenario() -> None:
        ahead = ForeseenChild()
        ahead.start()
        ahead.start()
        first = ahead.take()
        assert started == [first], "the second one is started only when it is needed"
        second = ahead.take()
        try:
            assert first.alive
            assert started == [first, second]
        finally:
            first.kill()
            second.kill()
            await asyncio.gather(first.end(), second.end())

    run_fairly(scenario)


def test_the_one_that_is_ahead_is_the_first() -> None:
    async def scenario() -> None:
        interpreter = start_interpreter("compile")
        ahead = ForeseenChild(Ahead(interpreter))
        first, second = ahead.take(), ahead.take()
        try:
            assert first.pid == interpreter.process.pid
            assert second.pid != first.pid
        finally:
            first.kill()
            second.kill()
            await asyncio.gather(first.end(), second.end())

    run_fairly(scenario)


def test_one_that_died_ahead_is_made_up_for() -> None:
    async def scenario() -> None:
        interpreter = start_interpreter("compile")
        interpreter.process.kill()
        interpreter.process.wait()
        child = ForeseenChild(Ahead(interpreter)).take()
        try:
            assert child.alive
        finally:
            child.kill()
            await child.end()

    run_fairly(scenario)


def test_nobody_comes(monkeypatch: pytest.MonkeyPatch, started: list[Noted]) -> None:
    async def scenario() -> None:
        ahead = ForeseenChild()
        ahead.start()
        await started[0].end()
        again = ahead.take()
        again.kill()
        await again.end()

    monkeypatch.setattr(foreseen, "KEPT_SECONDS", 0.01)
    run_fairly(scenario)
    assert len(started) == 2
