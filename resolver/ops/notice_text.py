"""What a blocked name says of itself inside the DNS: extended error, as words and JSON, and SOA mailbox."""

import json
from collections.abc import Iterator
from typing import Final, Literal

from resolver.dns.name import MAX_LABEL, BadNameError, WireName, parse_name
from resolver.orders.model import Order

Language = Literal["fr", "en"]

LONGEST_TEXT: Final = 200
"""Octets of UTF-8: with it, a blocked answer to the longest name still fits into 1 232 octets many times over."""
LONGEST_CASE_NUMBER: Final = 80
"""Octets of it, so that there is room for something of the authority, and for our id of the order."""
NOBODY: Final = parse_name("nobody.invalid")
"""The mailbox of a zone that nobody keeps (RFC 6303 section 3)."""

_REHEARSAL = "REHEARSAL: "
_BY = {"fr": "Bloqué sur décision : {authority}, {case_number} ({order})",
       "en": "Blocked by order of: {authority}, {case_number} ({order})"}  # fmt: skip  # one language a line
_CONFIDENTIAL = {"fr": "Bloqué sur décision d'une autorité, qui n'est pas publique",
                 "en": "Blocked by order of an authority, which is not public"}  # fmt: skip  # one language a line


def extended_error_text(order: Order, language: Language, *, rehearsal: bool) -> str:
    """Name authority, case number and our id of the order (RFC 8914 EXTRA-TEXT); a confidential order stays unnamed.

    At most LONGEST_TEXT octets: a long authority is cut first, so that the case stays findable. Of a case number that
    is a list of many, the beginning has to do.
    """
    prefix = _REHEARSAL if rehearsal else ""
    if order.confidential:
        return prefix + _CONFIDENTIAL[language]
    authority = on_one_line(order.authority)
    case_number = cut(on_one_line(order.case_number), LONGEST_CASE_NUMBER)
    text = prefix + _BY[language].format(authority=authority, case_number=case_number, order=order.id)
    excess = len(text.encode()) - LONGEST_TEXT
    if excess > 0:
        authority = cut(authority, max(len(authority.encode()) - excess, 0))
        text = prefix + _BY[language].format(authority=authority, case_number=case_number, order=order.id)
    return cut(text, LONGEST_TEXT)


def structured_texts(
    order: Order, language: Language, *, organization: str, contact: str | None, rehearsal: bool
) -> list[str]:
    """Write the extended error as JSON, whole, then what is left of it where there is less room.

    c, j, o and l are those of draft-ietf-dnsop-structured-dns-error, which has no sub-error (s) for what is censored,
    and knows mailto: as a way of contact, but no web page;
    fdbs is that of draft-nottingham-dnsop-censorship-transparency. The justification goes first, then the
    organization, with the language of both. What would say nothing is left out.
    """
    reach = {"c": [contact]} if contact is not None and contact.lower().startswith("mailto:") else {}
    why = {"j": extended_error_text(order, language, rehearsal=rehearsal)}
    who = {"o": cut(on_one_line(organization), LONGEST_TEXT), "l": language}
    public = [] if order.confidential else [{"db": each.db, "id": each.id} for each in order.public_ids]
    found = {"fdbs": public} if public else {}
    return list(_minified([{**reach, **why, **who, **found}, {**reach, **who, **found}, {**reach, **found}]))


def _minified(documents: list[dict[str, object]]) -> Iterator[str]:
    for document in documents:
        if document.keys() - {"o", "l"}:  # what is left says nothing to anybody
            yield json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def cut(text: str, octets: int) -> str:
    """Shorten a text to so many octets of UTF-8, between two characters, with an ellipsis where it fits."""
    encoded = text.encode()
    if len(encoded) <= octets:
        return text
    ellipsis = "…" if octets >= len("…".encode()) else ""
    return encoded[: octets - len(ellipsis.encode())].decode(errors="ignore") + ellipsis


def on_one_line(text: str) -> str:
    """Take out what does not print: line ends, and marks that turn the direction of writing."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def responsible_name(contact: str | None) -> WireName:
    """Turn ``mailto:legal@example.net`` into the RNAME of an SOA (RFC 1035 section 8); NOBODY for what is no mailbox.

    The part before the @ is one label, dots included.
    """
    scheme, _, mailbox = (contact or "").partition(":")
    local, _, domain = mailbox.partition("?")[0].rpartition("@")
    if scheme.lower() != "mailto" or not local.isascii() or not 0 < len(local) <= MAX_LABEL:
        return NOBODY
    try:
        return parse_name("".join(f"\\{ord(character):03d}" for character in local) + "." + domain)
    except BadNameError:
        return NOBODY
