"""Whatever is put, read and discarded: the bounds hold, and nothing is found that was not put last."""

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from resolver.core.generations import Generations


class Stone(NamedTuple):
    octets: int
    number: int


ACTS = st.lists(
    st.tuples(st.sampled_from(["put", "put", "get", "discard"]), st.integers(0, 40), st.integers(1, 30)), max_size=300
)


@given(st.integers(2, 20), st.integers(20, 200), ACTS)
def test_a_bounded_map_agrees_with_a_plain_one(entries: int, octets: int, acts: list[tuple[str, int, int]]) -> None:
    bounded: Generations[int, Stone] = Generations(entries, octets)
    plain: dict[int, Stone] = {}
    for number, (act, key, weight) in enumerate(acts):
        match act:
            case "put":
                plain[key] = Stone(weight, number)
                bounded.put(key, plain[key])
                assert bounded.get(key) == (plain[key] if weight <= octets // 2 else None)
            case "get":
                assert bounded.get(key) in {plain.get(key), None}
            case _:
                plain.pop(key, None)
                bounded.discard(key)
        held = bounded.octets + sum(stone.octets for stone in bounded._retired.values())
        assert len(bounded) <= entries + 1
        assert held <= octets + 30
        assert bounded.octets == sum(stone.octets for stone in (*bounded._young.values(), *bounded._old.values()))
