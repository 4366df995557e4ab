"""The server lives as operators need it to: it starts, changes, loses parts of itself, ends, and is never wrong."""

import os
import queue
import select
import signal
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import pytest

from resolver.ops.control import call
from resolver.ops.widening import KEYS
from resolver.proof.chain import Kind
from resolver.proof.journal import Journal
from tests.integration.running_server import CONFIG, PATIENCE, SERVE, RunningServer, end, ends_in_time, running

BROKEN_ORDER = "order: broken\nauthority: Somebody\n"


def metric(server: RunningServer, name: str) -> float:
    """Scrape a metric, and add up its series."""
    with urllib.request.urlopen(f"http://{server.status()['metrics']}/metrics", timeout=PATIENCE) as answer:
        lines = answer.read().decode().splitlines()
    series = [float(line.split()[-1]) for line in lines if line.startswith((f"{name} ", f"{name}{{"))]
    assert series, f"there is no metric {name}"
    return sum(series)


def wait_for_the_end(pids: list[int]) -> None:
    """Wait until none of these processes runs; they are not children of this one."""
    for pid in pids:
        try:
            watch = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        assert select.select([watch], [], [], PATIENCE)[0], f"process {pid} is still there"
        os.close(watch)


@contextmanager
def asking(server: RunningServer, name: str) -> Iterator[list[str]]:
    """Ask for a name's address without a pause, in a thread; the list holds every answer, or ``lost``."""
    host, _, port = server.status()["listen"][0].rpartition(":")
    answers: list[str] = []
    enough = threading.Event()

    def ask() -> None:
        while not enough.is_set():
            query = dns.message.make_query(name, "A")
            try:
                answer = dns.query.udp(query, host, port=int(port), timeout=PATIENCE).answer
                answers.append(str(answer[0][0]) if answer else "empty")
            except dns.exception.Timeout:
                answers.append("lost")

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answers
    finally:
        enough.set()
        thread.join()


class TestStart:
    def test_a_listed_name_is_blocked_over_every_transport(self, tmp_path: Path) -> None:
        with running(tmp_path, one="listed.example") as server:
            assert server.blocked("listed.example")
            assert "EDE: 16 (Censored)" in server.dig("www.listed.example", "A", ipv6=True)
            assert server.dig("listed.example", "AAAA", "+tcp", "+short").strip() == "2001:db8::80"
            assert server.dig("listed.example", "A", "+tcp", "+short", ipv6=True).strip() == "192.0.2.80"

    def test_without_an_upstream_it_says_so(self, tmp_path: Path) -> None:
        with running(tmp_path, one="listed.example") as server:
            answer = server.dig("other.example")
            assert "status: SERVFAIL" in answer
            assert "EDE: " in answer

    def test_log_and_status_tell_where_and_what(self, tmp_path: Path) -> None:
        with running(tmp_path, one="listed.example") as server:
            told, status = server.wait_for("serving"), server.status()
            assert told["listen"] == status["listen"]
            assert (told["orders"], told["names"], told["rehearsal"]) == (1, 1, None)
            assert told["policy"] == status["policy"]
            assert [worker["digest"] for worker in status["workers"]] == [status["digest"]] * 2
            assert status["reload"]["ok"]
            assert metric(server, "arret_last_reload_success") == 1

    @pytest.mark.parametrize("endpoint", ["127.0.0.1:0", "null"])
    def test_what_writes_metrics_is_loaded_only_for_an_endpoint(self, tmp_path: Path, endpoint: str) -> None:
        config = CONFIG.replace('metrics: {listen: "127.0.0.1:0"}', f"metrics: {{listen: {endpoint}}}")
        tell = "print('loaded' if 'prometheus_client' in sys.modules else 'not loaded', file=sys.stderr)"
        server = RunningServer(tmp_path, config)
        server.order("ta-1", "one.example")
        try:
            server.start(f"import atexit, sys; atexit.register(lambda: {tell}); {SERVE}")
            server.signal(signal.SIGTERM)
            assert server.ended() == 0
            told = server.wait_for("trace")["line"].decode().strip()
        finally:
            end(server)
        assert told == ("not loaded" if endpoint == "null" else "loaded")

    def test_a_rehearsal_sets_the_clock_and_says_so_everywhere(self, tmp_path: Path) -> None:
        with running(tmp_path, CONFIG + "rehearse: 2024-06-01\n", one="listed.example") as server:
            assert server.wait_for("serving")["rehearsal"] == "2024-06-01"
            assert "REHEARSAL" in server.dig("listed.example")
            status = server.status()
            assert status["rehearsal"] == "2024-06-01"
            assert 0 < status["order_clock"] - 1_717_192_800 < 300
            assert metric(server, "arret_rehearsal") == 1

    def test_a_broken_configuration_ends_it_with_every_problem(self, tmp_path: Path) -> None:
        server = RunningServer(tmp_path, CONFIG + "rehearse: never\nblocked: {ttl: 60}\nwrong: 1\n")
        server.launch()
        assert server.ended() == 1
        server.wait_for("configuration refused")
        assert len(server.events) == 3
        assert "config.yaml:10:11:" in server.problems()
        assert "config.yaml:12:1: there is no key 'wrong'" in server.problems()

    def test_a_taken_port_is_one_line_with_its_holder(self, tmp_path: Path) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            server = RunningServer(tmp_path, CONFIG.replace('"127.0.0.1:0", "[::1]:0"', f"127.0.0.1:{port}"))
            server.launch()
            assert server.ended() == 1
        server.wait_for("cannot start")
        (event,) = server.events
        assert f"127.0.0.1:{port} (UDP): taken by" in event["why"]
        assert f"process {os.getpid()}" in event["why"]

    def test_a_second_server_names_the_first(self, tmp_path: Path) -> None:
        with running(tmp_path, one="listed.example") as first:
            second = RunningServer(tmp_path)
            second.launch()
            assert second.ended() == 1
            second.wait_for("cannot start")
            assert f"in use by process {first.status()['pid']};" in second.problems()
            assert first.blocked("listed.example")

    def test_no_usable_order_and_no_last_good_policy_is_the_end(self, tmp_path: Path) -> None:
        server = RunningServer(tmp_path)
        (tmp_path / "orders" / "broken.yaml").write_text(BROKEN_ORDER)
        server.launch()
        assert server.ended() == 1
        server.wait_for("cannot start")
        assert "broken.yaml:1:1" in server.problems()

    def test_a_broken_order_beside_a_good_one_is_said_loudly(self, tmp_path: Path) -> None:
        (tmp_path / "orders").mkdir()
        (tmp_path / "orders" / "broken.yaml").write_text(BROKEN_ORDER)
        with running(tmp_path, good="listed.example") as server:
            assert server.blocked("listed.example")
            assert "broken.yaml:1:1" in server.problems()
            assert metric(server, "arret_last_reload_success") == 0

    def test_orders_that_broke_since_start_from_the_last_good_ones(self, tmp_path: Path) -> None:
        with running(tmp_path, one="listed.example") as server:
            server.signal(signal.SIGTERM)
            assert server.ended() == 0
        (tmp_path / "orders" / "one.yaml").write_text(BROKEN_ORDER.replace("broken", "one"))
        with running(tmp_path) as server:
            assert server.blocked("listed.example")
            assert "one.yaml:1:1" in server.problems()
            assert not server.status()["reload"]["ok"]


