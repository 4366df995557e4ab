"""Which table is in force when either clock moves."""

import math
from dataclasses import dataclass, field

import pytest

from resolver.core.counters import PAGE_SIZE
from resolver.core.message_cache import MessageCache
from resolver.core.pipeline import Pipeline
from resolver.net.clock_watch import ClockWatch
from tests.integration.running_worker import make_policy

START, END = 1_000_000.0, 2_000_000.0


@dataclass
class Clocks:
    wall: float = 1_500_000.0
    now: float = 50.0
    pipeline: Pipeline = field(init=False)
    watch: ClockWatch = field(init=False)

    def __post_init__(self) -> None:
        policy = make_policy("listed.example", since=START, until=END)
        page = memoryview(bytearray(PAGE_SIZE)).cast("Q")
        self.pipeline = Pipeline(policy.at(self.wall), MessageCache(10, 10_000), page, now=self.now)
        self.watch = ClockWatch(self.pipeline, policy, lambda: self.wall, lambda: self.now)


@pytest.mark.parametrize(
    ("wall_moves", "monotonic_moves", "renewed"),
    [
        pytest.param(0.0, 0.0, False, id="nothing moves"),
        pytest.param(100_000.0, 100_000.0, False, id="both go on evenly"),
        pytest.param(0.9, 0.0, False, id="a little ahead"),
        pytest.param(-0.9, 0.0, False, id="a little behind"),
        pytest.param(1.1, 0.0, True, id="set forward"),
        pytest.param(-1.1, 0.0, True, id="set back"),
        pytest.param(0.0, 1.1, True, id="the wall stands still"),
        pytest.param(500_000.0, 500_000.0, True, id="the end has come"),
        pytest.param(499_999.0, 499_999.0, False, id="just before the end"),
        pytest.param(-500_001.0, 0.0, True, id="back before the start"),
    ],
)
def test_the_table_is_made_anew_when_it_is_no_longer_right(
    wall_moves: float, monotonic_moves: float, *, renewed: bool
) -> None:
    clocks = Clocks()
    before = clocks.watch.table
    clocks.wall += wall_moves
    clocks.now += monotonic_moves
    assert clocks.watch.read() == clocks.now
    assert (clocks.watch.table is not before) == renewed
    assert clocks.pipeline.table is clocks.watch.table
    assert clocks.watch.table.since <= clocks.wall < clocks.watch.table.until


def test_a_clock_that_was_set_is_the_new_measure() -> None:
    clocks = Clocks()
    clocks.wall += 100.0
    clocks.watch.read()
    renewed = clocks.watch.table
    assert renewed.moment == clocks.wall
    clocks.watch.read()
    assert clocks.watch.table is renewed


def test_another_policy_is_in_force_at_once() -> None:
    clocks = Clocks()
    clocks.watch.enforce(make_policy("other.example", digest="second"))
    assert clocks.watch.digest == "second"
    assert clocks.pipeline.table is clocks.watch.table
    assert clocks.watch.table.digest == "second"


@pytest.mark.parametrize(("wall", "seconds"), [(1_999_990.0, 10.0), (2_000_001.0, math.inf), (999_999.5, 0.5)])
def test_the_next_date_is_known(wall: float, seconds: float) -> None:
    clocks = Clocks(wall=wall)
    assert clocks.watch.seconds_until_change() == seconds
