"""Whatever a client sends: both readers agree, nothing raises, and a reply is one that every rule of replies holds for.

The first octet chooses the transport and whether the client is a stranger; the others are the message.
"""

from typing import Final

from resolver.core.admission import ALLOWED, STRANGER
from resolver.core.counters import Transport
from resolver.core.special_names import special_names
from resolver.core.step import Failure, Forward, Reply
from resolver.dns.message import Query, Unreadable, read_query, read_query_plainly
from tests.hostile.packets import AA, QR, RA, Z, dotted, opt, option, query, take_apart
from tests.worlds import World, measure, policy

POLICY: Final = policy(measure(), names=[("pirate.example", 0)])
SPECIAL: Final = special_names((), ())


def seeds() -> list[bytes]:
    """Give messages to begin with, and those that lie near the odd cases."""
    rest = opt(rdata=option(10, b"12345678") + option(8, b"\x00\x01\x18\x00\xcb\x00\x71"))
    messages = [
        query(dotted("pirate.example")),
        query(dotted("www.pirate.example"), 65, rest=opt(flags=0x8000)),
        query(dotted("fine.example"), 28, rest=rest),
        query(dotted("_dns.resolver.arpa"), 64, rest=opt()),
        query(dotted("pirate.example"), 251, counts=(1, 0, 1, 1), rest=b"\xc0\x0c\x00\x06" + bytes(8) + opt()),
        query(b"\x00", 255, 3, flags=0x2010),
        query(dotted("x.example"), counts=(1, 0, 0, 2), rest=opt() + opt(version=1)),
    ]
    return [bytes([choice]) + message for choice in (0, 2, 4) for message in messages]


def check(octets: bytes) -> None:
    """Give a message to the reader and to the decision; raise AssertionError for what must not be."""
    choice, wire = octets[0] if octets else 0, octets[1:]
    found = read_query(wire)
    assert found == read_query_plainly(wire)
    if isinstance(found, Query | Unreadable):
        assert wire[12:].startswith(found.question)
    view = STRANGER if choice & 4 else ALLOWED
    world = World(POLICY, view=view, transport=Transport(choice & 3))
    world.pipeline.answer_specially(SPECIAL)
    step = world.receive(wire)
    if isinstance(step, Forward):
        step = world.pipeline.fail(step.asked, Failure.NETWORK, world.now)
    if isinstance(step, Reply):
        answer = take_apart(step.wire)
        assert step.wire[:2] == wire[:2]
        assert answer.flags & (QR | RA | AA | Z) == QR | RA
        assert wire[12:].startswith(answer.question)
        limit = 65_535 if choice & 2 else 1_232
        assert len(step.wire) <= max(limit, 512)
