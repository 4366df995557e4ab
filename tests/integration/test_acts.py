"""Suspending, resuming and lifting take effect at once in every worker, and survive restarts."""

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import dns.message
import pytest
from click.testing import CliRunner, Result

from resolver.cli.command_line import command_line
from tests.integration.running_server import PATIENCE, RunningServer, running
from tests.integration.test_journal import journal, kinds

QUERY = dns.message.make_query("one.example", "A").to_wire()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with running(tmp_path, one="one.example", two="two.example") as started:
        yield started


def run(server: RunningServer, *arguments: str) -> Result:
    return CliRunner().invoke(command_line, [*arguments, "--config", str(server.folder / "config.yaml")])


class Asker:
    """Asks for one name without a pause, from many ports, so that every worker is asked; counts what is lost."""

    def __init__(self, server: RunningServer) -> None:
        host, _, port = server.status()["listen"][0].rpartition(":")
        self._sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(8)]
        for sock in self._sockets:
            sock.connect((host, int(port)))
            sock.settimeout(PATIENCE)
        self.lost = 0
        self.answers: list[tuple[float, float, bool]] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        for sock in self._sockets:
            sock.close()

    def _ask(self) -> None:
        while not self._stopping.is_set():
            for sock in self._sockets:
                asked = time.monotonic()
                sock.send(QUERY)
                try:
                    answer = sock.recv(4096)
                except TimeoutError:
                    self.lost += 1
                else:
                    self.answers.append((asked, time.monotonic(), b"\xc0\x00\x02\x50" in answer))


def test_a_suspension_binds_at_once_in_every_worker(server: RunningServer) -> None:
    with Asker(server) as asker:
        server.wait_until(lambda _: len(asker.answers) > 100)
        begun = time.monotonic()
        done = run(server, "suspend", "one", "--ground", "court", "--why", "a stay")
        returned = time.monotonic()
        server.wait_until(lambda _: asker.answers[-1][0] > returned + 0.1)

    assert done.exit_code == 0, done.output
    assert asker.lost == 0
    assert all(blocked for _, answered, blocked in asker.answers if answered < begun)
    assert not any(blocked for asked, _, blocked in asker.answers if asked > returned)
    assert "in force in every worker" in done.stdout
    told = [each for each in journal(server) if each["kind"] == "order" and each["order"] == "one"]
    assert told[-1]["ends"] > time.time(), "what is suspended may be resumed, so it is not to be pruned"


def test_resumed_and_lifted(server: RunningServer) -> None:
    run(server, "suspend", "one", "--ground", "authority", "--why", "x")
    assert not server.blocked("one.example")

    resumed = run(server, "resume", "one", "--why", "over", "--json")
    assert server.blocked("one.example")
    assert json.loads(resumed.stdout)["changed"]

    lifted = run(server, "lift", "one", "--name", "one.example", "--ground", "applicant", "--why", "sold")
    assert lifted.exit_code == 0, lifted.output
    assert not server.blocked("one.example")
    assert server.blocked("two.example")

    server.signal(signal.SIGTERM)
    server.ended()
    server.start()
    assert not server.blocked("one.example")
    acts = [entry for entry in journal(server) if entry["kind"] in {"suspended", "resumed", "lifted"}]
    assert [(entry["kind"], entry["order"], entry["why"]) for entry in acts] == [
        ("suspended", "one", "x"),
        ("resumed", "one", "over"),
        ("lifted", "one", "sold"),
    ]
    assert acts[0]["ground"] == "authority"
    assert acts[2]["names"] == ["one.example"]


def test_who_still_holds_a_name_is_told(server: RunningServer) -> None:
    server.order("one", "one.example", "www.one.example")
    server.order("two", "two.example", "one.example")
    assert run(server, "reload").exit_code == 0

    lifted = run(server, "lift", "one", "--name", "www.one.example", "--ground", "court", "--why", "x")
    told = run(server, "suspend", "one", "--name", "one.example", "--ground", "court", "--why", "x", "--json")
    last = run(server, "lift", "two", "--name", "two.example", "--ground", "court", "--why", "x")

    held = [line for line in lifted.stdout.splitlines() if "stays blocked" in line]
    assert [line.partition(" (")[0] for line in held] == [
        "www.one.example stays blocked: order one",
        "www.one.example stays blocked: order two",
    ]
    assert [(each["order"], each["listed"]) for each in json.loads(told.stdout)["still_blocked"]] == [
        ("two", "one.example")
    ]
    assert "stays blocked" not in last.stdout


