"""How long work says how far it is: what is being done, how much of it, and of how much."""

import time
from collections.abc import Callable
from typing import Final, NamedTuple

APART_SECONDS: Final = 0.2


class Progress(NamedTuple):
    """How far work is."""

    what: str
    done: int
    of: int


Tell = Callable[[str, int, int], None]
"""Takes what a `Progress` holds; nothing of nothing says that the work is over."""


def tell_nobody(_what: str, _done: int, _of: int) -> None:
    """Listen to no progress."""


def told_seldom(tell: Tell, clock: Callable[[], float] = time.monotonic) -> Tell:
    """Pass on what is told, but not more often than somebody can read (``clock`` is monotonic seconds)."""
    last = clock()

    def pass_on(what: str, done: int, of: int) -> None:
        nonlocal last
        now = clock()
        if now - last >= APART_SECONDS:
            last = now
            tell(what, done, of)

    return pass_on
