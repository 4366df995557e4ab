"""Where ``arret`` and ``python -m resolver`` begin."""

from resolver.cli.command_line import command_line
from resolver.cli.completion import PROGRAM, VARIABLE


def main() -> None:
    """Run one verb and end with its exit code."""
    command_line(prog_name=PROGRAM, complete_var=VARIABLE)


if __name__ == "__main__":
    main()
