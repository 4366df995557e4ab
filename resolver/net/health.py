"""Whether an upstream is taken to be there: down after silence for several names, up at its first word.

One name that nobody can answer says nothing about the upstream that was asked for it; nor does one lost datagram.
"""

from typing import Final

from resolver.dns.name import WireName

SILENCES: Final = 5
"""Questions in a row without an answer before an upstream counts as down ..."""
NAMES: Final = 3
"""... if they were for at least so many names."""
PROBE_EVERY: Final = 5.0
"""Seconds between two probes of an upstream that is down."""


class Health:
    """What is known of one upstream's health; ``up`` decides only who is asked first, never who is asked at all."""

    __slots__ = ("_names", "_next_probe", "_silences", "up")

    def __init__(self) -> None:
        self.up = True
        self._silences = 0
        self._names: set[WireName] = set()
        self._next_probe = 0.0

    def answered(self) -> None:
        """Take note of any word from the upstream."""
        if self._silences:
            self._silences = 0
            self._names.clear()
        self.up = True

    def unanswered(self, qname: WireName, now: float) -> None:
        """Take note that a question for this name got no answer (``now`` in monotonic seconds)."""
        self._silences += 1
        if len(self._names) < NAMES:
            self._names.add(qname)
        if self.up and self._silences >= SILENCES and len(self._names) >= NAMES:
            self.up = False
            self._next_probe = now + PROBE_EVERY

    def wants_probe(self, now: float) -> bool:
        """Tell whether the upstream is down and due to be asked again; the next time is five seconds later."""
        if self.up or now < self._next_probe:
            return False
        self._next_probe = now + PROBE_EVERY
        return True
