"""A delivered list comes into an order with every line accounted for, and the rest of the file stays as it was."""

import json
from pathlib import Path

import pytest
from click.testing import Result

from resolver.ops.widening import KEYS
from resolver.proof.chain import Kind
from resolver.proof.journal import Journal
from tests.desk import Desk

ORDER = """\
# kept by the legal desk
order: ta-1   # never changed
authority: Tribunal judiciaire de Paris
case_number: RG 26/00001
decided: 2026-01-02
measures:
  - id: block
    kind: dns-block
    addressees: [Free]   # that is us
    period: {until: 2100-01-01}
    names:
      - pirate.example   # page 2
history:
  - {date: 2026-01-03, event: implemented, measure: block}
"""
LIST = """\
pirate.example
new.example
www.new.example
https://whole.example/
https://part.example/page
203.0.113.7
*.pattern.example
new.example
no name
"""


class Delivery(Desk):
    """A desk with one order, and a list that was delivered to it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, **{"ta-1": ORDER})
        self.order = self.orders / "ta-1.yaml"
        self.list = folder / "list.txt"
        self.list.write_text(LIST)

    def import_(self, *arguments: str, file: Path | None = None) -> Result:
        """Import the list into the order."""
        return self.run("import", str(file or self.list), "--order", "ta-1", *arguments)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Delivery:
    monkeypatch.chdir(tmp_path)
    return Delivery(tmp_path)


def test_every_line_is_accounted_for(desk: Delivery) -> None:
    result = desk.import_()

    assert result.exit_code == 1, "a line was rejected"
    assert "list.txt:1: duplicate: pirate.example: in the measure already" in result.stdout
    assert "list.txt:3: covered: www.new.example: kept, lies below new.example" in result.stdout
    assert "list.txt:5: cannot_enforce: https://part.example/page: url" in result.stdout
    assert "list.txt:8: duplicate: new.example: stands on line 2" in result.stdout
    assert "list.txt:9: rejected: no name: holds a space: one name in each entry" in result.stdout
    assert "(plain, utf-8): 3 kept, 2 duplicate, 1 covered, 3 cannot_enforce, 1 rejected" in result.stdout


def test_the_rest_of_the_file_stays_as_it_was(desk: Delivery) -> None:
    desk.import_()

    written = desk.order.read_text().splitlines()
    assert [line for line in written if line in ORDER.splitlines()] == ORDER.splitlines()
    added = [line.strip() for line in written if line not in ORDER.splitlines()]
    assert added == [
        "- new.example",
        "- www.new.example",
        "- whole.example",
        "cannot_enforce:",
        '- {as_written: "https://part.example/page", why: url}',
        "- {as_written: 203.0.113.7, why: ip}",
        '- {as_written: "*.pattern.example", why: pattern}',
    ]
    assert desk.run("check").exit_code == 0


def test_a_second_time_nothing_is_added(desk: Delivery) -> None:
    desk.import_()
    once = desk.order.read_bytes()
    desk.import_()
    assert desk.order.read_bytes() == once


def test_a_list_of_which_nothing_can_be_taken_is_not_said_to_be_written(desk: Delivery) -> None:
    desk.list.write_text("no name\n")

    done = desk.import_()

    assert done.exit_code == 1
    assert "nothing was written" in done.stdout
    assert desk.order.read_text() == ORDER


def test_a_dry_run_writes_nothing(desk: Delivery) -> None:
    result = desk.import_("--dry-run", "--json")

    assert desk.order.read_text() == ORDER
    told = json.loads(result.stdout)
    assert told["written"] is False
    assert told["counts"] == {"kept": 3, "duplicate": 2, "covered": 1, "cannot_enforce": 3, "rejected": 1}
    assert told["kept"][2] == {"line": 4, "text": "https://whole.example/", "name": "whole.example", "scope": "subtree"}


def test_a_list_of_its_own_carries_whose_it_is(desk: Delivery) -> None:
    desk.import_("--list", "annex-2", "--by", "decision, page 9", "--received", "2026-02-01T10:12")

    assert (
        'lists:\n      - {id: annex-2, by: "decision, page 9", received: "2026-02-01T10:12", '
        "names: [pirate.example, new.example, www.new.example, whole.example]}" in desk.order.read_text()
    )
    assert desk.run("check").exit_code == 0
    again = desk.import_("--list", "annex-2")
    assert again.exit_code == 1
    assert "has a list annex-2 already" in again.output


def test_a_long_list_goes_into_a_file_beside_the_order(desk: Delivery) -> None:
    desk.list.write_text("".join(f"name{number}.example\n" for number in range(60)))
    result = desk.import_("--list", "annex-3")

    assert result.exit_code == 0, result.output
    assert (desk.order.parent / "ta-1-annex-3.txt").read_text().count("\n") == 60
    assert "{id: annex-3, file: ta-1-annex-3.txt, sha256: " in desk.order.read_text()
    assert "1 order, 61 names" in desk.run("check").stdout


def test_what_reaches_less_than_the_measure_says_so(desk: Delivery) -> None:
    desk.list.write_text("||all.example^\n|alone.example^\n")
    desk.import_()

    assert "- all.example\n      - {name: alone.example, scope: exact}\n" in desk.order.read_text()
    assert "adguard" in desk.import_().stdout


def test_to_widen_takes_a_line_a_reason_and_the_journal(desk: Delivery) -> None:
    result = desk.import_("--widen", "5", "--why", "page 12: the whole site")

    assert "4 kept" in result.stdout
    assert (
        '- {name: part.example, note: "widened from https://part.example/page: page 12: the whole site"}'
        in desk.order.read_text()
    )
    journal = Journal(desk.folder / "state")
    try:
        last = journal.last(Kind.WIDENED)
    finally:
        journal.close()
    assert last is not None
    assert last.facts is not None
    assert {key: last.facts[key] for key in KEYS} == {
        "order": "ta-1",
        "measure": "block",
        "file": "list.txt",
        "line": 5,
        "text": "https://part.example/page",
        "name": "part.example",
        "why": "page 12: the whole site",
    }


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        pytest.param(["--widen", "2", "--why", "so"], "--widen: nothing on line 2", id="a-name-is-whole-already"),
        pytest.param(["--widen", "6", "--why", "so"], "--widen: nothing on line 6", id="an-address-has-no-host"),
        pytest.param(["--widen", "5"], "--widen takes --why", id="without-a-reason"),
        pytest.param(["--by", "us"], "give it an id with --list", id="nobody's-list"),
        pytest.param(["--list", "a", "--received", "soon"], "--received", id="no-instant"),
        pytest.param(["--measure", "other"], "Say --measure with one of block", id="no-such-measure"),
        pytest.param(["--order", "ta-9"], "no file of order ta-9", id="no-such-order"),
        pytest.param(["--format", "csv", "--column", "z"], "no column 'z' here", id="no-such-column"),
    ],
)
def test_what_is_refused_writes_nothing(desk: Delivery, arguments: list[str], complaint: str) -> None:
    result = desk.import_(*arguments)

    assert result.exit_code != 0
    assert complaint in result.output
    assert desk.order.read_text() == ORDER


def test_a_file_that_is_not_there_is_said(desk: Delivery) -> None:
    result = desk.import_(file=desk.folder / "gone.txt")
    assert result.exit_code == 1
    assert "gone.txt: cannot be read (No such file or directory)" in result.output


def test_an_order_that_would_no_longer_hold_is_refused(desk: Delivery) -> None:
    desk.order.write_text(ORDER.replace("    names:", "    action: nxdomain\n    names:"))
    desk.list.write_text("|alone.example^\n")
    result = desk.import_()

    assert result.exit_code == 1
    assert "the order cannot be read" in result.output
    assert "alone.example" not in desk.order.read_text()


def test_windows_text_is_read(desk: Delivery) -> None:
    desk.list.write_bytes("domaine;note\r\nbücher.example;été\r\n".encode("cp1252"))
    result = desk.import_()

    assert "(csv, cp1252): 1 kept" in result.stdout
    assert "- xn--bcher-kva.example\n" in desk.order.read_text()


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing but a remark\n"], ids=["empty", "blank", "a remark"])
def test_a_list_without_an_entry_is_refused(desk: Delivery, text: str) -> None:
    desk.list.write_text(text)

    result = desk.import_("--list", "annex-2")

    assert result.exit_code == 1
    assert "list.txt: holds no entry, read as plain" in result.stderr
    assert desk.order.read_text() == ORDER
