"""Which datagrams of a batch are refused, what is counted, and that nothing unsound is taken; of the source in C, too,
where the tests run against the compiled form."""

from typing import Any

import pytest

from resolver.core.counters import PAGE_SIZE, Transport, answer_slot
from resolver.core.overload import Fullness, RefusalSlots, refusal_slots
from resolver.core.refuse import refuse
from resolver.core.step import Question
from resolver.dns.name import WireName
from tests.worlds import ask

STRIDE = 80
DOMAIN = WireName(b"\x05flood\x07example\x00")
SLOTS = refusal_slots(Transport.UDP4)
FULL = Fullness(
    domains={DOMAIN},
    of_client={},
    most_of_client=10,
    of_domain={DOMAIN: 5},
    most_of_domain=5,
    in_all=False,
    finished=({}, {}),
    kept=({}, {}),
    opts=(b"plain", b"signed"),
    beginners=2,
)
CLIENT = int.from_bytes(b"\xc0\x00\x02\x01", "little")


def new_page() -> memoryview:
    return memoryview(bytearray(PAGE_SIZE)).cast("Q")


def batch(*datagrams: bytes, full: Fullness = FULL, **other: Any) -> tuple[list[bytes | None], list[int], memoryview]:  # noqa: ANN401 - arguments of refuse
    """Give a batch to `refuse`; tails, what is still missing, and the counters."""
    tails: list[bytes | None] = other.pop("tails", [None] * len(datagrams))
    page: memoryview = other.pop("page", new_page())
    arguments: dict[str, Any] = {
        "queries": b"".join(datagram.ljust(STRIDE, b"\xff") for datagram in datagrams),
        "stride": STRIDE,
        "lengths": [len(datagram) for datagram in datagrams],
        "clients": [CLIENT] * len(datagrams),
        "views": {CLIENT: "allowed"},
        "allowed": "allowed",
        "tails": tails,
        "missing": list(range(len(datagrams))),
        "full": full,
        "slots": SLOTS,
        "page": page,
    } | other
    return tails, refuse(*arguments.values()), page


QUESTION = bytes(2) + ask("x.flood.example")[2:]


def test_a_refusal_repeats_the_question_and_says_servfail() -> None:
    tails, rest, page = batch(QUESTION)
    assert tails == [b"\x81\x82" + QUESTION[4:]]
    assert rest == []
    assert {place: count for place, count in enumerate(page) if count} == dict.fromkeys(
        (SLOTS.packet_misses, SLOTS.message_misses, SLOTS.full_for_domain, answer_slot(Transport.UDP4, 1, 2)), 1
    )


@pytest.mark.parametrize(
    ("query", "opt"),
    [
        pytest.param(ask("x.flood.example", use_edns=0), b"plain", id="plain"),
        pytest.param(ask("x.flood.example", want_dnssec=True), b"signed", id="DO"),
    ],
)
def test_who_sends_an_opt_record_gets_one(query: bytes, opt: bytes) -> None:
    (tail,), _, _ = batch(query)
    assert tail == b"\x81\x82" + query[4:-11] + opt


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({}, "full_for_domain", id="of its domain"),
        pytest.param({"in_all": True}, "full_in_all", id="in all"),
        pytest.param({"in_all": True, "of_client": {b"\xc0\x00\x02\x01": 10}}, "full_for_client", id="of its client"),
        pytest.param({"of_client": {b"\xc0\x00\x02\x01": 9}}, "full_for_domain", id="nearly of its client"),
    ],
)  # fmt: skip  # one line each
def test_it_counts_for_what_is_full_first(change: dict[str, Any], reason: str) -> None:
    tails, _, page = batch(QUESTION, full=FULL._replace(**change))
    assert tails != [None]
    reasons = ("full_for_client", "full_in_all", "full_for_domain")
    assert [each for each in reasons if page[getattr(SLOTS, each)]] == [reason]


@pytest.mark.parametrize(("qtype", "counted"), [("A", 1), ("CAA", 257), ("TYPE65280", 65_280)])
def test_it_counts_by_type(qtype: str, counted: int) -> None:
    _, _, page = batch(ask("x.flood.example", qtype))
    assert page[answer_slot(Transport.UDP4, counted, 2)] == 1


WITH_DO = ask("x.flood.example", want_dnssec=True)
NAME = b"\x01x" + DOMAIN


@pytest.mark.parametrize(
    ("query", "change"),
    [
        pytest.param(QUESTION, {"of_domain": {DOMAIN: 4}}, id="there is room"),
        pytest.param(QUESTION, {"of_domain": {}}, id="nobody waits"),
        pytest.param(QUESTION, {"domains": set()}, id="another domain"),
        pytest.param(QUESTION, {"finished": ({}, {QUESTION: 1})}, id="a finished reply"),
        pytest.param(QUESTION.replace(b"flood", b"FLOOD"), {"finished": ({QUESTION: 1},)}, id="one in other letters"),
        pytest.param(QUESTION, {"kept": ({(NAME, 1, 1, False, False): 1},)}, id="an answer"),
        pytest.param(WITH_DO, {"kept": ({(NAME, 1, 1, True, False): 1},)}, id="a signed answer"),
        pytest.param(WITH_DO, {"kept": ({(NAME, 1, 1, False, False): 1},)}, id="an answer without signatures"),
        pytest.param(ask("x.flood.example", flags=0x0110), {"kept": ({(NAME, 1, 1, False, True): 1},)}, id="with CD"),
    ],
)  # fmt: skip  # one line each
def test_what_may_be_answered_is_left_alone(query: bytes, change: dict[str, Any]) -> None:
    tails, rest, page = batch(query, full=FULL._replace(**change))
    assert (tails, rest) == ([None], [0])
    assert not any(page)


