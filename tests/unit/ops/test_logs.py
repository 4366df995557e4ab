"""The log writes one line an event, never lets its writer wait, and counts what it loses."""

import io
import json
import threading

import pytest

from resolver.ops import logs
from resolver.ops.logs import Log, log_event


class Blocking(io.StringIO):
    """A reader that takes nothing until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.open = threading.Event()
        self.asked = threading.Event()

    def write(self, text: str) -> int:
        self.asked.set()
        assert self.open.wait(60)
        return super().write(text)


class Broken(io.StringIO):
    """A full disk."""

    def write(self, _text: str) -> int:
        raise OSError(28, "No space left on device")


@pytest.fixture(autouse=True)
def _a_busy_machine_may_take_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "SECONDS_TO_FINISH", 60.0)


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def test_json_lines_hold_the_fields(stream: io.StringIO) -> None:
    log = Log(stream, "json", "info")
    log_event("info", "serving", listen=["127.0.0.1:5300"], orders=1)
    log_event("debug", "not asked for")
    log.stop()
    (line,) = stream.getvalue().splitlines()
    read = json.loads(line)
    assert read.pop("time").endswith("Z")
    assert read == {"level": "info", "event": "serving", "listen": ["127.0.0.1:5300"], "orders": 1}


def test_console_lines_are_for_people_and_cannot_be_faked(stream: io.StringIO) -> None:
    log = Log(stream, "console", "info")
    log_event("warning", "refused", problem="a\n12:00  info  all is well\x1b[2J", names=["a", "b"])
    log.stop()
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()
    assert "names=a,b" in stream.getvalue()


def test_auto_is_json_where_nobody_looks(stream: io.StringIO) -> None:
    log = Log(stream, "auto", "info")
    log_event("info", "serving")
    log.stop()
    assert json.loads(stream.getvalue())["event"] == "serving"


def test_a_stalled_reader_costs_lines_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LINES_WAITING", 5)
    reader = Blocking()
    log = Log(reader, "json", "info")
    log_event("info", "first")
    assert reader.asked.wait(60)
    for _ in range(20):
        log_event("info", "more")
    assert log.dropped == 15
    reader.open.set()
    log_event("info", "the reader is back")
    log.stop()


def test_a_full_disk_is_counted() -> None:
    log = Log(Broken(), "json", "info")
    log_event("info", "lost")
    log.stop()
    assert log.dropped == 1
