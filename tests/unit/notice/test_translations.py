"""Every language says everything, and writes its dates."""

from datetime import UTC, date, datetime
from pathlib import Path
from string import Formatter

import pytest

from resolver.notice.translations import TranslationError, read_translations
from resolver.orders.model import Span
from tests.unit.notice.worlds import TRANSLATIONS, decision

FRENCH, ENGLISH = TRANSLATIONS["fr"], TRANSLATIONS["en"]


def instant(*when: int) -> float:
    return datetime(*when, tzinfo=UTC).timestamp()  # type: ignore[arg-type,misc]  # year, month, day, hour


def fields(text: object) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name} if isinstance(text, str) else set()


def rules(remedy: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in remedy.items() if key != "text"}


def test_both_languages_have_the_same_sentences_with_the_same_places_to_fill() -> None:
    french, english = FRENCH.sentences, ENGLISH.sentences
    assert french.keys() == english.keys()
    assert {key: fields(text) for key, text in french.items()} == {key: fields(text) for key, text in english.items()}
    assert [{**each, "text": ""} for each in french["remedies"]] == [
        {**each, "text": ""} for each in english["remedies"]
    ]


@pytest.mark.parametrize(
    ("span", "french", "english"),
    [
        (
            Span(instant(2014, 1, 26, 23), instant(2015, 1, 27, 23)),
            "du 27 janvier 2014 au 27 janvier 2015 inclus",
            "from 27 January 2014 to 27 January 2015 inclusive",
        ),
        (
            Span(instant(2026, 7, 31, 22), instant(2026, 8, 2, 19)),
            "du 1er août 2026 au 2 août 2026 à 21:00 (heure de Paris)",
            "from 1 August 2026 to 2 August 2026 at 21:00 (Paris time)",
        ),
        (
            Span(instant(2026, 3, 1, 8), None),
            "depuis le 1er mars 2026, sans terme fixé",
            "since 1 March 2026, with no end set",
        ),
    ],
)
def test_spans(span: Span, french: str, english: str) -> None:
    assert (FRENCH.span(span), ENGLISH.span(span)) == (french, english)


def test_days() -> None:
    assert (FRENCH.day(date(2013, 2, 1)), ENGLISH.day(date(2013, 2, 1))) == ("1er février 2013", "1 February 2013")


@pytest.mark.parametrize(
    ("basis", "administrative", "said"),
    [
        ("Code de la propriété intellectuelle, art. L336-2", False, "propriété intellectuelle"),
        ("CPI, art. L. 336-2", False, "propriété intellectuelle"),
        ("Code du sport, art. L333-10", False, "Code du sport"),
        ("Loi n° 2004-575, art. 6-1", True, "personnalité qualifiée"),
        ("Loi n° 2010-476, art. 61", True, "juge administratif"),
        (None, True, "juge administratif"),
        (None, False, "tierce opposition"),
    ],
)
def test_the_remedy_fits_the_legal_basis(basis: str | None, administrative: bool, said: str) -> None:  # noqa: FBT001  # a column
    assert said in FRENCH.remedy(decision(legal_basis=basis, administrative=administrative))


def test_a_file_that_is_no_translation_is_named(tmp_path: Path) -> None:
    (tmp_path / "xx.yaml").write_text("- a list\n")
    with pytest.raises(TranslationError, match=r"xx\.yaml"):
        read_translations(tmp_path)
