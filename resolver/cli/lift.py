"""``arret lift``: take a block away for good, at once, whole or for some names."""

from pathlib import Path

import click

from resolver.cli.act import Act, act_options, grounds, perform
from resolver.cli.arguments import examples
from resolver.dns.name import WireName


@click.command(
    short_help="Take a block away for good.",
    epilog=examples(
        'arret lift tgi-paris-11-60013 --ground court --why "judgment reversed" --by "cour d appel, 15 March"',
        'arret lift tgi-paris-11-60013 --name dpstream.tv --ground applicant --why "sold, letter of 19 October"',
    ),
)
@act_options
@grounds
def lift(
    order: str,
    names: tuple[WireName, ...],
    measure: str | None,
    why: str,
    by: str | None,
    ground: str,
    config_file: Path | None,
    *,
    as_json: bool,
) -> None:
    """Lift ORDER: take its block, or that of some names, away for good, in every worker within a second.

    A name that another order lists stays blocked by that one. What was lifted does not come back: a new decision is a
    new order.
    """
    perform(Act("lifted", order, measure, names, ground, why, by), config_file, as_json=as_json)
