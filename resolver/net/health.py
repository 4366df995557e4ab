"""Whether an upstream is taken to be there, and how near: down after silence, up at its first word.

One name that nobody can answer says nothing about the upstream that was asked for it; nor does one lost datagram. So
silence counts against it for several names, or when it is silent to probes too, which are sent at the first doubt
where another upstream could be asked instead.
"""

from typing import Final

from resolver.dns.name import WireName

SILENCES: Final = 5
"""Questions in a row without an answer before an upstream counts as down ..."""
NAMES: Final = 3
"""... if they were for at least so many names ..."""
SILENT_PROBES: Final = 3
"""... or so many of them were probes."""
DOUBT_EVERY: Final = 0.3
"""Seconds between two probes of an upstream that was silent, and that each has to be answered ..."""
PROBE_EVERY: Final = 5.0
"""... and of one that is down."""
WEIGHT: Final = 0.125
"""Of one answer's latency in the average (RFC 6298 section 2)."""
FADING: Final = 0.97
"""What is left of the average of one that is not near, from one look to the next: so it is tried again some day."""

NEAR: Final = 0
FAR: Final = 1
DOWN: Final = 2


class Health:
    """What is known of one upstream; ``rank`` decides only who is asked first, never who is asked at all.

    ``latency`` is an average in seconds. ``has_rivals`` says that others could be asked instead.
    """

    __slots__ = ("_names", "_next_probe", "_probing", "_silences", "_silent_probes", "has_rivals", "latency", "rank")

    def __init__(self) -> None:
        self.has_rivals = False
        self.latency = 0.0
        self.rank = NEAR
        self._silences = 0
        self._silent_probes = 0
        self._names: set[WireName] = set()
        self._probing = False
        self._next_probe = 0.0

    @property
    def up(self) -> bool:
        """Whether it is taken to be there."""
        return self.rank < DOWN

    @property
    def in_doubt(self) -> bool:
        """Whether it is about to be probed although it counts as up."""
        return self.has_rivals and self._silences > 0 and self.rank < DOWN

    def answered(self, seconds: float) -> None:
        """Take note of any word from the upstream, which came after so long."""
        self.latency += (seconds - self.latency) * WEIGHT
        if self._silences:
            self._silences = self._silent_probes = 0
            self._names.clear()
            self._probing = False
            if self.rank == DOWN:
                self.rank = NEAR

    def unanswered(self, qname: WireName, now: float, waited: float = 0.0) -> None:
        """Take note that a question for this name got no answer in so long (``now`` in monotonic seconds)."""
        self.latency += max(waited - self.latency, 0.0) * WEIGHT
        if len(self._names) < NAMES:
            self._names.add(qname)
        self._count_silence(now)

    def wants_probe(self, now: float) -> bool:
        """Tell whether the upstream is to be asked something now, because it is down or in doubt."""
        if now < self._next_probe:
            return False
        if self.rank < DOWN:
            if not self.in_doubt:
                return False
            self._next_probe = now + DOUBT_EVERY
            if self._probing:
                self._silent_probes += 1
                self._count_silence(now)
            self._probing = True
            return True
        self._next_probe = now + PROBE_EVERY
        return True

    def compare(self, nearest: float) -> None:
        """Tell near from far, by the latency of the nearest that could be asked instead."""
        if self.rank < DOWN:
            self.rank = NEAR if self.latency <= 2 * nearest + 0.005 else FAR
            if self.rank == FAR:
                self.latency *= FADING

    def _count_silence(self, now: float) -> None:
        self._silences += 1
        enough = len(self._names) >= NAMES or self._silent_probes >= SILENT_PROBES
        if self.rank < DOWN and self._silences >= SILENCES and enough:
            self.rank = DOWN
            self._next_probe = now + PROBE_EVERY
