"""``arret resume``: bring a suspended block back, at once, whole or for some names."""

from pathlib import Path

import click

from resolver.cli.act import Act, act_options, perform
from resolver.cli.arguments import examples
from resolver.dns.name import WireName


@click.command(
    short_help="Bring a suspended block back.",
    epilog=examples(
        'arret resume tgi-paris-11-60013 --why "the stay ended"',
        'arret resume tgi-paris-11-60013 --name dpstream.tv --why "the applicant insists"',
    ),
)
@act_options
def resume(
    order: str,
    names: tuple[WireName, ...],
    measure: str | None,
    why: str,
    by: str | None,
    config_file: Path | None,
    *,
    as_json: bool,
) -> None:
    """Resume ORDER: end its suspension, or that of some names, in every worker within a second."""
    perform(Act("resumed", order, measure, names, None, why, by), config_file, as_json=as_json)
