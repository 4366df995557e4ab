"""How long work says how far it is: what is being done, how much of it, and of how much."""

from collections.abc import Callable

Tell = Callable[[str, int, int], None]


def tell_nobody(_what: str, _done: int, _of: int) -> None:
    """Listen to no progress."""
