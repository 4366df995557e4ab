"""Which addresses may ask."""

import socket

import pytest

from resolver.core import admission
from resolver.core.admission import ALLOWED, STRANGER, Admission


def packed(address: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


ALLOW = ["127.0.0.0/8", "::1", "10.1.2.3/8", "192.0.2.7", "2001:db8:5::/48", "fe80::/10", "::ffff:198.51.100.0/120"]


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("127.0.0.1", True),
        ("126.255.255.255", False),
        ("10.255.255.255", True),
        ("11.0.0.0", False),
        ("192.0.2.7", True),
        ("192.0.2.8", False),
        ("::1", True),
        ("::2", False),
        ("2001:db8:5:ffff::1", True),
        ("2001:db8:6::", False),
        ("fe80::1", True),
        ("fec0::1", False),
        ("::ffff:127.0.0.1", True),
        ("::ffff:8.8.8.8", False),
        ("198.51.100.9", True),
        ("::ffff:198.51.100.9", True),
        ("198.51.101.9", False),
        ("::127.0.0.1", False),
    ],
)
def test_an_address_is_allowed_if_a_network_holds_it(address: str, *, allowed: bool) -> None:
    chosen = Admission(ALLOW)
    for _ in range(2):  # the second time from memory
        assert chosen.view(packed(address)).allowed is allowed


def test_an_ipv4_network_says_nothing_about_ipv6() -> None:
    assert Admission(["0.0.0.0/0"]).view(packed("2001:db8::1")) is STRANGER
    assert Admission(["::/0"]).view(packed("192.0.2.1")) is STRANGER
    assert Admission(["::/0"]).view(packed("2001:db8::1")) is ALLOWED


def test_nobody_is_allowed_by_an_empty_list() -> None:
    assert Admission([]).view(packed("127.0.0.1")) is STRANGER


def test_views_differ_in_number() -> None:
    assert ALLOWED.number != STRANGER.number


@pytest.mark.parametrize("text", ["localhost", "10.0.0.0/33", "", "10.0.0"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"IPv4|IPv6|network"):
        Admission([text])


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "REMEMBERED", 8)
    chosen = Admission(["10.0.0.0/8"])
    for number in range(100):
        assert chosen.view(bytes([10, 0, 0, number])) is ALLOWED
        assert len(chosen._memory) <= 8
    assert chosen.view(bytes([11, 0, 0, 1])) is STRANGER


def test_the_smallest_network_decides_whose_subscriber_it_is() -> None:
    chosen = Admission(
        ["10.0.0.0/8"],
        [("a", ["10.20.0.0/16", "2001:db8::/32"]), ("b", ["10.20.7.0/24"])],
        [("x", ["10.20.0.0/15"]), ("y", ["10.20.7.7", "192.0.2.1"])],
    )

    def seen(address: str) -> tuple[bool, str, tuple[str, ...]]:
        view = chosen.view(packed(address))
        return view.allowed, view.brand, view.exempt

    assert chosen.view(packed("10.0.0.1")) is ALLOWED
    assert seen("10.21.0.1") == (True, "", ("x",))
    assert seen("10.20.0.1") == (True, "a", ("x",))
    assert seen("10.20.7.1") == (True, "b", ("x",))
    assert seen("10.20.7.7") == (True, "b", ("x", "y"))
    assert seen("2001:db8::1") == (True, "a", ())
    assert chosen.view(packed("192.0.2.1")) is STRANGER, "an exemption lets nobody in"


def test_views_of_one_kind_are_one_and_all_kinds_differ_in_number() -> None:
    chosen = Admission(["10.0.0.0/8"], [("a", ["10.1.0.0/16", "10.2.0.0/16"]), ("b", ["10.3.0.0/16"])])
    one, two, three = (chosen.view(packed(f"10.{number}.0.1")) for number in (1, 2, 3))
    assert one is two
    assert len({view.number for view in (ALLOWED, STRANGER, one, three)}) == 4


def test_more_kinds_than_a_cache_key_can_tell_apart_are_refused() -> None:
    brands = [(str(number), [f"10.{number}.0.0/16"]) for number in range(254)]
    numbers = {Admission([], brands).view(packed(f"10.{number}.0.1")).number for number in range(254)}
    assert numbers == set(range(2, 256))
    with pytest.raises(ValueError, match="more than 254 kinds"):
        Admission([], [*brands, ("one more", ["10.254.0.0/16"])])