def test_where_there_is_room_a_few_of_a_batch_take_it() -> None:
    asked = Question(WireName(NAME), 1, 1, dnssec_ok=False, checking_disabled=False)
    room = FULL._replace(of_domain={}, kept=({asked: 1},))
    others = [ask(f"{letter}.flood.example") for letter in "abcd"]
    tails, rest, page = batch(QUESTION, others[0], QUESTION, *others[1:], full=room)
    assert rest == [0, 1, 2, 3]
    assert [tail is None for tail in tails] == [True] * 4 + [False] * 2
    assert page[SLOTS.full_for_domain] == 2


@pytest.mark.parametrize(
    "datagram",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(QUESTION[:11], id="no header"),
        pytest.param(QUESTION[:-1], id="no class"),
        pytest.param(QUESTION[:20], id="half a name"),
        pytest.param(QUESTION[:2] + b"\x81" + QUESTION[3:], id="a response"),
        pytest.param(QUESTION[:2] + b"\x09" + QUESTION[3:], id="another operation"),
        pytest.param(QUESTION[:2] + b"\x00" + QUESTION[3:], id="no recursion desired"),
        pytest.param(QUESTION[:5] + b"\x02" + QUESTION[6:], id="two questions"),
        pytest.param(QUESTION[:11] + b"\x01" + QUESTION[12:], id="an additional record that is not there"),
        pytest.param(QUESTION[:-1] + b"\x03", id="another class"),
        pytest.param(QUESTION[:-4] + b"\x00\xff\x00\x01", id="any type"),
        pytest.param(QUESTION[:-4] + b"\x00\x29\x00\x01", id="the type of OPT records"),
        pytest.param(QUESTION.replace(b"\x01x", b"\x01\x00"), id="a zero in a label"),
        pytest.param(QUESTION[:12] + b"\x40" + b"x" * 64 + QUESTION[14:], id="a label too long"),
        pytest.param(ask("x.flood.example", use_edns=1), id="another EDNS version"),
        pytest.param(ask("x.flood.example", use_edns=0, pad=16), id="an option"),
    ],
)
def test_what_is_unusual_is_left_alone(datagram: bytes) -> None:
    tails, rest, page = batch(datagram)
    assert (tails, rest) == ([None], [0])
    assert not any(page)


def test_a_name_may_have_as_many_octets_as_a_name_may() -> None:
    labels = b"\x3f" + b"a" * 63 + b"\x3f" + b"b" * 63 + b"\x3f" + b"c" * 63
    longest = labels + bytes([254 - len(labels) - len(DOMAIN)]) + b"d" * (254 - len(labels) - len(DOMAIN)) + DOMAIN
    for name, refused in ((longest, True), (b"\x01e" + longest, False)):
        datagram = QUESTION[:12] + name + b"\x00\x01\x00\x01"
        tails = batch(datagram, queries=datagram + bytes(400), stride=len(datagram) + 400)[0]
        assert (tails != [None]) is refused


def test_others_of_the_batch_are_left_as_they_are() -> None:
    other, unknown, nobody = 5, 6, None
    tails, rest, _ = batch(
        QUESTION, QUESTION, QUESTION, QUESTION, QUESTION,
        tails=[None, b"found", None, None, None], missing=[0, 2, 3, 4],
        clients=[CLIENT, CLIENT, other, unknown, nobody],
        views={CLIENT: "allowed", other: "limited", nobody: "allowed"},
    )  # fmt: skip  # one breath
    assert (tails[0] is not None, tails[1:], rest) == (True, [b"found", None, None, None], [2, 3, 4])


def test_the_address_of_a_client_is_its_own() -> None:
    octets = bytes(15) + b"\x01"
    full = FULL._replace(of_domain={}, of_client={octets: 10})
    assert batch(QUESTION, full=full, clients=[octets], views={octets: "allowed"})[0] != [None]
    assert batch(QUESTION, full=full)[0] == [None]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"missing": [1]}, id="no such place"),
        pytest.param({"page": memoryview(bytearray(8)).cast("Q")}, id="no such counter"),
    ],
)
def test_nothing_is_read_or_written_elsewhere(changed: dict[str, Any]) -> None:
    with pytest.raises(IndexError):
        batch(QUESTION, **changed)


def test_every_type_that_is_counted_has_its_slot() -> None:
    slots: RefusalSlots = refusal_slots(Transport.TCP6)
    assert all(answer_slot(Transport.TCP6, qtype, 2) == slot for qtype, slot in slots.answers.items())
    assert slots.answers_of_others == answer_slot(Transport.TCP6, 65_280, 2)
