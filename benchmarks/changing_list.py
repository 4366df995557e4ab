"""How one name of a list is exchanged for another by a reload, and whether every worker noticed.

The name that comes is asked for before, so that caches hold what the upstream says of it; the name that goes was
blocked a moment ago, so that they hold its notice. After the reload neither may be answered from there.
"""

from collections.abc import Sequence

from benchmarks.made_up_names import ZONE
from benchmarks.probe import Asker, must_be_allowed, must_be_blocked
from benchmarks.server import Server


class ChangingList:
    """The names of a server's order: some that stay, and one that changes."""

    def __init__(self, server: Server, names: Sequence[str]) -> None:
        """Take the names once: joining a million of them stops every thread that asks, for tens of milliseconds."""
        self._server = server
        self._listed = "".join(f"{name}\n" for name in names).encode()
        self._number = 0

    def change(self, asker: Asker) -> float:
        """Exchange the one name, and ask every worker for the old and the new; gives the seconds of the reload."""
        gone, come = self._one(self._number), self._one(self._number + 1)
        asker.ask_all([must_be_allowed(come)])
        self._server.list_octets(self._listed, f"{come}\n".encode())
        seconds = self._server.reload()
        asker.ask_all([must_be_blocked(come), must_be_allowed(gone)])
        self._number += 1
        return seconds

    def _one(self, number: int) -> str:
        return f"change{number}.{ZONE}"
