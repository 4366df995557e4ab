"""``arret notice``: serve the legal-notice page alone, on a host of its own."""

from pathlib import Path

import click

from resolver.cli.arguments import chosen_file, config_option, examples, read_config
from resolver.cli.progress import is_watched, shown_progress
from resolver.ops.supervisor import run_supervisor


@click.command(
    short_help="Serve the notice page alone, without DNS.",
    epilog=examples("arret notice", "arret notice --config /etc/arret/config.yaml"),
)
@config_option
@click.pass_context
def notice(context: click.Context, config_file: Path | None) -> None:
    """Serve the page that blocked names lead to, and no DNS, until SIGTERM; SIGHUP reads again.

    It takes the configuration and the order files of the resolvers, and a state folder of its own. `arret serve` serves
    the page, too, unless notice.listen is null there.
    """
    if is_watched():
        read_config(config_file)
    with shown_progress() as tell:
        context.exit(run_supervisor(chosen_file(config_file), tell, context.obj, page_only=True))
