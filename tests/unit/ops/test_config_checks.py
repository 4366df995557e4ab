"""Which addresses are this host's own, so that an upstream there would be ourselves."""

import socket

import pytest

from resolver.ops.config_checks import is_of_this_host, is_ourselves
from resolver.ops.config_values import Endpoint, Upstream


@pytest.mark.parametrize(
    ("host", "own"),
    [("127.0.0.1", True), ("127.0.0.53", True), ("::1", True), ("203.0.113.1", False), ("2001:db8::1", False)],
)
def test_addresses_of_this_host(host: str, own: bool) -> None:  # noqa: FBT001 - a row's
    assert is_of_this_host(Endpoint(host, 53)) is own


def test_an_address_that_others_reach_us_at_is_ours() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("127.0.0.1", 9))
        reachable = probe.getsockname()[0]
    listen = [Endpoint("0.0.0.0", 53)]
    assert is_ourselves(Upstream("udp", Endpoint(reachable, 53)), listen)
    assert not is_ourselves(Upstream("udp", Endpoint(reachable, 5_353)), listen)
    assert not is_ourselves(Upstream("udp", Endpoint("::1", 53)), listen)
