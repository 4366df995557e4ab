"""The documents of the project, as tests read them: prose, code blocks, links, and the command lines they show."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from resolver.cli.command_line import command_line

ROOT: Final = Path(__file__).parents[2]
DOCUMENTS: Final = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "blocklists/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
)

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class CodeBlock(NamedTuple):
    """A fenced block: its language and what it holds."""

    language: str
    text: str


def code_blocks(document: Path, language: str) -> list[str]:
    """Find the fenced blocks of one language."""
    blocks = (CodeBlock(*found) for found in _BLOCK.findall(document.read_text()))
    return [block.text for block in blocks if block.language == language]


def prose(document: Path) -> str:
    """Give a document without its fenced blocks."""
    return _BLOCK.sub("", document.read_text())


def commands(document: Path) -> Iterator[str]:
    """Yield every `arret …` that a document shows: on lines of shell blocks, and in backticks."""
    for block in (*code_blocks(document, "sh"), *code_blocks(document, "console")):
        lines = (line.removeprefix("$ ").partition("  #")[0] for line in block.splitlines())
        yield from (found[1] for line in lines if (found := re.match(r"(?:\S*/)?(arret \w.*)", line)))
    yield from re.findall(r"`(?:time )?(arret [a-z][^`]*)`", " ".join(prose(document).split()))


def parse_command(words: list[str]) -> None:
    """Parse a command line as `arret` would, without running it; raises click.UsageError."""
    context = command_line.make_context(words[0], words[1:])
    name, command, arguments = command_line.resolve_command(context, [*context._protected_args, *context.args])
    assert command is not None
    command.make_context(name, arguments, parent=context)
