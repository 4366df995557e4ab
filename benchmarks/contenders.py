"""Who takes part in the side-by-side run: our server, its peers, and the floor; each is started, asked, ended."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from benchmarks.peer_servers import RECIPES, Recipe
from benchmarks.probe import is_blocked
from benchmarks.server import Server
from tests.peers import free_port

OURS: Final = "Arrêt"
PURE: Final = "Arrêt (pure Python)"
"""The same with the query path as it is written; in no comparison with peers."""
FLOOR: Final = "floor"
NO_PEERS: Final = frozenset({OURS, PURE, FLOOR})
NAMES: Final = (OURS, PURE, *(recipe.name for recipe in RECIPES), FLOOR)
LAUNCHES: Final = 3
START_SECONDS: Final = 120.0
RELOAD_SECONDS: Final = 120.0
END_SECONDS: Final = 10.0
FLOOR_SOURCE: Final = Path(__file__).with_name("floor.c")


class Contender(Protocol):
    """A server of this run, on a port of 127.0.0.1."""

    @property
    def port(self) -> int:
        """Where it answers."""

    @property
    def pid(self) -> int:
        """The process above all of its processes."""

    def launch(self) -> None:
        """Start it, and wait for nothing."""

    def wait_for_block(self, name: str) -> float:
        """Ask for a listed name until it is blocked; gives the seconds since the start."""

    def stop(self) -> None:
        """End it, by force if it must be."""


class Listing(Contender, Protocol):
    """A contender that can be told of another list."""

    def list_names(self, names: Sequence[str]) -> None:
        """Write the names that are to be blocked."""

    def reload(self) -> float:
        """Make it read them; gives the seconds until it says that it has, or has begun."""


class Program:
    """A server that is one program; ``command`` says how to start it at a port."""

    def __init__(self, name: str, command: Callable[[int], Sequence[str]], log: Path) -> None:
        self.name = name
        self.port = 0
        self._command = command
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._launched = 0.0
        self._launches = 0

    @property
    def pid(self) -> int:
        """The process above all of its processes."""
        assert self._process is not None, "launch comes first"
        return self._process.pid

    def launch(self) -> None:
        """Start it at a port that is free now, and wait for nothing."""
        self.port = free_port()
        self._launches += 1
        command = self._command(self.port)
        self._launched = time.monotonic()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait_for_block(self, name: str) -> float:
        """Ask for a listed name until it is blocked; gives the seconds since the start.

        It is started again if it ends: somebody else may have taken the port first.
        """
        while not is_blocked(self.port, name):
            if self._process is None or self._process.poll() is not None:
                if self._launches == LAUNCHES:
                    raise RuntimeError(f"{self.name} ended: {self._log.read_text(errors='replace')[-500:]}")
                self.launch()
            if time.monotonic() - self._launched > START_SECONDS:
                raise TimeoutError(f"{self.name} blocks nothing within {START_SECONDS:g} s of its start")
        return time.monotonic() - self._launched

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


class Peer(Program):
    """A server that does what ours does, with a list of the same names."""

    def __init__(self, recipe: Recipe, folder: Path, names: Sequence[str], upstream: int) -> None:
        folder.mkdir(parents=True)
        program = recipe.find()
        super().__init__(recipe.name, lambda port: [program, *recipe.configure(folder, port, upstream)], folder / "log")
        self._recipe = recipe
        self._folder = folder
        self._lists = 0
        self.list_names(names)

    def list_names(self, names: Sequence[str]) -> None:
        """Write the names that are to be blocked."""
        self._lists += 1
        self._recipe.list_names(self._folder, names, self._lists)

    def reload(self) -> float:
        """Make it read them; gives the seconds until it says that it has, or has begun."""
        assert self._recipe.reload is not None, "it was asked whether it can"
        started = time.monotonic()
        subprocess.run(
            self._recipe.reload(self._folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True,
            timeout=RELOAD_SECONDS,
        )  # fmt: skip  # one breath
        return time.monotonic() - started


def make_floor(folder: Path) -> Program:
    """Compile the floor. Raises FileNotFoundError, or CalledProcessError with what the compiler says on stderr."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise FileNotFoundError("cc is missing: run scripts/install-peers bench, or install gcc and libc6-dev")
    folder.mkdir(parents=True)
    program = folder / "floor"
    subprocess.run([compiler, "-O2", "-Wall", "-Werror", "-o", str(program), str(FLOOR_SOURCE)], check=True)
    return Program(FLOOR, lambda port: [str(program), str(port)], folder / "log")


def can_reload(name: str) -> bool:
    """Tell whether a contender can read another list while it serves."""
    return name == OURS or any(recipe.name == name and recipe.reload for recipe in RECIPES)


def make_listing(name: str, folder: Path, names: Sequence[str], upstream: int, *, workers: int = 1) -> Listing:
    """Prepare ours, in one form or the other, or a peer, with these names listed and this upstream; ours with so many
    workers."""
    if name in {OURS, PURE}:
        return Server(folder, names, upstream, workers=workers, pure=name == PURE)
    recipe = next(recipe for recipe in RECIPES if recipe.name == name)
    return Peer(recipe, folder, names, upstream)


@contextmanager
def ended_with_the_block() -> Iterator[dict[str, Contender]]:
    """Give a place for contenders by name; whoever is there is ended with the block, however the block ends."""
    contenders: dict[str, Contender] = {}
    try:
        yield contenders
    finally:
        for contender in contenders.values():
            contender.stop()


def make_contender(name: str, folder: Path, names: Sequence[str], upstream: int) -> Contender:
    """Prepare the one with this name."""
    return make_floor(folder) if name == FLOOR else make_listing(name, folder, names, upstream)
