"""``arret check``, ``explain`` and ``orders`` on files alone: no server runs, and nothing is written."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from resolver.ops import config
from tests.desk import CONFIG, Desk

ORDER = """\
order: ta-1
authority: Tribunal judiciaire de Paris
case_number: RG 26/00001
decided: 2026-01-02
measures:
  - id: block
    kind: dns-block
    addressees: [Free]
    period: {until: 2100-01-01}
    names:
      - pirate.example
      - bücher.example
history:
  - {date: 2026-01-03, event: implemented, measure: block}
"""


class OneOrder(Desk):
    """A desk with one order."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, **{"ta-1": ORDER})
        self.order = self.orders / "ta-1.yaml"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OneOrder:
    monkeypatch.chdir(tmp_path)
    return OneOrder(tmp_path)


def test_what_is_sound_ends_with_zero_and_a_summary(desk: OneOrder) -> None:
    result = desk.run("check")

    assert result.exit_code == 0, result.output
    assert "ta-1/block: 2 rules, in force since 2026-01-03 00:00 CET, until 2100-01-02 00:00 CET" in result.stdout
    assert "1 order, 2 names; 1 measure in force at " in result.stdout


def test_checking_writes_nothing(desk: OneOrder) -> None:
    before = sorted(desk.config.parent.rglob("*"))
    desk.run("check")
    desk.run("explain", "pirate.example")
    desk.run("orders")

    assert sorted(desk.config.parent.rglob("*")) == before


def test_every_problem_of_every_order_is_told_with_its_place(desk: OneOrder) -> None:
    desk.order.write_text(ORDER.replace("2026-01-02", "soon").replace("kind: dns-block", "kind: dns-blok"))
    (desk.order.parent / "other.yaml").write_text("order: ta-2\n")

    result = desk.run("check")

    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert any(line.startswith("orders/ta-1.yaml:4:10: ") for line in lines)
    assert any(line.startswith("orders/ta-1.yaml:7:11: ") for line in lines)
    assert any(line.startswith("orders/other.yaml:1:") for line in lines)
    assert "problems" in result.stderr


ALL_AT_ONCE = {
    "a URL beside a protected name": (
        {"pirate.example": "https://x.example/y", "bücher.example": "google.fr"},
        {"11:9: 'https://x.example/y' is a URL", "12:9: 'google.fr' is protected"},
    ),
    "a URL in somebody else's order": (
        {"[Free]": "[Orange]", "pirate.example": "https://x.example/y"},
        {"11:9: 'https://x.example/y' is a URL", "1:8: binds none of us"},
    ),
    "an unknown key, a wrong word and a missing period beside a protected name and no name": (
        {
            "decided:": "decidet:",
            "    period: {until: 2100-01-01}\n": "",
            "pirate.example": "google.fr",
            "bücher.example": "192.0.2.1",
        },
        {
            "4:1: unknown key `decidet`",
            "1:1: `decided` is missing",
            "6:5: `period` is missing",
            "10:9: 'google.fr' is protected",
            "11:9: '192.0.2.1' is an IP address",
        },
    ),
    "a name without a name, whoever is addressed": (
        {"[Free]": "[[Orange]]", "pirate.example": "{nam: x.example}", "bücher.example": "fr"},
        {
            "8:18: ",
            "11:9: `name` is missing",
            "11:10: unknown key `nam`",
            "12:9: 'fr' is a top-level domain",
        },
    ),
    "an event that is none, and names that are allowed": (
        {
            "event: implemented": "event: implementet",
            "pirate.example": "google.fr",
            "bücher.example": "ovh.com",
            "history:": "allow_protected: [{name: google.fr, why: asked}]\nhistory:",
        },
        {"12:9: 'ovh.com' is protected", "15:31: `event`: 'implementet' is not one of"},
    ),
    "a misspelt kind, and names that nothing may block": (
        {"kind: dns-block": "kind: dns-blok", "pirate.example": "com", "bücher.example": "co.uk"},
        {"7:11: ", "11:9: 'com' is a top-level domain", "12:9: 'co.uk' is a public suffix"},
    ),
    "no kind": (
        {"    kind: dns-block\n": "", "pirate.example": "com", "bücher.example": "ovh.com"},
        {"6:5: `kind` is missing", "10:9: 'com' is a top-level domain", "11:9: 'ovh.com' is protected"},
    ),
    "a misspelt kind that nothing is guarded from": (
        {"kind: dns-block": "kind: deliste", "pirate.example": "com"},
        {"7:11: "},
    ),
    "names allowed in a way that is none, and names that nothing may block": (
        {
            "pirate.example": "com",
            "bücher.example": "google.fr",
            "history:": "allow_protected: [google.fr, com, not listed]\nhistory:",
        },
        {"11:9: 'com' is a top-level domain", "13:19: ", "13:30: ", "13:35: "},
    ),
}


