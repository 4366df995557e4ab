"""Questions that are asked again: one at a time on a connection, in their order, bounded in number and in time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast

import pytest

from resolver.net.attempt import Attempt, Outcome
from resolver.net.streams_apart import MOST_APART, MOST_IN_VAIN, MOST_QUEUED, StreamsApart
from resolver.net.upstream_stream import UpstreamStream
from tests.fair_time import run_fairly
from tests.unit.net.askings import Asking, asking

ANSWER = 1.6
HALF = ANSWER / 2


@dataclass(eq=False)
class Line:
    """What the connections apart know of one of them."""

    bench: "Bench"
    pending: dict[int, Attempt] = field(default_factory=dict)
    is_open: bool = True
    fit: bool = True

    def can_take(self, _: float) -> bool:
        """Tell whether it may be used."""
        return self.is_open and self.fit

    def end(self) -> None:
        """End, as an upstream or we would have it."""
        self.is_open = False
        waiting, self.pending = self.pending, {}
        self.bench.apart.ended(cast("UpstreamStream", self), in_vain=bool(waiting))

    def answer(self) -> None:
        """Bring the answer to what was asked first."""
        del self.pending[next(iter(self.pending))]
        if not self.pending:
            self.bench.apart.answered(cast("UpstreamStream", self), self.bench.now())


class Bench:
    """Connections apart under test, what went over each of them, and who got none; ``refuses``: no more come about."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.now = loop.time
        self.lines: list[Line] = []
        self.sent: list[tuple[Line, Attempt]] = []
        self.lost: list[Attempt] = []
        self.refuses = False
        self.apart = StreamsApart(loop, loop.time, self._connect, self._send, self._lose, ANSWER)

    @property
    def open(self) -> list[Line]:
        """The connections that are open."""
        return [line for line in self.lines if line.is_open]

    def ask(self, number: int = 1) -> list[Attempt]:
        """Ask so many questions again."""
        attempts = [asking(started=self.now()) for _ in range(number)]
        for attempt in attempts:
            self.apart.ask(attempt, self.now())
        return attempts

    def asked(self) -> list[Attempt]:
        """List what was sent, in order."""
        return [attempt for _, attempt in self.sent]

    def _connect(self, _: float) -> UpstreamStream:
        if self.refuses:
            raise ConnectionRefusedError
        self.lines.append(Line(self))
        return cast("UpstreamStream", self.lines[-1])

    def _send(self, stream: UpstreamStream, attempt: Attempt, _: float) -> None:
        line = cast("Line", stream)
        attempt.outcome = Outcome.WAITING
        line.pending[len(self.sent)] = attempt
        self.sent.append((line, attempt))

    def _lose(self, attempts: list[Attempt], _: float) -> None:
        self.lost.extend(attempts)


def on_bench(scenario: Callable[[Bench], Awaitable[None]]) -> None:
    """Run a scenario in fair time."""

    async def played() -> None:
        await scenario(Bench())

    run_fairly(played)


def test_each_has_a_connection_to_itself_and_who_finds_none_waits_in_order() -> None:
    async def scenario(bench: Bench) -> None:
        asked = bench.ask(3 * MOST_APART)
        assert (len(bench.lines), bench.asked()) == (MOST_APART, asked[:MOST_APART])
        assert {attempt.outcome for attempt in asked[MOST_APART:]} == {Outcome.QUEUED}
        for round_ in (2, 3):
            for line in bench.open:
                line.answer()
            await asyncio.sleep(0.006)
            assert bench.asked() == asked[: round_ * MOST_APART]
            assert {len(line.pending) for line in bench.open} == {1}
        assert len(bench.lines) == MOST_APART, "a connection serves one after the other"
        assert {attempt.outcome for attempt in asked} == {Outcome.WAITING}

    on_bench(scenario)


def test_who_comes_later_does_not_overtake() -> None:
    async def scenario(bench: Bench) -> None:
        asked = bench.ask(MOST_APART + 1)
        bench.lines[0].answer()
        late = bench.ask()
        await asyncio.sleep(0.006)
        bench.lines[1].answer()
        await asyncio.sleep(0.006)
        assert bench.asked() == asked + late

    on_bench(scenario)


@pytest.mark.parametrize("odd", [True, False], ids=["that brought something odd", "that was ended"])
def test_a_connection_is_replaced(*, odd: bool) -> None:
    async def scenario(bench: Bench) -> None:
        asked = bench.ask(MOST_APART + 1)
        bench.lines[0].fit = not odd
        bench.lines[0].answer() if odd else bench.lines[0].end()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not bench.lines[0].is_open
        assert bench.sent[-1] == (bench.lines[MOST_APART], asked[-1])
        assert len(bench.open) == MOST_APART

    on_bench(scenario)


