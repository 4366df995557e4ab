"""Settings of dnsmasq that block: ``address=/name/…``, and ``local=`` or ``server=`` without a server.

Each holds for the name and all below it (dnsmasq(8)).
"""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

from resolver.orders.importers.entries import Beyond, Entry, Rejected, read_entry
from resolver.orders.model import Reach

_SETTING: Final = re.compile(r"(?:--)?(?P<key>address|local|server)\s*=\s*/(?P<names>.*)/(?P<target>[^/]*)")


def read_dnsmasq(text: str) -> Iterator[Entry]:
    """Read the entries."""
    for number, line in enumerate(text.splitlines(), start=1):
        setting = re.sub(r"(?:^|\s)#.*", "", line).strip()
        if not setting:
            continue
        found = _SETTING.fullmatch(setting)
        if found is None:
            yield Rejected(number, setting, "is another setting, which blocks no name")
        elif not _blocks(found["key"], found["target"].strip()):
            yield Rejected(number, setting, f"leads to {found['target'].strip()}, so that it blocks nothing")
        else:
            yield from (_entry(number, setting, name) for name in found["names"].split("/"))


def _blocks(key: str, target: str) -> bool:
    """``address=`` answers with an address, none, or ``#`` (all zeros); a server makes the others forward."""
    if key != "address":
        return not target
    try:
        return target in {"", "#"} or ip_address(target) is not None
    except ValueError:
        return False


def _entry(number: int, setting: str, name: str) -> Entry:
    if name.strip() in {"", "#"}:
        return Beyond(number, setting, "pattern", None)
    return read_entry(number, name.strip().removeprefix("."), Reach.SUBTREE)
