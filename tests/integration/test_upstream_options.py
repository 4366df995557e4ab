"""What the configuration says of upstreams binds in the whole server, and a reload changes it."""

from pathlib import Path

from tests.integration.running_server import CONFIG, running
from tests.peers import start_nsd

ZONE = "outside A 192.0.2.9\n*.in A 10.1.2.3\nalias CNAME x.in\n*.corp A 10.1.2.4\n"


def configuration(port: int, more: str) -> str:
    return CONFIG.replace("upstreams: []", f"upstreams: {{address: '127.0.0.1:{port}', trust_ad: true}}\n{more}")


def test_letter_case_and_private_addresses(tmp_path: Path) -> None:
    with start_nsd(tmp_path / "peers", {"zone.example": ZONE}) as nsd:
        strict = "upstream_case: random\nrebinding: {deny: true, allow: [corp.zone.example]}\n"
        with running(tmp_path, configuration(nsd.port, strict)) as server:
            assert "OuTsIdE.zone.example.\t3600\tIN\tA\t192.0.2.9" in server.dig("OuTsIdE.zone.example")
            withheld = server.dig("a.in.zone.example")
            assert "NOERROR" in withheld
            assert "EDE: 15" in withheld
            assert "10.1.2.3" not in withheld
            assert "10.1.2.3" not in server.dig("alias.zone.example")
            assert "10.1.2.4" in server.dig("a.corp.zone.example")

            (tmp_path / "config.yaml").write_text(configuration(nsd.port, ""))
            server.reload()
            assert "10.1.2.3" in server.dig("b.in.zone.example")
            assert server.dig("c.in.zone.example", "A", "+short").split() == ["10.1.2.3"]
