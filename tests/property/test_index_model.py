"""An index finds what a list searched from end to end finds."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from resolver.dns.name import WireName, is_within
from resolver.orders.index import Index, Rule, build_index
from resolver.orders.model import Reach

LABELS = st.one_of(st.sampled_from([b"a", b"b", b"ab", b"a.b", b"\x01", b"\x00"]), st.binary(min_size=1, max_size=3))
NAMES = st.lists(LABELS, max_size=5).map(
    lambda labels: WireName((b"".join(bytes([len(label)]) + label for label in labels) + b"\x00").lower())
)
LISTED = NAMES.filter(bytes.isascii)
NUMBERS = st.integers(0, 3)
RULES = st.lists(st.builds(Rule, LISTED, st.sampled_from(Reach), NUMBERS, NUMBERS, NUMBERS, st.integers(1, 9)))


def covers(rule: Rule, name: WireName) -> bool:
    return rule.name == name or (rule.reach is Reach.SUBTREE and is_within(name, rule.name))


@given(RULES, st.lists(NAMES, max_size=10))
def test_find_agrees_with_a_list(rules: list[Rule], strangers: list[WireName]) -> None:
    index = Index.read(build_index(rules))
    for name in [*strangers, *(rule.name for rule in rules)]:
        found = index.find(name)
        assert sorted(found) == sorted({rule for rule in rules if covers(rule, name)})
        assert [len(rule.name) for rule in found] == sorted((len(rule.name) for rule in found), reverse=True)
        assert sorted(index.listed(name)) == sorted({rule for rule in rules if rule.name == name})


@given(RULES, st.randoms())
def test_the_octets_depend_on_the_set_of_rules_alone(rules: list[Rule], random: Random) -> None:
    shuffled = [*rules, *rules[:2]]
    random.shuffle(shuffled)
    assert build_index(shuffled) == build_index(rules)


@given(RULES)
def test_every_rule_comes_back(rules: list[Rule]) -> None:
    index = Index.read(build_index(rules))
    assert sorted(index) == sorted(set(rules))
    assert len(index) == len({rule.name for rule in rules})
