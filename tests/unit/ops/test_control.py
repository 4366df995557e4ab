"""Commands reach the server over a socket that only its user may open, wherever the state folder lies."""

import asyncio
import os
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from resolver.ops.control import SOCKET_FILE, ControlError, Message, Peer, call
from resolver.ops.control_server import ControlServer, open_control_socket


async def echo(request: Message, peer: Peer) -> Message:
    return {"ok": True, "asked": request, "by": peer.uid}


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """Serve one verb, ``echo``, in a folder whose path is longer than a socket's address may be."""
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    loop = asyncio.new_event_loop()
    server = ControlServer(open_control_socket(folder), {"echo": echo})
    loop.run_until_complete(server.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield folder
    loop.call_soon_threadsafe(server.stop)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_a_verb_is_answered(state: Path) -> None:
    assert call(state, "echo", what="this") == {
        "ok": True,
        "asked": {"verb": "echo", "what": "this"},
        "by": os.geteuid(),
    }


def test_only_the_user_may_open_it(state: Path) -> None:
    assert stat.S_IMODE((state / SOCKET_FILE).stat().st_mode) == 0o600


def test_an_unknown_verb_is_refused(state: Path) -> None:
    answer = call(state, "explode")
    assert answer == {"ok": False, "why": "a request has a verb, one of echo"}


@pytest.mark.parametrize(
    "request_line",
    [b"\n", b"[1]\n", b"\xff\xfe\n", b"{" * 100_000 + b"\n", b"[" * 50_000 + b"\n", b'{"verb": ["echo"]}\n'],
    ids=["empty", "list", "no text", "too long", "too deep", "list of verbs"],
)
def test_what_is_no_request_is_refused(state: Path, request_line: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(state)
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(60)
        client.connect(SOCKET_FILE)
        client.sendall(request_line)
        assert b'"ok": false' in client.recv(1000)


def test_nobody_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match=r"no server runs on .*; start it with"):
        call(tmp_path, "status")
    with pytest.raises(ControlError, match="no server runs"):
        call(tmp_path / "missing", "status")


def test_what_a_killed_predecessor_left_is_replaced(tmp_path: Path) -> None:
    open_control_socket(tmp_path).close()
    with pytest.raises(ControlError, match="no server runs"):
        call(tmp_path, "status")
    open_control_socket(tmp_path).close()
