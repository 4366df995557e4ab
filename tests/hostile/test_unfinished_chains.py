"""An upstream that ends a chain of aliases at the border of what it knows: what is asked on, of whom, how long."""

import asyncio

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from resolver.core.continuation import MOST_LINKS
from resolver.core.counters import GAUGES, Gauge, UpstreamCount
from resolver.core.special_names import special_names
from tests.forwarding import FIFTH, eventually, forwarding, run, tcp, udp
from tests.hostile.scripted_upstream import ADDRESS, Heard, Say, Script, address_answer, says, scripted, silent, sound
from tests.worlds import World, ask, extended_errors, measure, parsed, policy, records


def knows(*lines: str, also: Script = sound) -> Script:
    """Answer names that own some of these lines with all lines of theirs, and others as ``also`` does."""
    owned: dict[str, list[str]] = {}
    for line in lines:
        owned.setdefault(line.split()[0], []).append(line)

    def script(heard: Heard) -> list[Say]:
        name = heard.query.question[0].name.to_text().lower()
        if name not in owned:
            return list(also(heard))
        response = dns.message.make_response(heard.query, recursion_available=True)
        for line in owned[name]:
            owner, ttl, _, rdtype, rdata = line.split(maxsplit=4)
            response.answer.append(dns.rrset.from_text(owner, int(ttl), "IN", rdtype, rdata))
        return [Say(response.to_wire())]

    return script


def alias(of: str, to: str, ttl: int = 300) -> str:
    return f"{of}. {ttl} IN CNAME {to}."


def chain(links: int) -> list[str]:
    return [alias(f"n{number}.test", f"n{number + 1}.test") for number in range(links)]


@pytest.mark.parametrize("make", [udp, tcp])
def test_the_rest_of_a_chain_is_asked_for_and_the_whole_is_kept(make: type) -> None:
    async def scenario() -> None:
        async with (
            scripted(knows(alias("www.test", "CDN.test", 20))) as upstream,
            forwarding([make(upstream.port)]) as rig,
        ):
            for _ in range(2):
                answer = await rig.resolve("WwW.test")
                assert records(answer.answer) == [
                    "WwW.test. 20 CNAME CDN.test.",
                    f"CDN.test. 300 A {ADDRESS}",
                ]
                asked = [str(heard.query.question[0].name) for heard in upstream.heard]
                assert asked == ["www.test.", "cdn.test."], "the second time from the cache"
            assert records((await rig.resolve("cdn.test")).answer) == [f"cdn.test. 300 A {ADDRESS}"]
            assert len(upstream.heard) == 2
            assert rig.forwarder.waiting == 0

    run(scenario)


def test_the_rest_is_asked_of_its_own_zones_upstreams() -> None:
    async def scenario() -> None:
        async with (
            scripted(knows(alias("www.test", "host.corp.test"))) as world,
            scripted(sound) as office,
            forwarding([udp(world.port, 0)], [("corp.test", (udp(office.port, 1),))]) as rig,
        ):
            answer = await rig.resolve("www.test")
            assert str(answer.answer[-1][0]) == ADDRESS
            assert [len(world.heard), len(office.heard)] == [1, 1]

    run(scenario)


def test_the_rest_may_be_known_already() -> None:
    async def scenario() -> None:
        async with scripted(knows(alias("www.test", "cdn.test"))) as upstream, forwarding([udp(upstream.port)]) as rig:
            await rig.resolve("cdn.test")
            rig.clock.ahead += 100
            answer = await rig.resolve("www.test")
            assert [rrset.ttl for rrset in answer.answer] == [300, pytest.approx(200, abs=2)]
            assert len(upstream.heard) == 2

    run(scenario)


@pytest.mark.parametrize("links", [1, 5, MOST_LINKS])
def test_a_chain_is_followed_alias_by_alias(links: int) -> None:
    async def scenario() -> None:
        async with scripted(knows(*chain(links))) as upstream, forwarding([udp(upstream.port)]) as rig:
            answer = await rig.resolve("n0.test")
            assert len(answer.answer) == links + 1
            assert len(upstream.heard) == links + 1
            assert rig.gauge(Gauge.CONTINUED) == links

    run(scenario)


ENDLESS = {
    "a chain without end": (chain(40), MOST_LINKS + 1),
    "a circle of two": ([alias("n0.test", "b.test"), alias("b.test", "n0.test")], 2),
    "a circle of three": ([alias("n0.test", "b.test"), alias("b.test", "c.test"), alias("c.test", "n0.test")], 3),
    "a circle that the question is not in": (
        [alias("n0.test", "a.test"), alias("a.test", "b.test"), alias("b.test", "a.test")],
        3,
    ),
}


