"""The whole server as an operator starts it: a process of its own on free ports, asked with dig, watched by its log."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from resolver.ops.control import ControlError, call

PATIENCE = 240.0
"""Seconds that anything may take on a loaded machine; nothing here waits that long unless it is broken.

It is that many for a compilation: beside workers it takes what others leave over, then a small share of a core.
"""

CONFIG = """
operator: {name: Free, contact: "mailto:blocage@example.net"}
listen: ["127.0.0.1:0", "[::1]:0"]
upstreams: []
notice: {ipv4: 192.0.2.80, ipv6: "2001:db8::80", listen: null}
orders: orders/
state: state/
metrics: {listen: "127.0.0.1:0"}
workers: 2
"""

SERVE = "import sys; sys.argv[1:] = ['serve', '-c', 'config.yaml']; from resolver.__main__ import main; main()"


def order_text(order: str, *names: str, history: str = "") -> str:
    """Write an order that is in force today and ends long after the last test."""
    return f"""
order: {order}
authority: Tribunal judiciaire de Paris
case_number: RG 24/1
decided: 2024-01-10
measures:
  - id: block
    kind: dns-block
    addressees: [Free]
    period: {{until: 2099-12-31}}
    names: [{", ".join(names)}]
history:
  - {{date: 2024-02-01, event: implemented, measure: block}}
{history}
"""


class RunningServer:
    """A server in a folder of its own: ``config.yaml``, ``orders/``, ``state/``."""

    def __init__(self, folder: Path, config: str = CONFIG) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.events: list[dict[str, Any]] = []
        (folder / "orders").mkdir(exist_ok=True)
        (folder / "config.yaml").write_text(config)
        self.process: subprocess.Popen[bytes] | None = None
        self._heard = threading.Condition()
        self._silent = False
        self._listener: threading.Thread | None = None

    def order(self, order: str, *names: str, history: str = "") -> None:
        """Write or rewrite an order file."""
        (self.folder / "orders" / f"{order}.yaml").write_text(order_text(order, *names, history=history))

    def start(self, program: str = SERVE) -> None:
        """Start it, and wait until it serves."""
        self.launch(program=program)
        self.wait_for("serving")

    def launch(self, log: int | None = subprocess.PIPE, *, program: str = SERVE) -> None:
        """Start it without waiting; ``log`` is where it writes to, if not to us: None is a closed descriptor."""
        if self._listener is not None:
            self._listener.join(PATIENCE)  # else a predecessor's last lines would be taken for this one's
        self.events.clear()
        self._silent = False
        command = [sys.executable, "-c", program]
        if log is None:
            command = [sys.executable, "-c", f"import os; os.close(2); os.execv({sys.executable!r}, {command!r})"]
        self.process = subprocess.Popen(
            command,
            cwd=self.folder,
            stderr=log,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        if log == subprocess.PIPE:
            self._listener = threading.Thread(target=self._listen, args=(self.process,), daemon=True)
            self._listener.start()

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stderr is not None
        with process.stderr as stream:
            for line in stream:
                with self._heard:
                    self.events.append(json.loads(line) if line.startswith(b"{") else {"event": "trace", "line": line})
                    self._heard.notify_all()
        with self._heard:
            self._silent = True
            self._heard.notify_all()

    def wait_for(self, event: str, after: int = 0) -> dict[str, Any]:
        """Wait for an event of the log, the first behind so many lines."""
        with self._heard:
            self._heard.wait_for(lambda: self._silent or self._found(event, after), PATIENCE)
            assert self._found(event, after), self.events
            return next(each for each in self.events[after:] if each["event"] == event)

    def _found(self, event: str, after: int) -> bool:
        return any(each["event"] == event for each in self.events[after:])

    def ended(self) -> int:
        """Wait for its end, and give its exit status."""
        assert self.process is not None
        return self.process.wait(PATIENCE)

    def problems(self) -> str:
        """All that the log says was refused, or kept it from starting."""
        return "\n".join(str(each.get("problem") or each.get("why") or "") for each in self.events)

    def signal(self, number: signal.Signals) -> None:
        """Send the supervisor a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def status(self) -> dict[str, Any]:
        """Ask what `arret status` asks."""
        return call(self.state, "status", within=PATIENCE)

    def reload(self) -> dict[str, Any]:
        """Ask what `arret reload` asks."""
        return call(self.state, "reload", within=PATIENCE)

    def pids(self) -> list[int]:
        """The processes of the workers."""
        return [worker["pid"] for worker in self.status()["workers"]]

    def wait_until(self, claim: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Ask for the status until it is as claimed; there is no event for what a dead process no longer does."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                status = self.status()
            except ControlError:
                pass
            else:
                if claim(status):
                    return status
            time.sleep(0.005)  # and a compilation, which takes only what others leave over, needs some of it
        raise AssertionError(self.events)

    def dig(self, name: str, record_type: str = "A", *flags: str, ipv6: bool = False) -> str:
        """Ask the server with dig; gives what it printed. What waited too long, a server drops: dig asks again."""
        host, _, port = self.status()["listen"][1 if ipv6 else 0].rpartition(":")
        return subprocess.run(
            ["dig", f"@{host.strip('[]')}", "-p", port, name, record_type, "+time=10", "+tries=3", *flags],
            check=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        ).stdout

    def blocked(self, name: str) -> bool:
        """Tell whether every one of eight askers, some of each worker, gets the notice address."""
        answers = {self.dig(name, "A", "+short").strip() for _ in range(8)}
        assert len(answers) == 1, answers
        return answers == {"192.0.2.80"}


def ends_in_time(seconds_to_the_end: Callable[[], float]) -> bool:
    """Tell whether a server can end in two seconds of draining and one more: the best of three, for the rest of the
    machine may hold up any one of them."""
    return any(seconds_to_the_end() < 3.0 for _ in range(3))


@contextmanager
def running(folder: Path, config: str = CONFIG, **orders: str) -> Iterator[RunningServer]:
    """Start a server with these orders (id: name), and make sure that nothing of it is left."""
    server = RunningServer(folder, config)
    for order, name in orders.items():
        server.order(order, name)
    server.start()
    try:
        yield server
    finally:
        end(server)


def end(server: RunningServer) -> None:
    """End it if it still runs."""
    if server.process is not None and server.process.poll() is None:
        server.process.kill()
        server.process.wait(PATIENCE)
