"""How a listed internationalised name is asked for by who skips its A-labels: the same labels as raw UTF-8.

No registry delegates such a name, and few programs ask for one; those that do mean the name that is listed. So an
index holds it beside the A-labels, as octets: normalised (NFC) and lower-cased, as IDNA 2008 has U-labels
(RFC 5890 section 2.3.2.1). Every key that is not ASCII is one of these.
"""

import unicodedata
from collections.abc import Callable
from typing import Final

from resolver.dns.name import MAX_LABEL, MAX_NAME, WireName, name_of_hierarchy_key

A_LABEL: Final = b"xn--"


def raw_key(key: bytes) -> bytes | None:
    """Turn the hierarchy key of a listed name into that of its raw form; None if it has none."""
    if A_LABEL not in key:
        return None
    raw = _each_label(key, _u_label)
    return raw if raw is not None and not raw.isascii() and len(raw) < MAX_NAME else None


def listed_name(raw: bytes) -> WireName:
    """Turn the hierarchy key of a raw form back into the name that is listed."""
    key = _each_label(raw, _a_label)
    assert key is not None, "it was made from A-labels"
    return name_of_hierarchy_key(key)


def _each_label(key: bytes, form: Callable[[bytes], bytes | None]) -> bytes | None:
    made = bytearray()
    position = 0
    while position < len(key):
        end = position + 1 + key[position]
        label = form(key[position + 1 : end])
        if label is None:
            return None
        made.append(len(label))
        made += label
        position = end
    return bytes(made)


def _u_label(label: bytes) -> bytes | None:
    """Write an A-label as UTF-8, and any other as it is; None for what only looks like one, or is too long so."""
    if not label.startswith(A_LABEL):
        return label
    try:
        text = label.removeprefix(A_LABEL).decode("punycode")
        raw = text.encode()
    except UnicodeError:
        return None
    is_u_label = unicodedata.normalize("NFC", text.lower()) == text and _a_label(raw) == label
    return raw if is_u_label and len(raw) <= MAX_LABEL else None


def _a_label(label: bytes) -> bytes:
    return label if label.isascii() else A_LABEL + label.decode().encode("punycode")
