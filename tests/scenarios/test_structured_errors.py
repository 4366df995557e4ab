"""What a blocked name says to a client that reads structured errors, and to those that do not."""

from typing import Any

import dns.edns
import dns.message
import pytest

from resolver.core.counters import Transport
from resolver.core.packet_cache import PacketCache
from resolver.core.pipeline import Drop, Reply
from tests.worlds import EDE_TEXT, SLOT, World, ask, extended_errors, measure, parsed, policy, records, upstream_says

OPTION = 65_001
FULL = '{"c":["mailto:a@isp.example"],"j":"' + "x" * 200 + '","o":"ISP","l":"en"}'
WITHOUT_J = '{"c":["mailto:a@isp.example"],"o":"ISP","l":"en"}'
SHORTEST = '{"c":["mailto:a@isp.example"]}'
LONG = ".".join("x" * 60 for _ in range(3))
PLAIN = [(16, EDE_TEXT), (4, "")]


def world(option: int = OPTION, **changed: object) -> World:
    made = World(
        policy(measure(**{"structured": [FULL, WITHOUT_J, SHORTEST], **changed}), names=[("pirate.example", 0)])
    )
    made.pipeline.recognise(option)
    return made


def asking(name: str = "pirate.example", rdtype: str = "A", value: bytes = b"", **options: Any) -> bytes:  # noqa: ANN401 - dnspython's own
    return ask(
        name, rdtype, use_edns=0, options=[dns.edns.GenericOption(dns.edns.OptionType.make(OPTION), value)], **options
    )


def errors(reply: object) -> list[tuple[int, str]]:
    assert isinstance(reply, Reply)
    return extended_errors(parsed(reply))


def test_the_option_turns_words_into_json_and_leaves_the_forged_answer_unsaid() -> None:
    reply = world().receive(asking())
    assert errors(reply) == [(16, FULL)]
    assert records(parsed(reply).answer) == ["pirate.example. 60 A 192.0.2.80"]
    assert isinstance(reply, Reply)
    assert reply.slot == SLOT


def test_what_the_option_holds_is_ignored() -> None:
    assert errors(world().receive(asking(value=b"anything"))) == [(16, FULL)]


@pytest.mark.parametrize(
    ("made", "wire"),
    [
        pytest.param(world(), ask("pirate.example", use_edns=0), id="no option"),
        pytest.param(
            world(),
            ask("pirate.example", use_edns=0, options=[dns.edns.GenericOption(dns.edns.OptionType.NSID, b"")]),
            id="another option",
        ),
        pytest.param(world(0), asking(), id="switched off for clients"),
        pytest.param(world(structured=[]), asking(), id="a policy without JSON"),
    ],
)
def test_everybody_else_reads_words(made: World, wire: bytes) -> None:
    assert errors(made.receive(wire)) == PLAIN


@pytest.mark.parametrize("action", ["redirect", "nxdomain", "nodata", "refused"])
@pytest.mark.parametrize("rdtype", ["A", "AAAA", "HTTPS", "ANY"])
def test_every_action_and_type_has_it(action: str, rdtype: str) -> None:
    made = world(action=action)
    with_option, plain = (
        parsed(made.receive(asking(rdtype=rdtype))),
        parsed(made.receive(ask("pirate.example", rdtype))),
    )
    assert extended_errors(with_option) == [(16, FULL)]
    assert with_option.rcode() == plain.rcode()
    assert with_option.answer == plain.answer
    assert with_option.authority == plain.authority


def test_what_is_dropped_stays_dropped() -> None:
    assert isinstance(world(action="drop").receive(asking()), Drop)


@pytest.mark.parametrize(
    ("label", "transport", "expected"),
    [
        pytest.param("x", Transport.UDP4, [(16, FULL)], id="all of it fits"),
        pytest.param(LONG, Transport.UDP4, [(16, WITHOUT_J)], id="no room for the justification"),
        pytest.param(LONG, Transport.TCP4, [(16, FULL)], id="over TCP there is room"),
    ],
)
def test_where_there_is_less_room_the_justification_goes_first(
    label: str, transport: Transport, expected: list[tuple[int, str]]
) -> None:
    made = world()
    made.transport = transport
    wire = asking(f"{label}.pirate.example", "AAAA", payload=512)
    assert errors(made.receive(wire)) == expected


def test_the_shortest_goes_last_and_the_answer_never() -> None:
    texts = ["a" * 480, "b" * 440, "c" * 300]
    made = World(policy(measure(structured=texts), names=[("pirate.example", 0)]))
    made.pipeline.recognise(OPTION)
    sizes = {length: errors(made.receive(asking("z" * length + ".pirate.example", payload=512))) for length in (1, 63)}
    assert sizes == {1: [(16, "b" * 440)], 63: [(16, "c" * 300)]}
    made = World(policy(measure(structured=["a" * 480]), names=[("pirate.example", 0)]))
    made.pipeline.recognise(OPTION)
    reply = parsed(made.receive(asking(payload=512)))
    assert extended_errors(reply) == []
    assert len(reply.answer) == 1


def test_an_alias_says_it_too() -> None:
    made = world()
    response = upstream_says(
        "www.fine.example",
        "A",
        "www.fine.example. 300 IN CNAME pirate.example.",
        "pirate.example. 300 IN A 203.0.113.1",
    )
    reply = made.resolve(asking("www.fine.example"), response)
    assert errors(reply) == [(16, FULL)]
    assert isinstance(reply, Reply)
    assert reply.slot == SLOT + 1


def test_such_a_reply_is_replayed_to_nobody() -> None:
    made, cache = world(), PacketCache(100)
    for wire in (asking(), ask("pirate.example", use_edns=0)):
        reply = made.receive(wire)
        assert isinstance(reply, Reply)
        assert (reply.lifetime > 0) == (len(wire) == 43), "only the query without options is replayed"
    assert len(cache) == 0
