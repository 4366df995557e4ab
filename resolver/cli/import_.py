"""``arret import``: add a delivered list to an order, and account for every line of it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from resolver.cli.arguments import config_option, examples, json_option, read_config, spelled
from resolver.cli.terminal import BAD, DOUBTFUL, GOOD, QUIET, from_here, say, say_json
from resolver.dns.name import present_name
from resolver.ops.config import Config
from resolver.ops.control import ControlError
from resolver.ops.order_import import (
    Addition,
    Delivery,
    ImportRefusedError,
    Target,
    find_target,
    known_names,
    prepare,
)
from resolver.ops.state_lock import StateError
from resolver.ops.widening import KEYS, journal_widened
from resolver.orders.dates import parse_moment
from resolver.orders.importers.csv_table import ColumnError
from resolver.orders.importers.formats import Format, UndecodableError, decode, guess_format, read_entries
from resolver.orders.importers.harvest import Harvest, harvest
from resolver.proof.journal import JournalError

TOLD = 20
"""How many lines of a kind are shown; ``--json`` has all of them."""


@click.command(
    "import",
    short_help="Add a delivered list to an order.",
    epilog=examples(
        "arret import annexe.csv --order tj-paris-26-01234 --dry-run",
        'arret import annexe.csv --order tj-paris-26-01234 --list annex-2 --by "decision" --received 2026-11-20T10:12',
        "arret import list.txt --order tj-paris-26-01234 --format rpz --json",
        'arret import list.txt --order tj-paris-26-01234 --widen 7 --why "page 12: the whole site"',
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--order", "order_id", required=True, metavar="ID", help="The order, by its id.")
@click.option("--measure", "measure_id", metavar="ID", help="The measure, where the order has several.")
@click.option("--list", "list_id", metavar="ID", help="Add it as a list of its own, under this id.")
@click.option("--by", metavar="TEXT", help="Whose list it is: the decision, an agency's notification.")
@click.option("--received", metavar="INSTANT", help="When it reached us: 2026-10-02 or 2026-10-02T10:12.")
@click.option("--format", "form", type=click.Choice([each.value for each in Format]), help="Found if not given.")
@click.option("--column", metavar="COLUMN", help="CSV: header or number (from 1) of the column of names.")
@click.option("--delimiter", metavar="CHARACTER", help="CSV: what stands between columns.")
@click.option(
    "--widen", "widen", type=int, multiple=True, metavar="LINE", help="Let this line stand for its whole host."
)
@click.option("--why", metavar="TEXT", help="Who decided that, and why; it is journalled.")
@click.option("--dry-run", is_flag=True, help="Write nothing.")
@config_option
@json_option
@click.pass_context
def import_(
    context: click.Context,
    *,
    file: Path,
    order_id: str,
    measure_id: str | None,
    list_id: str | None,
    by: str | None,
    received: str | None,
    form: str | None,
    column: str | None,
    delimiter: str | None,
    widen: tuple[int, ...],
    why: str | None,
    config_file: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Add the names of FILE to an order: plain, CSV, hosts, dnsmasq, AdGuard, Unbound, or a response policy zone.

    Every line is kept, a duplicate, covered by another, or rejected. A URL that is only scheme and host becomes that
    host; any other URL, an address or a pattern goes to `cannot_enforce`, unless --widen says otherwise. The rest of
    the order file stays as it is. Nothing takes effect before `arret apply`.
    """
    _check_options(list_id, by, received, widen, why)
    config = read_config(config_file)
    delivery = None if list_id is None else Delivery(list_id, by, received)
    try:
        target = find_target(config.orders, order_id, measure_id)
        text, encoding = decode(_octets(file))
        chosen = Format(form) if form is not None else guess_format(file.name, text)
        entries = read_entries(text, chosen, column, delimiter)
        found = harvest(entries, target.scope, dict.fromkeys(widen, why or ""), known_names(target.measure, delivery))
        _refuse_unused(found)
        _refuse_nothing(found, chosen, file)
        addition = prepare(target, found, delivery)
        if not dry_run:
            _write(config, addition, found, file)
    except (ImportRefusedError, UndecodableError, ColumnError) as error:
        raise click.ClickException(_from(file, error)) from None
    _report(
        addition,
        found,
        chosen,
        encoding,
        file,
        written=not dry_run and addition.content != addition.target.content,
        as_json=as_json,
    )
    context.exit(1 if found.rejected else 0)


