"""The command line: one group, one verb a file, and what the exit codes mean.

0 all is well, 1 there is a problem, 2 the command was not understood.
"""

from pathlib import Path

import click

from resolver import __version__
from resolver.cli.arguments import config_option, examples
from resolver.cli.check import check
from resolver.cli.completion import PROGRAM, completion
from resolver.cli.doctor import doctor
from resolver.cli.explain import explain
from resolver.cli.orders import orders
from resolver.cli.query import query
from resolver.cli.reload import reload
from resolver.cli.serve import serve
from resolver.cli.status import status


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "arret check                    # what is wrong with the configuration and the orders",
        "arret serve                    # start the resolver",
        "arret explain dpstream.tv      # which court blocks a name, since when, until when",
        "arret reload                   # bind an order that was added or changed",
    )
    + "\n\nExit codes: 0 all is well, 1 there is a problem, 2 the command was not understood.",
)
@click.version_option(__version__, prog_name=PROGRAM)
@config_option
def command_line(config_file: Path | None) -> None:  # every verb's own option looks here
    """Arrêt: a DNS resolver that enforces court orders, and can say which court ordered what until when."""


for verb in (serve, check, explain, orders, reload, status, query, doctor, completion):
    command_line.add_command(verb)
