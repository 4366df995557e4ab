"""An order is asked for and written so that it is accepted, and what was to be delisted is written out."""

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import Result

from tests.desk import Desk

OPTIONS = {
    "--order": "tj-26-01234",
    "--authority": "Tribunal judiciaire d'Exemple",
    "--case-number": "RG 26/01234",
    "--decided": "2026-09-15",
    "--period": "12 months from implementation",
    "--name": "pirate.example",
}
BUCHER = "xn--bcher-kva.example"
DELISTING = """\
order: ta-1
authority: Tribunal judiciaire de Paris
case_number: RG 26/00001
decided: 2026-01-02
measures:
  - id: block
    kind: dns-block
    addressees: [Free]
    period: {until: 2100-01-01}
    names: [pirate.example]
  - id: delist
    kind: delist
    addressees:
      - {name: "=Search", served: 2026-01-05}
      - Other Search
    period: {lasts: 12 months, from: service, at_most: 2026-06-30}
    names: [pirate.example, bücher.example]
  - id: later
    kind: delist
    addressees: [Other Search]
    period: {until: 2099-12-31}
    names: [later.example]
history:
  - {date: 2026-01-03, event: implemented, measure: block}
  - {date: 2026-02-01, event: suspended, measure: later}
"""


class Writing(Desk):
    """A desk where orders are written by their options."""

    def new(self, *arguments: str, **changed: str) -> Result:
        """Make an order by options alone."""
        options = OPTIONS | {f"--{key.replace('_', '-')}": value for key, value in changed.items()}
        return self.run("new", *(word for pair in options.items() for word in pair), *arguments)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Writing:
    monkeypatch.chdir(tmp_path)
    return Writing(tmp_path)


def test_what_is_asked_becomes_an_order_that_is_accepted(desk: Writing) -> None:
    typed = (
        "tj-1\nTribunal: judiciaire\nRG 26/1 # x\nyesterday\n2026-09-15\n"
        "for ever\nuntil 2099-05-30\npirate.example, bücher.example\n"
    )
    result = desk.run("new", typed=typed)

    assert result.exit_code == 0, result.output
    assert "is no period" in result.output
    assert (desk.orders / "tj-1.yaml").read_text() == (
        'order: tj-1\nauthority: "Tribunal: judiciaire"\ncase_number: "RG 26/1 # x"\ndecided: 2026-09-15\n'
        "measures:\n  - kind: dns-block\n    addressees: [Free]\n    period: {until: 2099-05-30}\n"
        '    names:\n      - pirate.example\n      - "bücher.example"\n'
    )
    assert desk.run("check").exit_code == 0


@pytest.mark.parametrize(
    ("period", "written"),
    [
        ("12 months from implementation", '{lasts: "12 months", from: implementation}'),
        ("P6M from 2026-10-01", "{lasts: P6M, from: 2026-10-01}"),
        ("until 2099-01-01", "{until: 2099-01-01}"),
        ("unlimited, review by 2027-01-31", "{unlimited: true, review_by: 2027-01-31}"),
    ],
)
def test_every_answer_can_be_an_option(desk: Writing, period: str, written: str) -> None:
    result = desk.new("--name", "second.example", "--action", "nodata", "--scope", "exact", period=period)

    assert result.exit_code == 0, result.output
    assert f"    period: {written}\n" in (desk.orders / "tj-26-01234.yaml").read_text()
    assert "tj-26-01234/dns-block: 2 rules" in desk.run("check").stdout


def test_without_writing_it_is_printed(desk: Writing) -> None:
    assert desk.new("--dry-run").stdout.startswith("order: tj-26-01234\n")
    assert json.loads(desk.new("--dry-run", "--json").stdout)["written"] is False
    assert list(desk.orders.iterdir()) == []


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        pytest.param({"order": "TJ 1"}, "order", id="no-id"),
        pytest.param({"order": "../x"}, "order", id="a-path"),
        pytest.param({"name": "https://pirate.example/x"}, "is a URL", id="a-url"),
        pytest.param({"name": "github.io"}, "allow_protected", id="protected"),
        pytest.param({"decided": "2026-02-30"}, "Invalid value for '--decided'", id="no-day"),
        pytest.param({"period": "2 moons from decision"}, "is no duration", id="no-duration"),
        pytest.param({"addressee": "Orange"}, "binds none of us", id="not-ours"),
    ],
)
def test_what_would_not_be_accepted_is_not_written(desk: Writing, changed: dict[str, str], complaint: str) -> None:
    result = desk.new(**changed)

    assert result.exit_code != 0
    assert complaint in result.output
    assert list(desk.orders.iterdir()) == []


def test_an_order_that_binds_others_alone_is_written_with_its_reason(desk: Writing) -> None:
    done = desk.new("--not-ours", "kept for the record", addressee="Orange")
    assert done.exit_code == 0, done.output
    (file,) = desk.orders.iterdir()
    assert 'not_ours: "kept for the record"' in file.read_text()
    assert desk.run("check").exit_code == 0


def test_not_ours_takes_whom_it_binds(desk: Writing) -> None:
    words = [word for key, value in OPTIONS.items() if key != "--addressee" for word in (key, value)]
    assert "say whom, with --addressee" in desk.run("new", *words, "--not-ours", "x").stderr


def test_an_id_is_used_once(desk: Writing) -> None:
    assert desk.new().exit_code == 0
    assert "is there already" in desk.new().output


def test_what_was_to_be_delisted_as_csv(desk: Writing) -> None:
    (desk.orders / "ta-1.yaml").write_text(DELISTING)
    rows = list(csv.DictReader(io.StringIO(desk.run("export", "delisting").stdout)))

    told = [(row["measure"], row["addressee"], row["name"], row["state"], row["since"], row["until"]) for row in rows]
    assert {row["name"]: row["name_in_unicode"] for row in rows if row["name_in_unicode"]} == {BUCHER: "bücher.example"}
    served, half_a_year = "2026-01-04T23:00:00Z", "2026-06-30T22:00:00Z"
    unknown = "no date of implementation or service recorded"
    assert told == [
        ("delist", "'=Search", "pirate.example", "over", served, half_a_year),
        ("delist", "'=Search", BUCHER, "over", served, half_a_year),
        ("delist", "Other Search", "pirate.example", unknown, "", ""),
        ("delist", "Other Search", BUCHER, unknown, "", ""),
        ("later", "Other Search", "later.example", "suspended", "2026-01-01T23:00:00Z", "2026-01-31T23:00:00Z"),
    ]


def test_one_order_for_scripts(desk: Writing) -> None:
    (desk.orders / "ta-1.yaml").write_text(DELISTING)
    rows = json.loads(desk.run("export", "delisting", "ta-1", "--json").stdout)["delisting"]

    assert len(rows) == 5
    assert rows[0]["served"] == "2026-01-05"
    assert rows[0]["addressee"] == "=Search"
    assert "no order 'ta-9'" in desk.run("export", "delisting", "ta-9").output
