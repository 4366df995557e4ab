"""``arret suspend``: take a block away at once, whole or for some names, until it is resumed or a date comes."""

from pathlib import Path

import click

from resolver.cli.act import Act, Moment, act_options, grounds, perform
from resolver.cli.arguments import examples
from resolver.dns.name import WireName


@click.command(
    short_help="Take a block away at once, for a time.",
    epilog=examples(
        'arret suspend tgi-paris-11-60013 --ground court --why "stay of execution, 3 December"',
        'arret suspend tgi-paris-11-60013 --name dpstream.tv --ground applicant --why "letter" --until 2026-12-31',
        'arret suspend tgi-paris-11-60013 --ground error --why "wrong annex" --until 2026-11-24T12:00+01:00',
    ),
)
@act_options
@grounds
@click.option("--until", type=Moment(), metavar="T", help="Its last day, or the instant at which it ends by itself.")
def suspend(
    order: str,
    names: tuple[WireName, ...],
    measure: str | None,
    why: str,
    by: str | None,
    ground: str,
    until: str | None,
    config_file: Path | None,
    *,
    as_json: bool,
) -> None:
    """Suspend ORDER: write it into the history of its file, and have every worker answer accordingly within a second.

    It does not make the order end later. With `--ground error`, which is our own, it must end within 72 hours; until
    it was resumed or lifted, `arret today` and a metric say so.
    """
    perform(Act("suspended", order, measure, names, ground, why, by, until), config_file, as_json=as_json)
