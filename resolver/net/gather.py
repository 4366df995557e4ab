"""Where the kernel finds the octets of a batch of replies.

gather.c does the same without copying them, for who can compile it, and is imported instead of this file then; the
tests of both are the same.
"""

from array import array
from collections.abc import Sequence
from itertools import accumulate

from resolver.net.kernel_structs import ffi as _ffi


def gather(words: memoryview, first: int, step: int, wires: Sequence[bytes]) -> object:
    """Write address and length of each reply into ``words``, from place ``first`` on, every ``step`` places.

    ``words`` are those of an array of ``struct iovec``, of 64 bits. They are good while what is returned lives.
    """
    joined = b"".join(wires)
    lengths = list(map(len, wires))
    start = int(_ffi.cast("uintptr_t", _ffi.from_buffer(joined)))
    end = first + step * len(wires)
    words[first:end:step] = array("Q", accumulate(lengths[:-1], initial=start))
    words[first + 1 : end + 1 : step] = array("Q", lengths)
    return joined
