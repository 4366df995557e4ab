"""With its options set aside a query gets the same octets: the finished reply of the bare query, with what the options
call for behind it, against the pipeline, its plain twin."""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolver.core.admission import Admission
from resolver.core.cookies import Cookies
from resolver.core.counters import DROPS, GAUGES, DropReason, Gauge, Transport
from resolver.core.packet_cache import PacketCache, tag
from resolver.core.policy_entries import load_policy
from resolver.core.set_aside import MOST_OCTETS, set_aside
from resolver.core.step import Drop, Failure, Forward, Reply
from resolver.dns.name import parse_name
from resolver.net.answering import Answering
from resolver.net.client_views import ClientViews
from resolver.net.clock_watch import ClockWatch
from resolver.orders.index import Index, Rule, build_index
from resolver.orders.model import Reach
from tests.property.test_core_packet_cache import NAMES, POLICIES, same, upstream_answer
from tests.worlds import SLOT, World, ask, measure, policy

CLIENT = bytes([192, 0, 2, 7])
COOKIE = 10
JSON_WISH = 65_002
STRUCTURED = policy(measure(structured=["{}", '{"c": "mailto:a@b.example"}']), names=[("fine.example", 0)])
OBSERVED = load_policy(
    {"digest": "observed", "measures": [measure(observe=True)]},
    Index.read(build_index([Rule(parse_name("fine.example"), Reach.SUBTREE, 0, 0, 0, 1)])),
    {"ta-1/observe": SLOT},
)
LONG_TEXT = policy(measure(action="nxdomain", ede_text="x" * 400), names=[("fine.example", 0)])


@dataclass
class Desk:
    """All that a transport has, with an upstream that answers at once, or is ``silent``.

    ``cookies_read`` counts how often something was made for a cookie, be it a reply or what goes behind one.
    """

    required: bool = False
    silent: bool = False
    cookies_read: int = 0
    world: World = field(default_factory=World)
    answering: Answering = field(init=False)

    def __post_init__(self) -> None:
        world = self.world
        self.watch = ClockWatch(world.pipeline, world.policy, lambda: world.wall, lambda: world.now)
        cookies = Cookies((bytes(16),), self._read_for_a_cookie, algorithm="blake2s", required=self.required)
        world.pipeline.courtesies.cookies = cookies
        world.pipeline.recognise(JSON_WISH)
        views = ClientViews(Admission(["0.0.0.0/0"]))
        self.answering = Answering(
            world.pipeline, world.packets, self.watch, views, self, world.page, lambda: world.now
        )

    def _read_for_a_cookie(self) -> float:
        self.cookies_read += 1
        return self.world.wall

    def ask(self, forward: Forward, respond: Callable[[Reply | Drop], None]) -> None:
        if self.silent:
            respond(self.world.pipeline.fail(forward.asked, Failure.TIMEOUT, self.world.now))
        else:
            respond(upstream_answer(self.world, forward))

    def answer(self, wire: bytes) -> bytes | None:
        self.watch.read()
        later: list[bytes | None] = []
        said = self.answering.answer(
            wire, self.world.view, CLIENT, Transport.UDP4, self.world.now, lambda wire, _: later.append(wire), None
        )
        return later[0] if later else said

    def answer_plainly(self, wire: bytes) -> bytes | None:
        self.watch.read()
        step = self.world.pipeline.receive(wire, self.world.view, Transport.UDP4, self.world.now, CLIENT)
        if isinstance(step, Forward):
            step = upstream_answer(self.world, step)
        return step.wire if isinstance(step, Reply) else None

    @property
    def hits(self) -> int:
        return self.world.page[GAUGES + Gauge.PACKET_HITS]


def with_options(wire: bytes, options: bytes, *, size: int = 1_232, flags: int = 0, length: int | None = None) -> bytes:
    """Put an OPT record behind a question; its length is that of the options unless it is to lie."""
    told = len(options) if length is None else length
    return wire[:11] + b"\x01" + wire[12:] + struct.pack("!BHHIH", 0, 41, size, flags, told) + options


def option(code: int, value: bytes) -> bytes:
    return struct.pack("!HH", code, len(value)) + value


GOOD_COOKIE = Cookies((bytes(16),), lambda: World().wall, algorithm="blake2s", required=False).heed(bytes(8), CLIENT)[0]
OPTION = st.one_of(
    st.builds(option, st.just(COOKIE), st.binary(min_size=8, max_size=8)),
    st.builds(option, st.just(COOKIE), st.one_of(st.just(GOOD_COOKIE), st.binary(max_size=42))),
    st.builds(option, st.sampled_from([3, 8, 11, 12, JSON_WISH, 65_001]), st.binary(max_size=20)),
)
OPTIONS = st.one_of(st.lists(OPTION, max_size=4).map(b"".join), OPTION, st.binary(max_size=12))
WIRES = st.builds(
    lambda name, options, size, flags, lie, rest: (
        with_options(ask(name), options, size=size, flags=flags, length=len(options) + lie if lie else None) + rest
    ),
    st.sampled_from([*NAMES, "FINE.example"]),
    OPTIONS,
    st.sampled_from([0, 512, 530, 1_232, 4_096]),
    st.sampled_from([0, 0, 0, 0x8000, 0x10000, 0x1000000]),
    st.sampled_from([0, 0, 0, 0, 1, 4]),
    st.sampled_from([b"", b"", b"", b"\0", b"rest"]),
)
ACTS = st.lists(
    st.one_of(WIRES, WIRES, st.integers(1, 60), st.sampled_from([*POLICIES, STRUCTURED, LONG_TEXT])),
    min_size=4,
    max_size=40,
)