@pytest.mark.parametrize(("changes", "said"), ALL_AT_ONCE.values(), ids=ALL_AT_ONCE.keys())
def test_all_that_is_wrong_with_one_order_is_told_at_once(
    desk: OneOrder, changes: dict[str, str], said: set[str]
) -> None:
    text = ORDER
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    desk.order.write_text(text)

    result = desk.run("check")

    assert result.exit_code == 1
    lines = [line for line in result.stdout.splitlines() if line.startswith("orders/")]
    told = {one for one in said if any(line.startswith(f"orders/ta-1.yaml:{one}") for line in lines)}
    assert told == said, result.output
    assert len(lines) == len(said), result.output


def test_every_problem_of_the_configuration_is_told(desk: OneOrder) -> None:
    desk.config.write_text(CONFIG.replace("notice:", "notize:").replace("127.0.0.1:5300", "localhost"))

    result = desk.run("check")

    assert result.exit_code == 1
    assert "config.yaml:2:10: " in result.stdout
    assert "config.yaml:5:1: there is no key 'notize'; did you mean 'notice'?" in result.stdout
    assert result.stderr == "2 problems\n"


def test_a_broken_configuration_hides_no_problem_of_the_orders(desk: OneOrder) -> None:
    desk.config.write_text("operator: {}\norders: [orders, orders/]\nwrong: 1\n")
    desk.order.write_text(ORDER.replace("2026-01-02", "soon"))

    result = desk.run("check")

    assert result.exit_code == 1
    starts = [":".join(line.split(":")[:3]) for line in result.stdout.splitlines()]
    assert starts == ["config.yaml:1:11", "config.yaml:2:18", "config.yaml:3:1", "orders/ta-1.yaml:4:10"]
    assert [each["line"] for each in json.loads(desk.run("check", "--json").stdout)["problems"]] == [1, 2, 3, 4]


@pytest.mark.parametrize("orders", ["{a: b}", "[", '""'], ids=["no list", "no YAML", "empty"])
def test_where_no_folder_can_be_told_only_the_configuration_is_wrong(desk: OneOrder, orders: str) -> None:
    desk.config.write_text(f"operator: {{name: Free}}\norders: {orders}\n")
    desk.order.write_text("")

    result = desk.run("check")

    assert result.exit_code == 1
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == ["config.yaml"]


def test_problems_for_scripts(desk: OneOrder) -> None:
    desk.order.write_text(ORDER.replace("2026-01-02", "soon"))

    told = json.loads(desk.run("check", "--json").stdout)

    assert told["ok"] is False
    assert [(problem["line"], problem["column"]) for problem in told["problems"]] == [(4, 10)]
    assert told["problems"][0]["file"] == str(desk.order)
    assert told["would_be_in_force"]["orders"] == 0


def test_a_sound_summary_for_scripts(desk: OneOrder) -> None:
    told = json.loads(desk.run("check", "--json").stdout)

    assert told["ok"] is True
    assert told["would_be_in_force"]["rules_in_force"] == 2
    assert told["would_be_in_force"]["rehearsal"] is False
    assert told["would_be_in_force"]["measures"][0]["state"] == "in force"


def test_a_broken_configuration_for_scripts(desk: OneOrder) -> None:
    desk.config.write_text("operator: {}\n")

    told = json.loads(desk.run("check", "--json").stdout)

    assert told["ok"] is False
    assert told["would_be_in_force"] is None


