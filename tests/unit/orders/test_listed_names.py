"""Listed names: both spellings of a name are one, and what is no name is said to be what it is."""

import pytest

from resolver.dns.name import BadNameError, parse_name
from resolver.orders.listed_names import parse_listed


@pytest.mark.parametrize(
    ("text", "ascii_name"),
    [
        ("dpstream.tv", "dpstream.tv"),
        ("DPStream.TV.", "dpstream.tv"),
        (" x.example\u00a0", "x.example"),
        ("_dmarc.x-y.example", "_dmarc.x-y.example"),
        ("1.2.3.4.example", "1.2.3.4.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.Example", "xn--bcher-kva.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("bücher\u3002example", "xn--bcher-kva.example"),
        ("bücher\uff0eexample\uff61", "xn--bcher-kva.example"),
        ("\uff58.example", "x.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("βόλος.example", "xn--nxasmm1c.example"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("com", "com"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
    ],
)
def test_one_name_in_all_its_spellings(text: str, ascii_name: str) -> None:
    assert parse_listed(text) == parse_name(ascii_name)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is empty"),
        (" ", "is empty"),
        (".", "is the root"),
        ("http://x.example", "is a URL: list the host name if the order names the whole host"),
        ("https://x.example/a?b", "is a URL"),
        ("//x.example", "is a URL"),
        ("x.example/", "is a path on a host (a URL)"),
        ("x.example?a=b", "is a path on a host (a URL)"),
        ("x.example:8080", "is a host with a port"),
        ("x.example:", "is a host with a port"),
        ("192.0.2.1", "is an IP address"),
        ("192.0.2.1:80", "is an IP address"),
        ("192.0.2.0/24", "is an IP address"),
        ("2001:db8::1", "is an IP address"),
        ("[2001:db8::1]:443", "is an IP address"),
        ("me@x.example", "is an e-mail address"),
        ("*.x.example", "is a wildcard: write the name without `*.`"),
        ("www.*.example", "is a pattern"),
        ("x*.example", "is a pattern"),
        ("*", "is a pattern"),
        (".x.example", "begins with a dot"),
        ("x..example", "has an empty label"),
        ("a b.example", "holds a space"),
        ("a\u00a0b.example", "holds a space"),
        ("“x.example”", "holds a quotation mark of a word processor"),
        ("\u2018x.example\u2019", "holds a quotation mark of a word processor"),
        ("«\u00a0x.example\u00a0»", "holds a quotation mark of a word processor"),
        ("x,y.example", "holds a character"),
        ("x\\046y.example", "holds a character"),
        ("x.123", "ends in a number"),
        ("x.0x1F", "ends in a number"),
        ("1.2.3", "ends in a number"),
        ("a" * 64 + ".example", "is no name (label longer than 63 octets)"),
        (".".join(["abcdefgh"] * 30), "is no name (name longer than 255 octets)"),
        ("ü" * 60 + ".example", "is not a valid internationalised name (Label too long): correct it"),
        ("i❤.ws", "or write 'xn--i-7iq.ws' if that name exists"),
        ("x\u0301\u0000.é", "holds a character"),
    ],
)
def test_what_is_no_name(text: str, what: str) -> None:
    with pytest.raises(BadNameError) as caught:
        parse_listed(text)
    assert what in str(caught.value)
