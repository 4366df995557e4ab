"""How the supervisor has the orders compiled: by a child of its own, within a bound, and what it learns from it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from resolver.ops.channel import Message
from resolver.ops.children import Child, cannot_start, end_in_words
from resolver.ops.config import Config
from resolver.ops.foreseen import ForeseenChild
from resolver.ops.metrics_state import OrderDate, OrderRules, PolicySummary
from resolver.ops.progress import Tell, tell_nobody
from resolver.ops.timelines import spans

COMPILE_SECONDS: Final = 600.0
AT_ONCE: Final = 0
"""Niceness of a compilation that everybody waits for, or one order's un-blocking: nobody is served before it."""
SOON: Final = 5
"""Of one beside workers that somebody waits for: a quarter of a core that workers want too."""
BESIDE: Final = 15
"""Of any other beside workers, which come first."""
GENTLE_SECONDS: Final = 20.0
"""For so long a compilation beside workers takes only what is left over; a flood must not put off an order for ever."""


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """A policy on disk; ``counted`` are its pairs ``order/action``."""

    path: Path
    digest: str
    orders: int
    names: int
    counted: tuple[str, ...]
    summary: PolicySummary


@dataclass(frozen=True, slots=True)
class Compiled:
    """What came of the orders; no policy if none of them is usable, and there never was a good one.

    ``account`` is what the journal is to be told (`resolver.ops.account`); None if there is nothing.
    """

    policy: CompiledPolicy | None
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    account: Message | None = None


async def compile_in_child(
    config: Config,
    wall: float,
    tell: Tell,
    *,
    niceness: int,
    plan: str | None = None,
    known: str | None = None,
    tidy: bool = False,
    before: CompiledPolicy | None = None,
    foreseen: ForeseenChild | None = None,
) -> Compiled:
    """Compile the orders as of ``wall`` on the order clock (POSIX seconds); a child that fails is a problem, too.

    ``tell`` learns how far it is. ``niceness`` is `AT_ONCE`, `SOON` or `BESIDE`. ``plan`` is the digest of the files
    that somebody means, accidents included. ``known`` is the policy that the journal knows as the last one; ``tidy``
    says that it was pruned. ``before`` is the policy in force, against which a change may be told.
    The child is the one that was foreseen, if there is one.
    """
    since = None if before is None else before.digest
    question = {"do": "compile", "plan": plan, "tidy": tidy, "since": since}
    start = None if foreseen is None else foreseen.take
    return await _ask_child({**question, **_common(config, wall, known)}, tell, niceness, before, start)


async def amend_in_child(
    config: Config, wall: float, known: str | None, file: Path, before: CompiledPolicy, foreseen: ForeseenChild
) -> Compiled:
    """Put the history of the order in a file into the applied policy; no policy where that takes a compilation.

    The child is the one that was foreseen, if there is one.
    """
    question = {"do": "amend", "tidy": False, "file": str(file), "since": before.digest}
    return await _ask_child({**question, **_common(config, wall, known)}, tell_nobody, AT_ONCE, before, foreseen.take)


async def recall_in_child(config: Config, wall: float, known: str | None) -> Compiled:
    """Find the policy that was applied last; the other arguments are as in `compile_in_child`."""
    question = {"do": "recall", "tidy": False, **_common(config, wall, known)}
    return await _ask_child(question, tell_nobody, AT_ONCE)


def _common(config: Config, wall: float, known: str | None) -> Message:
    return {"config": config.to_json(), "wall": wall, "known": known}


async def _ask_child(
    question: Message,
    tell: Tell,
    niceness: int,
    before: CompiledPolicy | None = None,
    start: Callable[[], Child] | None = None,
) -> Compiled:
    try:
        child = Child(asyncio.get_running_loop(), "compile") if start is None else start()
        child.heard_progress = tell
    except OSError as error:
        return _nothing(f"compiling the orders: {cannot_start(error)}; the policy stays as it was")
    child.be_nice(niceness)
    if niceness == BESIDE:
        child.give_way()
    try:
        answer = await child.ask(question, GENTLE_SECONDS)
        if answer is None and child.alive:
            child.hurry()
            answer = await child.wait_on(COMPILE_SECONDS - GENTLE_SECONDS)
        if answer is None:
            return _nothing(f"compiling the orders: {await _how_it_ended(child)}; the policy stays as it was")
    finally:
        child.kill()
    if answer["say"] != "compiled":
        return _nothing(f"compiling the orders: {answer['why']}; the policy stays as it was")
    return Compiled(
        read_policy(answer, before), tuple(answer["problems"]), tuple(answer["warnings"]), answer["account"]
    )


def _nothing(problem: str) -> Compiled:
    return Compiled(None, (problem,), ())


async def _how_it_ended(child: Child) -> str:
    if child.alive:
        return f"not done within {COMPILE_SECONDS:g} s"
    return f"the child ended early ({end_in_words(await child.end())})"


def read_policy(answer: Message, before: CompiledPolicy | None) -> CompiledPolicy | None:
    """Read what is told of a policy; what is told of its new part alone is joined with the policy before."""
    if answer["policy"] is None:
        return None
    rules = [
        OrderRules(order, tuple((spans(timeline), count) for timeline, count in groups))
        for order, groups in answer["rules"]
    ]
    counted, unpinned = set(answer["counted"]), frozenset(answer["unpinned"])
    dates = [OrderDate(*each) for each in answer["dates"]]
    if answer["since"] is not None:
        assert before is not None, "a part is told to whom named a policy"
        assert before.digest == answer["since"], "the part is that of this policy"
        was = before.summary
        stays = {each.order for each in was.orders} - {each.order for each in rules} - {*answer["gone"]}
        rules = sorted((*rules, *(each for each in was.orders if each.order in stays)), key=lambda each: each.order)
        counted |= {key for key in before.counted if key.rpartition("/")[0] in stays}
        dates += [each for each in was.dates if each.order in stays]
        unpinned |= was.unpinned & stays
    return CompiledPolicy(
        Path(answer["policy"]),
        answer["digest"],
        answer["orders"],
        answer["names"],
        tuple(sorted(counted)),
        PolicySummary(answer["digest"], tuple(rules), tuple(dates), unpinned, answer["refused"]),
    )
