"""The Host header becomes a name, or nothing that is used."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.dns.name import parse_name
from resolver.notice.host import Nameless, read_host


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        (["pirate.example"], "pirate.example"),
        (["PIRATE.Example.:8080"], "pirate.example"),
        (["_x-1.pirate.example"], "_x-1.pirate.example"),
        (["bücher.example"], "xn--bcher-kva.example"),
        (["BÜCHER.example:80"], "xn--bcher-kva.example"),
    ],
)
def test_names(fields: list[str], name: str) -> None:
    assert read_host(fields, required=True) == parse_name(name)


@pytest.mark.parametrize(
    ("fields", "required", "why"),
    [
        ([], True, Nameless.MALFORMED),
        ([], False, Nameless.ABSENT),
        (["a.example", "a.example"], False, Nameless.MALFORMED),
        ([""], True, Nameless.ABSENT),
        ([":80"], True, Nameless.ABSENT),
        (["192.0.2.1:80"], True, Nameless.ABSENT),
        (["[::1]"], True, Nameless.ABSENT),
        (["[::1]x"], True, Nameless.MALFORMED),
        (["a..example"], True, Nameless.MALFORMED),
        (["a.example:port"], True, Nameless.MALFORMED),
        (["a b.example"], True, Nameless.MALFORMED),
        (["a\udcff.example"], True, Nameless.MALFORMED),
        (["<b>.example"], True, Nameless.MALFORMED),
        (["ü" * 2_000], True, Nameless.MALFORMED),
    ],
)
def test_what_is_no_name(fields: list[str], required: bool, why: Nameless) -> None:  # noqa: FBT001  # a column of the table
    assert read_host(fields, required=required) is why


@given(st.text(max_size=1_100))
def test_whatever_it_is_it_is_a_name_or_not(field: str) -> None:
    assert isinstance(read_host([field], required=True), bytes | Nameless)
