"""A change is prepared by every worker, then committed, or by none; who is lost on the way has a successor on the new.

The workers here are a fake, scripted for what a real one does only when it is broken: silence, refusal, death between
two messages. Real workers are asked in tests/integration/test_supervisor.py.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from resolver.net.settings import WorkerSettings
from resolver.ops import worker_place
from resolver.ops.channel import Message
from resolver.ops.children import AHEAD
from resolver.ops.standing import Standing
from resolver.ops.worker_place import PlaceSockets, WorkerPlace
from resolver.ops.worker_places import Aborted, InForce, WorkerPlaces

FIRST = Standing(1, Path("policy-1"), "1", {}, WorkerSettings())
SECOND = replace(FIRST, number=2, digest="2")

Script = Callable[["ScriptedChild", Message], Message | None]


def obey(_child: "ScriptedChild", message: Message) -> Message | None:
    said = {"start": "ready", "prepare": "prepared", "commit": "in force"}[message["do"]]
    return {"say": said, "change": message["change"]}


def refuse(child: "ScriptedChild", message: Message) -> Message | None:
    if message["do"] == "prepare":
        return {"say": "refused", "change": message["change"], "why": "index damaged", "damaged": True}
    return obey(child, message)


def silent_on(what: str) -> Script:
    def play(child: "ScriptedChild", message: Message) -> Message | None:
        return None if message["do"] == what and message["change"] == 2 and child.number < 2 else obey(child, message)

    return play


def dies_after_preparing(child: "ScriptedChild", message: Message) -> Message | None:
    if message["do"] == "commit":
        child.kill()
        return None
    return obey(child, message)


class ScriptedChild:
    """Stands in for a child process; ``number`` counts those that were started."""

    scripts: tuple[Script, ...] = ()
    started: list["ScriptedChild"]

    def __init__(self, loop: asyncio.AbstractEventLoop, _role: str, _inherited: object) -> None:
        self.number = len(self.started)
        self.script = self.scripts[self.number] if self.number < len(self.scripts) else obey
        self.pid = 1000 + self.number
        self.ended: asyncio.Future[int] = loop.create_future()
        self.heard: list[Message] = []
        self.niceness = 0
        self.started.append(self)

    @property
    def alive(self) -> bool:
        return not self.ended.done()

    async def end(self) -> int:
        return await asyncio.shield(self.ended)

    def be_nice(self, niceness: int) -> None:
        self.niceness = niceness

    def tell(self, message: Message) -> None:
        self.heard.append(message)
        if message["do"] == "drain":
            self.ended.set_result(0)

    async def ask(self, message: Message, _within: float) -> Message | None:
        self.heard.append(message)
        return self.script(self, message)

    async def wait_on(self, _within: float) -> Message | None:
        return None

    def kill(self) -> None:
        if self.alive:
            self.ended.set_result(-9)

    def told(self) -> list[str]:
        """Give what it heard of starts, changes and ends."""
        return [str(message["do"]) for message in self.heard if "place" not in message]

    def read_for(self) -> list[tuple[str, int]]:
        """Give what it heard of other places' sockets."""
        return [(message["do"], message["place"]) for message in self.heard if "place" in message]


@pytest.fixture(autouse=True)
def scripted(monkeypatch: pytest.MonkeyPatch) -> type[ScriptedChild]:
    monkeypatch.setattr(worker_place, "Child", ScriptedChild)
    monkeypatch.setattr(ScriptedChild, "started", [], raising=False)
    return ScriptedChild


async def agree(_standing: Standing) -> Aborted | None:
    return None


async def run_out_of_space(_standing: Standing) -> Aborted | None:
    return Aborted("no space")


def scenario(*scripts: Script, play: Callable[[WorkerPlaces], Awaitable[None]]) -> list[ScriptedChild]:
    """Start two workers with these scripts (their successors obey), play, drain; gives all that were started."""

    async def run() -> None:
        places = WorkerPlaces([PlaceSockets((), (), {})] * 2, 0.0)
        places.open()
        async with asyncio.timeout(30):
            assert await places.begin(FIRST) is None
            await play(places)
            await places.drain(1.0)

    ScriptedChild.scripts = scripts
    asyncio.run(run())
    return ScriptedChild.started


def test_everybody_prepares_before_anybody_commits() -> None:
    order: list[str] = []

    def note(child: ScriptedChild, message: Message) -> Message | None:
        order.append(message["do"])
        return obey(child, message)

    async def decide(_standing: Standing) -> Aborted | None:
        order.append("decide")
        return None

    async def play(places: WorkerPlaces) -> None:
        assert await places.change(SECOND, decide) == InForce(SECOND, late=0)
        assert places.in_force() == 2

    children = scenario(note, note, play=play)
    assert order == ["start", "start", "prepare", "prepare", "decide", "commit", "commit"]
    assert len(children) == 2


