"""Whether others than those who ask for what is known keep a worker busy: a flood, or thousands of TCP connections.

Then lanes read more often: who asks waits for a beat, and for what delays it, and both together should stay what they
are on a quiet server. All of it is counted anyway, and looked at a few times a second, so that it costs nothing.
"""

from typing import Final

from resolver.core.counters import Gauge

CONNECTIONS: Final = 128
"""Open TCP connections: each may send an octet at any time."""
WAITING: Final = 256
"""Queries that wait for upstreams: each is asked again, and fails in the end."""
TURNED_AWAY: Final = 16
"""Queries and connections turned away between two looks, because there were too many or they took too long."""

_COUNTED: Final = (
    Gauge.FULL_IN_ALL,
    Gauge.FULL_FOR_CLIENT,
    Gauge.FULL_FOR_DOMAIN,
    Gauge.TCP_REFUSED,
    Gauge.TCP_OVERDUE,
)


class Pressure:
    """What was counted at the last look."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self._turned_away = 0

    def look(self, gauges: memoryview) -> bool:
        """Tell, by a worker's gauges, whether it is under pressure."""
        before = self._turned_away
        self._turned_away = sum(gauges[gauge] for gauge in _COUNTED)
        return (
            gauges[Gauge.TCP_CONNECTIONS] >= CONNECTIONS
            or gauges[Gauge.IN_FLIGHT] >= WAITING
            or self._turned_away - before >= TURNED_AWAY
        )