@pytest.mark.parametrize(("lines", "asked"), ENDLESS.values(), ids=ENDLESS)
def test_what_has_no_end_is_given_up_at_once(lines: list[str], asked: int) -> None:
    async def scenario() -> None:
        async with scripted(knows(*lines)) as upstream, forwarding([udp(upstream.port)]) as rig:
            begun = asyncio.get_running_loop().time()
            answer = await rig.resolve("n0.test", use_edns=0)
            assert answer.rcode() == dns.rcode.SERVFAIL
            assert extended_errors(answer)[0][0] == 0
            assert asyncio.get_running_loop().time() - begun < FIFTH.sends[0]
            assert len(upstream.heard) <= asked
            assert rig.forwarder.waiting == 0

    run(scenario)


def test_circles_asked_for_from_all_sides_end() -> None:
    async def scenario() -> None:
        lines = [
            alias("a.test", "b.test"),
            alias("b.test", "c.test"),
            alias("c.test", "a.test"),
            alias("d.test", "a.test"),
        ]
        async with scripted(knows(*lines)) as upstream, forwarding([udp(upstream.port)]) as rig:
            names = [f"{letter}.test" for letter in "abcd"] * 3
            answers = await asyncio.gather(*(rig.resolve(name) for name in names))
            assert {answer.rcode() for answer in answers} == {dns.rcode.SERVFAIL}
            assert len(upstream.heard) <= 12
            await eventually(lambda: not rig.forwarder._exchanges)

    run(scenario)


@pytest.mark.parametrize(
    ("rest", "rcode"),
    [("NXDOMAIN", dns.rcode.NXDOMAIN), ("SERVFAIL", dns.rcode.SERVFAIL), ("REFUSED", dns.rcode.SERVFAIL)],
)
def test_the_rest_decides_how_it_ends(rest: str, rcode: int) -> None:
    """NXDOMAIN is that of the last name (RFC 6604); the aliases before it stay."""

    def end(heard: Heard) -> list[Say]:
        response = dns.message.make_response(heard.query, recursion_available=True)
        response.set_rcode(dns.rcode.from_text(rest))
        response.authority.append(dns.rrset.from_text("test.", 900, "IN", "SOA", "ns. admin. 7 1 2 3 600"))
        return [Say(response.to_wire())]

    async def scenario() -> None:
        async with (
            scripted(knows(alias("www.test", "gone.test"), also=end)) as upstream,
            forwarding([udp(upstream.port)]) as rig,
        ):
            answer = await rig.resolve("www.test")
            assert answer.rcode() == rcode
            assert len(answer.answer) == (rcode == dns.rcode.NXDOMAIN)
            assert len(answer.authority) == (rcode == dns.rcode.NXDOMAIN)
            again = await rig.resolve("www.test")
            assert again.rcode() == rcode
            assert len(upstream.heard) == 2

    run(scenario)


@pytest.mark.parametrize("rcode", ["NOERROR", "NXDOMAIN"])
def test_a_rest_that_says_nothing_is_asked_for_once(rcode: str) -> None:
    def nothing(heard: Heard) -> list[Say]:
        response = dns.message.make_response(heard.query, recursion_available=True)
        response.set_rcode(dns.rcode.from_text(rcode))
        return [Say(response.to_wire())]

    async def scenario() -> None:
        async with (
            scripted(knows(alias("www.test", "empty.test"), also=nothing)) as upstream,
            forwarding([udp(upstream.port)]) as rig,
        ):
            answer = await rig.resolve("www.test")
            assert (dns.rcode.to_text(answer.rcode()), len(answer.answer)) == (rcode, 1)
            assert len(upstream.heard) == 2

    run(scenario)


@pytest.mark.parametrize(
    ("to", "rdtype", "said"),
    [
        ("localhost", "A", ["www.fine.example. CNAME localhost.", "localhost. A 127.0.0.1"]),
        ("x.onion", "A", ["www.fine.example. CNAME x.onion."]),
        ("x.home.arpa", "TXT", ["www.fine.example. CNAME x.home.arpa."]),
    ],
)
def test_a_special_name_at_the_end_is_answered_here(to: str, rdtype: str, said: list[str]) -> None:
    async def scenario() -> None:
        world = World()
        world.pipeline.answer_specially(special_names([], []))
        async with (
            scripted(knows(alias("www.fine.example", to))) as upstream,
            forwarding([udp(upstream.port)], world=world) as rig,
        ):
            answer = await rig.resolve("www.fine.example", rdtype)
            assert [" ".join(line.split()[:1] + line.split()[2:]) for line in records(answer.answer)] == said
            assert len(upstream.heard) == 1

    run(scenario)


def test_a_blocked_name_is_not_asked_for() -> None:
    async def scenario() -> None:
        async with (
            scripted(knows(alias("www.test", "b.test"), alias("b.test", "x.pirate.test"))) as upstream,
            forwarding([udp(upstream.port)]) as rig,
        ):
            rig.world.enforce(policy(measure(), names=[("pirate.test", 0)]))
            answer = await rig.resolve("www.test")
            assert records(answer.answer)[-1] == "x.pirate.test. 60 A 192.0.2.80"
            assert len(answer.answer) == 3
            assert len(upstream.heard) == 2
            assert rig.forwarder.waiting == 0

    run(scenario)


