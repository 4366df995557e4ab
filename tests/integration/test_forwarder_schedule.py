"""When upstreams are asked, whom else, and until when: silence, refusals, late answers. The upstreams are scripted."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import pairwise

import dns.rcode
import pytest

from resolver.core.counters import Gauge, UpstreamCount
from resolver.core.step import Drop, Failure, Reply
from resolver.net.health import FAR
from resolver.net.settings import UpstreamAddress
from resolver.net.timetable import Schedule
from tests.forwarding import ANYTHING, FIFTH, eventually, forwarding, run, tcp, udp
from tests.hostile.scripted_upstream import (
    ADDRESS,
    Heard,
    Say,
    Script,
    address_answer,
    says,
    scripted,
    silent,
    sound,
)
from tests.peers import free_port
from tests.worlds import ask, extended_errors, measure, parsed, policy, records

TOLERANCE = 0.03
"""Seconds by which a step may be late: the forwarder looks at its clock once in a tick."""


def after(seconds: float) -> Script:
    """Answer soundly, but late."""
    return lambda heard: [Say(address_answer(heard.query).to_wire(), after=seconds)]


def test_a_silent_upstream_is_asked_three_times_and_the_client_told() -> None:
    async def scenario() -> None:
        async with scripted(silent) as upstream, forwarding([udp(upstream.port)]) as rig:
            begun = asyncio.get_running_loop().time()
            answer = await rig.resolve("www.example.test", use_edns=0)
            took = asyncio.get_running_loop().time() - begun
            assert answer.rcode() == dns.rcode.SERVFAIL
            assert extended_errors(answer) == [(22, Failure.TIMEOUT.value)]
            assert took == pytest.approx(FIFTH.answer + 0.01, abs=TOLERANCE)
            due = [0, *FIFTH.sends]
            assert [heard.at - begun for heard in upstream.heard] == pytest.approx(due, abs=TOLERANCE)
            assert rig.count(UpstreamCount.TIMEOUTS) == 3
            assert len({heard.port for heard in upstream.heard}) == 3
            assert len({heard.query.id for heard in upstream.heard}) > 1

    run(scenario)


def test_sends_go_round_the_upstreams() -> None:
    async def scenario() -> None:
        async with scripted(silent) as one, scripted(silent) as two, scripted(silent) as three:
            upstreams = [udp(each.port, number) for number, each in enumerate((one, two, three))]
            async with forwarding(upstreams) as rig:
                await rig.resolve("www.example.test")
                assert [each.asked_for("www.example.test") for each in (one, two, three)] == [1, 1, 1]

    run(scenario)


def test_a_lost_datagram_costs_one_time_out() -> None:
    async def scenario() -> None:
        async with (
            scripted(silent) as dead,
            scripted(sound) as alive,
            forwarding([udp(dead.port, 0), udp(alive.port, 1)]) as rig,
        ):
            for number in range(6):
                begun = asyncio.get_running_loop().time()
                answer = await rig.resolve(f"n{number}.test")
                assert answer.rcode() == dns.rcode.NOERROR
                assert asyncio.get_running_loop().time() - begun < FIFTH.sends[0] + TOLERANCE

    run(scenario)


def test_a_late_answer_is_kept_for_the_next_who_asks() -> None:
    async def scenario() -> None:
        async with scripted(after(0.5)) as upstream, forwarding([udp(upstream.port)]) as rig:
            first = await rig.resolve("slow.test")
            assert first.rcode() == dns.rcode.SERVFAIL
            await eventually(lambda: rig.gauge(Gauge.MESSAGE_ENTRIES) == 1)
            sent = len(upstream.heard)
            second = await rig.resolve("slow.test")
            assert str(second.answer[0][0]) == ADDRESS
            assert len(upstream.heard) == sent

    run(scenario)


def test_a_late_answer_reaches_a_retry_that_waits() -> None:
    """The retry asks anew, in vain, and is answered by what the very first query brings."""

    def only_the_first(heard: Heard) -> Iterable[Say]:
        return after(0.45)(heard) if heard.number == 0 else []

    async def scenario() -> None:
        patient = FIFTH._replace(close=6.0)
        async with scripted(only_the_first) as upstream, forwarding([udp(upstream.port)], schedule=patient) as rig:
            first = await rig.resolve("slow.test")
            assert first.rcode() == dns.rcode.SERVFAIL
            rig.clock.ahead += 2.0  # The failure is remembered for a second.
            retry = await rig.resolve("slow.test")
            assert str(retry.answer[0][0]) == ADDRESS
            assert len(upstream.heard) > 3
            assert rig.forwarder.waiting == 0

    run(scenario)


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED"])
def test_another_upstream_is_asked_once_when_one_cannot(rcode: str) -> None:
    async def scenario() -> None:
        async with (
            scripted(says(rcode)) as bad,
            scripted(sound) as good,
            forwarding([udp(bad.port, 0), udp(good.port, 1)]) as rig,
        ):
            answers = [await rig.resolve(f"n{number}.test") for number in range(8)]
            assert {str(answer.answer[0][0]) for answer in answers} == {ADDRESS}
            assert len(good.heard) == 8
            assert rig.count(UpstreamCount.ERROR_ANSWERS, 0) == len(bad.heard) > 0
            assert rig.count(UpstreamCount.TIMEOUTS, 0) == 0

    run(scenario)


def test_two_refusals_are_an_answer() -> None:
    async def scenario() -> None:
        async with (
            scripted(says("SERVFAIL")) as one,
            scripted(says("REFUSED")) as two,
            scripted(says("SERVFAIL")) as three,
        ):
            upstreams = [udp(each.port, number) for number, each in enumerate((one, two, three))]
            async with forwarding(upstreams) as rig:
                answer = await rig.resolve("www.example.test")
                assert answer.rcode() == dns.rcode.SERVFAIL
                assert sum(len(each.heard) for each in (one, two, three)) == 2

    run(scenario)


def test_bogus_is_final_although_another_upstream_would_answer() -> None:
    async def scenario() -> None:
        async with (
            scripted(says("SERVFAIL", 6)) as validating,
            scripted(sound) as careless,
            forwarding([udp(validating.port, 0), udp(careless.port, 1)]) as rig,
        ):
            asked = 0
            for number in range(8):
                answer = await rig.resolve(f"bogus{number}.test", use_edns=0)
                if len(validating.heard) > asked:
                    asked = len(validating.heard)
                    assert answer.rcode() == dns.rcode.SERVFAIL
                    assert [code for code, _ in extended_errors(answer)] == [6]
            assert asked + len(careless.heard) == 8, "nobody was asked after the other"
            assert asked > 0

    run(scenario)


def test_a_port_that_nobody_listens_on_is_left_at_once() -> None:
    async def scenario() -> None:
        async with scripted(sound) as alive, forwarding([udp(free_port(), 0), udp(alive.port, 1)]) as rig:
            begun = asyncio.get_running_loop().time()
            answers = [await rig.resolve(f"n{number}.test") for number in range(8)]
            assert asyncio.get_running_loop().time() - begun < FIFTH.sends[0]
            assert {answer.rcode() for answer in answers} == {dns.rcode.NOERROR}
            assert rig.count(UpstreamCount.NETWORK_ERRORS, 0) > 0
            assert rig.count(UpstreamCount.TIMEOUTS, 0) == 0

    run(scenario)


@pytest.mark.parametrize("make", [udp, tcp])
def test_with_nobody_listening_anywhere_the_client_is_told_why(make: Callable[[int, int], UpstreamAddress]) -> None:
    async def scenario() -> None:
        async with forwarding([make(free_port(), 0), make(free_port(), 1)]) as rig:
            begun = asyncio.get_running_loop().time()
            answer = await rig.resolve("www.example.test", use_edns=0)
            assert answer.rcode() == dns.rcode.SERVFAIL
            assert extended_errors(answer) == [(23, Failure.NETWORK.value)]
            assert asyncio.get_running_loop().time() - begun < FIFTH.sends[0], "nobody waits where nobody is"
            assert rig.count(UpstreamCount.HEALTHY, 0) == 1, "one name says nothing about an upstream"

    run(scenario)


def test_without_upstreams_the_answer_comes_at_once() -> None:
    async def scenario() -> None:
        async with forwarding([]) as rig:
            answered = rig.send(ask("www.example.test", use_edns=0))
            assert answered.done()
            assert extended_errors(parsed(answered.result())) == [(22, Failure.NO_UPSTREAM.value)]

    run(scenario)


def test_identical_questions_are_asked_once() -> None:
    async def scenario() -> None:
        async with scripted(after(0.03)) as upstream, forwarding([udp(upstream.port)]) as rig:
            waiting = [rig.send(ask("WwW.example.test" if odd % 2 else "www.example.test")) for odd in range(200)]
            assert rig.gauge(Gauge.IN_FLIGHT) == 200
            replies = [parsed(await each) for each in waiting]
            assert len(upstream.heard) == 1
            assert rig.gauge(Gauge.JOINED) == 199
            assert rig.gauge(Gauge.IN_FLIGHT) == 0
            assert {reply.question[0].name.to_text() for reply in replies} == {"WwW.example.test.", "www.example.test."}

    run(scenario)


def test_questions_with_other_flags_are_asked_apart() -> None:
    async def scenario() -> None:
        async with scripted(after(0.03)) as upstream, forwarding([udp(upstream.port)]) as rig:
            await asyncio.gather(rig.resolve("www.example.test"), rig.resolve("www.example.test", want_dnssec=True))
            assert len(upstream.heard) == 2

    run(scenario)


def test_more_than_may_wait_are_turned_away_at_once() -> None:
    async def scenario() -> None:
        async with scripted(silent) as upstream, forwarding([udp(upstream.port)], in_flight=5) as rig:
            waiting = [rig.send(ask(f"n{number}.test", use_edns=0)) for number in range(8)]
            assert [each.done() for each in waiting] == [False] * 5 + [True] * 3
            over = parsed(waiting[7].result())
            assert over.rcode() == dns.rcode.SERVFAIL
            assert [text for _, text in extended_errors(over)] == [Failure.OVERLOAD.value]
            await asyncio.gather(*waiting)
            assert rig.forwarder.waiting == 0

    run(scenario)


def test_a_client_that_is_gone_does_no_harm_to_the_others() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        reported: list[dict[str, object]] = []
        loop.set_exception_handler(lambda _, context: reported.append(context))

        def gone(_: Reply | Drop) -> None:
            raise ConnectionResetError

        async with scripted(sound) as upstream, forwarding([udp(upstream.port)]) as rig:
            rig.world.now = asyncio.get_running_loop().time()
            rig.forwarder.ask(rig.world.forwarded(ask("www.example.test")), gone)
            answer = await rig.resolve("www.example.test")
            assert answer.rcode() == dns.rcode.NOERROR
            assert [type(each["exception"]) for each in reported] == [ConnectionResetError]

    run(scenario)


def test_zones_have_their_own_upstreams_by_the_longest_name() -> None:
    async def scenario() -> None:
        async with scripted(sound) as world, scripted(sound) as office, scripted(sound) as lab:
            zones = [("corp.test", (udp(office.port, 1),)), ("lab.corp.test", (udp(lab.port, 2),)), ("void.test", ())]
            async with forwarding([udp(world.port)], zones) as rig:
                for name in ("corp.test", "a.corp.test", "lab.corp.test", "x.y.lab.corp.test", "xcorp.test", "test"):
                    await rig.resolve(name)
                void = await rig.resolve("www.void.test")
                heard = [[str(each.query.question[0].name) for each in up.heard] for up in (world, office, lab)]
                assert heard == [
                    ["xcorp.test.", "test."],
                    ["corp.test.", "a.corp.test."],
                    ["lab.corp.test.", "x.y.lab.corp.test."],
                ]
                assert void.rcode() == dns.rcode.SERVFAIL

    run(scenario)


def test_a_ds_record_is_asked_of_the_zone_above() -> None:
    async def scenario() -> None:
        async with scripted(sound) as world, scripted(sound) as office, scripted(sound) as lab:
            zones = [("corp.test", (udp(office.port, 1),)), ("lab.corp.test", (udp(lab.port, 2),))]
            async with forwarding([udp(world.port)], zones) as rig:
                for name in ("corp.test", "lab.corp.test", "x.lab.corp.test"):
                    await rig.resolve(name, "DS")
                heard = [[str(each.query.question[0].name) for each in up.heard] for up in (world, office, lab)]
                assert heard == [["corp.test."], ["lab.corp.test."], ["x.lab.corp.test."]]

    run(scenario)


def test_replaced_upstreams_may_finish_and_are_asked_no_more() -> None:
    async def scenario() -> None:
        async with scripted(after(0.05)) as old, scripted(sound) as new, forwarding([udp(old.port)]) as rig:
            waiting = asyncio.ensure_future(rig.resolve("one.test"))
            await eventually(lambda: bool(old.heard))
            rig.forwarder.replace([udp(new.port, 1)], [], 10)
            assert (await waiting).rcode() == dns.rcode.NOERROR
            await rig.resolve("two.test")
            assert (len(old.heard), len(new.heard)) == (1, 1)

    run(scenario)


def test_an_upstream_that_is_down_comes_last_and_is_probed_until_it_is_back() -> None:
    async def scenario() -> None:
        async with (
            scripted(silent) as dead,
            scripted(sound) as alive,
            forwarding([udp(dead.port, 0), udp(alive.port, 1)]) as rig,
        ):
            await asyncio.gather(*(rig.resolve(f"n{number}.test") for number in range(40)))
            assert rig.count(UpstreamCount.HEALTHY, 0) == 0
            asked = len(dead.heard)
            answers = await asyncio.gather(*(rig.resolve(f"m{number}.test") for number in range(20)))
            assert {answer.rcode() for answer in answers} == {dns.rcode.NOERROR}
            assert len(dead.heard) == asked, "nobody waits for it any more"

            dead.script = sound
            rig.clock.ahead += 5.1
            await eventually(lambda: rig.count(UpstreamCount.HEALTHY, 0) == 1)
            assert str(dead.heard[-1].query.question[0]) == ". IN SOA"

    run(scenario)


def test_a_dead_upstream_is_noticed_although_hardly_anybody_asks() -> None:
    async def scenario() -> None:
        async with (
            scripted(silent) as dead,
            scripted(sound) as alive,
            forwarding([udp(dead.port, 0), udp(alive.port, 1)]) as rig,
        ):
            begun = asyncio.get_running_loop().time()
            number = 0
            while not dead.heard:
                await rig.resolve(f"n{number}.test")
                number += 1
            await eventually(lambda: rig.count(UpstreamCount.HEALTHY, 0) == 0)
            assert asyncio.get_running_loop().time() - begun < 2.0 + TOLERANCE
            assert rig.count(UpstreamCount.HEALTHY, 1) == 1
            assert rig.count(UpstreamCount.TIMEOUTS, 0) == 1, "probes found it out"

    run(scenario)


def test_a_nearer_upstream_is_asked_first_once_that_is_known() -> None:
    async def scenario() -> None:
        patient = Schedule(sends=(2.0, 4.0), answer=6.0, close=8.0)
        async with (
            scripted(after(0.06)) as far,
            scripted(sound) as near,
            forwarding([udp(far.port, 0), udp(near.port, 1)], schedule=patient) as rig,
        ):
            await asyncio.gather(*(rig.resolve(f"a{number}.test") for number in range(60)))
            rig.clock.ahead += 1.0
            await eventually(lambda: rig.forwarder._roster.routes.serving(ANYTHING)[0].health.rank == FAR)
            before = len(far.heard)
            for number in range(120):
                await rig.resolve(f"b{number}.test")
            assert len(far.heard) - before < 20
            assert before > 10

    run(scenario)


def test_with_all_upstreams_down_they_are_still_asked() -> None:
    async def scenario() -> None:
        async with scripted(silent) as upstream, forwarding([udp(upstream.port)]) as rig:
            await asyncio.gather(*(rig.resolve(f"n{number}.test") for number in range(12)))
            assert rig.count(UpstreamCount.HEALTHY) == 0
            upstream.script = sound
            answer = await rig.resolve("back.test")
            assert answer.rcode() == dns.rcode.NOERROR
            assert rig.count(UpstreamCount.HEALTHY) == 1

    run(scenario)


def test_one_bad_name_never_marks_an_upstream_down() -> None:
    def bad_name(heard: Heard) -> list[Say]:
        return silent(heard) if "bad" in str(heard.query.question[0].name) else sound(heard)

    async def scenario() -> None:
        types = ("A", "AAAA", "MX", "TXT", "NS", "SOA", "SRV", "CAA")
        async with scripted(bad_name) as upstream, forwarding([udp(upstream.port)]) as rig:
            await asyncio.gather(*(rig.resolve("bad.test", rdtype) for rdtype in types))
            assert rig.count(UpstreamCount.TIMEOUTS) == 3 * len(types)
            assert rig.count(UpstreamCount.HEALTHY) == 1

    run(scenario)


def chi_square(found: Iterable[int], places: int) -> float:
    """Measure how far counts are from all being alike; about ``places - 1``, seldom twice that, if only chance is."""
    counts = Counter(found)
    expected = counts.total() / places
    return sum((counts[place] - expected) ** 2 / expected for place in range(places))


def test_ports_and_ids_are_spread() -> None:
    """A thousand questions: no port stands out, and ids have nothing to do with ports (RFC 5452).

    The bounds are those that chance alone exceeds once in a million runs.
    """

    async def scenario() -> None:
        slow = Schedule(sends=(2.0, 4.0), answer=6.0, close=8.0)
        async with scripted(sound) as upstream, forwarding([udp(upstream.port)], sockets=1_024, schedule=slow) as rig:
            for hundred in range(20):
                await asyncio.gather(*(rig.resolve(f"n{hundred}-{number}.test") for number in range(100)))
            ports = [heard.port for heard in upstream.heard]
            ids = [heard.query.id for heard in upstream.heard]
            assert len(set(ports[:1_000])) >= 500
            assert max(ports.count(port) for port in set(ports)) <= 12
            assert len(set(ids)) > 1_900
            in_order = sorted(set(ports))
            place = {port: number * 8 // len(in_order) for number, port in enumerate(in_order)}
            assert chi_square((each >> 12 for each in ids), 16) < 60
            assert chi_square((each & 15 for each in ids), 16) < 60
            both = (place[port] * 8 + (each >> 13) for port, each in zip(ports, ids, strict=True))
            assert chi_square(both, 64) < 150
            steps = ((after - before) % 65_536 >> 12 for before, after in pairwise(ids))
            assert chi_square(steps, 16) < 60, "nor does one id tell of the next"

    run(scenario)


def test_everybody_is_told_in_time_when_all_upstreams_are_silent() -> None:
    """At the pace and by the schedule that operators have: a thousand questions in a second, answers by 1.8 s."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        async with (
            scripted(silent) as one,
            scripted(silent) as two,
            forwarding([udp(one.port, 0), udp(two.port, 1)], schedule=Schedule()) as rig,
        ):
            took: list[float] = []

            async def asks(number: int) -> None:
                await asyncio.sleep(number / 1_000)  # the pace is what is tested
                begun = loop.time()
                answer = await rig.resolve(f"n{number}.silent.test")
                took.append(loop.time() - begun)
                assert answer.rcode() == dns.rcode.SERVFAIL

            await asyncio.gather(*(asks(number) for number in range(500)))
            assert len(took) == 500
            assert max(took) < 1.8
            assert len(one.heard) + len(two.heard) < 4 * 500
            assert rig.forwarder.waiting == 0

    run(scenario)


@pytest.mark.parametrize("script", [after(0.05), silent], ids=["answered", "not answered"])
@pytest.mark.parametrize("rdtype", ["A", "TXT"])
def test_an_order_that_comes_while_a_query_is_on_its_way_binds_its_answer(script: Script, rdtype: str) -> None:
    async def scenario() -> None:
        async with scripted(script) as upstream, forwarding([udp(upstream.port)]) as rig:
            waiting = rig.send(ask("www.example.test", rdtype))
            await eventually(lambda: bool(upstream.heard))
            rig.world.enforce(policy(measure(), names=[("example.test", 0)]))
            answer = parsed(await waiting)
            assert answer.rcode() == dns.rcode.NOERROR
            assert records(answer.answer) == (["www.example.test. 60 A 192.0.2.80"] if rdtype == "A" else [])

    run(scenario)
