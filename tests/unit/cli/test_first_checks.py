"""What doctor's checks find on machines of different kinds."""

import resource
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import dns.message
import pytest

from resolver.cli import first_checks
from resolver.cli.first_checks import Finding, Health
from resolver.ops.config_values import Endpoint, Upstream
from tests.peers import free_port


@pytest.fixture
def taken() -> Iterator[Endpoint]:
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        with suppress(OSError):  # if somebody has the UDP port, it is taken as well
            udp.bind(tcp.getsockname())
        yield Endpoint(*tcp.getsockname())


@pytest.fixture
def free() -> Endpoint:
    return Endpoint("127.0.0.1", free_port())


def test_this_python_will_do() -> None:
    assert first_checks.python_version().health is Health.GOOD


def test_an_old_python_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.version_info", (3, 9, 2))

    assert first_checks.python_version() == Finding("python", Health.BAD, "3.9.2; install 3.11 or newer")


def test_a_state_folder_that_can_be_written(tmp_path: Path) -> None:
    assert first_checks.state_folder(tmp_path) == Finding("state", Health.GOOD, str(tmp_path))


def test_a_state_folder_that_will_be_made(tmp_path: Path) -> None:
    found = first_checks.state_folder(tmp_path / "a" / "b")

    assert found == Finding("state", Health.GOOD, f"{tmp_path}/a/b (will be made)")
    assert list(tmp_path.iterdir()) == []


def test_a_state_folder_that_cannot_be_written() -> None:
    found = first_checks.state_folder(Path("/proc/arret"))

    assert found.health is Health.BAD
    assert found.what.startswith("/proc cannot be written: ")


def test_listen_addresses(taken: Endpoint, free: Endpoint) -> None:
    of_taken, of_free = first_checks.listen_addresses([taken, free], ours=False)

    assert of_taken.health is Health.BAD
    assert of_taken.what.startswith(f"{taken} (UDP): ")
    assert of_free == Finding("listen", Health.GOOD, f"{free}: free, UDP and TCP")


def test_addresses_of_the_running_server_are_ours(taken: Endpoint) -> None:
    assert [found.health for found in first_checks.listen_addresses([taken], ours=True)] == [Health.GOOD]
    assert first_checks.metrics_address(taken, ours=True).health is Health.GOOD


def test_the_metrics_address(taken: Endpoint, free: Endpoint) -> None:
    assert first_checks.metrics_address(taken, ours=False).health is Health.BAD
    assert first_checks.metrics_address(free, ours=False).health is Health.GOOD
    assert first_checks.metrics_address(None, ours=False).health is Health.DOUBTFUL


def test_only_families_that_are_spoken_of_are_tried() -> None:
    found = list(first_checks.address_families([Endpoint("192.0.2.1", 53)]))

    assert found == [Finding("families", Health.GOOD, "IPv4")]


@pytest.mark.parametrize(
    ("limit", "health", "told"),
    [
        (1_000_000, Health.GOOD, "1024 sockets in each worker for each upstream, of which there are 2"),
        (2_000, Health.DOUBTFUL, "set LimitNOFILE=4864 or ulimit -n 4864"),
        (500, Health.BAD, "less than limits.tcp_connections"),
        (resource.RLIM_INFINITY, Health.GOOD, "no limit"),
    ],
)
def test_open_files(monkeypatch: pytest.MonkeyPatch, limit: int, health: Health, told: str) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (limit, limit))

    found = first_checks.open_files(upstreams=2, tcp_connections=1_000)

    assert found.health is health
    assert told in found.what


def test_upstreams_are_asked() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        upstream = Upstream("udp", Endpoint("127.0.0.1", silent.getsockname()[1]))

        [found] = first_checks.upstream_answers([("corp.example", upstream)], patience=0.2)

        asked = dns.message.from_wire(silent.recv(4_096))
    assert found.health is Health.BAD
    assert found.what == f"{upstream}: no answer in 0.2 s; check the address and firewalls"
    assert asked.question[0].to_text() == "corp.example. IN SOA"


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_nobody_behind_an_upstream(free: Endpoint, protocol: str) -> None:
    upstream = Upstream(protocol, free)

    [found] = first_checks.upstream_answers([(".", upstream)], patience=10.0)

    what = f"{upstream}: refused, nothing listens there; start it or correct the address"
    assert found == Finding("upstreams", Health.BAD, what)


def test_a_clock_behind_the_order_files_is_a_problem() -> None:
    assert first_checks.clock(wall=1_000_000.0, newest_file=1_200_000.0).health is Health.BAD
    assert first_checks.clock(wall=1_200_000.0, newest_file=1_200_000.0).health is not Health.BAD


def test_the_newest_order_file(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").touch()

    assert first_checks.newest_file([tmp_path]) == (tmp_path / "one.yaml").stat().st_mtime
    assert first_checks.newest_file([tmp_path / "none"]) == 0.0


@pytest.mark.parametrize(
    ("why_not", "health", "told"),
    [
        (None, Health.GOOD, "batches of up to 64 datagrams; 3 workers on "),
        ("no recvmmsg", Health.DOUBTFUL, "one system call for each datagram: no recvmmsg; 3 workers on "),
    ],
)
def test_the_udp_lane_is_told(monkeypatch: pytest.MonkeyPatch, why_not: str | None, health: Health, told: str) -> None:
    monkeypatch.setattr(first_checks, "unsupported", lambda: why_not)

    found = first_checks.udp_lane(3)

    assert found.health is health
    assert found.what.startswith(told)