class TestReload:
    def test_sighup_binds_a_new_order(self, tmp_path: Path) -> None:
        with running(tmp_path, one="listed.example") as server:
            server.order("two", "second.example")
            server.signal(signal.SIGHUP)
            assert server.wait_for("reload done")["changed"]
            assert server.blocked("second.example")
            assert server.blocked("listed.example")

    def test_nothing_new_changes_nothing(self, tmp_path: Path) -> None:
        with running(tmp_path, one="listed.example") as server:
            pids = server.pids()
            answer = server.reload()
            assert (answer["ok"], answer["changed"]) == (True, False)
            assert server.pids() == pids

    def test_a_refused_order_stays_and_the_others_change(self, tmp_path: Path) -> None:
        with running(tmp_path, one="listed.example", two="second.example") as server:
            broken = tmp_path / "orders" / "one.yaml"
            broken.write_text(broken.read_text().replace("decided", "decidde"))
            server.order("two", "second.example", "third.example")
            answer = server.reload()
            assert (answer["ok"], answer["changed"]) == (False, True)
            assert any("one.yaml:5:1" in problem for problem in answer["problems"])
            assert server.blocked("listed.example")
            assert server.blocked("third.example")
            assert metric(server, "arret_last_reload_success") == 0
            server.order("one", "listed.example")
            assert server.reload()["ok"]
            assert metric(server, "arret_last_reload_success") == 1

    def test_a_broken_configuration_keeps_its_values_and_delays_no_lift(self, tmp_path: Path) -> None:
        with running(tmp_path, one="listed.example") as server:
            server.order("one", "listed.example", history="  - {date: 2024-03-01, event: lifted}")
            (tmp_path / "config.yaml").write_text(CONFIG + "blocked: {ttl: 1}\nlisten_strict: NO\n")
            answer = server.reload()
            assert len(answer["problems"]) == 2
            assert not server.blocked("listed.example")
            assert server.process is not None
            assert server.process.poll() is None

    def test_what_needs_a_restart_stays_and_the_rest_applies(self, tmp_path: Path) -> None:
        with running(tmp_path, one="listed.example") as server:
            wished = CONFIG.replace("workers: 2", "workers: 3").replace("state/", "elsewhere/")
            (tmp_path / "config.yaml").write_text(wished + "blocked: {ttl: 33s}\n")
            answer = server.reload()
            assert [problem.split()[1] for problem in answer["problems"]] == ["state", "workers"]
            assert all("needs a restart" in problem for problem in answer["problems"])
            assert "\t33\tIN\tA" in server.dig("listed.example").replace(" ", "\t").replace("\t\t", "\t")
            assert len(server.pids()) == 2

    def test_every_asker_of_one_moment_is_answered_by_few_reloads(self, tmp_path: Path) -> None:
        with running(tmp_path, one="listed.example") as server:
            server.order("two", "second.example")
            for _ in range(20):
                server.signal(signal.SIGHUP)
            server.reload()
            assert server.blocked("second.example")
            reloads = server.status()["reload"]
            assert reloads["successes"] <= 1 + 3

    def test_a_worker_that_is_stopped_does_not_hold_up_a_change(self, tmp_path: Path) -> None:
        with running(tmp_path, one="listed.example") as server:
            stopped, _ = server.pids()
            os.kill(stopped, signal.SIGSTOP)
            server.order("two", "second.example")
            answer = server.reload()
            assert answer["ok"]
            status = server.wait_until(lambda told: all(worker["in_force"] for worker in told["workers"]))
            assert stopped not in [worker["pid"] for worker in status["workers"]]
            assert server.blocked("second.example")

    def test_a_state_folder_that_cannot_be_written_keeps_what_is_in_force(self, tmp_path: Path) -> None:
        with running(tmp_path, one="listed.example") as server:
            digest = server.status()["digest"]
            (server.state / "current").unlink()
            (server.state / "current").mkdir()
            server.order("two", "second.example")
            answer = server.reload()
            assert not answer["ok"]
            assert "cannot be written" in answer["problems"][0]
            assert {worker["digest"] for worker in server.status()["workers"]} == {digest}
            assert not server.blocked("second.example")

    def test_room_is_held_back_for_a_full_disk(self, tmp_path: Path) -> None:
        with running(tmp_path, one="listed.example") as server:
            (server.state / "reserve").unlink()
            assert server.reload()["ok"]
            assert (server.state / "reserve").is_file()
            (server.state / "reserve").unlink()
            (server.state / "reserve").mkdir()
            answer = server.reload()
            assert answer["ok"]
            assert any("make room" in warning for warning in answer["warnings"])

    def test_the_plan_of_a_reload_is_a_digest(self, tmp_path: Path) -> None:
        with running(tmp_path, one="listed.example") as server:
            server.order("two", "second.example")
            assert "as text" in call(server.state, "reload", plan=3)["why"]
            assert "the files have changed since" in call(server.state, "reload", plan="0" * 16)["why"]
            assert not server.blocked("second.example")
            assert metric(server, "arret_last_reload_success") == 1

    def test_what_was_widened_is_journalled_with_who_said_so(self, tmp_path: Path) -> None:
        with running(tmp_path, one="listed.example") as server:
            entry = dict.fromkeys(KEYS, "x")
            assert call(server.state, "widened", entries=[entry])["ok"]
            for wrong in ([], "x", [{"order": "x"}]):
                assert "not how it is said" in call(server.state, "widened", entries=wrong)["why"]
        journal = Journal(server.state)
        last = journal.last(Kind.WIDENED)
        journal.close()
        assert last is not None
        assert last.facts is not None
        assert last.facts["who"]["uid"] == os.getuid()
        assert last.facts["why"] == "x"

    def test_no_query_is_lost_while_it_changes(self, tmp_path: Path) -> None:
        with running(tmp_path, one="listed.example") as server, asking(server, "listed.example") as answers:
            names: list[str] = []
            for number in range(5):
                names.append(f"second-{number}.example")
                server.order("two", *names)
                assert server.reload()["changed"]
        assert len(answers) > 50
        assert set(answers) == {"192.0.2.80"}


