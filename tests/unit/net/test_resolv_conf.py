"""resolv.conf is read as the C library reads it."""

import pytest

from resolver.net.resolv_conf import nameservers


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("nameserver 192.0.2.53\nnameserver 2001:db8::53\n", ("192.0.2.53", "2001:db8::53")),
        ("# nameserver 192.0.2.1\n; nameserver 192.0.2.2\nsearch example\noptions edns0\n", ()),
        ("nameserver\tfe80::1%eth0   # the router\n", ("fe80::1%eth0",)),
        ("nameserver 192.0.2.1\nnameserver 192.0.2.1\n", ("192.0.2.1",)),
        ("nameserver dns.example\nnameserver\nnameserver 192.0.2.999\nnameserver 192.0.2.9", ("192.0.2.9",)),
        ("".join(f"nameserver 192.0.2.{number}\n" for number in range(5)), ("192.0.2.0", "192.0.2.1", "192.0.2.2")),
        (" nameserver 192.0.2.7\r\n", ("192.0.2.7",)),
        ("", ()),
    ],
    ids=["both families", "nothing said", "scope", "twice", "no addresses", "too many", "white space", "empty"],
)
def test_nameservers(text: str, found: tuple[str, ...]) -> None:
    assert nameservers(text) == found