def test_an_order_that_comes_between_two_links_binds() -> None:
    async def scenario() -> None:
        slow = knows(alias("www.test", "x.pirate.test"), also=lambda h: [Say(address_answer(h.query).to_wire(), 0.05)])
        async with scripted(slow) as upstream, forwarding([udp(upstream.port)]) as rig:
            waiting = rig.send(ask("www.test"))
            await eventually(lambda: len(upstream.heard) == 2)
            rig.world.enforce(policy(measure(), names=[("pirate.test", 0)]))
            assert "192.0.2.80" in str(parsed(await waiting))

    run(scenario)


def test_who_asks_for_the_rest_himself_shares_the_question() -> None:
    async def scenario() -> None:
        slow = knows(alias("www.test", "cdn.test"), also=lambda h: [Say(address_answer(h.query).to_wire(), 0.05)])
        async with scripted(slow) as upstream, forwarding([udp(upstream.port)]) as rig:
            answers = await asyncio.gather(
                *(rig.resolve(name) for name in ("cdn.test", "www.test", "www.test", "cdn.test"))
            )
            assert {str(answer.answer[-1][0]) for answer in answers} == {ADDRESS}
            assert len(upstream.heard) == 2

    run(scenario)


def test_the_client_does_not_wait_longer_for_a_rest_that_does_not_come() -> None:
    async def scenario() -> None:
        async with (
            scripted(knows(alias("www.test", "cdn.test"), also=silent)) as upstream,
            forwarding([udp(upstream.port)]) as rig,
        ):
            begun = asyncio.get_running_loop().time()
            answer = await rig.resolve("www.test", use_edns=0)
            assert answer.rcode() == dns.rcode.SERVFAIL
            assert asyncio.get_running_loop().time() - begun < FIFTH.answer + 0.05
            assert upstream.counts()[0] <= 4
            assert rig.forwarder.waiting == 0

    run(scenario)


def test_a_rest_that_is_refused_leaves_nothing_waiting() -> None:
    async def scenario() -> None:
        async with (
            scripted(knows(alias("www.test", "cdn.test"), also=says("REFUSED"))) as upstream,
            forwarding([udp(upstream.port)]) as rig,
        ):
            answer = await rig.resolve("www.test", use_edns=0)
            assert [code for code, _ in extended_errors(answer)] == [22]
            assert not rig.forwarder._exchanges

    run(scenario)


def test_a_rest_that_comes_late_is_kept_with_its_chain() -> None:
    async def scenario() -> None:
        late = knows(alias("www.test", "cdn.test"), also=lambda h: [Say(address_answer(h.query).to_wire(), 0.45)])
        async with scripted(late) as upstream, forwarding([udp(upstream.port)]) as rig:
            assert (await rig.resolve("www.test")).rcode() == dns.rcode.SERVFAIL
            await eventually(lambda: rig.gauge(Gauge.MESSAGE_ENTRIES) == 2)
            sent = len(upstream.heard)
            assert str((await rig.resolve("www.test")).answer[-1][0]) == ADDRESS
            assert len(upstream.heard) == sent

    run(scenario)


def test_ad_needs_both_halves() -> None:
    def proves(heard: Heard, *, alone: bool) -> list[Say]:
        first = heard.query.question[0].name.to_text() == "www.test."
        script = knows(alias("www.test", "cdn.test"))
        wire = bytearray(next(iter(script(heard))).wire)
        if first or not alone:
            wire[3] |= dns.flags.AD
        return [Say(bytes(wire))]

    async def scenario(*, alone: bool) -> bool:
        async with (
            scripted(lambda heard: proves(heard, alone=alone)) as upstream,
            forwarding([udp(upstream.port)._replace(trust_ad=True)]) as rig,
        ):
            answer = await rig.resolve("www.test", want_dnssec=True)
            assert len(answer.answer) == 2
            return bool(answer.flags & dns.flags.AD)

    assert run(lambda: scenario(alone=False))
    assert not run(lambda: scenario(alone=True))


def test_an_answer_that_says_there_is_no_data_is_not_unfinished() -> None:
    def no_data(heard: Heard) -> list[Say]:
        response = dns.message.from_wire(next(iter(knows(alias("www.test", "b.test"))(heard))).wire)
        response.authority.append(dns.rrset.from_text("test.", 900, "IN", "SOA", "ns. admin. 7 1 2 3 600"))
        return [Say(response.to_wire())]

    async def scenario() -> None:
        async with scripted(no_data) as upstream, forwarding([udp(upstream.port)]) as rig:
            await rig.resolve("www.test", "MX")
            alone = await rig.resolve("www.test", "CNAME")
            assert len(alone.answer) == 1
            assert len(upstream.heard) == 2
            assert rig.count(UpstreamCount.UNUSABLE_ANSWERS) == 0
            assert rig.world.page[GAUGES + Gauge.IN_FLIGHT] == 0

    run(scenario)
