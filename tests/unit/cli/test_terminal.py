"""What is printed is safe for a terminal and whole in a pipe."""

import json

import pytest

from resolver.cli.terminal import is_narrow, printable, say, say_json, say_pairs, say_table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Tribunal de grande instance", "Tribunal de grande instance"),
        ("\x1b[2Jgone", "�[2Jgone"),
        ("a\nb", "a�b"),
        ("abc\u202edef", "abc�def"),
    ],
)
def test_what_a_terminal_would_obey_is_replaced(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_pipe_gets_no_colour_and_no_wrapping(capsys: pytest.CaptureFixture[str]) -> None:
    say("x" * 300, "bold red")

    assert capsys.readouterr().out == "x" * 300 + "\n"


def test_a_line_is_not_read_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    say("[red]RG 11/60013[/red] :smile:")

    assert capsys.readouterr().out == "[red]RG 11/60013[/red] :smile:\n"


def test_pairs_stand_below_each_other_and_empty_ones_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    say_pairs([("court", "Paris"), ("nothing", ""), ("case number", "1")])

    assert capsys.readouterr().out == "  court        Paris\n  case number  1\n"


def test_a_table_in_a_pipe_is_plain_columns(capsys: pytest.CaptureFixture[str]) -> None:
    say_table(("order", "names"), [("paris", "16"), ("a-long-one" * 20, "1")])

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["order", "names"]
    assert lines[1].split() == ["paris", "16"]
    assert lines[2].split() == ["a-long-one" * 20, "1"]
    assert lines[0].index("names") == lines[1].index("16") == lines[2].index(" 1") + 1


def test_a_table_on_a_terminal_honours_no_color(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")

    say_table(("order",), [("paris",)])

    out = capsys.readouterr().out
    assert "paris" in out
    assert "\x1b[3" not in out


@pytest.mark.parametrize(("columns", "narrow"), [("80", True), ("200", False)])
def test_a_terminal_may_be_narrow(monkeypatch: pytest.MonkeyPatch, columns: str, *, narrow: bool) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert not is_narrow()
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)

    assert is_narrow() is narrow


def test_json_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    say_json({"é": [1, None]})

    assert json.loads(capsys.readouterr().out) == {"é": [1, None]}
