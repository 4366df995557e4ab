"""The whole server while queries pour in, while its log is stuck, without root: it answers, changes, ends as ever."""

import os
import pwd
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.hostile.packets import dotted, opt, query
from tests.integration.running_server import CONFIG, PATIENCE, SERVE, RunningServer, end, ends_in_time, running


class Load(threading.Thread):
    """Asks without a pause, half of it for a listed name, half for one that must be forwarded; counts what comes."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.answers = 0
        self.pouring = threading.Event()
        self.over = threading.Event()
        self._line = socket.socket(type=socket.SOCK_DGRAM)
        self._line.connect(("127.0.0.1", port))
        self._line.settimeout(0.001)

    def run(self) -> None:
        """Ask until told to stop; that nobody listens any more is no error."""
        listed, other = query(dotted("listed.example"), rest=opt()), query(dotted("silent.example"))
        while not self.over.is_set():
            try:
                for wire in (listed, other) * 10:
                    self._line.send(wire)
                while self._line.recv(4_096):
                    self.answers += 1
            except TimeoutError:
                if self.answers > 100:
                    self.pouring.set()
            except ConnectionRefusedError:
                time.sleep(0.001)  # the port is closed: there is no event for its silence
        self._line.close()


@contextmanager
def load(server: RunningServer) -> Iterator[Load]:
    """Ask the server without a pause."""
    asking = Load(int(server.status()["listen"][0].rpartition(":")[2]))
    asking.start()
    try:
        assert asking.pouring.wait(PATIENCE)
        yield asking
    finally:
        asking.over.set()
        asking.join(PATIENCE)


@contextmanager
def silent_upstream() -> Iterator[int]:
    """Hold a port where nobody answers."""
    with socket.socket(type=socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        yield int(line.getsockname()[1])


def test_it_ends_in_two_seconds_while_queries_pour_in(tmp_path: Path) -> None:
    def seconds_to_the_end() -> float:
        with silent_upstream() as upstream:
            config = CONFIG.replace("upstreams: []", f"upstreams: ['127.0.0.1:{upstream}']")
            with running(tmp_path, config, one="listed.example") as server, load(server):
                told = time.monotonic()
                server.signal(signal.SIGTERM)
                assert server.ended() == 0
                took = time.monotonic() - told
                assert all(each["event"] != "trace" for each in server.events)
                return took

    assert ends_in_time(seconds_to_the_end)


@contextmanager
def stuck_pipe() -> Iterator[int]:
    """Give a pipe that is full and that nobody reads."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while os.write(writer, bytes(4_096)):
            pass
    except BlockingIOError:
        os.set_blocking(writer, True)
    try:
        yield writer
    finally:
        os.close(reader)
        os.close(writer)


@contextmanager
def full_disk() -> Iterator[int]:
    """Give a file that takes nothing."""
    writer = os.open("/dev/full", os.O_WRONLY)
    try:
        yield writer
    finally:
        os.close(writer)


@pytest.mark.parametrize("where", [stuck_pipe, full_disk], ids=["a reader that is stuck", "a full disk"])
def test_a_log_that_takes_nothing_holds_up_neither_answers_nor_changes(tmp_path: Path, where: object) -> None:
    assert callable(where)
    server = RunningServer(tmp_path)
    server.order("one", "listed.example")
    with where() as log:
        server.launch(log=log)
        try:
            server.wait_until(lambda told: bool(told["reload"]["ok"]))
            assert server.blocked("listed.example")
            server.order("two", "another.example")
            assert server.reload()["changed"]
            assert server.blocked("another.example")
            server.signal(signal.SIGTERM)
            assert server.ended() == 0
        finally:
            end(server)


def test_without_a_standard_error_it_serves(tmp_path: Path) -> None:
    server = RunningServer(tmp_path)
    server.order("one", "listed.example")
    server.launch(log=None)
    try:
        server.wait_until(lambda told: bool(told["reload"]["ok"]))
        assert server.blocked("listed.example")
        server.signal(signal.SIGTERM)
        assert server.ended() == 0
    finally:
        end(server)


