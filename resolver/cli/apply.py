"""``arret apply``: what ``arret reload`` does, and with a plan's digest also what looks like an accident."""

from pathlib import Path

import click

from resolver.cli.arguments import config_option, examples, json_option, read_config
from resolver.cli.implementation import record_implementations
from resolver.cli.reload import reload_server
from resolver.ops.control import ControlError, NoServerError, call


@click.command(
    short_help="Apply the orders on disk, accidents only by plan.",
    epilog=examples("arret plan", "arret apply --plan 3f9a0c5512d8e7b4   # the digest that `arret plan` printed"),
)
@click.option("--plan", metavar="DIGEST", help="Mean the plan with this digest, and no other.")
@config_option
@json_option
def apply(plan: str | None, config_file: Path | None, *, as_json: bool) -> None:
    """Make the running server apply the orders on disk; wait until every worker has them in force.

    What looks like an accident is refused, as by `arret reload`, unless DIGEST is that of the files as they are now.
    Everything else that is wrong is refused all the same.

    Where a period counts from an implementation that the file does not record, the day on which it was first applied
    is written into the file's history, unless this is a rehearsal.
    """
    config = read_config(config_file)
    try:
        call(config.state, "status", within=10.0)
    except NoServerError as error:
        raise click.ClickException(
            f"{error}; its start reads the orders, compares them with the policy applied last, and refuses what looks "
            "like an accident: confirm it once the server runs"
        ) from None
    except ControlError as error:
        raise click.ClickException(str(error)) from None
    try:
        reload_server(config, plan, as_json=as_json)
    finally:
        record_implementations(config, quiet=as_json)
