"""The verbs that speak to a running server, against a real one with real workers; only its upstream is a fake."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import dns.message
import dns.rrset
import pytest
from click.testing import CliRunner, Result

from resolver.cli.command_line import command_line
from tests.integration.running_server import CONFIG, PATIENCE, RunningServer, running
from tests.integration.scripted_server import ScriptedServer


def answer_anything(asked: dns.message.Message) -> bytes:
    """Give every name the same address."""
    response = dns.message.make_response(asked)
    response.answer.append(dns.rrset.from_text(asked.question[0].name, 60, "IN", "A", "203.0.113.1"))
    return response.to_wire()


class Operator:
    """A running server, and the command line over it."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self.config = server.folder / "config.yaml"

    def run(self, *arguments: str) -> Result:
        """Run a verb with this configuration."""
        return CliRunner().invoke(command_line, [*arguments, "--config", str(self.config)])

    def order_file(self, order: str) -> Path:
        """Where the file of an order lies."""
        return self.server.folder / "orders" / f"{order}.yaml"


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    upstream = ScriptedServer()
    upstream.script = answer_anything
    config = CONFIG.replace("upstreams: []", f'upstreams: ["127.0.0.1:{upstream.port}"]').replace(
        "workers: 2", "workers: 1"
    )
    with running(tmp_path_factory.mktemp("server"), config, **{"ta-1": "pirate.example"}) as server:
        yield Operator(server)
    upstream.close()


def test_status(operator: Operator) -> None:
    result = operator.run("status")

    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "1 of 1 worker in force"
    assert any(re.fullmatch(r"  policy +[0-9a-f]{16}, 1 order, 1 name", line) for line in lines)
    assert any(re.fullmatch(r"  worker 0: process \d+, in force, replaced 0 times", line) for line in lines)


def test_status_for_scripts(operator: Operator) -> None:
    told = json.loads(operator.run("status", "--json").stdout)

    assert told["pid"] == operator.server.status()["pid"]
    assert told["reload"]["ok"] is True
    assert [worker["in_force"] for worker in told["workers"]] == [True]


def test_a_listed_name_is_blocked_and_another_is_answered(operator: Operator) -> None:
    blocked, answered = (operator.run("query", name).stdout for name in ("www.pirate.example", "other.example"))

    assert blocked.startswith("www.pirate.example A: blocked because an authority ordered it\n")
    assert "192.0.2.80" in blocked
    assert "EDE 16 Censored: Bloqué sur décision : Tribunal judiciaire de Paris, RG 24/1 (ta-1)" in blocked
    assert answered.startswith("other.example A: answered\n")
    assert "203.0.113.1" in answered


def test_explain_speaks_of_the_running_policy_not_of_the_files(operator: Operator) -> None:
    operator.server.order("ta-2", "not-yet-loaded.example")

    assert "not-yet-loaded.example: not blocked" in operator.run("explain", "not-yet-loaded.example").stdout
    assert "by the policy of the running server" in operator.run("explain", "pirate.example").stdout
    operator.order_file("ta-2").unlink()


def test_reload_binds_a_new_order_and_says_so(operator: Operator) -> None:
    operator.server.order("ta-3", "new.example", "newer.example")

    result = operator.run("reload")

    assert result.exit_code == 0, result.output
    assert result.stdout == "  ta-3: new, 2 names\nreloaded, in force in every worker\n"
    assert "blocked" in operator.run("query", "new.example").stdout
    lifted = "  - {date: 2024-02-02, event: lifted, why: settled}"
    operator.server.order("ta-3", "new.example", "newer.example", history=lifted)
    assert operator.run("reload").stdout.splitlines()[0] == (
        "  ta-3: block: begins or ends at another time, from 2024-02-01 00:00 CET until 2024-02-02 00:00 CET"
    )
    assert operator.run("query", "new.example").stdout.startswith("new.example A: answered")


def test_reload_without_a_change(operator: Operator) -> None:
    result = operator.run("reload")

    assert result.exit_code == 0
    assert result.stdout == "nothing has changed\n"


