"""What a message gets that is no question for us to answer: a stranger's, one that cannot be read, a bad cookie."""

from typing import assert_never

from resolver.core.counters import NOWHERE, DropReason
from resolver.core.courtesy import Courtesies
from resolver.core.reply import write_error, write_stranger_refusal
from resolver.core.step import Drop, Reply
from resolver.dns.codes import Rcode
from resolver.dns.edns import Options
from resolver.dns.message import HEADER_SIZE, Ignored, Query, Unreadable


def turn_away(wire: bytes) -> Reply | Drop:
    """Refuse a stranger, whatever he asks; his message is not read."""
    if len(wire) < HEADER_SIZE:
        return Drop(DropReason.SHORT)
    if wire[2] & 0x80:
        return Drop(DropReason.NOT_A_QUERY)
    return Reply(write_stranger_refusal(wire), 0, Rcode.REFUSED, NOWHERE, 0, None)


def say_unreadable(message: Unreadable | Ignored, courtesies: Courtesies, client: bytes) -> Reply | Drop:
    """Answer what cannot be answered as asked, if it may be answered; ``client`` is the packed address.

    One that has a cookie and no question only wants to learn ours (RFC 7873 section 5.4).
    """
    match message:
        case Unreadable():
            options: Options = ()
            if message.cookie:
                options, bad = courtesies.to_empty_question(message.cookie, client)
                if options:
                    message = message._replace(rcode=Rcode.BADCOOKIE if bad else Rcode.NOERROR)
            return Reply(write_error(message, options), message.qtype, message.rcode, NOWHERE, 0, None)
        case Ignored.SHORT:
            return Drop(DropReason.SHORT)
        case Ignored.NOT_A_QUERY:
            return Drop(DropReason.NOT_A_QUERY)
        case _ as never:
            assert_never(never)


def say_bad_cookie(query: Query, options: Options) -> Reply:
    """Ask a client to come back with the cookie that it gets now (RFC 7873 section 5.2.3)."""
    refused = Unreadable(
        query.id,
        query.flags,
        Rcode.BADCOOKIE,
        query.question,
        edns=True,
        qtype=query.qtype,
        dnssec_ok=query.dnssec_ok,
    )
    return Reply(write_error(refused, options), query.qtype, Rcode.BADCOOKIE, NOWHERE, 0, None)
