"""What suspending, resuming and lifting have in common: an entry in the file, in the journal, in every worker."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from resolver.cli.arguments import ZONE, DomainName, Verb, config_option, json_option, read_config
from resolver.cli.law import read_law
from resolver.cli.still_blocked import StillHeld, still_held
from resolver.cli.terminal import BAD, DOUBTFUL, GOOD, complain, from_here, say, say_json
from resolver.dns.name import WireName, present_name
from resolver.ops.clock import order_clock, utc_text
from resolver.ops.config import Config
from resolver.ops.control import ControlError, NoServerError, call, peer
from resolver.ops.journal_facts import act_of, who_is
from resolver.ops.order_history import WrittenEntry, add_to_history
from resolver.ops.state_lock import StateError, StateLock
from resolver.orders.calendar import end_instant_of
from resolver.orders.dates import parse_moment
from resolver.orders.model import EventKind, Ground
from resolver.orders.order_writing import OrderWritingError, Value
from resolver.proof.journal import Journal

APPLY_SECONDS: Final = 660.0
ERROR_SECONDS: Final = 72 * 3600
"""How long at most something stays suspended because of our own error, before somebody must have settled it."""


class Act(NamedTuple):
    """What is to be recorded: ``event`` is the word of the history; None and nothing are left out of the entry."""

    event: str
    order: str
    measure: str | None
    names: Sequence[WireName]
    ground: str | None
    why: str
    by: str | None
    until: str | None = None

    def entry(self, wall: float) -> dict[str, Value]:
        """Write it as the history has it, as of an instant (POSIX seconds)."""
        said = {
            "date": utc_text(wall),
            "event": self.event,
            "measure": self.measure,
            "names": [present_name(name) for name in self.names],
            "until": self.until,
            "ground": self.ground,
            "why": self.why,
            "by": self.by,
        }
        return {key: value for key, value in said.items() if value}


class Moment(click.ParamType[str]):
    """A day or an instant, as an order file writes it; stays text."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401  # click's signature
        """Check ``2026-11-24`` or ``2026-11-24T18:00+01:00``."""
        try:
            parse_moment(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return str(value)


_OPTIONS: tuple[Callable[[Verb], Verb], ...] = (
    click.argument("order"),
    click.option("--name", "names", type=DomainName(), multiple=True, help="Only this name; may be given again."),
    click.option("--measure", metavar="ID", help="Only this measure of the order."),
    click.option("--why", required=True, metavar="TEXT", help="The reason, kept in the file and in the journal."),
    click.option("--by", metavar="TEXT", help="Who decided or asked, and in which paper."),
    config_option,
    json_option,
)
grounds: Callable[[Verb], Verb] = click.option(
    "--ground",
    required=True,
    type=click.Choice([each.value for each in Ground]),
    help="On whose account; error is our own.",
)


def act_options(verb: Verb) -> Verb:
    """Add what all three take."""
    for option in reversed(_OPTIONS):
        verb = option(verb)
    return verb


def perform(act: Act, config_file: Path | None, *, as_json: bool) -> None:
    """Write the entry, journal it, have it in force in every worker; ends with 1 if any of this failed."""
    config = read_config(config_file)
    try:
        wall = float(call(config.state, "status", within=10.0, act_follows=True)["order_clock"])
        running = True
    except NoServerError:
        wall, running = order_clock(config.rehearse, time.time()).read(), False
    except ControlError as error:
        raise click.ClickException(f"{error}; nothing was written") from None
    if act.until is not None and end_instant_of(parse_moment(act.until), ZONE) <= wall:
        raise click.UsageError(f"--until {act.until} is over already, so nothing would be suspended")
    if act.event == EventKind.SUSPENDED and act.ground == Ground.ERROR:
        _insist_on_an_end(act.until, wall)
    try:
        answer = _perform_running(act, config, wall) if running else _perform_alone(act, config, wall)
    except (OrderWritingError, ControlError, StateError, OSError) as error:
        raise click.ClickException(str(error)) from None
    held = _still_held(act, config) if running and "why" not in answer and act.event != EventKind.RESUMED else []
    _say(act, answer, held, running=running, as_json=as_json)


def _still_held(act: Act, config: Config) -> list[StillHeld]:
    """Ask the policy that is in force now what still blocks the names that were given; the act is done either way."""
    try:
        return [held for name in act.names for held in still_held(read_law(config, name), name)]
    except click.ClickException as error:
        complain(f"what still blocks these names cannot be told: {error.message}")
        return []


def _insist_on_an_end(until: str | None, wall: float) -> None:
    latest = utc_text(wall + ERROR_SECONDS)
    if until is None:
        raise click.UsageError(f"an error must be settled within 72 hours: add --until {latest}, or earlier")
    if end_instant_of(parse_moment(until), ZONE) > wall + ERROR_SECONDS:
        raise click.UsageError(f"an error must be settled within 72 hours: --until at most {latest}")


def _perform_running(act: Act, config: Config, wall: float) -> dict[str, Any]:
    written = add_to_history(config, act.order, act.entry(wall))
    try:
        answer = call(config.state, "act", within=APPLY_SECONDS, apply=True, **_told(act, written, wall))
    except ControlError as error:
        raise ControlError(f"written to {written.file}, but not in force: {error}") from None
    return {**answer, "file": str(written.file)}


def _perform_alone(act: Act, config: Config, wall: float) -> dict[str, Any]:
    """Write and journal it while no server runs; the next start puts it in force."""
    lock = StateLock(config.state)
    try:
        with closing(Journal(config.state)) as own:
            written = add_to_history(config, act.order, act.entry(wall))
            entry = act_of(_told(act, written, wall), who_is(peer(os.getuid())))
            assert not isinstance(entry, str), entry
            own.append([entry])
    finally:
        lock.release()
    return {"ok": True, "file": str(written.file), "problems": []}


def _told(act: Act, written: WrittenEntry, wall: float) -> dict[str, Any]:
    said = {key: value for key, value in act.entry(wall).items() if key != "event"}
    return {**said, "kind": act.event, "order": act.order, "file": str(written.file), "sha256": written.digest}


def _say(act: Act, answer: dict[str, Any], held: Sequence[StillHeld], *, running: bool, as_json: bool) -> None:
    written = f"{act.order}: {act.event}, written to {from_here(answer['file'])}"
    if "why" in answer:
        raise click.ClickException(f"{written}, but not in force: {answer['why']}")
    problems = [str(problem) for problem in answer["problems"]]
    if as_json:
        say_json({**answer, "still_blocked": [each.as_document() for each in held]})
    else:
        for problem in problems:
            complain(f"refused: {problem}")
        if not running:
            say(f"{written}; no server runs, its start puts it in force", DOUBTFUL)
        elif problems:
            say(f"{written}; what was refused stays as it was", BAD)
        else:
            say(f"{written}, in force in every worker", GOOD)
        for each in held:
            say(each.words(), DOUBTFUL)
    if problems:
        raise SystemExit(1)
