"""``arret completion``: what a shell must read to complete verbs and options."""

import click
from click.shell_completion import get_completion_class

from resolver.cli.arguments import examples

PROGRAM = "arret"
VARIABLE = "_ARRET_COMPLETE"


@click.command(
    short_help="Print completion for bash, zsh or fish.",
    epilog=examples(
        'eval "$(arret completion bash)"      # in ~/.bashrc',
        'eval "$(arret completion zsh)"       # in ~/.zshrc',
        "arret completion fish > ~/.config/fish/completions/arret.fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what SHELL must read to complete verbs and options."""
    complete = get_completion_class(shell)
    assert complete is not None, "click completes these three"
    print(complete(context.find_root().command, {}, PROGRAM, VARIABLE).source())
