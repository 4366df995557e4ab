"""The text that a blocked name carries, and the mailbox of its SOA."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.dns.name import labels
from resolver.ops.notice_text import LONGEST_TEXT, NOBODY, Language, cut, extended_error_text, responsible_name
from resolver.orders.model import Order, Place


def order(authority: str = "Tribunal de grande instance de Paris", *, confidential: bool = False) -> Order:
    return Order(
        "tgi-paris-11-60013",
        authority,
        "RG 11/60013",
        date(2013, 11, 28),
        (),
        Place("f", 1, 1),
        confidential=confidential,
    )


@pytest.mark.parametrize(
    ("language", "rehearsal", "text"),
    [
        ("fr", False, "Bloqué sur décision : Tribunal de grande instance de Paris, RG 11/60013 (tgi-paris-11-60013)"),
        ("en", False, "Blocked by order of: Tribunal de grande instance de Paris, RG 11/60013 (tgi-paris-11-60013)"),
        (
            "en",
            True,
            "REHEARSAL: Blocked by order of: Tribunal de grande instance de Paris, RG 11/60013 (tgi-paris-11-60013)",
        ),
    ],
)
def test_names_authority_case_and_order(language: Language, rehearsal: bool, text: str) -> None:  # noqa: FBT001  # a column of the table
    assert extended_error_text(order(), language, rehearsal=rehearsal) == text


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_confidential_order_stays_unnamed(language: Language) -> None:
    text = extended_error_text(order(confidential=True), language, rehearsal=True)
    assert text.startswith("REHEARSAL: ")
    assert not any(word in text for word in ("Tribunal", "11", "tgi"))
    assert "publi" in text


def test_a_long_authority_leaves_the_case_readable() -> None:
    text = extended_error_text(order("Cour d'appel de l'Île-de-la-Réunion, é" * 20), "fr", rehearsal=True)
    assert LONGEST_TEXT - 4 <= len(text.encode()) <= LONGEST_TEXT
    assert text.endswith("…, RG 11/60013 (tgi-paris-11-60013)")


@given(st.text(max_size=400), st.sampled_from(["fr", "en"]), st.booleans())
def test_never_longer_than_allowed_nor_more_than_a_line(authority: str, language: Language, rehearsal: bool) -> None:  # noqa: FBT001  # drawn
    text = extended_error_text(order(authority.replace("\ud800", "")), language, rehearsal=rehearsal)
    assert len(text.encode()) <= LONGEST_TEXT
    assert text.isprintable()
    assert text.endswith("(tgi-paris-11-60013)")


@given(st.text(), st.integers(0, 60))
def test_cut_is_between_characters(text: str, octets: int) -> None:
    shortened = cut(text, octets)
    assert len(shortened.encode()) <= octets or shortened == text
    assert text.startswith(shortened.removesuffix("…"))


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        ("mailto:blocage@example.net", [b"blocage", b"example", b"net"]),
        ("mailto:legal.desk@example.net?subject=x", [b"legal.desk", b"example", b"net"]),
        ("https://example.net/contact", labels(NOBODY)),
        ("mailto:désordre@example.net", labels(NOBODY)),
        ("mailto:a@b..c", labels(NOBODY)),
        ("mailto:" + "a" * 64 + "@example.net", labels(NOBODY)),
        (None, labels(NOBODY)),
    ],
)
def test_responsible_name(contact: str | None, expected: list[bytes]) -> None:
    assert labels(responsible_name(contact)) == expected
