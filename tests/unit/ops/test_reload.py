"""What a reload tells the service manager, also when it is broken off."""

import asyncio
import os
import socket
from pathlib import Path
from typing import Never

import pytest

from resolver.ops import reload
from resolver.ops.chronicle import Chronicle
from resolver.ops.clock import OrderClock
from resolver.ops.config import Config
from resolver.ops.logs import start_log
from resolver.ops.reload import Reloader
from resolver.ops.worker_places import WorkerPlaces


def test_a_reload_that_is_broken_off_never_says_that_all_is_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiling = asyncio.Event()

    async def never_done(*_: object, **__: object) -> Never:
        compiling.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def break_off() -> None:
        places = WorkerPlaces([], 0.0, lambda: None)
        chronicle = Chronicle(tmp_path, OrderClock(0.0), rehearsal=False)
        config = Config.model_validate({"operator": {"name": "Free"}})
        reloader = Reloader(tmp_path / "config.yaml", config, OrderClock(0.0), places, log, (), chronicle)
        running = asyncio.create_task(reloader.reload())
        await compiling.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    monkeypatch.setattr(reload, "compile_in_child", never_done)
    log = start_log()
    address = f"\0arret-reload-{os.getpid()}"
    monkeypatch.setenv("NOTIFY_SOCKET", address.replace("\0", "@"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as manager:
        manager.bind(address)
        asyncio.run(break_off())
        log.stop()
        assert manager.recv(200).startswith(b"RELOADING=1")
        with pytest.raises(BlockingIOError):
            manager.recv(200)
