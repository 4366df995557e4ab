"""Clients of one server that are not treated alike: brands, an exemption that ends, and an order that only observes."""

import json
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner

from resolver.cli.command_line import command_line
from tests.integration.running_server import CONFIG, PATIENCE, RunningServer, end, order_text

BRANDS = """
brands:
  - {name: Pacifique, clients: 127.0.0.2, addressee_names: [Example Pacifique], notice: {ipv4: 192.0.2.81}}
"""
SOON = 3
"""Seconds until an exemption ends, if a reload takes less."""
OWN, PACIFIC, RESEARCH = "127.0.0.1", "127.0.0.2", "127.0.0.3"


def answer(server: RunningServer, name: str, client: str) -> str:
    """Ask as this client; gives the addresses, or nothing: there is no upstream."""
    return server.dig(name, "A", "+short", "-b", client).strip()


def exempt_until(wall: float) -> str:
    """Write the configuration with an exemption that ends then."""
    until = f"{datetime.fromtimestamp(wall, UTC):%Y-%m-%dT%H:%M:%SZ}"
    exempt = f"exempt: [{{clients: {RESEARCH}, orders: shared, why: research, until: '{until}'}}]\n"
    return CONFIG + BRANDS + exempt


def test_each_client_gets_what_binds_it(tmp_path: Path) -> None:
    server = RunningServer(tmp_path, exempt_until(time.time() + 86_400))
    server.order("own", "own.example")
    for order, addressees in (("shared", "Free, Example Pacifique"), ("theirs", "Example Pacifique")):
        text = order_text(order, f"{order}.example").replace("[Free]", f"[{addressees}]")
        (tmp_path / "orders" / f"{order}.yaml").write_text(text)
    watched = order_text("watched", "watched.example").replace("    period:", "    mode: observe\n    period:")
    (tmp_path / "orders" / "watched.yaml").write_text(watched)
    try:
        server.start()
        seen = {
            (client, name): answer(server, f"{name}.example", client)
            for client in (OWN, PACIFIC)
            for name in ("own", "shared", "theirs", "watched")
        }
        assert seen == {
            (OWN, "own"): "192.0.2.80",
            (OWN, "shared"): "192.0.2.80",
            (OWN, "theirs"): "",
            (OWN, "watched"): "",
            (PACIFIC, "own"): "",
            (PACIFIC, "shared"): "192.0.2.81",
            (PACIFIC, "theirs"): "192.0.2.81",
            (PACIFIC, "watched"): "",
        }
        assert any("exempt from shared" in warning for warning in server.status()["reload"]["warnings"])
        assert answer(server, "shared.example", RESEARCH) == ""
        ends = freed_until_soon(server)
        patience = time.monotonic() + PATIENCE + max(ends - time.time(), 0)
        while answer(server, "shared.example", RESEARCH) != "192.0.2.80":
            assert time.monotonic() < patience, "it ends by itself, without a reload"
        assert time.time() >= ends
        assert observed(server) == 1, "the operator's clients, who are asked"
        explain(server)
    finally:
        end(server)


def freed_until_soon(server: RunningServer) -> float:
    """Let the exemption end soon, but after it was put in force, which takes its time on a busy machine; gives when."""
    seconds = SOON
    for _ in range(5):
        begun = time.time()
        ends = int(begun) + seconds
        (server.folder / "config.yaml").write_text(exempt_until(ends))
        assert server.reload()["ok"], server.problems()
        if answer(server, "shared.example", RESEARCH) == "":
            return ends
        seconds = SOON + 2 * int(time.time() - begun)
    raise AssertionError("before it ends, it holds")


def observed(server: RunningServer) -> float:
    with urllib.request.urlopen(f"http://{server.status()['metrics']}/metrics", timeout=30) as told:
        lines = told.read().decode().splitlines()
    return float(next(line for line in lines if 'observed_total{order="watched",via="name"}' in line).split()[-1])


def explain(server: RunningServer) -> None:
    """The explanation for a client agrees with what it gets."""

    def told(name: str, client: str) -> tuple[str, list[tuple[str, str]]]:
        config = str(server.folder / "config.yaml")
        done = CliRunner().invoke(command_line, ["explain", name, "--client", client, "-c", config, "--json"])
        document = json.loads(done.stdout)
        assert document["source"] == "server"
        return document["verdict"], [(each["brand"], each["mode"]) for each in document["listings"] if each["decisive"]]

    assert told("shared.example", OWN) == ("blocked", [("", "enforce")])
    assert told("shared.example", PACIFIC) == ("blocked", [("Pacifique", "enforce")])
    assert told("own.example", PACIFIC) == ("allowed", [])
    assert told("watched.example", OWN) == ("allowed", [])
