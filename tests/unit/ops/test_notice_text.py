"""The text that a blocked name carries, and the mailbox of its SOA."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.dns.name import labels
from resolver.ops.notice_text import (
    LONGEST_TEXT,
    NOBODY,
    Language,
    cut,
    extended_error_text,
    responsible_name,
    structured_texts,
)
from resolver.orders.model import Order, Place, PublicId


def order(
    authority: str = "Tribunal de grande instance de Paris",
    case_number: str = "RG 11/60013",
    *,
    confidential: bool = False,
    public_ids: tuple[PublicId, ...] = (),
) -> Order:
    return Order(
        "tgi-paris-11-60013",
        authority,
        case_number,
        date(2013, 11, 28),
        (),
        Place("f", 1, 1),
        confidential=confidential,
        public_ids=public_ids,
    )


LUMEN = (PublicId("lumen", "123"),)
MAILBOX = "mailto:blocage@example.net"
CONTACT, WHO, FOUND = '"c":["mailto:blocage@example.net"]', '"o":"Free","l":"en"', '"fdbs":[{"db":"lumen","id":"123"}]'
WHY = '"j":"Blocked by order of: TJ Paris, RG 11/60013 (tgi-paris-11-60013)"'


@pytest.mark.parametrize(
    ("contact", "public_ids", "texts"),
    [
        pytest.param(
            MAILBOX, (), [f"{{{CONTACT},{WHY},{WHO}}}", f"{{{CONTACT},{WHO}}}", f"{{{CONTACT}}}"], id="a mailbox"
        ),
        pytest.param(
            MAILBOX,
            LUMEN,
            [f"{{{CONTACT},{WHY},{WHO},{FOUND}}}", f"{{{CONTACT},{WHO},{FOUND}}}", f"{{{CONTACT},{FOUND}}}"],
            id="a public id",
        ),
        pytest.param("https://example.net/", (), [f"{{{WHY},{WHO}}}"], id="a page is no contact there"),
        pytest.param(
            None, LUMEN, [f"{{{WHY},{WHO},{FOUND}}}", f"{{{WHO},{FOUND}}}", f"{{{FOUND}}}"], id="a public id alone"
        ),
    ],
)
def test_structured_texts_lose_the_justification_first(
    contact: str | None, public_ids: tuple[PublicId, ...], texts: list[str]
) -> None:
    found = structured_texts(
        order("TJ Paris", public_ids=public_ids), "en", organization="Free", contact=contact, rehearsal=False
    )
    assert found == texts


def test_a_structured_text_names_nothing_of_a_confidential_order_and_no_sub_error() -> None:
    secret = order(confidential=True, public_ids=LUMEN)
    for text in structured_texts(secret, "fr", organization="Free", contact=MAILBOX, rehearsal=True):
        assert not any(word in text for word in ("Tribunal", "60013", "lumen", '"s"'))
        assert "REHEARSAL" in json.loads(text).get("j", "REHEARSAL")


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


def test_a_case_number_without_end_leaves_authority_and_order_readable() -> None:
    numbers = ", ".join(f"RG 11/{number}" for number in range(60_000, 60_060))
    text = extended_error_text(order("Tribunal judiciaire de Paris", numbers), "fr", rehearsal=True)
    assert len(text.encode()) <= LONGEST_TEXT
    assert "Tribunal judiciaire de Paris, RG 11/60000, " in text
    assert text.endswith("… (tgi-paris-11-60013)")


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
