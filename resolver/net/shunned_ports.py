"""Source ports of datagrams that get no answer: nobody asks from there, but some answer whatever comes.

Two services that answer each other's answers, or errors, never stop: echo, daytime, quotd, chargen and time answer any
datagram (CERT VU#417980). To port 0 nothing can be sent at all. Our own port on our own address is a forged loop, too;
the lanes see to that.
"""

from typing import Final

SHUNNED: Final = frozenset({0, 7, 13, 17, 19, 37})

_SYSTEM: Final = frozenset(range(1_024)) - {53}


def shunned_ports(*, system: bool) -> frozenset[int]:
    """Name them; ``system``: all below 1024 but the one that some resolvers ask from (RFC 6335 section 6)."""
    return _SYSTEM if system else SHUNNED
