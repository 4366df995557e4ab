"""A worker gets its share of each bound, and the upstreams of the configuration or of the system."""

from pathlib import Path

import pytest

from resolver.net.settings import UpstreamAddress
from resolver.ops.config import Config
from resolver.ops.config_values import Endpoint, Upstream
from resolver.ops.counter_places import UpstreamPlaces
from resolver.ops.worker_settings import asked_upstreams, worker_settings


def config(**keys: object) -> Config:
    return Config.model_validate({"operator": {"name": "Free"}, **keys})


def test_bounds_are_divided_and_upstreams_numbered() -> None:
    trusted = {"address": "tcp://[2620:fe::10]", "trust_ad": True}
    written = config(upstreams=["9.9.9.10", trusted], zones={"corp.example": ["10.0.0.53", "9.9.9.10"]})
    asked = asked_upstreams(written)
    settings = worker_settings(written, asked, UpstreamPlaces().allot(asked.all()), 4)
    quad9 = UpstreamAddress("udp", "9.9.9.10", 53, 0)
    assert settings.upstreams == (quad9, UpstreamAddress("tcp", "2620:fe::10", 53, 1, trust_ad=True))
    assert settings.zones == (("corp.example", (UpstreamAddress("udp", "10.0.0.53", 53, 2), quad9)),)
    assert settings.special_forwarded == ()
    assert settings.message_octets == 64_000_000
    assert settings.in_flight == 5_000


def test_special_names_that_are_forwarded_reach_the_workers() -> None:
    written = config(upstreams=[], special_names={"Test.": "forward", "10.in-addr.arpa": "forward"})
    assert worker_settings(written, asked_upstreams(written), {}, 1).special_forwarded == ("test", "10.in-addr.arpa")


def test_no_share_is_nothing() -> None:
    settings = worker_settings(config(limits={"tcp_connections": "1"}), asked_upstreams(config(upstreams=[])), {}, 8)
    assert settings.tcp_connections == 1


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        pytest.param("127.0.0.1:5300", ["127.0.0.53", "192.0.2.1"], id="others"),
        pytest.param("127.0.0.53", ["192.0.2.1"], id="the-system-asks-us"),
        pytest.param("0.0.0.0", ["192.0.2.1"], id="the-system-asks-us-on-any-address"),
    ],
)
def test_the_system_decides_where_the_configuration_is_silent(tmp_path: Path, listen: str, expected: list[str]) -> None:
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.53\nnameserver 192.0.2.1\n")
    asked = asked_upstreams(config(listen=listen), tmp_path / "resolv.conf")
    assert asked.everywhere == tuple(Upstream("udp", Endpoint(host, 53)) for host in expected)


def test_a_system_without_resolvers_is_no_error(tmp_path: Path) -> None:
    assert asked_upstreams(config(), tmp_path / "missing").everywhere == ()


def test_json_in_extended_errors_is_off_until_somebody_wants_it() -> None:
    off, on = (config(upstreams=[], blocked={"structured_errors": wanted}) for wanted in (False, True))
    assert [worker_settings(each, asked_upstreams(each), {}, 1).structured_option for each in (off, on)] == [0, 26]
