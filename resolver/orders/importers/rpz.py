"""A response policy zone: ``name`` acts on that name alone, ``*.name`` on what lies below; both are a subtree.

Triggers are owner names below the zone's own (draft-vixie-dnsop-dns-rpz section 4); those by address or by name
server are none that an order's list of names can hold, and ``rpz-passthru`` blocks nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from dns.exception import DNSException
from dns.tokenizer import Tokenizer

from resolver.orders.importers.entries import Beyond, Entry, Rejected, read_entry
from resolver.orders.model import Reach

_CLASSES: Final = frozenset({"IN", "CH", "HS"})
_TTL: Final = re.compile(r"[0-9]+[smhdwSMHDW0-9]*")
_BY_ADDRESS: Final = ("rpz-ip", "rpz-client-ip", "rpz-nsip")
_NO_ACTION: Final = frozenset({"SOA", "NS", "DNSKEY", "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM"})
_LONGEST_RECORD: Final = 200
"""Lines of a record between parentheses."""


@dataclass(slots=True)
class _Zone:
    """What was read of a zone so far."""

    origin: str = ""
    apex: str | None = None
    owner: str | None = None
    exact: dict[str, int] = field(default_factory=dict)
    below: dict[str, int] = field(default_factory=dict)


def read_rpz(text: str) -> Iterator[Entry]:
    """Read the entries; what says the same twice, as for each type of address, is one."""
    zone = _Zone()
    for number, record in _records(text):
        try:
            words = _words(record)
        except DNSException:
            yield Rejected(number, record.strip(), "is no record of a zone file")
            continue
        if words:
            yield from _read_record(zone, number, record, words)
    for name, number in zone.exact.items():
        yield read_entry(number, name, Reach.SUBTREE if name in zone.below else Reach.EXACT)
    for name, number in zone.below.items():
        if name not in zone.exact:
            yield read_entry(number, f"*.{name}")


def _records(text: str) -> Iterator[tuple[int, str]]:
    """Cut a zone file into records, each with its first line; parentheses hold one together (RFC 1035 section 5.1)."""
    first, lines, depth = 1, list[str](), 0
    for number, line in enumerate(text.splitlines(), start=1):
        if not lines:
            first = number
        lines.append(line)
        bare = re.sub(r'"(?:[^"\\]|\\.)*"|\\.|;.*', "", line)
        depth += bare.count("(") - bare.count(")")
        if depth <= 0 or len(lines) >= _LONGEST_RECORD:
            yield first, "\n".join(lines)
            lines, depth = [], 0
    if lines:
        yield first, "\n".join(lines)


def _words(record: str) -> list[str]:
    """Take a record apart; the first word is empty where the owner is that of the record before."""
    tokens = Tokenizer(f"{record}\n")
    words: list[str] = []
    token = tokens.get(want_leading=True)
    while not token.is_eol_or_eof():
        words.append("" if token.is_whitespace() else str(token.value))
        token = tokens.get()
    return words if any(words) else []


def _read_record(zone: _Zone, number: int, record: str, words: list[str]) -> Iterator[Entry]:
    owner, *rest = words
    if owner.upper() == "$ORIGIN" and rest:
        zone.origin = _absolute(zone, rest[0])
        return
    if owner.startswith("$"):
        if owner.upper() != "$TTL":
            yield Rejected(number, record.strip(), f"is {owner}, which is not followed")
        return
    zone.owner = _absolute(zone, owner) if owner else zone.owner
    while rest and (rest[0].upper() in _CLASSES or _TTL.fullmatch(rest[0])):
        rest.pop(0)
    if zone.owner is None or not rest:
        yield Rejected(number, record.strip(), "is no record of a zone file")
    elif rest[0].upper() == "SOA":
        zone.apex = zone.owner
    elif rest[0].upper() not in _NO_ACTION:
        yield from _read_rule(zone, number, record, " ".join(rest[1:]).lower())


def _read_rule(zone: _Zone, number: int, record: str, value: str) -> Iterator[Entry]:
    trigger = _trigger(zone)
    labels = (trigger or "").split(".")
    if trigger is None:
        yield Rejected(number, record.strip(), "stands outside of the zone")
    elif not trigger or trigger == "*":
        yield Rejected(number, record.strip(), "is about the zone itself, or about every name")
    elif labels[-1] in _BY_ADDRESS:
        yield Beyond(number, record.strip(), "ip", None)
    elif labels[-1].startswith("rpz-"):
        yield Rejected(number, record.strip(), f"acts on {labels[-1]}, not on a name")
    elif value.rstrip(".") in {"rpz-passthru", trigger}:
        yield Rejected(number, record.strip(), "lets the name pass")
    elif labels[0] == "*":
        zone.below.setdefault(trigger.removeprefix("*."), number)
    else:
        zone.exact.setdefault(trigger, number)


def _trigger(zone: _Zone) -> str | None:
    """Take the zone's own name off the owner; None if it does not stand below it."""
    owner, apex = zone.owner or "", zone.apex if zone.apex is not None else zone.origin
    if owner == apex:
        return ""
    return owner.removesuffix(f".{apex}") if not apex or owner.endswith(f".{apex}") else None


def _absolute(zone: _Zone, name: str) -> str:
    """Complete a name by the origin; without its final dot, in lower case."""
    if name == "@":
        return zone.origin
    if name.endswith("."):
        return name[:-1].lower()
    return f"{name}.{zone.origin}".lower().rstrip(".")
