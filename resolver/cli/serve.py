"""``arret serve``: run the resolver in the foreground until it is told to stop."""

from pathlib import Path

import click

from resolver.cli.arguments import chosen_file, config_option, examples, read_config
from resolver.cli.progress import is_watched, shown_progress
from resolver.ops.supervisor import run_supervisor


@click.command(
    short_help="Serve until SIGTERM; SIGHUP reads again.",
    epilog=examples(
        "arret serve", "arret serve --config /etc/arret/config.yaml", "kill -HUP PID      # same as arret reload"
    ),
)
@config_option
@click.pass_context
def serve(context: click.Context, config_file: Path | None) -> None:
    """Serve until SIGTERM or SIGINT; SIGHUP reads configuration and orders again.

    A broken configuration ends it with 1. A broken order does not: its last good version stays in force.
    """
    if is_watched():
        read_config(config_file)  # so that a terminal sees every problem in plain words; elsewhere the log tells them
    with shown_progress() as tell:
        context.exit(run_supervisor(chosen_file(config_file), tell, context.obj))
