"""What an extended error says that is written as JSON: read with suspicion, said in words.

The form is that of draft-ietf-dnsop-structured-dns-error; ``fdbs`` is that of
draft-nottingham-dnsop-censorship-transparency.
"""

import json
from collections.abc import Iterator
from typing import Final

_WORDS: Final = {"j": "why", "o": "who", "l": "language", "s": "sub-error"}


def structured(text: str) -> dict[str, object] | None:
    """Read the text of an extended error as JSON; None if it is plain words, or says neither whom to ask nor why."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not any(found.get(key) for key in ("c", "j", "s")):
        return None
    return found


def structured_words(found: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Yield what it says, as pairs of word and text; names that nobody knows are passed over."""
    for key, word in _WORDS.items():
        if isinstance(found.get(key), str | int):
            yield word, str(found[key])
    contacts = found.get("c")
    if isinstance(contacts, list):
        yield "contact", ", ".join(str(each) for each in contacts)
    databases = found.get("fdbs")
    for entry in databases if isinstance(databases, list) else ():
        if isinstance(entry, dict) and {"db", "id"} <= entry.keys():
            yield "public database", f"{entry['db']}, {entry['id']}"
