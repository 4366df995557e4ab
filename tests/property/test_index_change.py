"""An index that is changed is to the octet the one that is laid out anew, whatever comes, goes and is renumbered."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from resolver.dns.name import hierarchy_key, parse_name
from resolver.orders.index import Index, Rule, RuleTable, build_index
from resolver.orders.index_change import Renumbering, change_index
from resolver.orders.model import Reach
from resolver.orders.name_table import NameTable

NAMES = ["example", "a.example", "b.a.example", "b.example", "xn--caf-dma.example", "a.xn--caf-dma.example", "test"]
Measure = list[tuple[str, Reach, int, int, int]]
"""Its rules: name, reach, timeline, which of its two files, line."""
MEASURES = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from(Reach),
        st.integers(0, 1),
        st.integers(0, 1),
        st.integers(1, 3),
    ),
    max_size=5,
)


def rules_of(number: int, measure: Measure) -> list[Rule]:
    return [
        Rule(parse_name(name), reach, number, timeline, 2 * number + file, line)
        for name, reach, timeline, file, line in measure
    ]


def tables_of(rules: Iterable[Rule]) -> list[RuleTable]:
    return [
        RuleTable(NameTable.of([(hierarchy_key(name), line, 1)]), reach, measure, timeline, file)
        for name, reach, measure, timeline, file, line in rules
    ]


@given(st.lists(st.tuples(MEASURES, st.sampled_from(["stays", "goes", "comes"]), st.booleans()), max_size=6))
def test_a_changed_index_is_one_laid_out_anew(drawn: list[tuple[Measure, str, bool]]) -> None:
    before = [(measure, what) for measure, what, _ in drawn if what != "comes"]
    after = [(measure, what, packed) for measure, what, packed in drawn if what != "goes"]
    old = [rule for number, (measure, _) in enumerate(before) for rule in rules_of(number, measure)]
    was = (number for number, (_, what) in enumerate(before) if what == "stays")
    now = (number for number, (_, what, _) in enumerate(after) if what == "stays")
    measures = dict(zip(was, now, strict=True))
    files = {2 * one + file: 2 * other + file for one, other in measures.items() for file in (0, 1)}
    coming = [(number, measure, packed) for number, (measure, what, packed) in enumerate(after) if what == "comes"]

    changed = change_index(
        Index.read(build_index(old)),
        Renumbering(measures, files),
        [rule for number, measure, packed in coming if not packed for rule in rules_of(number, measure)],
        tables_of(rule for number, measure, packed in coming if packed for rule in rules_of(number, measure)),
    )

    anew = build_index(rule for number, (measure, _, _) in enumerate(after) for rule in rules_of(number, measure))
    assert changed == anew
    assert len(Index.read(changed)) == len(Index.read(anew))
