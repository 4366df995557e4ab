"""Which addresses a browser can be led to: those of one host, which other hosts can reach."""

from ipaddress import IPv4Address, IPv6Address
from typing import Final, Literal

LIMITED_BROADCAST: Final = IPv4Address("255.255.255.255")


def parse_page_address(text: str, version: Literal[4, 6]) -> str:
    """Read an IP address of this version, and write it in its canonical spelling.

    Raises ValueError with what is wrong, to be followed by what to do.
    """
    try:
        address = IPv4Address(text) if version == 4 else IPv6Address(text)
    except ValueError:
        raise ValueError(f"{text!r} is no IPv{version} address") from None
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise ValueError(f"{text!r} names an interface of this host, which nobody else has")
    if address.is_unspecified or address.is_multicast or address == LIMITED_BROADCAST:
        raise ValueError(f"no page can stand at {address}, which is not the address of one host")
    return str(address)
