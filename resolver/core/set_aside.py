"""A query with options as the same query without them, whose finished reply may be at hand.

Most options change nothing of a reply, and a cookie nothing but the option that it ends with. So a query of which each
datagram is another one, because its cookie is, still finds the reply to what it asks. Whatever is not plainly one
question with an OPT record behind it is left alone. The plain twin is Pipeline.receive, which reads all of it.
"""

from struct import Struct
from typing import Final, NamedTuple

from resolver.dns.message import HEADER_SIZE, MAX_UDP_SIZE, MIN_UDP_SIZE

MOST_OCTETS: Final = 512
"""Of options that are looked at here; an honest query has a few dozen."""

_ONE_QUESTION_AND_MORE: Final = b"\x00\x01\x00\x00\x00\x00\x00\x01"
_OPT_OF_ROOT: Final = b"\x00\x00\x29"
_BEFORE_LENGTH: Final = 9
"""Octets of an OPT record before the length of its options: owner, type, size, response code, version, flags."""
_SIZE_FROM_END: Final = -8
"""Where a bare OPT record that ends a message says how many octets the asker takes."""
_LENGTH: Final = Struct("!H")
_new: Final = tuple.__new__
"""Makes a named tuple without the function that it has for it, which takes twice as long."""


class SetAside(NamedTuple):
    """A query without its options, octet for octet, and these, as the OPT record holds them."""

    bare: bytes
    options: bytes

    @property
    def udp_limit(self) -> int:
        """How many octets the answer may have (RFC 6891 section 6.2.3)."""
        bare = self.bare
        size = bare[_SIZE_FROM_END] << 8 | bare[_SIZE_FROM_END + 1]
        return min(max(size, MIN_UDP_SIZE), MAX_UDP_SIZE)


def set_aside(query: bytes) -> SetAside | None:
    """Take the options from a query, or from a key of the packet cache; None if it has none, or is unusual.

    Only what ends where its options end can be found among finished replies, so nothing else is checked: the question
    and the OPT record are those of the query that the reply was made for.
    """
    if query[4:HEADER_SIZE] != _ONE_QUESTION_AND_MORE:
        return None
    end = query.find(0, HEADER_SIZE)
    length_at = end + 5 + _BEFORE_LENGTH
    options_at = length_at + 2
    octets = len(query) - options_at
    if end < 0 or not 0 < octets <= MOST_OCTETS or query[end + 5 : end + 8] != _OPT_OF_ROOT:
        return None
    if query[length_at] << 8 | query[length_at + 1] != octets:
        return None
    return _new(SetAside, (query[:length_at] + b"\x00\x00", query[options_at:]))


def with_courtesies(tail: bytes, opt_at: int, courtesies: bytes) -> bytes:
    """Write a reply with more options behind it: its OPT record begins at ``opt_at`` and is its last record."""
    at = opt_at + _BEFORE_LENGTH
    length = (tail[at] << 8 | tail[at + 1]) + len(courtesies)
    return tail[:at] + _LENGTH.pack(length) + tail[at + 2 :] + courtesies