def test_a_warning_alone_is_no_problem(desk: OneOrder) -> None:
    never_implemented = ORDER.partition("history:")[0].replace(
        "{until: 2100-01-01}", "{lasts: 1 year, from: implementation}"
    )
    desk.order.write_text(never_implemented)

    result = desk.run("check")

    assert result.exit_code == 0
    assert "orders/ta-1.yaml:" in result.stdout
    assert ": warning: " in result.stdout


@pytest.mark.parametrize("typed", ["pirate.example", "PIRATE.example.", "www.pirate.example"])
def test_explain_names_the_order(desk: OneOrder, typed: str) -> None:
    result = desk.run("explain", typed)

    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == f"{typed.lower().rstrip('.')}: blocked"
    assert lines[1].endswith("by the order files, since no server could be asked")
    for told in (
        "Order ta-1, measure block: in force · decides",
        "  authority    Tribunal judiciaire de Paris",
        "  case number  RG 26/00001",
        "  decided      2026-01-02",
        "  listed       pirate.example, with all below it",
        "  file         orders/ta-1.yaml:11",
        "  time         in force since 2026-01-03 00:00 CET, until 2100-01-02 00:00 CET",
    ):
        assert told in lines
    assert lines[-1].startswith("Subscribers get: redirect, TTL 60 s, and the text: Bloqué sur décision : Tribunal")


@pytest.mark.parametrize("typed", ["bücher.example", "BÜCHER.example", "xn--bcher-kva.example"])
def test_explain_takes_both_spellings(desk: OneOrder, typed: str) -> None:
    assert desk.run("explain", typed).stdout.startswith("xn--bcher-kva.example (bücher.example): blocked\n")


@pytest.mark.parametrize(
    ("at", "line"),
    [
        ("2026-01-02", "measure block: not yet in force"),
        ("2026-01-03", "measure block: in force · decides"),
        ("2100-01-01T23:59", "measure block: in force · decides"),
        ("2100-01-02", "measure block: over"),
    ],
)
def test_explain_at_an_instant(desk: OneOrder, at: str, line: str) -> None:
    assert line in desk.run("explain", "pirate.example", "--at", at).stdout


def test_explain_says_since_when_an_order_is_over(desk: OneOrder) -> None:
    lines = desk.run("explain", "pirate.example", "--at", "2101-01-01").stdout.splitlines()

    assert lines[0] == "pirate.example: not blocked, order ta-1 is over since 2100-01-02 00:00 CET"
    assert lines[-1] == (
        "Subscribers get what the upstreams answer; `arret query pirate.example` tells whether an alias is blocked."
    )


def test_explain_what_nobody_lists(desk: OneOrder) -> None:
    lines = desk.run("explain", "pirat.example").stdout.splitlines()

    assert lines[0] == "pirat.example: not blocked"
    assert "  no order lists it" in lines
    assert "  the nearest listed names: pirate.example" in lines
    assert lines[-1] == (
        "Subscribers get what the upstreams answer; `arret query pirat.example` tells whether an alias is blocked."
    )


def test_explain_a_special_name(desk: OneOrder) -> None:
    lines = desk.run("explain", "printer.home.arpa").stdout.splitlines()
    told = json.loads(desk.run("explain", "printer.home.arpa", "--json").stdout)
    other = json.loads(desk.run("explain", "pirate.example", "--json").stdout)

    assert lines[-1] == "It is a special name: it is answered here, and no upstream is asked."
    assert (told["special"], other["special"]) == (True, False)


def test_explain_for_a_client_that_may_not_ask(desk: OneOrder) -> None:
    stranger = desk.run("explain", "pirate.example", "--client", "198.51.100.7").stdout
    subscriber = desk.run("explain", "pirate.example", "--client", "10.0.0.7").stdout

    assert stranger.startswith("pirate.example: refused, because clients.allow does not hold this client\n")
    assert subscriber.startswith("pirate.example: blocked\n")


def test_explain_for_scripts(desk: OneOrder) -> None:
    told = json.loads(desk.run("explain", "pirate.example", "--json").stdout)

    assert (told["verdict"], told["source"], told["rehearsal"]) == ("blocked", "files", False)
    assert told["listings"][0]["case_number"] == "RG 26/00001"
    assert len(told["policy"]) == 64


