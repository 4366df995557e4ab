"""Where ``arret`` and ``python -m resolver`` begin."""

import gc
import sys
from typing import Final

from resolver.cli.ahead import compiler_ahead

ALLOCATIONS: Final = 50_000
"""How many objects come between two looks for garbage: at the usual 700, loading a verb takes a fifth longer, to find
none."""


def main() -> None:
    """Run one verb and end with its exit code."""
    gc.set_threshold(ALLOCATIONS)
    with compiler_ahead(sys.argv[1:]) as ahead:
        from resolver.cli.command_line import command_line  # noqa: PLC0415  # this is the load that is meant
        from resolver.cli.completion import PROGRAM, VARIABLE  # noqa: PLC0415

        command_line(prog_name=PROGRAM, complete_var=VARIABLE, obj=ahead)


if __name__ == "__main__":
    main()
