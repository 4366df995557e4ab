"""Each format gives the names that its own programme would block, and no name that reaches farther."""

import pytest

from resolver.dns.name import present_name
from resolver.orders.importers.csv_table import ColumnError
from resolver.orders.importers.entries import Beyond, Entry, Named, Rejected
from resolver.orders.importers.formats import Format, UndecodableError, decode, guess_format, read_entries


def told(entry: Entry) -> str:
    """Write an entry on one line."""
    match entry:
        case Named():
            return f"{entry.line} {present_name(entry.name)} {entry.reach or 'as the measure says'}"
        case Beyond():
            return f"{entry.line} cannot: {entry.why}" + (f" ({present_name(entry.host)})" if entry.host else "")
        case Rejected():
            return f"{entry.line} rejected"


LISTS = {
    "plain": (
        Format.PLAIN,
        """# annex
Pirate.example
bücher.example.   # a comment

https://whole.example
http://whole2.example/
https://part.example/x
https://part.example?q=1
https://port.example:8443/
port.example:8080
203.0.113.7
https://203.0.113.7/
2001:db8::/32
*.below.example
any*.example
localhost
two words.example
user@mail.example
ftp://files.example
https://user@host.example/
""",
        [
            "2 pirate.example as the measure says",
            "3 xn--bcher-kva.example as the measure says",
            "5 whole.example as the measure says",
            "6 whole2.example as the measure says",
            "7 cannot: url (part.example)",
            "8 cannot: url (part.example)",
            "9 cannot: port (port.example)",
            "10 cannot: port (port.example)",
            "11 cannot: ip",
            "12 cannot: ip",
            "13 cannot: ip",
            "14 cannot: pattern (below.example)",
            "15 cannot: pattern",
            "16 rejected",
            "17 rejected",
            "18 rejected",
            "19 cannot: url (files.example)",
            "20 cannot: url (host.example)",
        ],
    ),
    "hosts": (
        Format.HOSTS,
        """127.0.0.1 localhost
0.0.0.0 a.example www.a.example # both
::1 b.example
192.0.2.7 printer.example
0.0.0.0
""",
        [
            "1 rejected",
            "2 a.example as the measure says",
            "2 www.a.example as the measure says",
            "3 b.example as the measure says",
            "4 rejected",
            "5 rejected",
        ],
    ),
    "dnsmasq": (
        Format.DNSMASQ,
        """address=/a.example/b.example/0.0.0.0
address=/.c.example/#
local=/d.example/
server=/e.example/
server=/f.example/192.0.2.53
address=/#/0.0.0.0
cache-size=100
""",
        [
            "1 a.example subtree",
            "1 b.example subtree",
            "2 c.example subtree",
            "3 d.example subtree",
            "4 e.example subtree",
            "5 rejected",
            "6 cannot: pattern",
            "7 rejected",
        ],
    ),
    "adguard": (
        Format.ADGUARD,
        """[Adblock Plus 2.0]
! a list
||a.example^
||b.example^$important
||c.example^$client=192.0.2.1
||d.example
|e.example^
f.example
@@||g.example^
/ads[0-9]+/
||h.example/path^
||*.i.example^
j.example##.banner
0.0.0.0 k.example
# a comment
""",
        [
            "3 a.example subtree",
            "4 b.example subtree",
            "5 rejected",
            "6 cannot: pattern (d.example)",
            "7 e.example exact",
            "8 f.example exact",
            "9 rejected",
            "10 cannot: pattern",
            "11 cannot: url (h.example)",
            "12 cannot: pattern (i.example)",
            "13 rejected",
            "14 k.example exact",
        ],
    ),
    "unbound": (
        Format.UNBOUND,
        """server:
  local-zone: "a.example." always_nxdomain
  local-zone: b.example redirect
  local-data: "b.example. A 192.0.2.80"
  local-zone: "c.example" transparent
  local-data: "d.example 60 IN AAAA ::"
  local-data: "e.example TXT hello"
  local-zone-tag: "f.example" "x"
""",
        [
            "2 a.example subtree",
            "3 b.example subtree",
            "4 b.example exact",
            "5 rejected",
            "6 d.example exact",
            "7 rejected",
            "8 rejected",
        ],
    ),
    "rpz": (
        Format.RPZ,
        """$ORIGIN orders.test.
$TTL 60
@ IN SOA localhost. root.localhost. (
      1 ; serial
      3600 600 86400 60 )
  NS localhost.
both.example CNAME .
*.both.example CNAME .
alone.example 60 IN A 192.0.2.80
              AAAA 2001:db8::80
*.below.example CNAME *.
free.example CNAME rpz-passthru.
24.0.113.0.203.rpz-ip CNAME .
ns.bad.example.rpz-nsdname CNAME .
full.example.orders.test. CNAME .
elsewhere.example. CNAME .
* CNAME .
broken.example "CNAME
""",
        [
            "12 rejected",
            "13 cannot: ip",
            "14 rejected",
            "16 rejected",
            "17 rejected",
            "18 rejected",
            "7 both.example subtree",
            "9 alone.example exact",
            "15 full.example exact",
            "11 cannot: pattern (below.example)",
        ],
    ),
    "csv": (
        Format.CSV,
        """n°;Domaine;Remarque
1;a.example;le premier
2;https://b.example/x;"une
note"
3;;vide
4
""",
        ["2 a.example as the measure says", "3 cannot: url (b.example)", "5 rejected", "6 rejected"],
    ),
}


