"""The command line: one group, one verb a file, and what the exit codes mean.

0 all is well, 1 there is a problem, 2 the command was not understood.
"""

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from keyword import iskeyword
from pathlib import Path
from typing import Final, NoReturn

import click

from resolver import __version__
from resolver.cli.arguments import config_option, examples
from resolver.cli.completion import PROGRAM

VERBS: Final = (
    "serve",
    "notice",
    "check",
    "explain",
    "orders",
    "today",
    "plan",
    "apply",
    "new",
    "import",
    "export",
    "reload",
    "rollback",
    "suspend",
    "resume",
    "lift",
    "status",
    "journal",
    "query",
    "doctor",
    "completion",
)


class _Verbs(MutableMapping[str, click.Command]):
    """The verbs by name; each is loaded when it is asked for, so that a server carries no table printer for years."""

    def __getitem__(self, verb: str) -> click.Command:
        if verb not in VERBS:
            raise KeyError(verb)
        place = f"{verb}_" if iskeyword(verb) else verb
        command: click.Command = getattr(import_module(f"resolver.cli.{place}"), place)
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(VERBS)

    def __len__(self) -> int:
        return len(VERBS)

    def __setitem__(self, verb: str, command: click.Command) -> NoReturn:
        raise TypeError(f"{verb} cannot be added: a verb is a file beside this one")

    def __delitem__(self, verb: str) -> NoReturn:
        raise TypeError(f"{verb} cannot be removed")


@click.group(
    commands=_Verbs(),
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
