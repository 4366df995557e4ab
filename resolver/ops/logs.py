"""How the log is written: one event a line, as JSON or for the console, by a thread, so that nobody waits for it.

What the reader of the log does not take in time is dropped and counted. No line ever carries a subscriber's address.
"""

import io
import json
import logging
import logging.handlers
import os
import queue
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, TextIO

LINES_WAITING: Final = 10_000
SECONDS_TO_FINISH: Final = 1.0
LOGGER: Final = logging.getLogger("arret")

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def log_event(level: str, event: str, **fields: object) -> None:
    """Log one event, with its level as the configuration spells it, and fields that JSON can write."""
    LOGGER.log(_LEVELS[level], event, extra={"fields": fields})


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        line: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line.update(_fields(record))
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class ConsoleLines(logging.Formatter):
    """One line for people: time, level, event, then the fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        words = [_time(record)[11:19], f"{record.levelname.lower():<7}", _printable(record.getMessage())]
        words += [f"{key}={_console_value(value)}" for key, value in _fields(record).items() if value is not None]
        line = "  ".join(words[:3]) + ("  " + " ".join(words[3:]) if words[3:] else "")
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields = getattr(record, "fields", {})
    return dict(fields) if isinstance(fields, Mapping) else {}


def _console_value(value: object) -> str:
    if isinstance(value, list | tuple):
        return ",".join(map(str, value)) or "none"
    text = _printable(str(value))
    return json.dumps(text, ensure_ascii=False) if " " in text or not text else text


def _printable(text: str) -> str:
    """Keep the text of an order file from moving the terminal's cursor or faking a line."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


class _Queueing(logging.handlers.QueueHandler):
    """Puts records into a bounded queue, and counts those that find it full."""

    def __init__(self, waiting: "queue.Queue[logging.LogRecord | None]") -> None:
        super().__init__(waiting)
        self.dropped = 0

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            self.dropped += 1

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record  # it stays in this process, and no argument changes behind it


class Log:
    """The log of this process while it runs."""

    def __init__(self, stream: TextIO, style: str, level: str) -> None:
        self._stream = stream
        self._waiting: queue.Queue[logging.LogRecord | None] = queue.Queue(LINES_WAITING)
        self._queueing = _Queueing(self._waiting)
        self._unwritten = 0
        self._thread = threading.Thread(target=self._write_all, name="log", daemon=True)
        self.restyle(style, level)
        LOGGER.propagate = False
        LOGGER.addHandler(self._queueing)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """How many lines were lost to a slow or absent reader."""
        return self._queueing.dropped + self._unwritten

    def restyle(self, style: str, level: str) -> None:
        """Change to ``console``, ``json`` or ``auto``, and to another level."""
        console = style == "console" or (style == "auto" and self._stream.isatty())
        self._formatter: logging.Formatter = ConsoleLines() if console else JsonLines()
        LOGGER.setLevel(_LEVELS[level])

    def stop(self) -> None:
        """Write what waits, for a second at most: a stalled reader does not hold up the end either."""
        LOGGER.removeHandler(self._queueing)
        try:
            self._waiting.put_nowait(None)
        except queue.Full:
            return
        self._thread.join(SECONDS_TO_FINISH)

    def _write_all(self) -> None:
        while (record := self._waiting.get()) is not None:
            try:
                self._stream.write(self._formatter.format(record) + "\n")
                self._stream.flush()
            except (OSError, ValueError):  # a full disk, a reader that went away, a closed stream
                self._unwritten += 1


def start_log(style: str = "auto", level: str = "info") -> Log:
    """Begin to log to standard error.

    It is written without a buffer: what could not be written would be tried again at the end of the process, and fail
    it.
    """
    descriptor = sys.__stderr__.fileno() if sys.__stderr__ else os.open(os.devnull, os.O_WRONLY)
    unbuffered = io.FileIO(descriptor, "w", closefd=False)
    return Log(io.TextIOWrapper(unbuffered, "utf-8", "backslashreplace", write_through=True), style, level)
