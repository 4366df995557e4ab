"""The server as an operator starts it, in a folder of its own, with one order that lists as many names as wanted."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from benchmarks.figures import Figure
from benchmarks.made_up_names import NOTICE
from benchmarks.probe import is_blocked
from resolver.compiled import AS_WRITTEN
from resolver.ops.control import ControlError, call
from tests.peers import free_port

ROOT: Final = Path(__file__).parents[1]
START_SECONDS: Final = 120.0
RELOAD_SECONDS: Final = 120.0
END_SECONDS: Final = 10.0
ASK_AGAIN_SECONDS: Final = 0.01
WORKERS: Final = 2
LIST: Final = "names.txt"
TOLD: Final = 40
"""Lines of the log that are shown where something is wrong."""

ORDER: Final = f"""
order: soak
authority: Tribunal judiciaire de Paris
case_number: RG 26/00001
decided: 2024-01-10
measures:
  - id: block
    kind: dns-block
    addressees: [Soak]
    period: {{until: 2099-12-31}}
    names_file: {LIST}
history:
  - {{date: 2024-02-01, event: implemented, measure: block}}
"""


@dataclass(frozen=True, slots=True)
class Cache:
    """The bounds of the caches: entries, octets, finished replies."""

    entries: int = 400_000
    octets: int = 256_000_000
    packets: int = 200_000


class Server:
    """A server that can be started and ended again on the same state."""

    def __init__(
        self,
        folder: Path,
        names: Sequence[str],
        upstream: int,
        cache: Cache = Cache(),
        workers: int = WORKERS,
        *,
        pure: bool = False,
        more: str = "",
    ) -> None:
        """Prepare it; ``pure``: its query path is not to run compiled. ``more`` are lines of its configuration."""
        self._environment = {**os.environ, AS_WRITTEN: "1"} if pure else None
        self.folder = folder
        self.port = free_port()
        self.log = folder / "log"
        self._state = folder / "state"
        self._process: subprocess.Popen[bytes] | None = None
        self._launched = 0.0
        (folder / "orders").mkdir(parents=True)
        (folder / "orders" / "soak.yaml").write_text(ORDER)
        (folder / "config.yaml").write_text(
            "operator: {name: Soak, contact: 'mailto:blocage@example.net'}\n"
            f"listen: ['127.0.0.1:{self.port}']\nupstreams: ['127.0.0.1:{upstream}']\n"
            f"notice: {{ipv4: {NOTICE}, ipv6: '2001:db8::80', listen: '127.0.0.1:0'}}\norders: orders/\nstate: state/\n"
            f"cache: {{entries: {cache.entries}, size: {cache.octets // 1_000_000}MB, packets: {cache.packets}}}\n"
            f"metrics: {{listen: '127.0.0.1:0'}}\nworkers: {workers}\nlog: {{format: json}}\n{more}"
        )
        self.list_names(names)

    def list_names(self, names: Sequence[str]) -> None:
        """Write the names that the order lists."""
        self.list_octets("".join(f"{name}\n" for name in names).encode())

    def list_octets(self, *parts: bytes) -> None:
        """Write the names that the order lists, one a line."""
        with (self.folder / "orders" / LIST).open("wb") as file:
            for part in parts:
                file.write(part)

    @property
    def pid(self) -> int:
        """The process of the supervisor."""
        assert self._process is not None, "start comes first"
        return self._process.pid

    def launch(self) -> None:
        """Start it, and wait for nothing."""
        self._launched = time.monotonic()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "resolver", "serve", "-c", str(self.folder / "config.yaml")],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    def wait_for_block(self, name: str) -> float:
        """Ask for a listed name until it is blocked, then wait for all workers; gives the seconds until the block."""
        while not is_blocked(self.port, name):
            self._check_alive()
            if time.monotonic() - self._launched > START_SECONDS:
                raise TimeoutError(f"no answer within {START_SECONDS:g} s of the start: {self.complaints()[:3]}")
        seconds = time.monotonic() - self._launched
        self.wait_until_in_force()
        return seconds

    def _check_alive(self) -> None:
        if self._process is None or self._process.poll() is not None:
            raise RuntimeError(f"the server ended: {self.complaints()[:3]}")

    def wait_until_in_force(self) -> float:
        """Wait until every worker serves; gives the seconds that took."""
        started = time.monotonic()
        while not all(worker["in_force"] for worker in self.status()["workers"]):
            self._check_alive()
            if time.monotonic() - started > START_SECONDS:
                raise TimeoutError("not every worker serves")
            time.sleep(ASK_AGAIN_SECONDS)
        return time.monotonic() - started

    def status(self) -> dict[str, Any]:
        """Ask what `arret status` asks, as soon as somebody answers."""
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                return call(self._state, "status")
            except ControlError:
                self._check_alive()
                if time.monotonic() > until:
                    raise
                time.sleep(ASK_AGAIN_SECONDS)

    def reload(self) -> float:
        """Reload, and give the seconds until every worker has the change in force; an error if it was refused."""
        started = time.monotonic()
        answer = call(self._state, "reload", within=RELOAD_SECONDS)
        if not (answer["ok"] and answer["changed"]):
            raise RuntimeError(f"a reload was refused, or changed nothing: {answer}")
        return time.monotonic() - started

    def worker_pids(self) -> list[int]:
        """List the processes of the workers."""
        return [worker["pid"] for worker in self.status()["workers"]]

    def list_size(self) -> float:
        """Weigh the file of names, in megabytes."""
        return (self.folder / "orders" / LIST).stat().st_size / 1_000_000

    def state_size(self) -> float:
        """Add up the files of the state folder, in megabytes."""
        return sum(path.stat().st_size for path in self._state.rglob("*") if path.is_file()) / 1_000_000

    def metric(self, name: str, **labels: str) -> float:
        """Add up the samples of a metric that carry these labels."""
        with urlopen(f"http://{self.status()['metrics']}/metrics", timeout=10) as page:
            text = page.read().decode()
        families = text_string_to_metric_families(text)
        samples = (sample for family in families for sample in family.samples if sample.name == name)
        return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())

    def complaints(self) -> list[str]:
        """List the lines of the log that are an error, an exception, or no event at all, such as a trace."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return [line for line in lines if _complains(line)]

    def complaint_count(self, expected: int = 0) -> Figure:
        """Count the complaints beyond those expected; prints the first ones, for a figure cannot say what was wrong."""
        complaints = self.complaints()
        if len(complaints) > expected:
            print(*complaints[:TOLD], sep="\n", flush=True)
        beside = f", beside {expected} that must be" if expected else ""
        return Figure(f"errors in the log{beside}", len(complaints) - expected, "", 0)

    def stop(self) -> None:
        """End it, by force if it must be."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _complains(line: str) -> bool:
    try:
        event = json.loads(line)
    except ValueError:
        return True
    return event.get("level") in {"error", "critical"} or "exception" in event or event.get("trace") is not None


@contextmanager
def in_folder(
    folder: Path,
    names: Sequence[str],
    upstream: int,
    cache: Cache = Cache(),
    workers: int = WORKERS,
    more: str = "",
) -> Iterator[Server]:
    """Prepare a server that is ended with the block, however the block ends."""
    server = Server(folder, names, upstream, cache, workers, more=more)
    try:
        yield server
    finally:
        server.stop()
