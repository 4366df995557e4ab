"""``arret journal``: what was applied and changed, whether that record was altered, what may be forgotten."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import click

from resolver.cli.arguments import Instant, config_option, examples, json_option, read_config
from resolver.cli.terminal import BAD, GOOD, QUIET, complain, counted, say, say_json
from resolver.ops.clock import utc_text
from resolver.ops.config import Config
from resolver.ops.control import ControlError, NoServerError, call, peer
from resolver.ops.journal_facts import NO_RETENTION, about_pruning, who_is
from resolver.ops.kept_for_the_journal import discard_unneeded
from resolver.ops.state_lock import StateError, StateLock
from resolver.proof.chain import Entry
from resolver.proof.journal import JOURNAL_FILE, Journal, JournalError, open_for_reading
from resolver.proof.pruning import closed_orders, prune
from resolver.proof.reading import entries
from resolver.proof.verification import verify
from resolver.proof.writer import time_text

order_option = click.option("--order", metavar="ID", help="Only what is about this order.")
since_option = click.option("--since", type=Instant(), metavar="INSTANT", help="Not before this day or instant.")
until_option = click.option("--until", type=Instant(), metavar="INSTANT", help="Before this day or instant.")


@click.group(
    short_help="Show and verify what was applied, when, by whom.",
    invoke_without_command=True,
    epilog=examples(
        "arret journal",
        "arret journal --order tgi-paris-11-60013 --since 2014-01-01",
        "arret journal verify",
        "arret journal export > journal.jsonl",
    ),
)
@order_option
@since_option
@until_option
@config_option
@json_option
@click.pass_context
def journal(
    context: click.Context,
    order: str | None,
    since: float | None,
    until: float | None,
    config_file: Path | None,
    *,
    as_json: bool,
) -> None:
    """List the journal: what was intended, in force, refused, suspended and lifted, when, and on whose word."""
    if context.invoked_subcommand is not None:
        return
    found = list(_entries(read_config(config_file), order, since, until))
    if as_json:
        say_json([_as_document(entry) for entry in found])
        return
    for entry in found:
        _say(entry)
    say(f"{len(found)} entries", QUIET)


def _entries(config: Config, order: str | None, since: float | None, until: float | None) -> Iterator[Entry]:
    begin, end = (None if wall is None else time_text(wall) for wall in (since, until))
    try:
        with closing(open_for_reading(config.state / JOURNAL_FILE)) as reading:
            yield from entries(reading, order=order, since=begin, until=end)
    except JournalError as error:
        raise click.ClickException(str(error)) from None


def _as_document(entry: Entry) -> dict[str, Any]:
    return {"number": entry.number, "hash": entry.hash, **(entry.facts or {"kind": None})}


APART: Final = {
    *("kind", "time", "who", "order", "settings", "entities", "brands", "exempt"),
    *("measures", "files", "first_applied", "refused", "because"),
}
"""What of an entry has a place of its own on its line, or is too much for one."""

_DIGEST_LENGTH: Final = 64


def _say(entry: Entry) -> None:
    facts = entry.facts
    if facts is None:
        say(f"{entry.number:>6}  its content was pruned", QUIET)
        return
    when, kind = str(facts.get("time"))[:19], facts.get("kind")
    rest = ", ".join(_present(key, value) for key, value in facts.items() if key not in APART and value)
    order = f" {facts['order']}" if facts.get("order") else ""
    say(f"{entry.number:>6}  {when}Z  {kind}{order}, by {_by(facts.get('who'))}; {rest}")


def _present(key: str, value: object) -> str:
    match value:
        case True:
            return key
        case float():
            return f"{key} {utc_text(value)}"
        case [first, *others]:
            return f"{key} {first}{f' and {len(others)} more' if others else ''}"
        case str() if len(value) == _DIGEST_LENGTH:
            return f"{key} {value[:16]}"
        case _:
            return f"{key} {value}"


def _by(who: Any) -> str:  # noqa: ANN401  # as entries have it
    if isinstance(who, list):
        return " and ".join(dict.fromkeys(map(_by, who)))
    return str(who.get("user") or who.get("by")) if isinstance(who, Mapping) else "nobody"


@journal.command(
    name="verify",
    epilog=examples("arret journal verify", "arret journal verify --head 5d41402abc4b2a76"),
)
@click.option("--head", metavar="HASH", help="A hash noted earlier, whole or its first 12 digits or more.")
@config_option
@json_option
def verify_journal(head: str | None, config_file: Path | None, *, as_json: bool) -> None:
    """Follow the chain from its begin: edits, gaps and moves are found.

    With HASH, from a log, a metric or a report of then, also an end that was cut off and a chain that was written anew.
    Ends with 1 if anything is wrong.
    """
    config = read_config(config_file)
    if head is not None and not (12 <= len(head) <= 64 and set(head) <= set("0123456789abcdef")):
        raise click.BadParameter("a hash is 12 to 64 digits of 0-9 and a-f", param_hint="--head")
    try:
        with closing(open_for_reading(config.state / JOURNAL_FILE)) as reading:
            found = verify(reading, head)
    except JournalError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        ok = not found.problems
        said = {"entries": found.entries, "pruned": found.pruned, "head": found.head, "at": found.at}
        say_json({"ok": ok, **said, "problems": list(found.problems)})
    else:
        for problem in found.problems:
            complain(problem)
        at = "" if found.at is None else f"; the noted hash is that of entry {found.at}"
        state = "ALTERED" if found.problems else "unaltered"
        counts = f"{found.entries} entries, {found.pruned} of them pruned"
        say(f"{state}: {counts}, head {found.head}{at}", BAD if found.problems else GOOD)
    if found.problems:
        raise SystemExit(1)


@journal.command(
    name="export", epilog=examples("arret journal export > journal.jsonl", "arret journal export --order a")
)
@order_option
@since_option
@until_option
@config_option
def export_journal(order: str | None, since: float | None, until: float | None, config_file: Path | None) -> None:
    """Print entries as JSON Lines, one object each, with number and hash."""
    for entry in _entries(read_config(config_file), order, since, until):
        click.echo(json.dumps(_as_document(entry), ensure_ascii=False, sort_keys=True))


@journal.command(name="prune", epilog=examples("arret journal prune"))
@config_option
@json_option
def prune_journal(config_file: Path | None, *, as_json: bool) -> None:
    """Delete what the journal says about orders that ended longer ago than `journal.retention`.

    Their entries keep number and hash, so the chain is verified as before; kept copies of their files go, too. What was
    deleted, and who wanted it, is an entry of its own.
    """
    config = read_config(config_file)
    try:
        answer = call(config.state, "prune")
        if "why" in answer:
            raise click.ClickException(answer["why"])
        orders, count = answer["orders"], answer["entries"]
    except NoServerError:
        orders, count = _prune_alone(config)
    except ControlError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        say_json({"ok": True, "orders": orders, "entries": count})
        return
    for order, link in orders.items():
        say(f"  {order}: its last hash was {link}")
    say(f"{count} entries of {counted(len(orders), 'order')} pruned", GOOD if count else QUIET)


def _prune_alone(config: Config) -> tuple[Mapping[str, str], int]:
    """Prune while no server runs."""
    if config.journal.retention is None:
        raise click.ClickException(NO_RETENTION)
    before = time.time() - config.journal.retention
    try:
        lock = StateLock(config.state)
        try:
            with closing(Journal(config.state)) as own:
                pruned = prune(own, list(closed_orders(own, before)), about_pruning(before, who_is(peer(os.getuid()))))
            discard_unneeded(config.state)
        finally:
            lock.release()
    except (StateError, OSError) as error:
        raise click.ClickException(str(error)) from None
    return pruned.orders, pruned.entries
