"""What programs say of their version is understood."""

import pytest

from benchmarks.peer_servers import read_version


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("Version 1.17.1\n\nConfigure line: --build=x86_64", "1.17.1"),
        ("Nov 21 19:58:55 PowerDNS Recursor 4.8.8 (C) 2001-2022 PowerDNS.COM BV", "4.8.8"),
        ("BIND 9.18.49-1~deb12u3-Debian (Extended Support Version) <id:>", "9.18.49-1~deb12u3-Debian"),
        ("dnsdist 1.7.3 (Lua 5.1.4 [LuaJIT 2.1.0-beta3])", "1.7.3"),
        ("Dnsmasq version 2.90  Copyright (c) 2000-2024 Simon Kelley", "2.90"),
        ("usage: something", "?"),
    ],
    ids=["Unbound", "PowerDNS Recursor", "BIND", "dnsdist", "dnsmasq", "nothing"],
)
def test_the_version_is_found(said: str, version: str) -> None:
    assert read_version(said) == version