def test_a_rehearsal_is_said_everywhere(desk: OneOrder) -> None:
    desk.config.write_text(CONFIG + "rehearse: 2026-02-01\n")

    assert "REHEARSAL" in desk.run("check").stdout
    assert "REHEARSAL" in desk.run("explain", "pirate.example").stdout
    assert "at 2026-02-01 00:00 CET" in desk.run("explain", "pirate.example").stdout
    assert "REHEARSAL" in desk.run("orders").stdout


def test_orders_is_a_table(desk: OneOrder) -> None:
    header, row, summary = desk.run("orders").stdout.splitlines()

    assert header.split()[:2] == ["order", "authority"]
    assert row.startswith("ta-1 ")
    assert "  2/2  " in row
    assert summary.startswith("1 of 1 blocking measure in force at ")


def test_orders_for_scripts(desk: OneOrder) -> None:
    told = json.loads(desk.run("orders", "--json", "--at", "2100-01-02").stdout)

    [row] = told["orders"]
    assert (row["order"], row["state"], row["names"], row["names_in_force"]) == ("ta-1", "over", 2, 0)


def test_a_refused_order_is_told_while_the_others_are_explained(desk: OneOrder) -> None:
    (desk.order.parent / "broken.yaml").write_text("order: [\n")

    result = desk.run("explain", "pirate.example")

    assert result.exit_code == 0
    assert "broken.yaml:" in result.stderr
    assert result.stdout.startswith("pirate.example: blocked\n")


@pytest.mark.parametrize("verb", [["status"], ["reload"]])
def test_without_a_server_one_line_says_what_to_do(desk: OneOrder, verb: list[str]) -> None:
    result = desk.run(*verb)

    assert result.exit_code == 1
    assert result.stderr == f"Error: no server runs on {desk.config.parent}/state; start it with `arret serve`\n"


def test_serve_tells_a_terminal_every_problem_of_the_configuration(
    desk: OneOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.config.write_text("operator: {}\nworkers: none\n")
    monkeypatch.setattr("resolver.cli.serve.is_watched", lambda: True)

    result = desk.run("serve")

    assert result.exit_code == 1
    assert "config.yaml:1:" in result.stderr
    assert "config.yaml:2:" in result.stderr


@pytest.mark.parametrize(
    ("config", "events"),
    [
        ("operator: {}\nworkers: none\n", [("configuration refused", ":1:11: "), ("configuration refused", ":2:10: ")]),
        (None, [("configuration refused", ":1:1: cannot be read: No such file or directory")]),
    ],
    ids=["two problems", "no file"],
)
def test_serve_logs_every_problem_of_the_configuration(
    desk: OneOrder, config: str | None, events: list[tuple[str, str]]
) -> None:
    desk.config.write_text(config) if config is not None else desk.config.unlink()

    command = [sys.executable, "-m", "resolver", "serve", "-c", str(desk.config)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    ended = subprocess.run(command, check=False, capture_output=True, timeout=60, env=environment)

    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert (ended.returncode, ended.stdout, len(lines)) == (1, b"", len(events))
    for line, (event, problem) in zip(lines, events, strict=True):
        assert (line["level"], line["event"]) == ("error", event)
        assert f"{desk.config}{problem}" in line["problem"]


def test_a_configuration_that_cannot_be_read_is_a_problem_like_others(
    desk: OneOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(path: Path, *_: object) -> None:  # the tests may run as root, who reads everything
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    monkeypatch.setattr(config, "open_regular", unreadable)
    shown = desk.run("check")

    assert shown.exit_code == 1
    assert shown.stdout == "config.yaml:1:1: cannot be read: Permission denied; check the path and its permissions\n"


def test_apply_without_a_server_says_what_a_start_does(desk: OneOrder) -> None:
    result = desk.run("apply")

    assert result.exit_code == 1
    assert "no server runs on" in result.stderr
    assert "refuses what looks like an accident" in result.stderr


def test_plan_without_a_server_or_a_policy(desk: OneOrder) -> None:
    result = desk.run("plan")

    assert result.exit_code == 0
    assert "  ta-1: new, 2 names\n      + 2 names: " in result.stdout
