"""``arret rollback``: bring back the order files of an earlier policy, but nothing that was un-blocked since."""

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from resolver.cli.arguments import config_option, examples, json_option, read_config
from resolver.cli.law_of_files import compile_now
from resolver.cli.reload import reload_server
from resolver.cli.server import ask_server
from resolver.cli.terminal import DOUBTFUL, QUIET, counted, from_here, say, say_json
from resolver.ops.config import Config
from resolver.ops.control import ControlError, NoServerError, call, peer
from resolver.ops.journal_facts import act_of, who_is
from resolver.ops.kept_orders import KeptFileError
from resolver.ops.order_files import read_order_files
from resolver.ops.plan import confirms_anything
from resolver.ops.remembered_names import RememberedNames
from resolver.ops.rollback import Restoration, restorations, restore
from resolver.ops.state_lock import StateError, StateLock
from resolver.orders.order_writing import OrderWritingError
from resolver.proof.chain import Facts, Kind
from resolver.proof.journal import JOURNAL_FILE, Journal, JournalError, open_for_reading
from resolver.proof.past import PastState, state_of
from resolver.proof.reading import entries

LEAST_DIGITS: Final = 8


@click.command(
    short_help="Bring back the order files of an earlier policy.",
    epilog=examples(
        "arret journal                          # the digest of each policy that was in force",
        "arret rollback f808e8bc8d30d401        # what would change",
        "arret rollback f808e8bc8d30d401 --yes",
    ),
)
@click.argument("digest")
@click.option("--yes", is_flag=True, help="Do it; without this, only say what would change.")
@click.option("--with-unblocking", is_flag=True, help="Undo also what was suspended, lifted or removed since.")
@config_option
@json_option
def rollback(digest: str, config_file: Path | None, *, yes: bool, with_unblocking: bool, as_json: bool) -> None:
    """Make the order files what they were when the policy DIGEST was in force, and apply them.

    What was un-blocked since stays un-blocked: such entries are put behind the restored history. Files that were not
    there then are taken away; every file that changes is copied into the state folder first. While no server runs, the
    next start puts them in force; what looks like an accident to it waits for `arret plan` and `arret apply`.
    """
    config = read_config(config_file)
    try:
        past, latest, spared = _past(config, digest)
        versions, _ = read_order_files(config.orders, RememberedNames(config.state).read)
        changes = list(restorations(config.state, past, versions, latest, spared, with_unblocking=with_unblocking))
    except (JournalError, KeptFileError, OrderWritingError, OSError) as error:
        raise click.ClickException(str(error)) from None
    if not yes or not changes:
        _say_plan(past, changes, as_json=as_json)
        return
    if not _runs(config):
        _carry_out_alone(config, past, changes)
        _say_written(past, changes, as_json=as_json)
        return
    _carry_out(config, past, changes)
    report, _ = compile_now(config, confirms=confirms_anything)
    reload_server(config, report.plan, as_json=as_json)


def _runs(config: Config) -> bool:
    try:
        call(config.state, "status", within=10.0)
    except NoServerError:
        return False
    except ControlError as error:
        raise click.ClickException(f"{error}; nothing was written") from None
    return True


def _past(config: Config, digest: str) -> tuple[PastState, dict[str, Facts], frozenset[str]]:
    """Find a past state, what the journal says last of each order, and of which it tells nothing any more."""
    if len(digest) < LEAST_DIGITS:
        raise click.UsageError(f"write at least {LEAST_DIGITS} digits of the digest")
    with closing(open_for_reading(config.state / JOURNAL_FILE)) as reading:
        past = state_of(reading, digest)
        told = [entry.facts for entry in entries(reading, kinds=[Kind.ORDER]) if entry.facts is not None]
        pruned = [entry.facts["orders"] for entry in entries(reading, kinds=[Kind.PRUNED]) if entry.facts is not None]
    if past is None:
        raise click.ClickException(f"no policy {digest} was ever in force here; `arret journal` shows their digests")
    latest = {facts["order"]: facts for facts in told if facts["change"] != "gone"}
    return past, latest, frozenset(order for orders in pruned for order in orders)


def _carry_out(config: Config, past: PastState, changes: list[Restoration]) -> None:
    try:
        folder = _restore(config, past, changes)
    except (OrderWritingError, OSError) as error:
        raise click.ClickException(f"{error}; nothing is applied") from None
    answer = ask_server(config, "act", **_told(past, changes, folder))
    assert answer["ok"]


def _carry_out_alone(config: Config, past: PastState, changes: list[Restoration]) -> None:
    """Write and journal it while no server runs."""
    try:
        lock = StateLock(config.state)
        try:
            with closing(Journal(config.state)) as own:
                told = _told(past, changes, _restore(config, past, changes))
                entry = act_of(told, who_is(peer(os.getuid())))
                assert not isinstance(entry, str), entry
                own.append([entry])
        finally:
            lock.release()
    except (OrderWritingError, StateError, OSError) as error:
        raise click.ClickException(str(error)) from None


def _restore(config: Config, past: PastState, changes: list[Restoration]) -> Path:
    return restore(config.state, f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{past.digest[:16]}", changes)


def _told(past: PastState, changes: list[Restoration], copies: Path) -> dict[str, Any]:
    orders = sorted({each.order for each in changes})
    return {"kind": Kind.ROLLED_BACK.value, "digest": past.digest, "orders": orders, "copies": str(copies)}


def _say_written(past: PastState, changes: list[Restoration], *, as_json: bool) -> None:
    if as_json:
        say_json({"ok": True, "digest": past.digest, "orders": sorted({each.order for each in changes})})
        return
    for line in _lines(changes):
        say(line)
    say("written; no server runs, its start puts them in force", DOUBTFUL)


def _say_plan(past: PastState, changes: list[Restoration], *, as_json: bool) -> None:
    if as_json:
        files = [
            {"order": each.order, "file": str(each.path), "what": _what(each), "unblocking": each.unblocking}
            for each in changes
        ]
        say_json({"digest": past.digest, "since": past.since, "files": files})
        return
    for line in _lines(changes):
        say(line)
    if changes:
        say(f"{counted(len(changes), 'file')} would change; do it with --yes", DOUBTFUL)
    else:
        say("the files are as they were then", QUIET)


def _lines(changes: list[Restoration]) -> Iterator[str]:
    for each in changes:
        stay = f"; {each.unblocking} later entries that un-block stay" if each.unblocking else ""
        yield f"  {each.order}: {from_here(str(each.path))} {_what(each)}{stay}"


def _what(change: Restoration) -> str:
    if change.after is None:
        return "is taken away"
    return "comes back" if change.before is None else "is as it was then"