def test_one_refusal_aborts_everywhere() -> None:
    async def play(places: WorkerPlaces) -> None:
        assert await places.change(SECOND, agree) == Aborted("index damaged", damaged=True)
        assert places.standing is FIRST
        assert places.in_force() == 2

    first, second = scenario(obey, refuse, play=play)
    assert first.told() == ["start", "prepare", "abort", "drain"]
    assert "commit" not in second.told()


def test_a_decision_that_cannot_be_kept_aborts_everywhere() -> None:
    async def play(places: WorkerPlaces) -> None:
        assert await places.change(SECOND, run_out_of_space) == Aborted("no space")
        assert places.standing is FIRST

    children = scenario(play=play)
    assert [child.told() for child in children] == [["start", "prepare", "abort", "drain"]] * 2


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(silent_on("prepare"), id="silent-when-asked-to-prepare"),
        pytest.param(silent_on("commit"), id="silent-when-told-to-commit"),
        pytest.param(dies_after_preparing, id="dead-between-the-two"),
    ],
)
def test_who_is_lost_on_the_way_has_a_successor_on_the_new(script: Script) -> None:
    async def play(places: WorkerPlaces) -> None:
        assert await places.change(SECOND, agree) == InForce(SECOND, late=0)
        assert places.places[1].restarts == 1

    first, lost, successor = scenario(obey, script, play=play)
    assert first.told() == ["start", "prepare", "commit", "drain"]
    assert not lost.alive
    assert successor.heard[0]["change"] == SECOND.number


def test_who_was_silent_is_replaced_even_if_another_refused() -> None:
    async def play(places: WorkerPlaces) -> None:
        assert isinstance(await places.change(SECOND, agree), Aborted)

    _, silent, *_ = scenario(refuse, silent_on("prepare"), play=play)
    assert not silent.alive
    assert "abort" not in silent.told()


def test_a_worker_that_dies_by_itself_is_followed_at_once() -> None:
    async def play(places: WorkerPlaces) -> None:
        ScriptedChild.started[0].kill()
        await places._until(lambda: places.places[0].restarts == 1 and places.in_force() == 2, 10)
        assert places.in_force() == 2

    assert len(scenario(play=play)) == 3


def silence(place: WorkerPlace, seconds: float) -> None:
    """Let the worker of a place have ticked last so long ago."""
    place._ready_at = 0.0
    place.page.counts[0] = int((time.monotonic() - seconds) * 1000)


def tick(place: WorkerPlace) -> None:
    silence(place, 0.0)


