"""Whatever a list holds, reading it ends, and no entry becomes a name that reaches farther than what was written."""

from hypothesis import given
from hypothesis import strategies as st

from resolver.dns.name import parse_name, present_name
from resolver.orders.importers.csv_table import ColumnError
from resolver.orders.importers.entries import Beyond, Named, read_entry
from resolver.orders.importers.formats import Format, UndecodableError, decode, guess_format, read_entries
from resolver.orders.importers.harvest import harvest
from resolver.orders.model import Reach

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
HOSTS = st.tuples(LABELS, LABELS, st.sampled_from(["example", "test"])).map(".".join)
ODD = st.sampled_from("ab.*/?#:|^$@!;\"'(){}\\ \t\n=-,0é%[]") | st.characters()
PIECES = st.sampled_from(
    ["||", "^", "@@", "address=/", "/0.0.0.0", "local-zone: ", "local-data: ", " CNAME .", "$ORIGIN ", "*.", "\n", ";",
     "0.0.0.0 ", "http://", ":8443", "/path", "a.example", "(", ")", '"', "@ SOA a b (1 2 3 4 5)", "$"]
)  # fmt: skip  # two lines
TEXTS = st.lists(PIECES | ODD | HOSTS, max_size=40).map("".join)


@given(text=TEXTS, form=st.sampled_from(Format), delimiter=st.sampled_from([None, ",", ";"]))
def test_reading_ends_and_names_stand_in_their_lines(text: str, form: Format, delimiter: str | None) -> None:
    try:
        entries = list(read_entries(text, form, None, delimiter))
    except ColumnError:
        return
    lines = len(text.splitlines())
    for entry in entries:
        assert 1 <= entry.line <= max(1, lines)
        if isinstance(entry, Named):
            assert present_name(entry.name).isascii()
            assert read_entry(0, present_name(entry.name)) == Named(0, present_name(entry.name), entry.name, None)


@given(content=st.binary(max_size=200))
def test_any_octets_are_read_or_refused(content: bytes) -> None:
    try:
        text, _ = decode(content)
    except UndecodableError:
        return
    form = guess_format("list", text)
    try:
        list(read_entries(text, form))
    except ColumnError:
        assert form is Format.CSV


@given(
    host=HOSTS,
    before=st.sampled_from(["", "http://", "https://", "HTTPS://", "ftp://", "https://user@", "//", "*.", "x*", "."]),
    after=st.sampled_from(["", "/", "/x", "?q", "#f", ":80", ":8443/", "/?", "//", "/*", "^", "*"]),
)
def test_only_a_whole_host_becomes_its_name(host: str, before: str, after: str) -> None:
    entry = read_entry(7, f"{before}{host}{after}")
    whole = (before, after) == ("", "") or (before.lower() in {"http://", "https://"} and after in {"", "/"})
    assert isinstance(entry, Named) is whole
    if isinstance(entry, Named):
        assert entry.name == parse_name(host)
    if isinstance(entry, Beyond) and entry.host is not None:
        assert present_name(entry.host).rstrip(".") == host


@given(
    names=st.lists(st.tuples(HOSTS, st.sampled_from([None, Reach.EXACT, Reach.SUBTREE])), max_size=20),
    scope=st.sampled_from(Reach),
    known=st.lists(HOSTS, max_size=3),
)
def test_nothing_reaches_farther_than_list_and_measure(
    names: list[tuple[str, Reach | None]], scope: Reach, known: list[str]
) -> None:
    entries = [Named(line, name, parse_name(name), reach) for line, (name, reach) in enumerate(names, start=1)]
    result = harvest(entries, scope, known={parse_name(name) for name in known})

    assert len(result.kept) + len(result.duplicates) == len(entries)
    assert len({each.name for each in result.kept}) == len(result.kept)
    for each in result.kept:
        asked = {entry.reach for entry in entries if entry.name == each.name}
        assert each.reach is Reach.EXACT or (scope is Reach.SUBTREE and asked != {Reach.EXACT})
        assert each.name not in {parse_name(name) for name in known}
    for covered in result.covered:
        above = next(kept for kept in result.kept if kept.name == covered.by)
        assert above.reach is Reach.SUBTREE
