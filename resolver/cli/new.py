"""``arret new``: ask what an order says, and write its file."""

from collections.abc import Callable
from pathlib import Path

import click

from resolver.cli.arguments import config_option, examples, json_option, read_config
from resolver.cli.terminal import GOOD, from_here, say, say_json
from resolver.ops.config import Config
from resolver.ops.new_order import PERIODS, Answers, parse_period, write_order
from resolver.ops.order_checks import brands_of, inspect, protected_by
from resolver.orders.dates import parse_day
from resolver.orders.model import Action, MeasureKind, Order, Reach
from resolver.orders.parse import parse_order
from resolver.orders.whole_file import write_whole

PERMISSIONS = 0o644


def _checked(parse: Callable[[str], object]) -> Callable[[click.Context, click.Parameter, str], str]:
    """Ask again for what cannot be read."""

    def check(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
        try:
            parse(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
        return text

    return check


def _several(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """Take names that were given one by one, or typed with commas in between."""
    given = given or (click.prompt("The names, with commas in between"),)
    return tuple(text.strip() for each in given for text in each.split(",") if text.strip())


def _own_names(config: Config) -> tuple[str, ...]:
    return tuple(entity.name for brand in brands_of(config)[:1] for entity in brand.entities)


@click.command(
    short_help="Ask what an order says, and write its file.",
    epilog=examples(
        "arret new                     # asks for everything",
        "arret new --order tj-paris-26-01234 --authority TJ --case-number RG-26/01234 --decided 2026-09-15 "
        "--period 'until 2027-05-30' --name pirate.example",
    ),
)
@click.option(
    "--order", "order_id", prompt="Our id of the order (a-z 0-9 . _ -)", help="Our id: never changed or reused."
)
@click.option("--authority", prompt="The court or agency", help="Who decided.")
@click.option("--case-number", prompt="Its case number", help="The number of the case there.")
@click.option("--decided", prompt="The day of the decision (2026-09-15)", callback=_checked(parse_day), help="The day.")
@click.option("--title", help="A name under which people know it.")
@click.option("--legal-basis", help="The law it rests on.")
@click.option(
    "--kind", type=click.Choice([each.value for each in MeasureKind]), default=MeasureKind.DNS_BLOCK.value,
    show_default=True, help="What is demanded.",
)  # fmt: skip  # one breath
@click.option("--not-ours", metavar="TEXT", help="Why it is kept although it binds none of us; takes --addressee.")
@click.option("--addressee", "addressees", multiple=True, metavar="NAME", help="Whom it binds; by default us.")
@click.option(
    "--period", prompt=f"The period ({PERIODS.replace('`', '')})", help=f"{PERIODS.replace('`', '')}.",
    callback=_checked(parse_period),
)  # fmt: skip  # one breath
@click.option("--name", "names", multiple=True, callback=_several, help="A name; asked for if there is none.")
@click.option("--action", type=click.Choice([each.value for each in Action]), help="What a query gets.")
@click.option("--scope", type=click.Choice([each.value for each in Reach]), help="How far names reach.")
@click.option("--dry-run", is_flag=True, help="Print the file, and write nothing.")
@config_option
@json_option
def new(
    *,
    order_id: str,
    authority: str,
    case_number: str,
    decided: str,
    title: str | None,
    legal_basis: str | None,
    kind: str,
    not_ours: str | None,
    addressees: tuple[str, ...],
    period: str,
    names: tuple[str, ...],
    action: str | None,
    scope: str | None,
    config_file: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Ask what an order says, and write a file for it that `arret check` accepts.

    Whatever is given as an option is not asked. The file is named after the order and goes into the first folder of
    `orders`; nothing takes effect before `arret apply`. Longer lists come in by `arret import`.
    """
    if not_ours is not None and not addressees:
        raise click.UsageError("--not-ours is for an order that binds others: say whom, with --addressee")
    config = read_config(config_file)
    answers = Answers(
        order=order_id.strip(),
        authority=authority.strip(),
        case_number=case_number.strip(),
        decided=decided,
        kind=kind,
        addressees=addressees or _own_names(config),
        period=period,
        names=names,
        action=action,
        scope=scope,
        title=title,
        legal_basis=legal_basis,
        not_ours=not_ours,
    )
    text = write_order(answers)
    path = config.orders[0] / f"{answers.order}.yaml"
    _refuse(_problems(config, text, path))
    if not dry_run:
        _write(path, text)
    if as_json:
        say_json({"file": str(path), "order": answers.order, "written": not dry_run, "text": text})
    elif dry_run:
        click.echo(text, nl=False)
    else:
        say(f"written: {from_here(str(path))}; now `arret check`, then `arret apply`", GOOD)


def _problems(config: Config, text: str, path: Path) -> list[str]:
    parsed = parse_order(text.encode(), str(path), lambda _: b"")
    if not isinstance(parsed, Order):
        return [each.what for each in parsed.problems]
    protected, _ = protected_by(config)
    problems = [each.what for each in inspect(parsed, None, brands_of(config), protected).wrong]
    if path.exists():
        problems.append(f"{path} is there already: an id is never used twice, choose another")
    return problems


def _refuse(problems: list[str]) -> None:
    if problems:
        raise click.ClickException("nothing was written:\n" + "\n".join(problems))


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text.encode())
        path.chmod(PERMISSIONS)
    except OSError as error:
        raise click.ClickException(f"{path}: cannot be written ({error.strerror})") from None