class TestAdoption:
    def test_who_is_ready_first_reads_for_who_is_not(self) -> None:
        async def play(_places: WorkerPlaces) -> None: ...

        first, second = scenario(play=play)
        assert first.read_for() == [("adopt", 1), ("release", 1)]
        assert second.read_for() == []

    def test_a_neighbour_is_told_at_the_death_and_at_the_return(self) -> None:
        async def play(places: WorkerPlaces) -> None:
            first, lost = ScriptedChild.started
            first.heard.clear()
            lost.kill()
            await places._until(lambda: places.places[1].serving is None, 10)
            assert first.read_for() == [("adopt", 1)]
            assert len(ScriptedChild.started) == 2, "told before a successor is even started"
            await places._until(lambda: places.in_force() == 2, 10)
            assert first.read_for() == [("adopt", 1), ("release", 1)]

        assert len(scenario(play=play)) == 3

    def test_a_successor_that_is_held_back_delays_no_reading(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def play(places: WorkerPlaces) -> None:
            monkeypatch.setattr(worker_place, "BACK_OFF", (3600.0,))
            first, lost = ScriptedChild.started
            lost.kill()
            await places._until(lambda: places.places[1].restarts == 1, 10)
            await asyncio.sleep(0)
            assert first.read_for()[-1] == ("adopt", 1)

        assert len(scenario(play=play)) == 2

    def test_if_the_reader_dies_too_a_successor_reads_for_the_other(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def play(places: WorkerPlaces) -> None:
            first, second = ScriptedChild.started
            second.kill()
            await places._until(lambda: places.places[1].restarts == 1, 10)
            monkeypatch.setattr(worker_place, "BACK_OFF", (3600.0,))
            first.kill()
            await places._until(lambda: places.places[0].serving is None and places.in_force() == 1, 10)

        _, _, successor = scenario(play=play)
        assert ("adopt", 0) in successor.read_for()

    def test_a_silent_worker_is_read_for_before_it_counts_as_hung(self) -> None:
        async def play(places: WorkerPlaces) -> None:
            reader, silent = places.places
            tick(reader)
            silence(silent, 1.0)
            places._cover()
            assert ScriptedChild.started[0].read_for()[-1] == ("adopt", 1)
            assert ScriptedChild.started[1].alive
            tick(silent)
            places._cover()
            assert ScriptedChild.started[0].read_for()[-1] == ("release", 1)

        scenario(play=play)

    def test_if_all_are_silent_nobody_is_told_anything(self) -> None:
        async def play(places: WorkerPlaces) -> None:
            for child, place in zip(ScriptedChild.started, places.places, strict=True):
                child.heard.clear()
                silence(place, 1.0)
            places._cover()
            assert not any(child.heard for child in ScriptedChild.started)

        scenario(play=play)


class TestSuccessorAtHand:
    def test_who_is_suspiciously_silent_is_followed_by_an_interpreter_that_runs_already(self) -> None:
        async def play(places: WorkerPlaces) -> None:
            silent = places.places[1]
            silence(silent, 1.5)
            silent.foresee(time.monotonic())
            silent.foresee(time.monotonic())
            assert len(ScriptedChild.started) == 3, "one is enough"
            assert ScriptedChild.started[2].heard == []
            silent.replace("no tick for two seconds")
            await places._until(lambda: silent.restarts == 1 and places.in_force() == 2, 10)
            assert len(ScriptedChild.started) == 3

        _, _, successor = scenario(play=play)
        assert successor.told() == ["start", "drain"]

    def test_who_hangs_again_and_again_is_followed_at_once_each_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(worker_place, "BACK_OFF", (0.0, 600.0))

        async def play(places: WorkerPlaces) -> None:
            for times in range(1, 5):
                places.places[1].replace("no tick for two seconds")
                await places._until(lambda times=times: places.places[1].restarts == times, 10)  # type: ignore[misc]
                await places._until(lambda: places.in_force() == 2, 10)

        scenario(play=play)

    def test_who_goes_on_again_needs_none(self) -> None:
        async def play(places: WorkerPlaces) -> None:
            slow = places.places[1]
            silence(slow, 1.5)
            slow.foresee(time.monotonic())
            tick(slow)
            slow.foresee(time.monotonic())
            assert not ScriptedChild.started[2].alive
            slow.replace("for another reason")
            await places._until(lambda: slow.restarts == 1 and places.in_force() == 2, 10)

        assert len(scenario(play=play)) == 4

    def test_it_does_not_outlive_the_server(self) -> None:
        async def play(places: WorkerPlaces) -> None:
            silence(places.places[1], 1.5)
            places.places[1].foresee(time.monotonic())

        assert not any(child.alive for child in scenario(play=play))

    def test_if_it_cannot_start_nothing_is_wrong_yet(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def no_process(*_: object) -> None:
            raise OSError(11, "no more processes")

        async def play(places: WorkerPlaces) -> None:
            silent = places.places[1]
            silence(silent, 1.5)
            with monkeypatch.context() as host:
                host.setattr(worker_place, "Child", no_process)
                silent.foresee(time.monotonic())
            assert silent.refusal is None

        assert len(scenario(play=play)) == 2


def test_if_nobody_can_start_the_reason_is_told() -> None:
    def refuse_to_start(_child: ScriptedChild, message: Message) -> Message | None:
        return {"say": "refused", "change": message["change"], "why": "index damaged", "damaged": True}

    async def run() -> None:
        places = WorkerPlaces([PlaceSockets((), (), {})] * 2, 0.0)
        places.open()
        async with asyncio.timeout(30):
            assert await places.begin(FIRST) == "index damaged"
        await places.drain(1.0)

    ScriptedChild.scripts = (refuse_to_start,) * 50
    asyncio.run(run())


def test_a_worker_without_a_tick_for_two_seconds_is_hung() -> None:
    async def play(places: WorkerPlaces) -> None:
        now, place = time.monotonic(), places.places[0]
        assert not place.hung(now + 1.5), "it began to serve less than two seconds ago"
        assert place.hung(now + 2.1)
        place.page.counts[0] = int((now + 2) * 1000)
        assert not place.hung(now + 2.1)

    scenario(play=play)


def test_workers_come_before_others_for_a_while_and_not_longer_whatever_breaks_it_off() -> None:
    seen: list[list[int]] = []

    def look() -> None:
        seen.append([child.niceness for child in ScriptedChild.started])

    async def play(places: WorkerPlaces) -> None:
        with suppress(asyncio.CancelledError), places.ahead_of_others():
            look()
            raise asyncio.CancelledError
        look()

    scenario(play=play)
    assert seen == [[AHEAD, AHEAD], [0, 0]]
