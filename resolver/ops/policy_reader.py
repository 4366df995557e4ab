"""How whoever serves reads one policy after another: only what differs from the one before is made anew.

Beside ten thousand orders that changes in one is a matter of milliseconds, and the objects of the others are shared
between the policy that goes and the one that comes. Nothing is believed without the checksum of the whole.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Final, Generic, TypeVar

from resolver.core.counters import NOWHERE
from resolver.core.policy import MeasureState, Policy
from resolver.core.policy_entries import join_policy, measure_state
from resolver.ops.policy_file import digest_in_name, open_index, read_lines
from resolver.ops.policy_lines import PolicyLines

Made = TypeVar("Made")
_MARK: Final = 16
"""Octets by which a line is known again."""
_QUICK: Final = 64
"""So many known lines are passed by in the time that one takes to be read."""
REST_SECONDS: Final = 0.001
"""A piece of the index is verified in a fifth of that. All workers do that at once, each on a core that others want."""


class MadeOfLines(Generic[Made]):
    """What some lines were made into; a line that stands where it stood is not read again."""

    def __init__(self) -> None:
        self.all: tuple[Made, ...] = ()
        self._marks: tuple[bytes, ...] = ()

    def take(
        self, lines: Iterable[bytes], make: Callable[[int, bytes], Made], pause: Callable[[], None] = lambda: None
    ) -> None:
        """Make of each line what it stands for, by its number, and forget what the lines before were made into.

        ``pause`` is called after each line that was read, and every so often among those that were known.
        """
        made: list[Made] = []
        marks: list[bytes] = []
        for number, line in enumerate(lines):
            mark = blake2b(line, digest_size=_MARK).digest()
            known = number < len(self._marks) and self._marks[number] == mark
            made.append(self.all[number] if known else make(number, line))
            marks.append(mark)
            if not known or not number % _QUICK:
                pause()
        self.all, self._marks = tuple(made), tuple(marks)


def let_others_compute() -> None:
    """Leave the core to others for several times as long as a piece of the index took."""
    time.sleep(REST_SECONDS)


class PolicyReader:
    """Reads policies; one at a time."""

    def __init__(self) -> None:
        self._measures = MadeOfLines[MeasureState]()
        self._slots: Mapping[str, int] = {}

    def open(
        self,
        path: Path,
        slots: Mapping[str, int],
        pause: Callable[[], None] = lambda: None,
        rest: Callable[[], None] = lambda: None,
    ) -> tuple[Policy, PolicyLines]:
        """Verify a policy file and its index, map the index, and join them; gives the lines of the file, too.

        ``slots`` gives the counter of ``order/action``. ``pause`` is called between measures, so that a thread that
        does this can let others go on, and ``rest`` between pieces of the index, of which a million names have a
        hundred. Raises DamagedPolicyError if either file is missing or damaged.
        """
        lines = read_lines(path)
        index = open_index(path, lines.head["index"], rest)
        if not self._counts_as_before(slots):
            self._measures = MadeOfLines()
        self._slots = dict(slots)

        self._measures.take(lines.measures, lambda number, line: measure_state(number, json.loads(line), slots), pause)
        head = {**lines.head, "digest": digest_in_name(path)}
        return join_policy(head, self._measures.all, index), lines

    def _counts_as_before(self, slots: Mapping[str, int]) -> bool:
        """Tell whether every measure that was read has the counter that it would be given now."""
        if self._slots == slots:
            return True
        return self._slots.items() <= slots.items() and all(each.slot != NOWHERE for each in self._measures.all)


def open_policy(path: Path, slots: Mapping[str, int]) -> Policy:
    """Read one policy, as a `PolicyReader` does."""
    policy, _ = PolicyReader().open(path, slots)
    return policy
