"""That a beat comes when it was set for, as often as it is due, and never after it was stopped."""

import asyncio
import errno
import os
import resource
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from resolver.net.beat import SOONEST, Beat


class Beats:
    """A beat in a loop that runs, and when it came; ``once`` sets it no more as soon as it has come."""

    def __init__(self, *, once: bool) -> None:
        self.came: list[float] = []
        self.beat = Beat(asyncio.get_running_loop())
        self._once = once
        self._next = asyncio.Event()

    def come(self) -> None:
        self.came.append(time.monotonic())
        if self._once:
            self.beat.set(0)
        self._next.set()

    async def next(self) -> None:
        self._next.clear()
        async with asyncio.timeout(60):
            await self._next.wait()


@asynccontextmanager
async def beating(*, once: bool = True) -> AsyncIterator[Beats]:
    beats = Beats(once=once)
    beats.beat.start(beats.come)
    try:
        yield beats
    finally:
        beats.beat.stop()


async def turns(count: int) -> None:
    """Let the loop look that often at what is ready."""
    for _ in range(count):
        await asyncio.sleep(0)


async def comes_once_when_it_is_due() -> None:
    for seconds in (SOONEST, 0.0004, 0.0021, 0.04):
        async with beating() as beats:
            begun = time.monotonic()
            beats.beat.set(seconds)
            await beats.next()
            await turns(3)
            assert len(beats.came) == 1
            assert beats.came[0] - begun >= seconds


async def set_anew_it_forgets_what_it_was_set_for() -> None:
    async with beating() as beats:
        begun = time.monotonic()
        beats.beat.set(SOONEST)
        beats.beat.set(0.02)
        await beats.next()
        assert beats.came[0] - begun >= 0.02


async def comes_at_every_turn_until_it_is_set() -> None:
    async with beating(once=False) as beats:
        beats.beat.set(SOONEST)
        await beats.next()
        await turns(5)
        assert len(beats.came) >= 5
        beats.beat.set(0)
        await turns(1)
        came = len(beats.came)
        await turns(5)
        assert len(beats.came) == came


async def stopped_it_comes_no_more() -> None:
    async with beating() as beats:
        beats.beat.set(SOONEST)
        beats.beat.stop()
        await turns(5)
        assert beats.came == []


@pytest.mark.parametrize(
    "scenario",
    [
        comes_once_when_it_is_due,
        set_anew_it_forgets_what_it_was_set_for,
        comes_at_every_turn_until_it_is_set,
        stopped_it_comes_no_more,
    ],
    ids=lambda scenario: scenario.__name__,
)
def test_a_beat(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scenario())


def test_without_descriptors_it_says_so() -> None:
    loop = asyncio.new_event_loop()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    first_free = os.open(os.devnull, os.O_RDONLY)
    os.close(first_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (first_free, limits[1]))
    try:
        with pytest.raises(OSError, match="open files") as found:
            Beat(loop).start(lambda: None)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        loop.close()
    assert found.value.errno == errno.EMFILE
