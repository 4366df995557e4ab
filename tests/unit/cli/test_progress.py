"""The bar: on a terminal, after a second of work, gone with it; nowhere else anything."""

import io
import sys
from collections.abc import Iterator

import pytest

from resolver.cli.progress import Bar, shown_progress, watched_progress
from resolver.ops.progress import tell_nobody, told_seldom


class Terminal(io.StringIO):
    """Takes what is shown, as a terminal would."""

    def isatty(self) -> bool:
        return True


def use_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make standard error a terminal, for this test; between its phases pytest would take it back."""
    made = Terminal()
    monkeypatch.setattr(sys, "stderr", made)
    monkeypatch.setenv("TERM", "xterm")
    return made


def seconds(*times: float) -> Iterator[float]:
    yield from times
    while True:
        yield times[-1]


def test_short_work_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch)
    clock = seconds(10.0, 10.5, 10.9)
    bar = Bar(lambda: next(clock))
    bar.tell("reading names.txt", 1, 3)
    bar.tell("reading names.txt", 2, 3)
    bar.tell("reading names.txt", 3, 3)
    assert terminal.getvalue() == ""


def test_work_of_more_than_a_second_is_shown_until_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch)
    clock = seconds(10.0, 10.0, 11.1)
    bar = Bar(lambda: next(clock))
    bar.tell("reading names.txt", 1, 3)
    bar.tell("reading names.txt", 2, 3)
    bar.tell("compiled", 0, 0)
    assert "reading names.txt" in terminal.getvalue()
    assert "compiled" not in terminal.getvalue()


def test_nothing_is_shown_or_asked_for_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    elsewhere = io.StringIO()
    monkeypatch.setattr(sys, "stderr", elsewhere)
    with shown_progress() as tell, watched_progress(tmp_path):  # type: ignore[arg-type]  # never looked at
        tell("reading names.txt", 1, 3)
    assert tell is tell_nobody
    assert elsewhere.getvalue() == ""


def test_a_terminal_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch)
    with shown_progress() as tell:
        tell("reading names.txt", 1, 3)
    assert tell is not tell_nobody
    assert terminal.getvalue() == ""


def test_what_is_told_often_is_passed_on_seldom() -> None:
    told: list[int] = []
    clock = seconds(0.0, 0.1, 0.25, 0.3, 0.46)
    tell = told_seldom(lambda _what, done, _of: told.append(done), lambda: next(clock))
    for done in range(4):
        tell("reading", done, 4)
    assert told == [1, 3]
