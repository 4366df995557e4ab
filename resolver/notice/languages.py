"""Which of the languages that are there a reader wants: Accept-Language (RFC 9110 section 12.5.4)."""

import re
from collections.abc import Sequence
from typing import Final

LONGEST: Final = 200
"""Characters of the header that are looked at; browsers send a few dozen."""

_RANGE: Final = re.compile(
    r"\s*([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9-]*)?\s*(?:;\s*[qQ]\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?"
)


def choose_language(accepted: str, offered: Sequence[str], usual: str) -> str:
    """Choose by the highest weight, then by the order of the header; ``usual`` where nothing that is there is wanted.

    Only the language itself counts, not its region: de-AT reads de.
    """
    weighed: dict[str, float] = {}
    for part in accepted[:LONGEST].split(","):
        found = _RANGE.fullmatch(part)
        if found is not None:
            language = usual if found[1] == "*" else found[1].lower()
            weighed.setdefault(language, float(found[2] or 1))
    wanted = [language for language in weighed if weighed[language] > 0 and language in offered]
    return max(wanted, key=weighed.__getitem__, default=usual)
