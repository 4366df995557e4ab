"""Whatever an upstream sends: a response or the one announced error, and both ways to an answer agree.

The first octet chooses the question, the second the flags of its asker; the others are the message.
"""

from typing import Final

from resolver.core.intact import IntactReader
from resolver.core.message_cache import Unfinished
from resolver.core.sanitise import sanitise
from resolver.core.step import Question, Unusable
from resolver.dns.name import parse_name
from resolver.dns.response import MalformedResponseError, read_response
from resolver.dns.writer import ttl_offsets
from tests.hostile.packets import take_apart
from tests.property.test_core_intact import agrees, said
from tests.worlds import upstream_says

NAME: Final = "www.fine.example"
TYPES: Final = (
    ("A", 1),
    ("AAAA", 28),
    ("CNAME", 5),
    ("HTTPS", 65),
    ("TXT", 16),
    ("DNAME", 39),
    ("RRSIG", 46),
    ("MX", 15),
)
ANSWERS: Final = (
    ("A", f"{NAME}. 60 IN A 192.0.2.1", f"{NAME}. 60 IN A 192.0.2.2"),
    ("A", f"{NAME}. 60 IN CNAME a.example.", "a.example. 60 IN A 192.0.2.1"),
    ("A", "fine.example. 60 IN DNAME x.test.", f"{NAME}. 60 IN CNAME www.x.test.", "www.x.test. 9 IN A 192.0.2.1"),
    ("AAAA", "> fine.example. 60 IN SOA ns.fine.example. h.fine.example. 1 2 3 4 5"),
    ("CNAME", f"{NAME}. 60 IN CNAME a.example."),
    ("HTTPS", f"{NAME}. 60 IN HTTPS 1 . alpn=h2 ipv4hint=192.0.2.1"),
    ("TXT", f'{NAME}. 60 IN TXT "a" "b"', "> fine.example. 60 IN NS ns.example.", "+ ns.example. 60 IN A 192.0.2.3"),
    ("MX", f"{NAME}. 60 IN MX 10 mail.fine.example."),
)  # fmt: skip  # a table


def seeds() -> list[bytes]:
    """Give sound responses to begin with."""
    numbers = {name: place for place, (name, _) in enumerate(TYPES)}
    return [
        bytes([numbers[rdtype], flags]) + upstream_says(NAME, rdtype, *lines, edns=edns)
        for rdtype, *lines in ANSWERS
        for flags, edns in ((0, ""), (1, "15:0016"))
    ]


def check(octets: bytes) -> None:
    """Give a message to both ways; raise AssertionError for what must not be."""
    if len(octets) < 2:
        return
    _, qtype = TYPES[octets[0] % len(TYPES)]
    question = Question(parse_name(NAME), qtype, 1, octets[1] & 1 != 0, octets[1] & 2 != 0)
    asked = question.qname + qtype.to_bytes(2) + b"\x00\x01"
    wire = octets[2:]
    try:
        response = read_response(wire)
    except MalformedResponseError:
        response = None
    if wire.startswith(asked, 12):
        agrees(IntactReader(10), question, wire, trust_ad=octets[1] & 4 != 0)
    if response is None:
        return
    learned = sanitise(question, response, 5.0, trust_ad=octets[1] & 4 != 0, stale_seconds=10)
    if isinstance(learned, Unusable):
        return
    entry = learned.entry if isinstance(learned, Unfinished) else learned
    assert said(entry, 5)
    whole = b"\x00\x01\x81\x80\x00\x01" + entry.answers.to_bytes(2) + entry.authorities.to_bytes(2) + bytes(2)
    whole += asked + entry.body
    written = take_apart(whole)
    assert len(ttl_offsets(whole)) == entry.answers + entry.authorities == len(written.records)
    names = {question.qname, *entry.names}
    for record in read_response(whole).answer:
        assert qtype in {39, 46, 255} or record.rtype in {39, 46} or record.owner.lower() in names
