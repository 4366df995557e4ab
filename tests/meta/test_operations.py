"""docs/operations.md, docs/alerts.yaml, the systemd unit and the container speak of what exists."""

import ast
import configparser
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from resolver.ops.config import NEEDS_RESTART, Config, load_config
from tests.meta.documents import ROOT, code_blocks, parse_command
from tests.meta.test_documented_metrics import existing

PAGE: Final = ROOT / "docs" / "operations.md"
ALERTS: Final = ROOT / "docs" / "alerts.yaml"
UNIT: Final = ROOT / "packaging" / "arret.service"
OPTIONS_THAT_REPEAT: Final = {"systemcallfilter"}


def rules() -> list[dict[str, Any]]:
    """Read the alerting rules."""
    (group,) = yaml.safe_load(ALERTS.read_text())["groups"]
    return list(group["rules"])


def unit() -> configparser.ConfigParser:
    """Read the systemd unit."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read_string(UNIT.read_text())
    return parser


def logged_events() -> Iterator[str]:
    """Yield every text that is given to the log as an event."""
    for path in (ROOT / "resolver").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "log_event":
                event = node.args[1]
                either = (event.body, event.orelse) if isinstance(event, ast.IfExp) else (event,)
                yield from (str(each.value) for each in either if isinstance(each, ast.Constant))


def test_the_example_configuration_is_sound(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(code_blocks(PAGE, "yaml")[0])

    config = load_config(file)
    assert isinstance(config, Config), config
    assert config.rehearse is None


def test_it_names_the_keys_that_need_a_restart() -> None:
    (line,) = re.findall(r"^- \*\*A key that needs a restart\*\*.*$", PAGE.read_text(), re.MULTILINE)

    assert set(re.findall(r"`(\w+)`", line)) == set(NEEDS_RESTART)


def test_it_explains_every_event_of_the_log_and_no_other() -> None:
    table = PAGE.read_text().partition("## The log")[2].partition("## ")[0]
    rows = re.findall(r"^\| (`.*`) \| (?:info|warning|error) \|", table, re.MULTILINE)

    assert {event for row in rows for event in re.findall(r"`([^`]+)`", row)} == set(logged_events())


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_an_alert_speaks_of_metrics_and_labels_that_exist(rule: dict[str, Any]) -> None:
    families = {metric.name: metric.labels for metric in existing()}
    named = re.findall(r"\b(arret_\w+)(?:\{(\w+)=)?", rule["expr"])

    assert named or rule["expr"].startswith('up{job="arret"}')
    assert all(name in families and (not label or label in families[name]) for name, label in named)
    assert {"alert", "expr", "labels", "annotations"} <= set(rule)


def test_every_metric_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`(arret_\w+)`", PAGE.read_text()))

    assert named
    assert named <= {metric.name for metric in existing()}


def test_no_alert_comes_twice() -> None:
    names = [rule["alert"] for rule in rules()]

    assert len(names) == len(set(names))


def test_the_service_runs_a_command_that_exists() -> None:
    parse_command(unit()["Service"]["ExecStart"].split())


def test_the_service_is_the_one_the_page_describes() -> None:
    service = unit()["Service"]

    assert (service["Type"], service["Restart"]) == ("notify", "on-failure")
    assert service["AmbientCapabilities"] == service["CapabilityBoundingSet"] == "CAP_NET_BIND_SERVICE"
    assert {"watchdogsec", "nonewprivileges", "protectsystem", "systemcallfilter"} <= set(service)


def test_the_service_exposes_little() -> None:
    """systemd's own rating, from 0 for nothing to 10 for everything; the threshold is in tenths."""
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", UNIT],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip  # one breath
    assert "Overall exposure level" in rated.stdout, rated.stderr
    assert rated.returncode == 0, rated.stdout


def test_no_option_of_the_service_is_given_twice() -> None:
    options = [option.lower() for option in re.findall(r"^(\w+)=", UNIT.read_text(), re.MULTILINE)]

    assert {option for option in options if options.count(option) > 1} <= OPTIONS_THAT_REPEAT


def test_the_container_runs_commands_that_exist() -> None:
    text = (ROOT / "Dockerfile").read_text()
    words = {name: json.loads(found) for name, found in re.findall(r"^(ENTRYPOINT|CMD) (\[.*\])$", text, re.MULTILINE)}
    (health,) = re.findall(r"^HEALTHCHECK .*CMD (\[.*\])$", text, re.MULTILINE)

    parse_command(words["ENTRYPOINT"] + words["CMD"])
    parse_command(json.loads(health))
