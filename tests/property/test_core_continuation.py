"""A chain that came in pieces is the same answer as one that came whole."""

from hypothesis import given, settings
from hypothesis import strategies as st

from resolver.core.continuation import join
from resolver.core.message_cache import Entry, Unfinished
from resolver.core.reply import write_cached
from resolver.core.sanitise import sanitise
from resolver.core.step import Question, Unusable
from resolver.dns.message import Query
from resolver.dns.name import WireName, parse_name
from resolver.dns.response import Record, Response, read_response

NAMES = [parse_name(f"{label}.example") for label in ("www", "a", "b.a", "c", "d.c", "e")]
SOA = Record(parse_name("example"), 6, 1, 900, parse_name("ns.example") * 2 + bytes(16) + (300).to_bytes(4, "big"))


def response(question: Question, rcode: int, answer: list[Record], authority: list[Record]) -> Response:
    asked = question.qname + question.qtype.to_bytes(2, "big") + b"\x00\x01"
    return Response(1, 0x8180, rcode, asked, tuple(answer), tuple(authority), (), None, broken_edns=False)


def learned(qname: WireName, said: tuple[int, list[Record], list[Record]], now: float) -> Entry | Unfinished | Unusable:
    question = Question(qname, 1, 1, dnssec_ok=False, checking_disabled=False)
    return sanitise(question, response(question, *said), now, trust_ad=False, stale_seconds=100)


def told(entry: Entry, now: float) -> tuple[object, ...]:
    question = entry.question
    query = Query(1, 0x0100, question.qname + b"\x00\x01\x00\x01", question.qname, 1, 1, None)
    message = read_response(write_cached(query, 65_535, entry, int(now - entry.stored)))
    return message.rcode, message.answer, message.authority, entry.expires, entry.names


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.sampled_from(NAMES[1:]), min_size=1, max_size=5, unique=True),
    st.lists(st.integers(1, 100_000), min_size=6, max_size=6),
    st.sampled_from([(0, 1), (0, 2), (0, 0), (3, 0)]),
    st.data(),
)
def test_in_pieces_or_whole(
    targets: list[WireName], ttls: list[int], end: tuple[int, int], data: st.DataObject
) -> None:
    chain = [NAMES[0], *targets]
    links = [Record(owner, 5, 1, ttl, target) for owner, target, ttl in zip(chain, targets, ttls, strict=False)]
    rcode, addresses = end
    final = [Record(chain[-1], 1, 1, ttls[-1], bytes([192, 0, 2, number])) for number in range(addresses)]
    authority = [] if addresses else [SOA]
    cut = data.draw(st.integers(1, len(links)))

    whole = learned(NAMES[0], (rcode, links + final, authority), 50.0)
    first = learned(NAMES[0], (0, links[:cut], []), 50.0)
    rest = learned(chain[cut], (rcode, links[cut:] + final, authority), 50.0)
    assert isinstance(whole, Entry)
    assert isinstance(first, Unfinished)
    assert isinstance(rest, Entry)
    joined = join(first.entry.question, first.entry, rest, 50.0, stale_seconds=100)
    assert isinstance(joined, Entry)
    assert told(joined, 50.0) == told(whole, 50.0)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(NAMES), min_size=2, max_size=5), st.integers(0, 3))
def test_a_chain_that_comes_back_to_itself_is_no_answer(targets: list[WireName], more: int) -> None:
    chain = [NAMES[0], *targets]
    links = [Record(owner, 5, 1, 60, target) for owner, target in zip(chain, targets, strict=False)]
    joined: Entry | Unfinished | Unusable = learned(NAMES[0], (0, links[:1], []), 0.0)
    for number, link in enumerate(links[1:], 1):
        if not isinstance(joined, Unfinished):
            break
        piece = learned(chain[number], (0, [link], []), float(more))
        if isinstance(piece, Unusable):
            joined = piece
            break
        joined = join(joined.entry.question, joined.entry, piece, float(more), stale_seconds=0)
    assert isinstance(joined, Unusable) is (len(set(chain)) < len(chain))
