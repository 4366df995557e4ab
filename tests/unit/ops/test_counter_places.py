"""An order and an upstream keep their places in the counter pages while the supervisor lives."""

from resolver.core.counters import ORDERS, SLOTS, UPSTREAMS
from resolver.ops.config_values import Endpoint, Upstream
from resolver.ops.counter_places import OrderPlaces, UpstreamPlaces


def test_an_order_keeps_its_place_also_while_it_is_away() -> None:
    places = OrderPlaces()
    assert places.allot(["a/redirect", "b/redirect"]) == {"a/redirect": ORDERS, "b/redirect": ORDERS + 2}
    assert places.allot(["c/nodata"])["c/nodata"] == ORDERS + 4
    assert places.allot(["a/redirect"])["a/redirect"] == ORDERS


def test_an_order_without_room_is_not_counted() -> None:
    room = (SLOTS - ORDERS) // 2
    places = OrderPlaces().allot(f"order-{number}/redirect" for number in range(room + 5))
    assert len(places) == room
    assert max(places.values()) == SLOTS - 2


def upstream(number: int) -> Upstream:
    return Upstream("udp", Endpoint(f"192.0.2.{number}", 53))


def test_an_upstream_keeps_its_number() -> None:
    places = UpstreamPlaces()
    assert places.allot([upstream(1), upstream(2), upstream(1)]) == {str(upstream(1)): 0, str(upstream(2)): 1}
    assert places.allot([upstream(3), upstream(2)]) == {str(upstream(3)): 2, str(upstream(2)): 1}
    assert places.labels() == ("udp://192.0.2.1:53", "udp://192.0.2.2:53", "udp://192.0.2.3:53")


def test_trust_makes_no_other_upstream() -> None:
    places = UpstreamPlaces()
    places.allot([upstream(1)])
    assert places.allot([upstream(1)._replace(trust_ad=True)]) == {str(upstream(1)): 0}


def test_a_number_is_given_again_only_when_all_are_taken() -> None:
    places = UpstreamPlaces()
    places.allot(upstream(number) for number in range(UPSTREAMS))
    renewed = places.allot([upstream(200), *(upstream(number) for number in range(1, UPSTREAMS))])
    assert renewed[str(upstream(200))] == 0
    assert len(set(renewed.values())) == UPSTREAMS
    assert places.labels()[0] == "udp://192.0.2.200:53"
