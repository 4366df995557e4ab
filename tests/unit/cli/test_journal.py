"""The journal is listed, verified, exported and pruned from the command line, also while no server runs."""

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from resolver.cli.command_line import command_line
from resolver.proof.chain import Facts, Kind
from resolver.proof.journal import JOURNAL_FILE, Journal
from tests.meta.documents import ROOT, code_blocks

ENTRIES: list[Facts] = [
    {"kind": "started", "time": "2026-01-01T10:00:00.000000Z", "who": {"by": "the server"}, "version": "0.1.0"},
    {
        "kind": "order",
        "time": "2026-01-01T10:00:01.000000Z",
        "who": [{"by": "the server"}],
        "order": "old",
        "ends": 9.0,
        "kept": True,
    },
    {"kind": "lifted", "time": "2026-02-01T10:00:00.000000Z", "who": {"user": "clerk", "uid": 7}, "order": "new"},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration whose journal holds three entries."""
    state = tmp_path / "state"
    state.mkdir()
    journal = Journal(state)
    journal.append(ENTRIES)
    journal.close()
    (tmp_path / "orders").mkdir()
    (tmp_path / "config.yaml").write_text(
        "operator: {name: Free}\norders: orders\nstate: state\njournal: {retention: 30d}\n"
    )
    return tmp_path


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command_line, ["journal", *arguments, "--config", str(folder / "config.yaml")])


def listed(result: Result) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def test_it_is_listed(folder: Path) -> None:
    shown = run(folder).stdout

    assert "1  2026-01-01T10:00:00Z  started, by the server; version 0.1.0" in shown
    assert "2  2026-01-01T10:00:01Z  order old, by the server; ends 1970-01-01T00:00:09Z, kept\n" in shown
    assert "3  2026-02-01T10:00:00Z  lifted new, by clerk;" in shown


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ([], [1, 2, 3]),
        (["--order", "new"], [3]),
        (["--since", "2026-01-15"], [3]),
        (["--until", "2026-01-15"], [1, 2]),
        (["--since", "2026-01-01T10:00:01Z", "--until", "2026-02-01T10:00:00Z"], [2]),
    ],
)
def test_it_is_searched(folder: Path, filters: list[str], numbers: list[int]) -> None:
    assert [entry["number"] for entry in listed(run(folder, "--json", *filters))] == numbers


def test_it_is_exported_as_json_lines(folder: Path) -> None:
    lines = [json.loads(line) for line in run(folder, "export").stdout.splitlines()]

    assert [{key: line[key] for key in entry} for line, entry in zip(lines, ENTRIES, strict=True)] == ENTRIES
    assert [line["number"] for line in lines] == [1, 2, 3]


def test_it_is_verified(folder: Path) -> None:
    head = listed(run(folder, "--json"))[1]["hash"]

    sound = run(folder, "verify")
    noted, lost = (run(folder, "verify", "--head", each) for each in (head[:12], "a" * 64))

    assert (sound.exit_code, noted.exit_code, lost.exit_code) == (0, 0, 1)
    assert "unaltered: 3 entries" in sound.stdout
    assert "that of entry 2" in noted.stdout
    assert "ALTERED" in lost.stdout
    assert run(folder, "verify", "--head", "abc").exit_code == 2


def test_an_edit_ends_with_one(folder: Path) -> None:
    with sqlite3.connect(folder / "state" / JOURNAL_FILE) as forger:
        forger.execute("DROP TRIGGER refuse_update")
        forger.execute("UPDATE entry SET content = replace(content, 'clerk', 'nobody') WHERE number = 3")
    forger.close()

    result = run(folder, "verify", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["problems"] == ["entry 3 was altered: its content does not match its checksum"]


def test_closed_orders_are_pruned_without_a_server(folder: Path) -> None:
    result = run(folder, "prune", "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["entries"] == 1
    assert [entry["kind"] for entry in listed(run(folder, "--json"))] == ["started", None, "lifted", "pruned"]
    assert run(folder, "verify").exit_code == 0
    assert "its content was pruned" in run(folder).stdout


def test_without_a_retention_nothing_is_pruned(folder: Path) -> None:
    config = folder / "config.yaml"
    config.write_text(config.read_text().replace("journal: {retention: 30d}", ""))

    result = run(folder, "prune")

    assert result.exit_code == 1
    assert "journal.retention" in result.stderr


@pytest.mark.parametrize("verb", [[], ["verify"], ["export"]], ids=["list", "verify", "export"])
def test_no_journal_is_one_line(folder: Path, verb: list[str]) -> None:
    (folder / "state" / JOURNAL_FILE).unlink()

    result = run(folder, *verb)

    assert result.exit_code == 1
    assert "there is no journal yet" in result.stderr


def test_the_page_shows_how_to_verify_it_by_other_means(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (script,) = code_blocks(ROOT / "docs" / "journal.md", "python")
    monkeypatch.chdir(folder / "state")

    exec(script, {})

    assert capsys.readouterr().out.strip() == listed(run(folder, "--json"))[-1]["hash"]
    with sqlite3.connect(JOURNAL_FILE) as forger:
        forger.execute("DROP TRIGGER refuse_update")
        forger.execute("UPDATE entry SET hash = digest WHERE number = 2")
    forger.close()
    with pytest.raises(AssertionError):
        exec(script, {})


def test_the_page_names_every_kind() -> None:
    page = (ROOT / "docs" / "journal.md").read_text()
    rows = "".join(re.findall(r"^\| (`.*?) \|", page, re.MULTILINE))

    assert set(re.findall(r"`([a-z-]+)`", rows)) == {kind.value for kind in Kind}
