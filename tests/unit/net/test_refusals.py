"""When questions are refused at once: below which domains, and for how long."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from resolver.core.special_names import special_names
from resolver.net.refusals import BEGINNERS, DOMAINS, SECONDS
from tests.flooded import CLIENT, FLOODED, NOBODY, WAITING, Flooded
from tests.worlds import ask

CROWDED = b"\x07crowded\x07example\x00"


Flood = Callable[..., Flooded]


@pytest.fixture
def flood() -> Iterator[Flood]:
    loop = asyncio.new_event_loop()
    made: list[Flooded] = []

    def make(bounds: Mapping[str, int], **other: Any) -> Flooded:  # noqa: ANN401 - its other arguments
        made.append(Flooded(loop, bounds, **other))
        return made[-1]

    yield make
    for each in made:
        each.forwarder.close()
    loop.close()


def is_refused_at_once(there: Flooded, name: str = "next.crowded.example") -> bool:
    (wire,) = there.at_once(ask(name))
    return wire is not None


def test_nothing_is_said_while_nobody_is_refused(flood: Flood) -> None:
    there = flood({"domain": WAITING + 1})
    there.refusals.look(ask("asked0.crowded.example"), there.now)
    assert there.refusals.fullness(there.now) is None


@pytest.mark.parametrize("bound", ["client", "all", "domain"])
def test_after_one_the_next_are_refused_at_once(flood: Flood, bound: str) -> None:
    there = flood({bound: WAITING})
    there.refuse_one()
    assert is_refused_at_once(there)
    assert not is_refused_at_once(there, "next.other.example")


def test_it_ends_a_second_after_the_last_refusal(flood: Flood) -> None:
    there = flood({"domain": WAITING})
    there.refuse_one()
    there.now += SECONDS / 2
    assert is_refused_at_once(there)
    there.refusals.look(b"", there.now)
    there.now += SECONDS / 2
    assert is_refused_at_once(there)
    there.refusals.look(b"", there.now)
    there.refusals.look(b"", there.now + SECONDS / 2)
    there.now += SECONDS
    assert not is_refused_at_once(there)
    assert not there.refusals.domains


def test_it_ends_with_the_table(flood: Flood) -> None:
    there = flood({"domain": WAITING})
    there.refuse_one()
    there.enforce(FLOODED)
    assert not is_refused_at_once(there)
    there.refuse_one()
    assert is_refused_at_once(there)


@pytest.mark.parametrize(
    ("below", "name"),
    [
        pytest.param("partly.example", "first.partly.example", id="an order lists a name below it"),
        pytest.param("uk", "co.uk", id="others have domains below it"),
        pytest.param("amazonaws.com", "first.amazonaws.com", id="some of it are public suffixes"),
        pytest.param("172.in-addr.arpa", "1.172.in-addr.arpa", id="a special name stands below it"),
    ],
)
def test_where_there_is_something_to_judge_each_is_looked_at(flood: Flood, below: str, name: str) -> None:
    there = flood({"client": WAITING}, below=below)
    there.pipeline.answer_specially(special_names((), ()))
    there.refuse_one(name)
    assert there.answering.waiting.counts == {CLIENT: WAITING}
    assert not there.refusals.domains


def test_where_somebody_may_have_no_upstream_each_is_looked_at(flood: Flood) -> None:
    there = flood({"client": WAITING}, zones=[("nobody.example", ())])
    there.refuse_one()
    assert not there.refusals.domains


def test_an_upstream_for_each_zone_is_enough(flood: Flood) -> None:
    there = flood({"client": WAITING}, zones=[("crowded.example", (NOBODY,))])
    there.refuse_one()
    assert there.refusals.domains == {CROWDED}


def test_what_cannot_be_read_is_no_domain(flood: Flood) -> None:
    there = flood({"client": WAITING})
    there.plainly(ask("first.crowded.example"))
    there.refusals.look(b"", there.now)
    assert there.refusals.fullness(there.now) is None


def test_so_many_domains_are_remembered_and_no_more(flood: Flood) -> None:
    there = flood({"client": WAITING})
    for number in range(DOMAINS):
        there.refuse_one(f"first.d{number}.example")
    assert len(there.refusals.domains) == DOMAINS
    there.refuse_one()
    assert there.refusals.domains == {CROWDED}


def test_where_there_is_room_again_a_few_begin_and_a_second_later_all(flood: Flood) -> None:
    there = flood({"domain": WAITING})
    there.refuse_one()
    there.forwarder.domains.bound(1_000)
    questions = [ask(f"next{number}.crowded.example") for number in range(BEGINNERS + 2)]
    refused = []
    for _ in range(4):
        there.now += SECONDS / 2
        refused.append(len(questions) - there.at_once(*questions).count(None))
        there.refusals.look(questions[-1], there.now)
    assert refused == [2, 0, 0, 0]


def test_a_domain_that_was_asked_for_beside_a_crowded_one_has_its_places(flood: Flood) -> None:
    there = flood({"domain": WAITING})
    there.plainly(ask("first.crowded.example"))
    there.refusals.look(ask("www.other.example"), there.now)
    questions = [ask(f"www{number}.other.example") for number in range(BEGINNERS + 2)]
    assert there.at_once(*questions) == [None] * len(questions)


def test_what_was_crowded_under_another_table_is_not_known_any_more(flood: Flood) -> None:
    there = flood({"domain": WAITING})
    there.refuse_one()
    there.enforce(FLOODED)
    there.plainly(ask("second.crowded.example"))
    there.refusals.look(ask("www.other.example"), there.now)
    assert not is_refused_at_once(there)
