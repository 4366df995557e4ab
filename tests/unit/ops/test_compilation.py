"""What a child that compiles is asked, and answers: through a real child, since both ends must mean the same."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from resolver.ops import compilation
from resolver.ops.children import Child
from resolver.ops.compilation import Compiled, recall_in_child
from resolver.ops.config import Config
from tests.unit.ops.desk import Desk, order_text


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def recalled(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Compiled]:
    async def recall() -> Compiled:
        started: list[Child] = []

        def start(loop: asyncio.AbstractEventLoop, role: Literal["compile"]) -> Child:
            started.append(Child(loop, role))
            return started[0]

        monkeypatch.setattr(compilation, "Child", start)
        found = await recall_in_child(Config.model_validate(desk.settings), desk.wall, None)
        await started[0].end()
        return found

    return lambda: asyncio.run(recall())


def test_what_was_applied_last_is_recalled_whatever_became_of_the_orders(
    desk: Desk, recalled: Callable[[], Compiled]
) -> None:
    desk.write("one.yaml", order_text())
    applied = desk.apply().policy
    desk.write("one.yaml", "broken: [")

    found = recalled()

    assert found.problems == ()
    assert found.policy is not None
    assert found.policy.path == applied


def test_where_nothing_was_applied_nothing_is_recalled(recalled: Callable[[], Compiled]) -> None:
    found = recalled()

    assert (found.policy, found.problems) == (None, ())
