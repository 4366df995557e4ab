"""What keeps a worker busy beside those who ask for what is known, by its gauges alone."""

import pytest

from resolver.core.counters import DROPS, Gauge
from resolver.net.pressure import CONNECTIONS, TURNED_AWAY, WAITING, Pressure

TURNING_AWAY = (
    Gauge.FULL_IN_ALL,
    Gauge.FULL_FOR_CLIENT,
    Gauge.FULL_FOR_DOMAIN,
    Gauge.TCP_REFUSED,
    Gauge.TCP_OVERDUE,
)


def gauges(counted: dict[Gauge, int]) -> memoryview:
    page = memoryview(bytearray(8 * DROPS)).cast("Q")
    for gauge, count in counted.items():
        page[gauge] = count
    return page


@pytest.mark.parametrize(
    ("counted", "pressed"),
    [
        ({}, False),
        ({Gauge.PACKET_HITS: 1_000_000, Gauge.PACKET_MISSES: 1_000_000}, False),
        ({Gauge.TCP_CONNECTIONS: CONNECTIONS - 1, Gauge.IN_FLIGHT: WAITING - 1}, False),
        ({Gauge.TCP_CONNECTIONS: CONNECTIONS}, True),
        ({Gauge.IN_FLIGHT: WAITING}, True),
        *(({gauge: TURNED_AWAY}, True) for gauge in TURNING_AWAY),
        (dict.fromkeys(TURNING_AWAY, TURNED_AWAY // 6), False),
    ],
)
def test_a_look(counted: dict[Gauge, int], pressed: bool) -> None:  # noqa: FBT001  # a row's
    assert Pressure().look(gauges(counted)) is pressed


def test_what_was_turned_away_before_the_last_look_is_over() -> None:
    pressure = Pressure()
    found = [pressure.look(gauges({Gauge.FULL_FOR_DOMAIN: count})) for count in (1_000, 1_000, 1_015, 1_031, 1_031)]
    assert found == [True, False, False, True, False]
