"""What upstream sockets have received, many sockets in one call; and one datagram sent with as little ado.

readiness.c does the same for who can compile it: between two datagrams there is then nothing but the kernel. It is
imported instead of this file; the tests of both are the same.
"""

import errno
import os
import select
from typing import Final

MOST: Final = 64
LARGEST: Final = 65_535

_NOTHING_YET: Final = {errno.EAGAIN, errno.EWOULDBLOCK, errno.EINTR}


def receive(epoll: select.epoll, most: int) -> list[tuple[int, bytes | None, int]]:
    """Take one datagram, or one error, from each socket of the set that is ready, ``most`` of them and at most 64.

    Gives the descriptor, the octets or None, and the errno or 0. The sockets do not block. Raises OSError if the set
    itself is of no use, ValueError for another number.
    """
    if not 1 <= most <= MOST:
        raise ValueError(f"from 1 to {MOST} at once")
    received: list[tuple[int, bytes | None, int]] = []
    for descriptor, _ in epoll.poll(0, most):
        try:
            received.append((descriptor, os.read(descriptor, LARGEST), 0))
        except OSError as error:
            if error.errno not in _NOTHING_YET:
                received.append((descriptor, None, error.errno or 0))
    return received


def send(descriptor: int, datagram: bytes) -> int:
    """Send through a connected socket that does not block; give the errno, 0 if it was sent."""
    try:
        os.write(descriptor, datagram)
    except OSError as error:
        return error.errno or 0
    return 0
