"""Rules of AdGuard and Adblock lists that DNS can do: ``||name^`` (the name and all below) and ``|name^`` (it alone).

A bare name, or a hosts line, blocks that name alone. Exceptions, rules for some clients, and parts of pages are none.
"""

import re
from collections.abc import Iterator
from typing import Final

from resolver.orders.importers.entries import Beyond, Entry, Named, Rejected, read_entry
from resolver.orders.importers.hosts import read_hosts
from resolver.orders.model import Reach

_RULE: Final = re.compile(r"(?P<anchor>\|\|?)?(?P<name>[^|^$]+)(?P<end>\^?\|?)(?:\$(?P<modifiers>.*))?")
_HARMLESS: Final = frozenset({"important", "all", "document", "doc"})
_COSMETIC: Final = re.compile(r"#@?[?$%]?#|\$@?\$")
_HOSTS_LINE: Final = re.compile(r"[0-9A-Fa-f.:]+\s+\S.*")


def read_adguard(text: str) -> Iterator[Entry]:
    """Read the entries."""
    for number, line in enumerate(text.splitlines(), start=1):
        rule = line.strip()
        if not rule or rule.startswith("!") or re.match(r"#(?![#@?$%])|\[.*\]$", rule):
            continue
        if _HOSTS_LINE.fullmatch(rule):
            yield from (_placed(entry, number) for entry in read_hosts(rule))
        else:
            yield _entry(number, rule)


def _placed(entry: Entry, number: int) -> Entry:
    alone = entry._replace(reach=Reach.EXACT) if isinstance(entry, Named) else entry
    return alone._replace(line=number)


def _entry(number: int, rule: str) -> Entry:
    if rule.startswith("@@"):
        return Rejected(number, rule, "is an exception, which blocks nothing")
    if _COSMETIC.search(rule):
        return Rejected(number, rule, "is about parts of pages, not about names")
    if rule.startswith("/") and rule.rstrip("$").endswith("/"):
        return Beyond(number, rule, "pattern", None)
    found = _RULE.fullmatch(rule)
    if found is None:
        return Beyond(number, rule, "pattern", None)
    modifiers = {each.strip() for each in (found["modifiers"] or "").split(",")} - {""}
    if modifiers - _HARMLESS:
        return Rejected(number, rule, f"holds under conditions only: ${','.join(sorted(modifiers - _HARMLESS))}")
    subtree = found["anchor"] == "||" and found["end"] != ""
    if found["anchor"] is not None and not found["end"]:
        return _unended(number, rule, found["name"])
    entry = read_entry(number, found["name"], Reach.SUBTREE if subtree else Reach.EXACT)
    return entry._replace(text=rule)


def _unended(number: int, rule: str, name: str) -> Entry:
    """``||name`` matches whatever begins so, ``name.other.example`` too; the rest is as for any URL."""
    entry = read_entry(number, name)
    match entry:
        case Named():
            return Beyond(number, rule, "pattern", entry.name)
        case _:
            return entry._replace(text=rule)
