"""How the interpreter that compiles begins before the supervisor's own modules, so that both load side by side.

Nothing of what reads command lines is loaded for it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from resolver.ops.interpreters import Ahead, fill_standard_descriptors, start_interpreter


@contextmanager
def compiler_ahead(arguments: Sequence[str]) -> Iterator[Ahead]:
    """Have one load that compiles, until the block ends, if these words of a command line run the server."""
    ahead = Ahead()
    if verb_of(arguments) in {"serve", "notice"}:
        fill_standard_descriptors()
        with suppress(OSError):  # whoever needs it starts it, and says what is wrong
            ahead = Ahead(start_interpreter("compile"))
    try:
        yield ahead
    finally:
        ahead.end()


def verb_of(arguments: Sequence[str]) -> str | None:
    """Find the verb without loading what reads command lines; None where somebody asks for help, too."""
    if {"-h", "--help"} & set(arguments):
        return None
    words = iter(arguments)
    for word in words:
        if word in {"-c", "--config"}:
            next(words, None)
        elif not word.startswith("-"):
            return word
    return None
