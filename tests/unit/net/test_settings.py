"""Settings cross the channel unharmed."""

import json

import pytest

from resolver.net.settings import UpstreamAddress, WorkerSettings, present_address


def test_settings_read_back_what_they_wrote() -> None:
    quad = UpstreamAddress("udp", "9.9.9.10", 53, 0, trust_ad=True)
    office = UpstreamAddress("tcp", "fd00::53", 5353, 1)
    settings = WorkerSettings(
        clients_allow=("10.0.0.0/8",),
        upstreams=(quad, office),
        zones=(("corp.example", (office,)),),
        special_forwarded=("test",),
        message_entries=1,
        message_octets=2,
        packet_entries=3,
        stale_seconds=4,
        tcp_connections=5,
        tcp_per_client=6,
        tcp_queries=8,
        in_flight=7,
        random_case=True,
        rebinding_allow=("corp.example",),
    )
    assert WorkerSettings.from_json(json.loads(json.dumps(settings.to_json()))) == settings


@pytest.mark.parametrize(
    ("host", "port", "text"),
    [("127.0.0.1", 53, "127.0.0.1:53"), ("::1", 5300, "[::1]:5300"), ("fe80::1%lo", 53, "[fe80::1%lo]:53")],
)
def test_addresses_are_written_as_an_operator_writes_them(host: str, port: int, text: str) -> None:
    assert present_address(host, port) == text


def test_an_upstream_is_written_as_in_the_configuration() -> None:
    assert str(UpstreamAddress("tcp", "2001:db8::1", 53, 0)) == "tcp://[2001:db8::1]:53"
