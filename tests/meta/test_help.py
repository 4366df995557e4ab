"""Every verb explains itself, with examples that name options it has."""

import re
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from resolver.cli.command_line import command_line

VERBS = {
    "serve",
    "new",
    "import",
    "export",
    "notice",
    "check",
    "explain",
    "orders",
    "today",
    "plan",
    "apply",
    "reload",
    "rollback",
    "suspend",
    "resume",
    "lift",
    "status",
    "journal",
    "query",
    "doctor",
    "completion",
}
READING = VERBS - {"serve", "notice", "completion"}


def test_these_are_the_verbs() -> None:
    assert set(command_line.commands) == VERBS


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_the_help_of_each_verb_has_examples(verb: str) -> None:
    shown = CliRunner().invoke(command_line, [verb, "--help"])

    examples = shown.stdout.partition("Examples:\n")[2]
    assert shown.exit_code == 0
    assert f"arret {verb}" in examples
    options = {name for parameter in command_line.commands[verb].params for name in parameter.opts}
    assert set(re.findall(r"(?<= )--?[a-z-]+", re.sub(r"^ *kill.*", "", examples, flags=re.MULTILINE))) <= options


@pytest.mark.parametrize("verb", sorted(READING))
def test_every_reading_verb_speaks_json(verb: str) -> None:
    assert "--json" in {name for parameter in command_line.commands[verb].params for name in parameter.opts}


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_an_unknown_option_ends_with_two(verb: str) -> None:
    assert CliRunner().invoke(command_line, [verb, "--no-such-option"]).exit_code == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_what_the_shell_reads(shell: str) -> None:
    shown = CliRunner().invoke(command_line, ["completion", shell])

    assert shown.exit_code == 0
    assert f"_ARRET_COMPLETE={shell}_complete" in shown.stdout


def test_verbs_are_completed() -> None:
    from_shell = {
        "_ARRET_COMPLETE": "bash_complete",
        "COMP_WORDS": "arret expl",
        "COMP_CWORD": "1",
        "PATH": "/usr/bin:/bin",
    }

    completed = subprocess.run(
        [sys.executable, "-m", "resolver"], env=from_shell, capture_output=True, text=True, check=True
    )

    assert completed.stdout == "plain,explain\n"


def test_the_package_runs_as_a_module() -> None:
    shown = subprocess.run([sys.executable, "-m", "resolver", "--help"], capture_output=True, text=True, check=True)

    assert "Exit codes: 0 all is well, 1 there is a problem, 2 the command was not" in shown.stdout
    assert all(f"  {verb}" in shown.stdout for verb in VERBS)


def test_without_a_verb_the_help_is_shown() -> None:
    assert isinstance(command_line, click.Group)
    assert "Commands:" in CliRunner().invoke(command_line, []).output


def test_the_help_says_what_each_verb_does_without_breaking_off() -> None:
    shown = CliRunner().invoke(command_line, ["--help"], terminal_width=80).stdout

    verbs = shown.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert len(verbs) == len(VERBS)
    assert all(line.endswith(".") and not line.endswith("...") for line in verbs)
