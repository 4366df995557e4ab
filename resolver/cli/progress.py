"""How long work shows itself on a terminal: after a second a bar on standard error, gone when the work is done.

Nothing is shown where standard error is no terminal, and nothing is loaded that would show it.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from resolver.ops.control import ControlError, call
from resolver.ops.progress import Tell, tell_nobody

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 0.25


class Bar:
    """One bar on standard error; it appears once the work it is told of has lasted a second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: float | None = None
        self._shown: Progress | None = None
        self._task: TaskID | None = None

    def tell(self, what: str, done: int, of: int) -> None:
        """Show how far the work is; nothing of nothing takes the bar away."""
        if not of:
            self.vanish()
            return
        if self._since is None:
            self._since = self._clock()
        if self._clock() - self._since < PATIENCE_SECONDS:
            return
        if self._shown is None:
            from rich.console import Console  # noqa: PLC0415  # a server that shows nothing does not load it
            from rich.progress import Progress  # noqa: PLC0415  # as above

            self._shown = Progress(console=Console(stderr=True), transient=True)
            self._task = self._shown.add_task(what)
            self._shown.start()
        assert self._task is not None, "it is made with the bar"
        self._shown.update(self._task, description=what, completed=done, total=of)

    def vanish(self) -> None:
        """Take the bar away; the next work has its own second."""
        if self._shown is not None:
            self._shown.stop()
        self._shown = self._task = self._since = None


def is_watched() -> bool:
    """Tell whether standard error is a terminal, which somebody may look at."""
    return sys.stderr is not None and sys.stderr.isatty()  # None where the caller closed it


@contextmanager
def shown_progress() -> Iterator[Tell]:
    """Show on a terminal what is told inside the block."""
    if not is_watched():
        yield tell_nobody
        return
    bar = Bar()
    try:
        yield bar.tell
    finally:
        bar.vanish()


@contextmanager
def watched_progress(state: Path) -> Iterator[None]:
    """Show on a terminal, until the block ends, how far the server on this state folder is."""
    if not is_watched():
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_watch, args=(state, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _watch(state: Path, over: threading.Event) -> None:
    bar = Bar()
    try:
        while not over.wait(LOOK_SECONDS):
            progress = call(state, "progress").get("progress")
            if progress is not None:
                bar.tell(progress["what"], progress["done"], progress["of"])
    except ControlError:
        pass  # whoever waits for the answer itself says so
    finally:
        bar.vanish()
