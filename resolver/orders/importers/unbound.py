"""Settings of Unbound that block: ``local-zone: name TYPE`` (the name and all below), ``local-data`` (the name alone).

Types that let queries pass, and tags of clients, block nothing (unbound.conf(5)).
"""

import re
from collections.abc import Iterator
from typing import Final

from resolver.orders.importers.entries import Entry, Rejected, read_entry
from resolver.orders.model import Reach

_ZONE: Final = re.compile(r"local-zone:\s*(?P<name>\"[^\"]*\"|\S+)\s+\"?(?P<type>[a-z_]+)\"?")
_ADDRESS: Final = re.compile(r"local-data:\s*(?:\"(?P<one>[^\"]*)\"|'(?P<other>[^']*)')")
_BLOCKING: Final = frozenset(
    {"always_nxdomain", "always_nodata", "always_null", "always_refuse", "always_deny", "static", "refuse", "deny"}
    | {"redirect", "inform_deny", "inform_redirect"}
)
_ADDRESSES: Final = frozenset({"A", "AAAA"})
_SECTION: Final = re.compile(r"[a-z-]+:")


def read_unbound(text: str) -> Iterator[Entry]:
    """Read the entries."""
    for number, line in enumerate(text.splitlines(), start=1):
        setting = re.sub(r"(?:^|\s)#.*", "", line).strip()
        if not setting or _SECTION.fullmatch(setting):
            continue
        if zone := _ZONE.fullmatch(setting):
            yield _zone(number, setting, zone["name"].strip('"'), zone["type"])
        elif record := _ADDRESS.fullmatch(setting):
            yield _record(number, setting, record["one"] or record["other"] or "")
        else:
            yield Rejected(number, setting, "is another setting, which blocks no name")


def _zone(number: int, setting: str, name: str, kind: str) -> Entry:
    if kind not in _BLOCKING:
        return Rejected(number, setting, f"is of the type {kind}, which blocks nothing")
    return read_entry(number, name, Reach.SUBTREE)


def _record(number: int, setting: str, record: str) -> Entry:
    name, *rest = record.split() or [""]
    types = {word.upper() for word in rest[:-1]}
    if not types & _ADDRESSES:
        return Rejected(number, setting, "is no address of a name")
    return read_entry(number, name, Reach.EXACT)