def _octets(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ImportRefusedError(f"{file}: cannot be read ({error.strerror})") from error


def _from(file: Path, error: Exception) -> str:
    return str(error) if isinstance(error, ImportRefusedError) else f"{file}: {error}"


def _check_options(
    list_id: str | None, by: str | None, received: str | None, widen: tuple[int, ...], why: str | None
) -> None:
    if list_id is None and (by is not None or received is not None):
        raise click.UsageError("--by and --received say something of a list: give it an id with --list")
    if bool(widen) is not bool(why):
        raise click.UsageError("--widen takes --why, and --why takes --widen")
    if received is not None:
        try:
            parse_moment(received)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--received") from None


def _refuse_unused(found: Harvest) -> None:
    if found.unused:
        lines = ", ".join(map(str, found.unused))
        raise ImportRefusedError(f"--widen: nothing on line {lines} stands for a part of a host; look at the report")


def _refuse_nothing(found: Harvest, form: Format, file: Path) -> None:
    if not any(_counts(found).values()):
        raise ImportRefusedError(f"{file}: holds no entry, read as {form}: ask for it again, or say --format")


def _write(config: Config, addition: Addition, found: Harvest, file: Path) -> None:
    target = addition.target
    widened = list(_widened(target, file, found))
    if widened:
        try:
            refusal = journal_widened(config.state, widened)
        except (ControlError, StateError, JournalError) as error:
            refusal = str(error)
        if refusal is not None:
            raise ImportRefusedError(f"--widen cannot be journalled, so that nothing was written: {refusal}")
    addition.write()


def _widened(target: Target, file: Path, found: Harvest) -> Iterator[dict[str, object]]:
    """Say of each widened entry what was written, the name it stands for now, and why."""
    for each in found.kept:
        if each.widened is not None:
            place = (target.order.id, target.measure.id, file.name, each.line)
            said = (*place, each.text, present_name(each.name), each.widened)
            yield dict(zip(KEYS, said, strict=True))


def _report(
    addition: Addition, found: Harvest, form: Format, encoding: str, file: Path, *, written: bool, as_json: bool
) -> None:
    target = addition.target
    names_file = None if addition.names_file is None else str(addition.names_file[0])
    if as_json:
        about = {"order": target.order.id, "measure": target.measure.id, "file": str(target.path)}
        how = {"format": form.value, "encoding": encoding, "written": written, "names_file": names_file}
        say_json({**about, **how, "counts": _counts(found), **_lines(found)})
        return
    for title, lines in _lines(found).items():
        if title != "kept":
            _say_lines(title, lines, file)
    counts = ", ".join(f"{count} {what}" for what, count in _counts(found).items())
    say(f"{from_here(str(file))} ({form}, {encoding}): {counts}", BAD if found.rejected else GOOD)
    where = from_here(str(target.path)) + ("" if names_file is None else f" and {from_here(names_file)}")
    say(f"written to {where}: now `arret check`, then `arret apply`" if written else "nothing was written")


def _say_lines(title: str, lines: list[dict[str, object]], file: Path) -> None:
    style = {"rejected": BAD, "cannot_enforce": DOUBTFUL}.get(title, QUIET)
    for each in lines[:TOLD]:
        say(f"{from_here(str(file))}:{each['line']}: {title}: {each['text']}: {each['what']}", style)
    if len(lines) > TOLD:
        say(f"{from_here(str(file))}: {title}: and {len(lines) - TOLD} more", style)


def _counts(found: Harvest) -> Mapping[str, int]:
    return {title: len(lines) for title, lines in _lines(found).items()}


def _lines(found: Harvest) -> dict[str, list[dict[str, object]]]:
    """Say of each line what it came to."""
    return {
        "kept": [
            {"line": each.line, "text": each.text, "name": spelled(each.name), "scope": each.reach.value}
            | ({} if each.widened is None else {"widened": each.widened})
            for each in found.kept
        ],
        "duplicate": [
            _line(each.line, each.text, "in the measure already" if each.of is None else f"stands on line {each.of}")
            for each in found.duplicates
        ],
        "covered": [_line(each.line, each.text, f"kept, lies below {spelled(each.by)}") for each in found.covered],
        "cannot_enforce": [_line(each.line, each.text, each.why) for each in found.beyond],
        "rejected": [_line(each.line, each.text, each.what) for each in found.rejected],
    }


def _line(line: int, text: str, what: str) -> dict[str, object]:
    return {"line": line, "text": text, "what": what}