@settings(deadline=None, max_examples=200)
@given(ACTS, st.booleans())
def test_options_set_aside_change_no_octet(acts: list[object], required: bool) -> None:  # noqa: FBT001 - drawn
    fast, plain = Desk(required), Desk(required)
    for act in acts:
        if isinstance(act, bytes):
            quickly, plainly = fast.answer(act), plain.answer_plainly(act)
            assert (quickly is None) is (plainly is None)
            assert quickly is None or plainly is None or same(quickly, plainly)
            continue
        for desk in (fast, plain):
            if isinstance(act, int):
                desk.world.wait(act / 4)
            else:
                desk.watch.enforce(act)  # type: ignore[arg-type]  # a policy


@pytest.mark.parametrize("name", ["once.example", "www.fine.example", "none.example", "big.fine.example"])
@pytest.mark.parametrize("in_force", [POLICIES[0], POLICIES[1], LONG_TEXT], ids=["nothing", "redirect", "long text"])
def test_a_cookie_of_its_own_is_no_reason_to_make_a_reply_anew(name: str, in_force: object) -> None:
    desk, plain = Desk(), Desk()
    for each in (desk, plain):
        each.watch.enforce(in_force)  # type: ignore[arg-type]  # a policy
    before = 0
    for number in range(4):
        before = desk.hits
        wire = with_options(ask(name), option(COOKIE, number.to_bytes(8, "big")))
        said, plainly = desk.answer(wire), plain.answer_plainly(wire)
        assert said is not None
        assert plainly is not None
        assert same(said, plainly)
    blocked = in_force is not POLICIES[0] and name.endswith("fine.example")
    assert desk.hits - before == (name != "once.example" or blocked)
    assert len(desk.world.packets) <= 1


def test_what_a_bare_query_left_is_found_with_options() -> None:
    desk = Desk()
    for _ in range(2):
        desk.answer(with_options(ask("fine.example"), b""))
    before = desk.hits
    desk.answer(with_options(ask("FINE.example"), option(65_001, b"anything")))
    assert desk.hits == before + 1


def test_hits_and_drops_are_counted_as_ever() -> None:
    desk = Desk()
    desk.watch.enforce(policy(measure(action="drop"), names=[("fine.example", 0)]))
    wire = with_options(ask("fine.example"), option(COOKIE, bytes(8)))
    assert [desk.answer(wire), desk.answer(wire)] == [None, None]
    assert desk.hits == 0
    assert desk.world.page[DROPS + DropReason.ACTION] == 2


@pytest.mark.parametrize("action", ["refused", "drop"])
def test_what_is_never_replayed_is_not_made_twice(action: str) -> None:
    desk = Desk()
    desk.watch.enforce(policy(measure(action=action), names=[("fine.example", 0)]))
    made = desk.world.page[GAUGES + Gauge.MESSAGE_HITS]
    for number in range(3):
        desk.answer(with_options(ask("fine.example"), option(COOKIE, number.to_bytes(8, "big"))))
    assert [desk.hits, len(desk.world.packets), desk.world.page[GAUGES + Gauge.MESSAGE_HITS] - made] == [0, 0, 0]


@pytest.mark.parametrize("observed", [False, True], ids=["listed by nobody", "observed"])
@pytest.mark.parametrize("stale", [False, True], ids=["that failed", "that is stale"])
def test_what_no_upstream_answered_is_made_once_for_each_query(*, observed: bool, stale: bool) -> None:
    desk = Desk()
    if observed:
        desk.watch.enforce(OBSERVED)
    if stale:
        desk.answer(ask("www.fine.example"))
        desk.world.wait(4_000)
    desk.silent = True
    desk.answer(ask("www.fine.example"))
    desk.cookies_read = 0
    for number in range(3):
        desk.answer(with_options(ask("www.fine.example"), option(COOKIE, number.to_bytes(8, "big"))))
    assert [desk.hits, desk.cookies_read] == [0, 3]


@pytest.mark.parametrize("entries", [1_000, 0])
@pytest.mark.parametrize("name", ["fine.example", "failing.example"])
def test_what_is_kept_for_the_next_query_counts_for_nobody(name: str, entries: int) -> None:
    rules = [Rule(parse_name("failing.example"), Reach.SUBTREE, 0, 0, 0, 1)]
    index = Index.read(build_index(rules))
    observed = load_policy({"digest": "d", "measures": [measure(observe=True)]}, index, {"ta-1/observe": SLOT})
    counted = []
    for options in (b"", option(COOKIE, bytes(8))):
        desk = Desk()
        desk.answering.packets = PacketCache(entries)
        desk.watch.enforce(observed)
        for _ in range(4):
            desk.answer(with_options(ask(name), options))
        counted.append(desk.world.page.tolist())
    assert counted[0] == counted[1]


@given(st.binary(max_size=80), st.integers(0, 60))
def test_any_octets_are_read(rest: bytes, cut: int) -> None:
    wire = (ask("fine.example")[:10] + b"\0\x01" + ask("fine.example")[12:] + b"\0\0\x29" + rest)[: 20 + cut]
    aside = set_aside(wire)
    if aside is not None:
        assert aside.bare[:-2] + len(aside.options).to_bytes(2, "big") + aside.options == wire
        assert 0 < len(aside.options) <= MOST_OCTETS


def test_a_view_finds_what_its_own_clients_left() -> None:
    desk = Desk()
    wire = with_options(ask("fine.example"), option(COOKIE, bytes(8)))
    for _ in range(3):
        desk.answer(wire)
    assert desk.hits
    other = tag(desk.world.view._replace(number=7), Transport.UDP4)
    assert desk.answering.replay(other + wire[2:], CLIENT, Transport.UDP4, desk.world.now) is None