@pytest.mark.parametrize(("form", "text", "expected"), LISTS.values(), ids=LISTS)
def test_what_a_list_holds(form: Format, text: str, expected: list[str]) -> None:
    assert [told(entry) for entry in read_entries(text, form)] == expected


@pytest.mark.parametrize(("form", "text"), [(form, text) for form, text, _ in LISTS.values()], ids=LISTS)
def test_the_format_is_found(form: Format, text: str) -> None:
    assert guess_format("list.csv" if form is Format.CSV else "list.txt", text) is form


def test_a_csv_is_known_by_its_delimiters_too() -> None:
    assert guess_format("list.txt", "domain,date\na.example,2026\n") is Format.CSV
    assert guess_format("list", "") is Format.PLAIN


@pytest.mark.parametrize(
    ("text", "column", "delimiter", "expected"),
    [
        pytest.param("x,y\na.example,b.example\n", "y", None, ["b.example"], id="named"),
        pytest.param("a.example|b.example\n", "2", None, ["b.example"], id="numbered-without-a-header"),
        pytest.param("a,b;c.example\n", None, ";", ["c.example"], id="delimiter-given"),
        pytest.param("1\ta.example\n2\tb.example\n", None, None, ["a.example", "b.example"], id="found-by-its-names"),
        pytest.param("nr,adresse\n1,a.example\n", None, None, ["a.example"], id="unknown-header"),
        pytest.param("a.example\nb.example\n", None, None, ["a.example", "b.example"], id="one-column"),
        pytest.param("", None, None, [], id="empty"),
    ],
)
def test_the_column_of_a_csv(text: str, column: str | None, delimiter: str | None, expected: list[str]) -> None:
    entries = list(read_entries(text, Format.CSV, column, delimiter))
    assert [present_name(entry.name) for entry in entries if isinstance(entry, Named)] == expected


@pytest.mark.parametrize("column", [None, "z", "3", "0"])
def test_a_column_that_cannot_be_told(column: str | None) -> None:
    with pytest.raises(ColumnError, match="x, y"):
        read_entries("x,y\na.example,b.example\n", Format.CSV, column)


def test_a_broken_quote_ends_a_csv_where_it_stands() -> None:
    entries = list(read_entries('domain,x\na.example,1\nb.example,"2"3\n', Format.CSV))
    assert [told(entry) for entry in entries] == ["2 a.example as the measure says", "3 rejected"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xef\xbb\xbfa.example", ("a.example", "utf-8-sig")),
        ("bücher.example".encode(), ("bücher.example", "utf-8")),
        ("bücher.example".encode("cp1252"), ("bücher.example", "cp1252")),
        ("bücher.example".encode("utf-16"), ("bücher.example", "utf-16")),
    ],
)
def test_the_characters_are_found(content: bytes, expected: tuple[str, str]) -> None:
    assert decode(content) == expected


@pytest.mark.parametrize("content", [b"a\x00b", b"\x81\xff", b"\xff\xfea"])
def test_what_is_no_text_is_refused(content: bytes) -> None:
    with pytest.raises(UndecodableError):
        decode(content)
