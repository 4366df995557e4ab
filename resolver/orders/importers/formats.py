"""Which formats of lists there are, which of them a file seems to be in, and in which characters it is written."""

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import islice
from typing import Final

from resolver.orders.importers.adguard import read_adguard
from resolver.orders.importers.csv_table import DELIMITERS, read_csv
from resolver.orders.importers.dnsmasq import read_dnsmasq
from resolver.orders.importers.entries import Entry
from resolver.orders.importers.hosts import read_hosts
from resolver.orders.importers.plain import read_plain
from resolver.orders.importers.rpz import read_rpz
from resolver.orders.importers.unbound import read_unbound

_SAMPLE: Final = 200
_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class Format(StrEnum):
    """The formats, as the command line names them."""

    PLAIN = "plain"
    CSV = "csv"
    HOSTS = "hosts"
    DNSMASQ = "dnsmasq"
    ADGUARD = "adguard"
    UNBOUND = "unbound"
    RPZ = "rpz"


class UndecodableError(ValueError):
    """The octets are no text that we know; the message is a predicate."""


def decode(content: bytes) -> tuple[str, str]:
    """Make text of octets: by a byte order mark, else UTF-8, else Windows-1252; also gives which it was.

    Raises UndecodableError.
    """
    marked = next((encoding for mark, encoding in _BOMS if content.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            raise UndecodableError("holds octets 0, as no list in text does")
        return text, encoding
    raise UndecodableError("is neither UTF-8 nor Windows-1252 text: save it as one of them")


_LOOKS: Final = (
    (Format.UNBOUND, re.compile(r"\s*(?:local-zone|local-data):.*")),
    (Format.DNSMASQ, re.compile(r"\s*(?:--)?(?:address|local|server)\s*=\s*/.*")),
    (Format.RPZ, re.compile(r"(?:\$(?:TTL|ORIGIN)\b.*|.*\s(?:SOA|CNAME)\s.*)", re.IGNORECASE)),
    (Format.ADGUARD, re.compile(r"(?:@@)?\|.*|!.*|.*\^(?:\$.*)?|.*#@?#.*")),
    (Format.HOSTS, re.compile(r"\s*(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:]*)\s+[A-Za-z0-9_].*")),
)


def guess_format(file: str, text: str) -> Format:
    """Tell the format of a file from its name, else from its first lines."""
    if file.lower().endswith((".csv", ".tsv")):
        return Format.CSV
    lines = list(islice((line for line in text.splitlines() if line.strip() and line.lstrip()[0] not in "#;"), _SAMPLE))
    for form, looks in _LOOKS:
        if 2 * sum(looks.fullmatch(line) is not None for line in lines) > len(lines):
            return form
    delimited = sum(any(mark in line for mark in DELIMITERS) for line in lines)
    return Format.CSV if lines and 2 * delimited > len(lines) else Format.PLAIN


_READERS: Final[dict[Format, Callable[[str], Iterator[Entry]]]] = {
    Format.PLAIN: read_plain,
    Format.HOSTS: read_hosts,
    Format.DNSMASQ: read_dnsmasq,
    Format.ADGUARD: read_adguard,
    Format.UNBOUND: read_unbound,
    Format.RPZ: read_rpz,
}


def read_entries(text: str, form: Format, column: str | None = None, delimiter: str | None = None) -> Iterator[Entry]:
    """Read the entries of a list in a format. Raises ColumnError for a CSV whose column of names cannot be told."""
    if form is Format.CSV:
        return read_csv(text, column, delimiter)
    return _READERS[form](text)