class TestLosses:
    def test_a_killed_worker_is_followed_within_a_second(self, tmp_path: Path) -> None:
        with running(tmp_path, one="listed.example") as server:
            server.order("two", "second.example")
            assert server.reload()["ok"]
            killed, other = server.pids()
            os.kill(killed, signal.SIGKILL)
            server.wait_until(lambda told: told["workers"][0]["restarts"] == 1 and told["workers"][0]["in_force"])
            assert server.pids()[1] == other
            assert server.blocked("second.example")

    def test_its_successor_goes_on_counting(self, tmp_path: Path) -> None:
        with running(tmp_path, CONFIG.replace("workers: 2", "workers: 1"), one="listed.example") as server:
            server.dig("listed.example")
            server.wait_until(lambda _: metric(server, "arret_blocked_total") == 1)  # an answer leaves, then it counts
            os.kill(server.pids()[0], signal.SIGKILL)
            server.wait_until(lambda told: bool(told["workers"][0]["restarts"] and told["workers"][0]["in_force"]))
            server.dig("listed.example")
            server.wait_until(lambda _: metric(server, "arret_blocked_total") == 2)

    def test_a_hung_worker_is_replaced(self, tmp_path: Path) -> None:
        with running(tmp_path, one="listed.example") as server:
            hung, stopped = server.pids()[1], time.monotonic()
            os.kill(hung, signal.SIGSTOP)
            server.wait_for("worker is replaced")
            assert time.monotonic() - stopped > 1.0, "it ticked a moment before, and that was less than two seconds ago"
            server.wait_until(lambda told: told["workers"][1]["restarts"] == 1 and told["workers"][1]["in_force"])
            assert server.blocked("listed.example")

    def test_a_damaged_index_is_found_and_made_anew(self, tmp_path: Path) -> None:
        with running(tmp_path, one="listed.example") as server:
            (index,) = server.state.glob("index-*")
            sound = index.read_bytes()
            damaged = tmp_path / "damaged"
            damaged.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
            damaged.rename(index)  # not in place: the workers have it mapped
            os.kill(server.pids()[0], signal.SIGKILL)
            server.wait_for("the policy is compiled again, for its files are damaged")
            server.wait_until(lambda told: told["workers"][0]["in_force"])
            assert server.blocked("listed.example")
            assert index.read_bytes() == sound

    def test_without_its_supervisor_no_worker_goes_on(self, tmp_path: Path) -> None:
        with running(tmp_path, one="listed.example") as server:
            pids = server.pids()
            server.signal(signal.SIGKILL)
            assert server.ended() == -signal.SIGKILL
            wait_for_the_end(pids)
        with running(tmp_path) as server:
            assert server.blocked("listed.example")