def test_reload_of_a_broken_order_keeps_its_last_good_version(operator: Operator) -> None:
    path = operator.order_file("ta-1")
    path.write_text(path.read_text().replace("2024-01-10", "soon"))

    result = operator.run("reload")
    status = operator.run("status")
    for_scripts = json.loads(operator.run("reload", "--json").stdout)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"refused: {path}:5:10: ")
    assert "  ta-1: refused, its last good version stays\n" in result.stdout
    assert status.exit_code == 1
    assert "1 problem; last good" in status.stdout
    assert for_scripts["ok"] is False
    assert len(for_scripts["problems"]) == 1
    assert "blocked" in operator.run("query", "pirate.example").stdout
    operator.server.order("ta-1", "pirate.example")
    assert "  ta-1: its own file stands again\n" in operator.run("reload").stdout


def test_an_accident_is_applied_only_by_its_plan(operator: Operator) -> None:
    operator.server.order("ta-5", *(f"many-{number}.example" for number in range(8)))
    assert operator.run("apply").stdout == "  ta-5: new, 8 names\nreloaded, in force in every worker\n"
    operator.server.order("ta-5", "many-0.example")
    refused = operator.run("apply")
    assert refused.exit_code == 1
    assert "confirm it with `arret apply --plan DIGEST`" in refused.stderr

    shown = operator.run("plan")
    plan = json.loads(operator.run("plan", "--json").stdout)

    assert shown.exit_code == 1, shown.output
    assert (plan["ok"], plan["accidents"], plan["confirm"]) == (False, ["ta-5"], f"arret apply --plan {plan['plan']}")
    assert "refused by `arret reload`, SIGHUP and a start: 1 change that looks like an accident; " in shown.stdout
    assert "      - 7 names: many-1.example, many-2.example, many-3.example, many-4.example, many-5.example, and 2" in (
        shown.stdout
    )
    assert "looks like an accident" in shown.stdout
    assert f"arret apply --plan {plan['plan']}\n" in shown.stdout
    assert [(each["order"], each["going"]["names"]) for each in plan["orders"]] == [("ta-5", 7)]
    other = operator.run("apply", "--plan", "0" * 16)
    assert other.exit_code == 1
    assert "the files have changed since" in other.stderr
    assert "blocked" in operator.run("query", "many-7.example").stdout
    applied = operator.run("apply", "--plan", plan["plan"])
    assert applied.exit_code == 0, applied.output
    assert operator.run("query", "many-7.example").stdout.startswith("many-7.example A: answered")
    assert operator.run("plan").stdout.startswith("nothing would change\n")
    operator.server.order("ta-5", "many-0.example", history="  - {date: 2024-02-02, event: lifted}")
    assert operator.run("reload").exit_code == 0
    operator.order_file("ta-5").unlink()
    assert operator.run("reload").exit_code == 0


def test_a_refused_file_is_in_the_plan(operator: Operator) -> None:
    operator.order_file("ta-6").write_text("order: [")

    shown = operator.run("plan")

    assert shown.exit_code == 1
    assert "refused: " in shown.stdout
    assert "ta-6.yaml" in shown.stdout
    operator.order_file("ta-6").unlink()


def test_doctor_finds_its_own_server(operator: Operator) -> None:
    found = json.loads(operator.run("doctor", "--json").stdout)

    by_check = {each["check"]: each for each in found}
    assert by_check["listen"]["what"].endswith(": ours, the server is running")
    assert by_check["server"]["health"] == "ok"
    assert by_check["upstreams"]["health"] == "ok"
    assert by_check["orders"]["health"] == "ok"
    assert {
        "python",
        "configuration",
        "state",
        "families",
        "metrics",
        "open files",
        "clock",
        "udp lane",
    } <= by_check.keys()


def test_metrics_tell_of_the_block(operator: Operator) -> None:
    operator.run("query", "pirate.example")

    metrics = operator.server.status()["metrics"]
    with urlopen(f"http://{metrics}/metrics", timeout=PATIENCE) as page:
        told = page.read().decode()

    found = re.search(r'^arret_blocked_total\{action="redirect",order="ta-1",via="name"\} (\d+)', told, re.MULTILINE)
    assert found is not None
    assert int(found[1]) >= 1
    assert "pirate" not in told
    with urlopen(f"http://{metrics}/ready", timeout=PATIENCE) as page:
        assert page.read() == b"ready\n"


def test_a_second_server_on_the_same_folder_says_who_is_in_the_way(operator: Operator) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "resolver", "serve", "--config", str(operator.config)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )

    assert second.returncode == 1
    assert f"in use by process {operator.server.status()['pid']}" in second.stderr
    assert "Traceback" not in second.stderr
