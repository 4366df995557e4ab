"""Who is asked next, and when to give up, follows from what became of the attempts. No socket is opened here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import pytest

from resolver.core.step import Failure, Question, Unusable
from resolver.dns.codes import RRType
from resolver.dns.name import parse_name
from resolver.net.attempt import Outcome, Way
from resolver.net.exchange import MOST_MISMATCHES, Exchange
from resolver.net.health import DOWN as IS_DOWN
from resolver.net.health import FAR, NEAR, Health
from resolver.net.routes import Routes, in_turn
from resolver.net.upstream import Upstream

W, S, G, U, T, E, R = (
    Outcome.WAITING, Outcome.SILENT, Outcome.GARBLED, Outcome.UNREACHABLE, Outcome.TRUNCATED, Outcome.DISLIKES_EDNS,
    Outcome.REJECTED,
)  # fmt: skip  # the columns of the tables below
LAST_STAGE = 2


@dataclass(eq=False)
class Known:
    """What an exchange knows of an upstream."""

    name: str
    over_tcp: bool
    health: Health


def upstream(name: str, *, up: bool = True, over_tcp: bool = False) -> Upstream:
    """Make a stand-in."""
    health = Health()
    health.rank = NEAR if up else IS_DOWN
    return cast("Upstream", Known(name, over_tcp, health))


A, B, C = upstream("a"), upstream("b"), upstream("c")
DOWN = upstream("down", up=False)
STREAM = upstream("stream", over_tcp=True)


def exchange(
    upstreams: Sequence[Upstream], *attempts: tuple[Upstream, Outcome, int] | tuple[Upstream, Outcome, int, str]
) -> Exchange:
    """Make an exchange with a past: upstream, outcome, stage, and "tcp" or "plain" for how it was asked."""
    made = Exchange(Question(parse_name("x.test"), 1, 1, False, False), upstreams, 0.0)  # noqa: FBT003 - DO and CD
    for at, outcome, stage, *how in attempts:
        made.stage = stage
        made.begin(Way(at, over_tcp="tcp" in how or at.over_tcp, with_edns="plain" not in how), 0.0).outcome = outcome
        if outcome is R:
            made.unusable = Unusable(Failure.REFUSED_UPSTREAM)
    return made


@pytest.mark.parametrize(
    ("made", "way"),
    [
        (exchange([A], (A, S, 0)), (A, False, True)),
        (exchange([A], (A, S, 0), (A, S, 1)), (A, False, True)),
        (exchange([A], (A, S, 0), (A, S, 1), (A, S, 2)), None),
        (exchange([A, B], (A, S, 0)), (B, False, True)),
        (exchange([A, B], (A, S, 0), (B, S, 1)), (A, False, True)),
        (exchange([A, B, C], (A, S, 0), (B, S, 1)), (C, False, True)),
        (exchange([A, DOWN], (A, S, 0)), (A, False, True)),
        (exchange([A, DOWN], (A, S, 0), (A, S, 1)), (DOWN, False, True)),
        (exchange([A, B], (A, U, 0), (B, S, 0)), (B, False, True)),
        (exchange([A, B], (A, R, 0), (B, S, 0)), (B, False, True)),
        (exchange([A], (A, R, 0)), None),
        (exchange([A], (A, T, 0), (A, S, 0, "tcp")), (A, True, True)),
        (exchange([A], (A, T, 0), (A, S, 0, "tcp"), (A, S, 1, "tcp")), None),
        (exchange([A], (A, E, 0), (A, S, 0, "plain")), (A, False, False)),
        (exchange([A], (A, E, 0), (A, S, 0, "plain"), (A, S, 1, "plain"), (A, S, 2, "plain")), None),
        (exchange([STREAM], (STREAM, S, 0)), (STREAM, True, True)),
        (exchange([STREAM], (STREAM, S, 0), (STREAM, S, 1)), None),
    ],
)  # fmt: skip  # a table
def test_whom_to_ask_after_silence(made: Exchange, way: tuple[Upstream, bool, bool] | None) -> None:
    assert made.scheduled_way() == way


@pytest.mark.parametrize(
    ("made", "way"),
    [
        (exchange([A], (A, U, 0)), None),
        (exchange([A, B], (A, U, 0)), (B, False, True)),
        (exchange([A, B], (A, U, 0), (B, U, 0)), None),
        (exchange([A, B], (A, U, 0), (B, S, 0), (A, U, 1)), (B, False, True)),
        (exchange([A, B], (A, R, 0)), (B, False, True)),
        (exchange([A, B, C], (A, R, 0), (B, R, 0)), None),
        (exchange([A, B], (A, T, 0)), (A, True, True)),
        (exchange([A, B], (A, T, 0), (A, U, 0, "tcp")), (B, False, True)),
        (exchange([A, B], (A, E, 0)), (A, False, False)),
        (exchange([A, B], (A, G, 0)), (B, False, True)),
    ],
)  # fmt: skip  # a table
def test_what_to_do_at_once_after_a_failure(made: Exchange, way: tuple[Upstream, bool, bool] | None) -> None:
    assert made.way_after(made.attempts[-1]) == way


@pytest.mark.parametrize(
    ("made", "hopeless", "failure"),
    [
        (exchange([A], (A, S, 2)), False, Failure.TIMEOUT),
        (exchange([A], (A, U, 0)), True, Failure.NETWORK),
        (exchange([A, B], (A, U, 0)), False, Failure.NETWORK),
        (exchange([A, B], (A, U, 0), (B, U, 0)), True, Failure.NETWORK),
        (exchange([A, B], (A, U, 0), (B, R, 0)), True, Failure.REFUSED_UPSTREAM),
        (exchange([A], (A, S, 0), (A, U, 1)), False, Failure.TIMEOUT),
        (exchange([A], (A, U, 0), (A, U, 1), (A, U, 2)), True, Failure.NETWORK),
        (exchange([A, B], (A, U, 0), (B, S, 0)), False, Failure.TIMEOUT),
        (exchange([A], (A, R, 0)), True, Failure.REFUSED_UPSTREAM),
        (exchange([A, B], (A, R, 0), (B, S, 0)), False, Failure.REFUSED_UPSTREAM),
        (exchange([A, B, C], (A, S, 0), (B, R, 1), (C, R, 1)), True, Failure.REFUSED_UPSTREAM),
        (exchange([A], (A, G, 0)), False, Failure.UNUSABLE),
        (exchange([A], (A, T, 0), (A, U, 0, "tcp"), (A, U, 1, "tcp")), True, Failure.NETWORK),
    ],
)  # fmt: skip  # a table
def test_when_to_give_up_and_why(made: Exchange, hopeless: bool, failure: Failure) -> None:  # noqa: FBT001 - a column
    assert made.is_hopeless(LAST_STAGE) is hopeless
    assert made.failure().failure is failure


def test_a_final_failure_is_final() -> None:
    made = exchange([A, B], (A, R, 0))
    made.unusable = Unusable(Failure.REFUSED_UPSTREAM, final=True)
    assert made.is_decided
    assert made.way_after(made.attempts[-1]) is None


def test_many_mismatches_lead_to_tcp() -> None:
    made = exchange([A], (A, W, 0))
    made.mismatches = MOST_MISMATCHES
    assert made.way(A) == (A, True, True)


@pytest.mark.parametrize(
    ("upstreams", "past", "following"),
    [
        pytest.param([A], [(A, W, 0)], (A, True, True), id="over TCP"),
        pytest.param([A], [(A, W, 0), (A, W, 1, "tcp")], (A, False, True), id="and once only"),
        pytest.param([A, B], [(A, W, 0)], (B, False, True), id="another one, whose answers nobody has guessed at"),
        pytest.param([A], [(A, E, 0), (A, W, 0, "plain")], (A, True, False), id="without EDNS"),
        pytest.param([STREAM], [(STREAM, W, 0, "tcp")], (STREAM, True, True), id="TCP stays TCP"),
    ],
)
def test_one_mismatch_leads_to_tcp_at_the_next_send(
    upstreams: list[Upstream], past: list[tuple[Upstream, Outcome, int]], following: Way
) -> None:
    made = exchange(upstreams, *past)
    made.mismatches = 1
    assert made.scheduled_way() == following


def test_nothing_is_held_by_a_closed_exchange() -> None:
    made = exchange([A], (A, W, 0))
    made.close()
    assert (made.attempts, made.waiters, made.open) == ([], [], False)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("x.test", (A,)),
        ("corp.example", (B,)),
        ("a.corp.example", (B,)),
        ("lab.corp.example", (C,)),
        ("a.b.lab.corp.example", (C,)),
        ("xcorp.example", (A,)),
        ("void.example", ()),
    ],
)
def test_routes_by_the_longest_zone(name: str, found: tuple[Upstream, ...]) -> None:
    zones = {"corp.example": (B,), "lab.corp.example": (C,), "void.example": ()}
    routes = Routes((A,), {parse_name(zone): upstreams for zone, upstreams in zones.items()})
    assert routes.serving(Question(parse_name(name), RRType.A, 1, False, False)) == found  # noqa: FBT003 - DO and CD


def test_a_signer_record_is_asked_above_the_zone_that_it_speaks_of() -> None:
    routes = Routes((A,), {parse_name("corp.example"): (B,)})
    asked = [Question(parse_name(name), RRType.DS, 1, True, False) for name in ("corp.example", "a.corp.example", ".")]  # noqa: FBT003 - DO and CD
    assert [routes.serving(question) for question in asked] == [(A,), (B,), (A,)]


def test_turns_spread_the_load_and_put_what_is_down_last() -> None:
    third = 0x1_0000_0000 // 3
    assert [in_turn((A, B, C), turn * third + 1)[0] for turn in range(3)] == [A, B, C]
    assert in_turn((A, B, C), third + 1) == (B, C, A)
    assert in_turn((DOWN, A), 0) == in_turn((DOWN, A), 1) == (A, DOWN)


def test_far_ones_come_before_those_that_are_down_and_first_now_and_then() -> None:
    far = upstream("far")
    far.health.rank = FAR
    assert in_turn((DOWN, far, A), 1) == (A, far, DOWN)
    assert in_turn((far, A), 1) == (A, far)
    firsts = [in_turn((far, A), pick << 16 | pick)[0] for pick in range(1 << 16)]
    assert 300 < firsts.count(far) < 800
    assert in_turn((far, A), 0) == (far, A)


def test_one_that_is_alone_has_no_turn() -> None:
    assert in_turn((DOWN,), 0) == (DOWN,)