def test_one_that_ends_right_after_its_answer_has_taken_nobody_with_it() -> None:
    async def scenario(bench: Bench) -> None:
        asked = bench.ask(MOST_APART + 1)
        bench.lines[0].answer()
        await asyncio.sleep(0)
        bench.lines[0].end()
        await asyncio.sleep(0.006)
        assert bench.sent[-1] == (bench.lines[MOST_APART], asked[-1])

    on_bench(scenario)


def test_after_half_of_the_time_that_is_left_who_waits_shares_the_least_used() -> None:
    async def scenario(bench: Bench) -> None:
        bench.ask(3 * MOST_APART)
        bench.apart.renew(HALF - 0.01)
        assert len(bench.sent) == MOST_APART
        bench.lines[0].fit = False
        bench.apart.renew(HALF + 0.01)
        assert len(bench.sent) == 3 * MOST_APART
        assert len(bench.lines[0].pending) == 1
        assert {len(line.pending) for line in bench.lines[1:]} == {3, 4}

    on_bench(scenario)


def test_where_something_odd_happened_on_all_of_them_all_are_given_up_for_those_who_wait() -> None:
    async def scenario(bench: Bench) -> None:
        asked = bench.ask(MOST_APART)
        for line in bench.lines:
            line.fit = False
        bench.apart.renew(0.0)
        assert len(bench.open) == MOST_APART, "nobody wants their place"
        asked += bench.ask(2)
        bench.apart.renew(0.0)
        await asyncio.sleep(0)
        assert len(bench.open) == 2
        assert bench.asked() == asked

    on_bench(scenario)


def test_who_is_one_too_many_in_the_queue_shares() -> None:
    async def scenario(bench: Bench) -> None:
        bench.ask(MOST_APART + MOST_QUEUED)
        assert len(bench.sent) == MOST_APART
        [last] = bench.ask()
        assert bench.asked()[-1] is last

    on_bench(scenario)


def test_who_needs_no_answer_any_more_is_passed_over() -> None:
    async def scenario(bench: Bench) -> None:
        asked = bench.ask(MOST_APART + 3)
        for attempt in asked[MOST_APART : MOST_APART + 2]:
            cast("Asking", attempt).goes_on = False
        bench.lines[0].end()
        await asyncio.sleep(0)
        assert bench.asked() == [*asked[:MOST_APART], asked[-1]]
        assert bench.lost == []

    on_bench(scenario)


def test_one_that_serves_only_those_who_were_told_of_a_failure_is_given_to_others() -> None:
    async def scenario(bench: Bench) -> None:
        asked = bench.ask(MOST_APART)
        cast("Asking", asked[0]).late = True
        cast("Asking", asked[1]).open = False
        bench.apart.renew(0.0)
        assert [line.is_open for line in bench.lines[:3]] == [True, False, True], "a late answer may still come"
        bench.ask(2)
        bench.apart.renew(0.0)
        await asyncio.sleep(0)
        assert not bench.lines[0].is_open
        assert bench.lost == []
        assert len(bench.sent) == MOST_APART + 2

    on_bench(scenario)


def test_many_that_are_lost_one_after_the_other_end_the_queue() -> None:
    async def scenario(bench: Bench) -> None:
        asked = bench.ask(200)
        while bench.open:
            bench.open[0].end()
            await asyncio.sleep(0)
        assert len(bench.lines) < MOST_APART + MOST_IN_VAIN
        assert bench.lost == asked[len(bench.sent) :]
        bench.ask(MOST_APART + 1)
        bench.open[0].end()
        await asyncio.sleep(0)
        assert len(bench.open) == MOST_APART, "the next queue begins anew"

    on_bench(scenario)


def test_where_none_can_be_had_whoever_waits_is_told() -> None:
    async def scenario(bench: Bench) -> None:
        asked = bench.ask(MOST_APART + 3)
        bench.refuses = True
        bench.lines[0].end()
        await asyncio.sleep(0)
        assert bench.lost == asked[MOST_APART:]
        with pytest.raises(ConnectionRefusedError):
            bench.ask()

    on_bench(scenario)


def test_when_it_is_closed_nobody_waits() -> None:
    async def scenario(bench: Bench) -> None:
        asked = bench.ask(MOST_APART + 3)
        bench.apart.close()
        assert bench.lost == asked[MOST_APART:]
        bench.lines[0].end()
        await asyncio.sleep(0)
        assert len(bench.sent) == MOST_APART

    on_bench(scenario)


def test_connections_on_which_nobody_waits_are_closed_and_until_then_used() -> None:
    async def scenario(bench: Bench) -> None:
        bench.ask()
        bench.lines[0].answer()
        await asyncio.sleep(0.006)
        bench.ask()
        assert len(bench.lines) == 1
        bench.lines[0].answer()
        bench.apart.renew(0.0)
        assert bench.open == []

    on_bench(scenario)