FEW_DESCRIPTORS = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)); {SERVE}"


@contextmanager
def many_connections(host: str, port: int, count: int) -> Iterator[None]:
    """Connect and say nothing, more often than there are descriptors for."""
    with ExitStack() as held:
        for _ in range(count):
            client = held.enter_context(socket.socket())
            client.settimeout(0)
            client.connect_ex((host, port))
        yield


def answers_over_tcp(server: RunningServer) -> bool:
    """Tell whether a connection is taken and a query answered; it may be turned away instead."""
    try:
        return "192.0.2.80" in server.dig("listed.example", "A", "+tcp", "+short", "+time=1")
    except subprocess.CalledProcessError:
        return False


def test_with_sixty_four_descriptors_a_process_it_serves(tmp_path: Path) -> None:
    with silent_upstream() as port:
        server = RunningServer(tmp_path, CONFIG.replace("upstreams: []", f"upstreams: ['127.0.0.1:{port}']"))
        server.order("one", "listed.example")
        server.start(FEW_DESCRIPTORS)
        try:
            host, _, listening = server.status()["listen"][0].rpartition(":")
            with many_connections(host, int(listening), 200):
                assert server.blocked("listed.example")
                assert "SERVFAIL" in server.dig("silent.example")
                server.order("two", "another.example")
                assert server.reload()["ok"], server.problems()
                assert server.blocked("another.example")
            until = time.monotonic() + PATIENCE
            while not answers_over_tcp(server):
                assert time.monotonic() < until
            assert not [each for each in server.events if each["event"] == "trace"]
        finally:
            end(server)


def nobody_may_write(folder: Path) -> None:
    """Leave reading to everybody, and writing to root."""
    for path in (folder / "orders", *(folder / "orders").iterdir(), folder / "config.yaml"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def may_serve_as_nobody() -> bool:
    """Tell whether workers could be started as nobody, who must reach the interpreter for that."""
    probe = [sys.executable, "-c", ""]
    try:
        return subprocess.run(probe, check=False, user="nobody", cwd="/").returncode == 0
    except PermissionError:
        return False


def test_who_may_not_serve_as_that_user_is_told_why(tmp_path: Path) -> None:
    if os.geteuid() == 0 and may_serve_as_nobody():
        serves_as_nobody(tmp_path)
        return
    server = RunningServer(tmp_path, CONFIG + "user: nobody\n")
    server.order("one", "listed.example")
    server.launch()
    assert server.ended() == 1
    server.wait_for("cannot start")
    assert re.search(r"user: (only root can become|'nobody' may not run)", server.problems())


def users_of_children(pid: int) -> set[int]:
    """Tell as whom the processes run that one has started; one that ends meanwhile runs no more."""
    users = set()
    for task in (Path("/proc") / str(pid) / "task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            users |= {Path(f"/proc/{child}").stat().st_uid for child in (task / "children").read_text().split()}
    return users


def serves_as_nobody(folder: Path) -> None:
    """Without root it changes what it enforces, and cannot write what it is told to enforce."""
    for each in (folder, *folder.parents[:2]):
        each.chmod(0o755)
    with running(folder, CONFIG + "user: nobody\n", one="listed.example") as server:
        assert server.process is not None
        nobody = pwd.getpwnam("nobody").pw_uid
        for pid in (server.process.pid, *server.pids()):
            status = (Path("/proc") / str(pid) / "status").read_text()
            assert f"Uid:\t{nobody}\t{nobody}\t{nobody}\t{nobody}\n" in status
            assert "CapEff:\t0000000000000000\n" in status
        assert users_of_children(server.process.pid) <= {nobody}
        server.order("two", "another.example")
        nobody_may_write(folder)
        assert server.reload()["changed"]
        assert server.blocked("another.example")
        orders = folder / "orders"
        assert {path.stat().st_uid for path in (orders, *orders.iterdir())} == {0}
