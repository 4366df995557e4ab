"""Whatever stands around a run of names: what is read in short holds what YAML says, place for place."""

from collections.abc import Iterator, Mapping

from hypothesis import given
from hypothesis import strategies as st

from resolver.orders.plain_runs import Run, read_short
from resolver.orders.yaml_document import YamlDocument, read_yaml

PIECES = [
    "    names:\n",
    "    lists:\n      - names:\n",
    "  - kind: a\n",
    "notes: |\n",
    "    note: >\n",
    "    note: a\n",
    "    note: 'a\n",
    "      '\n",
    "        more\n",
    "      # a comment\n",
    "\n",
    "    other:\n",
    "      -\n",
    "      - &a\n",
    "      - x.example\r\n",
    "    flow: [\n",
    "    ]\n",
    "\u2028",
]


def written_run(count: int, indent: int) -> str:
    return "".join(f"{' ' * indent}- n{number}.example\n" for number in range(count))


PIECE = st.sampled_from(PIECES) | st.builds(written_run, st.integers(7, 10), st.sampled_from([0, 4, 6, 8]))


Entry = tuple[tuple[str | int, ...], object, int]


def lists(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], list[object]]]:
    if isinstance(value, list):
        yield path, value
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, member in members:
        yield from lists(member, (*path, step))


def entries(document: YamlDocument, runs: Mapping[int, Run]) -> Iterator[Entry]:
    for path, members in lists(document.value):
        for place, member in zip(document.item_places(path), members, strict=True):
            run = runs.get(place.line)
            if run is not None and isinstance(member, str):
                yield from ((path, name, line) for line, name in enumerate(run.names, run.line))
            else:
                yield path, member if isinstance(member, str) else None, place.line


@given(st.lists(PIECE, max_size=8))
def test_a_short_document_holds_what_the_whole_one_does(pieces: list[str]) -> None:
    text = "measures:\n  - names:\n" + written_run(9, 6) + "".join(pieces)
    short = read_short(text.encode(), "f")
    if short is not None:
        whole = read_yaml(text.encode(), "f")
        assert isinstance(whole, YamlDocument)
        assert list(entries(short.document, short.runs)) == list(entries(whole, {}))
