"""A hosts file that blocks: an address that leads nowhere, then names; of what lies below them it says nothing."""

from collections.abc import Iterator
from ipaddress import ip_address

from resolver.orders.importers.entries import Entry, Rejected, read_entry


def read_hosts(text: str) -> Iterator[Entry]:
    """Read the entries."""
    for number, line in enumerate(text.splitlines(), start=1):
        address, *names = line.partition("#")[0].split() or [""]
        if not address:
            continue
        if not names:
            yield Rejected(number, line.strip(), "is no hosts line: an address, then names")
        elif (wrong := _wrong_with(address)) is not None:
            yield Rejected(number, line.strip(), wrong)
        else:
            yield from (read_entry(number, name) for name in names)


def _wrong_with(address: str) -> str | None:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return "is no hosts line: an address, then names"
    if parsed.is_unspecified or parsed.is_loopback:
        return None
    return f"leads to {address}, so that it blocks nothing"
