"""Which domain name a listed text stands for, and why some texts stand for none.

Reach is never widened: a URL does not become its host, ``*.x.example`` does not become ``x.example``.
"""

import re
import unicodedata
from ipaddress import ip_address

import idna

from resolver.dns.name import MAX_NAME, BadNameError, WireName, parse_name

_HOST_NAME = re.compile(r"(?:[A-Za-z0-9_-]{1,63}\.)+[A-Za-z_][A-Za-z0-9_-]{0,62}\.?")
"""A plain host name whose last label begins with a letter, as those of all top-level domains do."""
_LENGTH = [bytes((length,)) for length in range(64)]
_DOTS = re.compile("[.\u3002\uff0e\uff61]")
_INSTEAD = "list the host name if the order names the whole host, else put it under cannot_enforce"


def parse_listed(text: str) -> WireName:
    """Read one listed name in either spelling, ``bücher.example`` or ``xn--bcher-kva.example``, into wire form.

    Non-ASCII text is mapped by UTS 46 (non-transitional) and must be IDNA 2008 (RFC 5891). Raises BadNameError,
    whose message is a predicate
    ("is a URL: …") that says which other thing the text is and what to do with it.
    """
    if len(text) < MAX_NAME - 1 and _HOST_NAME.fullmatch(text):
        return _wire(text)
    text = text.strip()
    if other := _other_thing(text):
        raise BadNameError(other)
    return _checked(text if text.isascii() else _to_ascii(text))


def _wire(text: str) -> WireName:
    """Write a plain host name in wire form, as ``parse_name`` does octet by octet; which saves time on large lists."""
    parts = text.lower().removesuffix(".").encode("ascii").split(b".")
    return WireName(b"".join([_LENGTH[len(part)] + part for part in parts]) + b"\x00")


def _checked(text: str) -> WireName:
    last = text.rstrip(".").rpartition(".")[2]
    if last.isdigit() or re.fullmatch(r"0[xX][0-9A-Fa-f]*", last):
        raise BadNameError(
            "ends in a number, which no top-level domain does: correct it or put it under cannot_enforce"
        )
    try:
        return parse_name(text)
    except BadNameError as error:
        raise BadNameError(f"is no name ({error}): correct it") from None


_OTHER_THINGS = (
    (re.compile(r"[/?#]"), f"is a path on a host (a URL): {_INSTEAD}"),
    (re.compile(r":\d*\Z"), f"is a host with a port: {_INSTEAD}"),
    (re.compile(r"@"), "is an e-mail address: list the name after the @ only if the order names it"),
    (
        re.compile(r"\A\*\.[^*%]+\Z"),
        (
            "is a wildcard: write the name without `*.` and say `scope: subtree` if the order names it and all below, "
            "else put it under cannot_enforce"
        ),
    ),
    (
        re.compile(r"[*%]"),
        "is a pattern, which DNS cannot match: list each name it stands for, or put it under cannot_enforce",
    ),
    (re.compile(r"[.\u3002\uff0e\uff61]{2}"), "has an empty label between two dots: correct it"),
    (
        re.compile(r"\A[.\u3002\uff0e\uff61]"),
        "begins with a dot: write the name without it and say `scope: subtree` (the default) or `scope: exact`",
    ),
    (
        re.compile("[\u2018-\u201f\xab\xbb\u2039\u203a]"),
        "holds a quotation mark of a word processor: write straight ones around it, or none",
    ),
    (re.compile(r"\s"), "holds a space: one name in each entry"),
    (re.compile(r"[\x00-\x2c\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]"), "holds a character that no host name does: correct it"),
)
"""What a text is that looks like this, the most telling first."""


def _other_thing(text: str) -> str | None:
    """Say what the text is if it is no name; None if it may be one."""
    if not text:
        return "is empty: write a name or remove the line"
    if text == ".":
        return "is the root, which every name lies below: remove it"
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://|//", text):
        return f"is a URL: {_INSTEAD}"
    if _is_address(text):
        return "is an IP address, which DNS cannot block: put it under cannot_enforce"
    return next((what for looks, what in _OTHER_THINGS if looks.search(text)), None)


def _is_address(text: str) -> bool:
    bare = text.removeprefix("[").partition("]")[0] if text.startswith("[") else text
    for candidate in (bare, bare.partition("/")[0], bare.partition(":")[0]):
        try:
            ip_address(candidate)
        except ValueError:
            continue
        return True
    return False


def _to_ascii(text: str) -> str:
    try:
        return idna.encode(text, uts46=True, transitional=False).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise BadNameError(f"is not a valid internationalised name ({error}): {_a_label_advice(text)}") from None


def _a_label_advice(text: str) -> str:
    """Offer the A-labels that such a name would have if it exists all the same, as names of emoji do."""
    mapped = _DOTS.sub(".", unicodedata.normalize("NFKC", text).lower())
    try:
        spelled = ".".join(
            label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")
            for label in mapped.split(".")
        )
    except UnicodeError:
        return "correct it"
    if not re.fullmatch(r"[a-z0-9._-]+", spelled):
        return "correct it"
    return f"correct it, or write {spelled!r} if that name exists"