def test_it_binds_ahead_of_what_else_changed(server: RunningServer) -> None:
    server.order("three", "three.example")

    run(server, "lift", "one", "--ground", "court", "--why", "reversed")
    assert not server.blocked("one.example")
    assert not server.blocked("three.example")

    server.reload()
    assert server.blocked("three.example")
    assert not server.blocked("one.example")


def test_it_takes_a_reload_where_the_file_changed_otherwise(server: RunningServer) -> None:
    path = server.folder / "orders" / "one.yaml"
    path.write_text("# a line more\n" + path.read_text())

    done = run(server, "suspend", "one", "--ground", "court", "--why", "x")

    assert done.exit_code == 0, done.output
    assert not server.blocked("one.example")


def test_without_a_server_the_next_start_puts_it_in_force(server: RunningServer) -> None:
    server.signal(signal.SIGTERM)
    server.ended()

    done = run(server, "suspend", "one", "--ground", "court", "--why", "x")

    assert done.exit_code == 0, done.output
    assert "its start puts it in force" in done.stdout
    assert kinds(server)[-2:] == ["stopped", "suspended"]
    server.start()
    assert not server.blocked("one.example")


def an_hour_ago() -> str:
    return (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="seconds")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(["suspend", "one", "--ground", "error", "--why", "x"], 2, "add --until", id="error without end"),
        pytest.param(
            ["suspend", "one", "--ground", "error", "--why", "x", "--until", "2099-01-01"], 2, "72 hours", id="too long"
        ),
        pytest.param(
            ["suspend", "one", "--ground", "court", "--why", "x", "--until", "2026-01-01"], 2, "over already", id="past"
        ),
        pytest.param(
            ["suspend", "one", "--ground", "court", "--why", "x", "--until", an_hour_ago()],
            2,
            "over already",
            id="an hour ago",
        ),
        pytest.param(["resume", "one", "--why", "x"], 1, "nothing was suspended", id="nothing to resume"),
        pytest.param(["lift", "none", "--ground", "court", "--why", "x"], 1, "holds order", id="no such order"),
        pytest.param(["suspend", "one", "--ground", "whim", "--why", "x"], 2, "court", id="no such ground"),
    ],
)
def test_what_cannot_be_done_is_said(server: RunningServer, arguments: list[str], code: int, said: str) -> None:
    before = (server.folder / "orders" / "one.yaml").read_bytes()

    done = run(server, *arguments)

    assert done.exit_code == code
    assert said in done.stderr
    assert (server.folder / "orders" / "one.yaml").read_bytes() == before
    assert server.blocked("one.example")


def test_explain_tells_what_was_applied_then(server: RunningServer) -> None:
    server.wait_until(lambda status: status["journal"]["waiting"] == 0 and status["journal"]["entries"] >= 5)
    before = datetime.now(UTC)
    run(server, "suspend", "one", "--ground", "court", "--why", "a stay")
    suspended = datetime.now(UTC)
    (server.folder / "orders" / "one.yaml").unlink()
    plan = json.loads(run(server, "plan", "--json").stdout)["plan"]
    applied = run(server, "apply", "--plan", plan)
    assert applied.exit_code == 0, applied.output
    server.wait_until(lambda _: kinds(server)[-1] == "in-force")

    then = json.loads(run(server, "explain", "www.one.example", "--at", before.isoformat(), "--json").stdout)
    during = json.loads(run(server, "explain", "one.example", "--at", suspended.isoformat(), "--json").stdout)
    now = json.loads(run(server, "explain", "one.example", "--json").stdout)
    long_ago = json.loads(run(server, "explain", "one.example", "--at", "2024-05-01", "--json").stdout)

    assert (then["verdict"], then["source"], then["listings"][0]["order"]) == ("blocked", "journal", "one")
    assert (during["verdict"], during["source"]) == ("allowed", "journal")
    assert (now["verdict"], now["source"], now["listings"]) == ("allowed", "server", [])
    assert long_ago["source"] == "server"
