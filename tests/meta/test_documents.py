"""What the documents show is so: links lead somewhere, commands parse, README's examples are run."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from resolver.cli.command_line import command_line
from resolver.orders.model import Order
from resolver.orders.parse import parse_order
from tests.integration.running_server import RunningServer, running
from tests.meta.documents import DOCUMENTS, ROOT, code_blocks, commands, parse_command, prose

README: Final = ROOT / "README.md"
LINK: Final = re.compile(r"\[[^\]]*\]\(([^)#\s]*)(?:#([^)\s]+))?\)")


def links() -> Iterator[tuple[str, str, str]]:
    """Yield document, target and heading of every link that stays within the project."""
    for document in DOCUMENTS:
        for target, heading in LINK.findall(prose(document)):
            if not target.startswith(("https:", "http:", "mailto:")):
                yield str(document.relative_to(ROOT)), target, heading


@pytest.mark.parametrize(("document", "target", "heading"), sorted(set(links())))
def test_links_lead_somewhere(document: str, target: str, heading: str) -> None:
    there = (ROOT / document).parent / target if target else ROOT / document

    assert there.exists()
    headings = re.findall(r"^#+ (.*)$", there.read_text(), re.MULTILINE) if heading else [heading]
    assert heading in {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize(
    ("document", "command"),
    sorted({(str(document.relative_to(ROOT)), line) for document in DOCUMENTS for line in commands(document)}),
)
def test_commands_are_understood(document: str, command: str) -> None:
    words = command.replace("-c FILE", "").replace(" SHELL", " bash").replace("[TYPE]", "A").split()
    if len(words) == 2:  # a verb that is spoken of
        assert words[1] in command_line.commands
    else:
        parse_command(words)


class TestReadme:
    def test_its_table_has_every_verb(self) -> None:
        shown = re.findall(r"^\| `arret (\w+)", README.read_text(), re.MULTILINE)

        assert sorted(shown) == sorted(command_line.commands)

    def test_its_order_is_one(self) -> None:
        (example,) = code_blocks(README, "yaml")

        order = parse_order(example.encode(), "README.md", lambda name: b"")
        assert isinstance(order, Order), order

    def test_make_knows_its_targets(self) -> None:
        shown = re.findall(r"^make (\w+)", "".join(code_blocks(README, "sh")), re.MULTILINE)

        targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert shown == ["run", "test"]
        assert set(shown) <= set(targets)

    def test_make_run_serves_although_an_order_is_refused(self) -> None:
        made = subprocess.run(("make", "--dry-run", "run"), cwd=ROOT, capture_output=True, text=True, check=True)

        *_, checked, served = [line for line in made.stdout.splitlines() if "/arret " in line]
        assert "arret check || true" in checked
        assert served.endswith("arret serve")

    def test_dig_shows_what_it_shows(self, shipped: RunningServer) -> None:
        example = code_blocks(README, "console")[0].splitlines()
        question, expected = example[0].split()[2:], without_id(example[1:])

        assert question[:3] == ["@127.0.0.1", "-p", "5300"]
        assert expected <= without_id(shipped.dig(*question[3:]).splitlines())
        assert any("192.0.2.80" in line for line in expected)

    def test_no_address_hint_leaks(self, shipped: RunningServer) -> None:
        assert "`dig @::1 -p 5300 fifostream.com HTTPS`" in README.read_text()

        answer = shipped.dig("fifostream.com", "HTTPS", ipv6=True)
        assert "ANSWER: 0, AUTHORITY: 1" in answer
        assert "SOA" in answer

    def test_what_cannot_be_asked_says_why(self, shipped: RunningServer) -> None:
        answer = shipped.dig("example.com")

        assert "status: SERVFAIL" in answer
        assert "EDE: " in answer

    def test_without_the_rehearsal_the_order_is_over(self, tmp_path: Path) -> None:
        config = tmp_path / "config.yaml"
        config.write_text(re.sub(r"^rehearse:.*$", "", shipped_config(), flags=re.MULTILINE))
        shutil.copytree(ROOT / "blocklists", tmp_path / "blocklists")

        command = code_blocks(README, "console")[1].split()[2:]
        shown = CliRunner().invoke(command_line, [*command, "--config", str(config)]).stdout
        assert shown.startswith("dpstream.tv: not blocked")
        assert "over since 2015-01-28" in shown
        assert "allostreaming.yaml:44" in shown


def without_id(lines: list[str]) -> set[str]:
    """Leave out what differs from query to query, and empty lines."""
    return {re.sub(r"id: \d+", "", line).strip() for line in lines} - {""}


def shipped_config() -> str:
    """Take the shipped configuration to free ports, and away from the network."""
    text = re.sub(r'"(127\.0\.0\.1|\[::1\]):\d+"', r'"\1:0"', (ROOT / "config.yaml").read_text())
    return re.sub(r"^upstreams:.*$", "", text, flags=re.MULTILINE) + "upstreams: []\n"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Serve the shipped order under the shipped configuration."""
    folder = tmp_path_factory.mktemp("shipped")
    shutil.copytree(ROOT / "blocklists", folder / "blocklists")
    with running(folder, shipped_config()) as server:
        yield server


def test_decision_records_are_numbered_in_a_row() -> None:
    records = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    assert [record.read_text().partition(".")[0] for record in records] == [
        f"# {int(each.name[:4])}" for each in records
    ]
