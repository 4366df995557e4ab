"""What the page says in each language: one plain file a language, with the way in which it writes a date."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from resolver.notice.decisions import Decision
from resolver.orders.model import Span
from resolver.orders.yaml_document import YamlDocument, read_yaml

SHIPPED: Final = Path(__file__).parent / "translations"
ZONE: Final = ZoneInfo("Europe/Paris")
"""In which days begin and end on the page, as in order files that name no other zone."""


class TranslationError(Exception):
    """A translation that cannot be used; the message names the file and what is missing."""


@dataclass(frozen=True, slots=True)
class Translation:
    """The sentences of one language, by name."""

    language: str
    sentences: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401  # sentences, and lists of them
        return self.sentences[name]

    def day(self, day: date) -> str:
        """Write a day as people read it."""
        number = self["first_day"] if day.day == 1 else str(day.day)
        text: str = self["day"].format(day=number, month=self["months"][day.month - 1], year=day.year)
        return text

    def span(self, span: Span) -> str:
        """Say from when until when, as whole days where they are."""
        begin = self.day(_local(span.since).date())
        text: str = self["span_open"].format(begin=begin)
        if span.until is None:
            return text
        end = _local(span.until)
        if (end.hour, end.minute) == (0, 0):
            text = self["span_days"].format(begin=begin, last=self.day(end.date() - timedelta(days=1)))
        else:
            text = self["span_hour"].format(begin=begin, last=self.day(end.date()), hour=end.strftime("%H:%M"))
        return text

    def remedy(self, decision: Decision) -> str:
        """Say what can be done against a decision whose order does not say it itself."""
        basis, nature = decision.legal_basis or "", "administrative" if decision.administrative else "judicial"
        for each in self["remedies"]:
            if each.get("nature", nature) == nature and re.search(each.get("basis", ""), basis, re.IGNORECASE):
                text: str = each["text"]
                return text
        raise AssertionError("the last remedy of a translation fits everything")


def _local(wall: float) -> datetime:
    return datetime.fromtimestamp(wall, ZONE)


def read_translations(folder: Path = SHIPPED) -> dict[str, Translation]:
    """Read every translation of a folder. Raises TranslationError."""
    return {path.stem: _read(path) for path in sorted(folder.glob("*.yaml"))}


def _read(path: Path) -> Translation:
    document = read_yaml(path.read_bytes(), str(path))
    if not isinstance(document, YamlDocument) or not isinstance(document.value, dict):
        raise TranslationError(f"{path}: no sentences can be read")
    return Translation(path.stem, document.value)
