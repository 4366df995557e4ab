"""The page is kept, changed and replaced, and whatever it does, nobody waits for it without a bound."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from resolver.net.sockets import ListenAddress
from resolver.notice.site import Site
from resolver.ops import notice_place
from resolver.ops.notice_place import NoticePlace, NoticeStanding

PATIENCE = 30.0
SITE = Site("Free")


def standing(name: str) -> NoticeStanding:
    return NoticeStanding(Path(f"policy-{name}.json"), name, {"": SITE}, ("127.0.0.0/8",), 10)


class ScriptedChild:
    """Stands for the page's process: answers as its script says, None for no answer at all."""

    made: "list[ScriptedChild]" = []  # noqa: RUF012  # emptied by the fixture
    answers: dict[str, str | None] = {}  # noqa: RUF012  # the same

    def __init__(self, loop: asyncio.AbstractEventLoop, role: str, inherited: Any) -> None:  # noqa: ANN401  # not looked at
        assert role == "notice"
        self.pid = 1_000 + len(self.made)
        self.ended: asyncio.Future[int] = loop.create_future()
        self.heard: list[str] = []
        self.heard_counts: Callable[[list[list[Any]]], None] = lambda _: None
        self.made.append(self)

    @property
    def alive(self) -> bool:
        return not self.ended.done()

    async def ask(self, message: dict[str, Any], within: float) -> dict[str, Any] | None:  # it never waits
        self.heard.append(message["do"])
        says = self.answers[message["do"]]
        return None if says is None else {"say": says, "why": "the script says so", "problems": ["templates"]}

    def kill(self) -> None:
        if self.alive:
            self.ended.set_result(-9)


@pytest.fixture(autouse=True)
def _scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notice_place, "Child", ScriptedChild)
    monkeypatch.setattr(notice_place, "BACK_OFF", (0.0, 0.0))
    monkeypatch.setattr(ScriptedChild, "made", [])
    answers = {"start": "ready", "prepare": "prepared", "commit": "in force"}
    monkeypatch.setattr(ScriptedChild, "answers", answers)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


def keeping(listener: socket.socket, scene: Callable[[NoticePlace], Awaitable[None]]) -> None:
    """Keep a page for one scene."""

    async def run() -> None:
        place = NoticePlace([(ListenAddress("127.0.0.1", 8_451), listener)], 0.0)
        place.open()
        try:
            async with asyncio.timeout(PATIENCE):
                await scene(place)
        finally:
            await place.end()

    asyncio.run(run())


async def until(claim: Callable[[], bool]) -> None:
    while not claim():  # noqa: ASYNC110  # several tasks move it on, and none tells of it
        await asyncio.sleep(0)


def test_it_serves_from_the_first_commit_on(listener: socket.socket) -> None:
    async def scene(place: NoticePlace) -> None:
        first = standing("a")
        await place.commit(first)
        await until(lambda: place.serving == first)
        assert place.pid == 1_000
        assert place.addresses == ("127.0.0.1:8451",)

    keeping(listener, scene)


def test_a_change_is_prepared_and_taken_over_by_the_same_process(listener: socket.socket) -> None:
    async def scene(place: NoticePlace) -> None:
        await place.commit(standing("a"))
        await until(lambda: place.serving is not None)
        await place.prepare(changed := standing("b"))
        await place.commit(changed)
        assert place.serving == changed
        assert ScriptedChild.made[0].heard == ["start", "prepare", "commit"]
        assert len(ScriptedChild.made) == 1

    keeping(listener, scene)


@pytest.mark.parametrize(
    ("step", "says"),
    [("prepare", None), ("prepare", "refused"), ("commit", None), ("commit", "refused")],
    ids=["silent when it prepares", "refuses", "silent when it commits", "does not take it over"],
)
def test_who_does_not_take_a_change_over_is_followed_by_a_successor(
    listener: socket.socket, step: str, says: str | None
) -> None:
    async def scene(place: NoticePlace) -> None:
        await place.commit(standing("a"))
        await until(lambda: place.serving is not None)
        ScriptedChild.answers[step] = says
        await place.prepare(changed := standing("b"))
        await place.commit(changed)
        await until(lambda: place.serving == changed)
        assert (place.pid, place.restarts) == (1_001, 1)
        assert ScriptedChild.made[1].heard == ["start"]

    keeping(listener, scene)


def test_one_that_refuses_to_start_is_tried_again(listener: socket.socket) -> None:
    async def scene(place: NoticePlace) -> None:
        ScriptedChild.answers["start"] = "refused"
        await place.commit(standing("a"))
        await until(lambda: place.restarts > 2)
        assert place.serving is None
        ScriptedChild.answers["start"] = "ready"
        await until(lambda: place.serving is not None)

    keeping(listener, scene)


def test_a_successor_goes_on_counting(listener: socket.socket) -> None:
    async def scene(place: NoticePlace) -> None:
        await place.commit(standing("a"))
        await until(lambda: place.serving is not None)
        ScriptedChild.made[0].heard_counts([["o", 451, 3], ["", 421, 1]])
        ScriptedChild.made[0].heard_counts([["o", 451, 5], ["", 421, 1]])
        ScriptedChild.made[0].kill()
        await until(lambda: place.serving is not None and len(ScriptedChild.made) == 2)
        ScriptedChild.made[1].heard_counts([["o", 451, 2]])
        assert place.counts == {("o", "451"): 7, ("", "421"): 1}

    keeping(listener, scene)


def test_without_an_address_nothing_is_ever_started() -> None:
    async def scene() -> None:
        place = NoticePlace((), 0.0)
        place.open()
        await place.prepare(standing("a"))
        await place.commit(standing("a"))
        await place.end()
        assert ScriptedChild.made == []

    asyncio.run(scene())
