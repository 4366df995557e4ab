"""Requests for one work share runs: never two at once, and never the outcome of a run that began before the request."""

import asyncio

import pytest

from resolver.ops.one_at_a_time import OneAtATime


class Work:
    """Counts its runs, and lets the test end each of them."""

    def __init__(self) -> None:
        self.runs = 0
        self.wishes: list[str] = []
        self.go_on = asyncio.Event()

    async def run(self, wish: str) -> int:
        self.wishes.append(wish)
        self.runs += 1
        run = self.runs
        await self.go_on.wait()
        if run == 3:
            raise ValueError("third")
        return run


def test_who_asks_during_a_run_shares_the_next_one() -> None:
    async def scenario() -> list[int]:
        work = Work()
        reloads = OneAtATime(work.run)
        first = reloads.request("all")
        await asyncio.sleep(0)
        later = [reloads.request("all") for _ in range(10)]
        work.go_on.set()
        outcomes = await asyncio.gather(first, *later)
        assert work.runs == 2
        return outcomes

    assert asyncio.run(scenario()) == [1] + [2] * 10


def test_another_wish_is_a_run_of_its_own() -> None:
    async def scenario() -> tuple[list[int], list[str]]:
        work = Work()
        work.go_on.set()
        reloads = OneAtATime(work.run)
        outcomes = await asyncio.gather(*(reloads.request(wish) for wish in ("all", "one", "all", "one")))
        return outcomes, work.wishes

    assert asyncio.run(scenario()) == ([1, 2, 1, 2], ["all", "one"])


def test_a_failure_reaches_who_asked_and_nobody_else() -> None:
    async def scenario() -> None:
        work = Work()
        work.go_on.set()
        reloads = OneAtATime(work.run)
        assert [await reloads.request("all") for _ in range(2)] == [1, 2]
        with pytest.raises(ValueError, match="third"):
            await reloads.request("all")
        assert await reloads.request("all") == 4

    asyncio.run(scenario())


def test_stopping_cancels_who_waits() -> None:
    async def scenario() -> None:
        reloads = OneAtATime(Work().run)
        first = reloads.request("all")
        await asyncio.sleep(0)
        second = reloads.request("all")
        await reloads.stop()
        assert first.cancelled()
        assert second.cancelled()

    asyncio.run(scenario())