@contextmanager
def listening_manager() -> Iterator[tuple[str, queue.SimpleQueue[str]]]:
    """Play the service manager: the address it listens on, and what it hears.

    A thread empties the socket at once, for its kernel queue holds ten datagrams only: signs of life that wait there
    while a slow reload runs would leave no room for the state that ends it.
    """
    name = f"arret-test-{os.getpid()}"
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name}".encode())

        def listen() -> None:
            while (state := manager.recv(200).decode().split("\n")[0]) != "the test is over":
                told.put(state)

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield f"@{name}", told
        finally:
            manager.sendto(b"the test is over", f"\0{name}".encode())
            thread.join()


def hear(told: queue.SimpleQueue[str], state: str) -> None:
    """Wait for a state, past others; a minute in all, however many signs of life come."""
    deadline = time.monotonic() + PATIENCE
    while told.get(timeout=max(deadline - time.monotonic(), 0.001)) != state:
        pass


class TestServiceManager:
    def test_it_is_told_of_start_reload_and_end(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with listening_manager() as (address, told):
            monkeypatch.setenv("NOTIFY_SOCKET", address)
            monkeypatch.setenv("WATCHDOG_USEC", "200000")
            with running(tmp_path, one="listed.example") as server:
                hear(told, "READY=1")
                hear(told, "WATCHDOG=1")
                server.reload()
                hear(told, "RELOADING=1")
                hear(told, "READY=1")
                server.signal(signal.SIGTERM)
                hear(told, "STOPPING=1")
                assert server.ended() == 0


class TestEnd:
    def test_a_log_that_nobody_reads_is_no_trouble(self, tmp_path: Path) -> None:
        server = RunningServer(tmp_path)
        server.order("one", "listed.example")
        reader, writer = os.pipe()
        os.close(reader)
        server.launch(log=writer)
        os.close(writer)
        try:
            server.wait_until(lambda told: bool(told["workers"]) and told["log_lines_dropped"] > 0)
            assert server.blocked("listed.example")
            server.signal(signal.SIGTERM)
            assert server.ended() == 0
        finally:
            end(server)

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_it_ends_in_two_seconds_with_status_0(self, tmp_path: Path, number: signal.Signals) -> None:
        def seconds_to_the_end() -> float:
            with running(tmp_path, one="listed.example") as server:
                pids = server.pids()
                told = time.monotonic()
                server.signal(number)
                assert server.ended() == 0
                took = time.monotonic() - told
                wait_for_the_end(pids)
                assert not (server.state / "control.sock").exists()
                return took

        assert ends_in_time(seconds_to_the_end)
