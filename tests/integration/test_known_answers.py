"""What is blocked or cached costs no task, and what was read once is not read again."""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any

import dns.message
import pytest

from resolver.core import pipeline
from resolver.dns.message import read_query
from tests.integration.running_worker import Running, make_policy, running_worker


def addresses(running: Running, name: str, times: int) -> list[str]:
    """Ask the same datagram, but for its id, so many times."""
    answers = []
    with running.udp("127.0.0.1") as sock:
        for number in range(times):
            sock.send(dns.message.make_query(name, "A", id=number).to_wire())
            answers.append(dns.message.from_wire(sock.recv(4_096)).answer[-1][0].to_text())
    return answers


def test_no_task_is_made_and_nothing_is_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks: list[str] = []
    read: list[bytes] = []

    def make_task(
        loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any] | Generator[Any, None, Any], **_: object
    ) -> asyncio.Task[Any]:
        tasks.append(repr(work))
        return asyncio.Task(work, loop=loop)

    def count_and_read(wire: bytes) -> object:
        read.append(wire)
        return read_query(wire)

    with running_worker(make_policy("listed.example")) as running:
        running.call(lambda: running.loop.set_task_factory(make_task))
        assert addresses(running, "free.example", 1) == ["192.0.2.7"]  # asked of the upstream
        tasks.clear()
        monkeypatch.setattr(pipeline, "read_query", count_and_read)

        assert addresses(running, "listed.example", 5) == ["192.0.2.80"] * 5
        assert addresses(running, "free.example", 5) == ["192.0.2.7"] * 5

        assert tasks == []
        assert len(read) == 2, "one reading of each; all others were known by their octets"
        running.call(lambda: running.loop.set_task_factory(None))
