"""Neither the query path nor a change makes reference cycles: a worker runs with the cycle collector off."""

import asyncio
import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import dns.flags
import dns.message
import pytest

from tests.forwarding import Rig, forwarding, run, tcp, udp
from tests.hostile.scripted_upstream import Heard, Say, ScriptedUpstream, address_answer, scripted
from tests.integration.running_worker import Running, answer_tcp, ask_tcp, make_policy, running_worker

CHANGES = 200
WARM = 20
"""Changes after which all that is kept for each upstream, name or client has been made once."""


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    yield
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


def _ask_everything(running: Running) -> None:
    for number in range(50):
        for name in ("dpstream.example", f"n{number}.example", "n0.example"):
            wire = dns.message.make_query(name, "A").to_wire()
            with running.udp("127.0.0.1") as udp, running.tcp("::1") as tcp:
                udp.send(wire)
                udp.recv(4_096)
                ask_tcp(tcp, wire)
                answer_tcp(tcp)


def test_nothing_is_left_for_the_collector(no_collector: None) -> None:
    with running_worker(make_policy("dpstream.example")) as running:
        _ask_everything(running)
        gc.collect()
        left = [type(thing) for thing in gc.garbage if _is_ours(type(thing))]
    assert left == []


def _is_ours(kind: type) -> bool:
    return kind.__module__.startswith(("resolver.", "asyncio", "_asyncio"))


@pytest.fixture
def collector_off() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def _oddly(heard: Heard) -> Sequence[Say]:
    """Do what the name asked for begins with."""
    what = str(heard.query.question[0].name)
    answer = address_answer(heard.query)
    if what.startswith("silent"):
        return []
    if what.startswith("late"):
        return [Say(answer.to_wire(), after=0.001)]
    if what.startswith("garbled"):
        return [Say(answer.to_wire()[:-3])]
    if what.startswith("cut") and not heard.over_tcp:
        answer.flags |= dns.flags.TC
    elif what.startswith("breaks"):
        return [Say(b"")]
    return [Say(answer.to_wire())]


async def _ask_and_let_it_end(rig: Rig, upstream: ScriptedUpstream, number: int) -> None:
    """Ask what is answered, and what is not, and let the time pass in which anything of it is still waited for."""
    kinds = ("plain", "cut", "late", "silent", "breaks", "garbled")
    replies = [rig.send(dns.message.make_query(f"{kind}{number}.test", "A").to_wire()) for kind in kinds]
    await asyncio.gather(*replies[:3])
    while not all(reply.done() for reply in replies):
        rig.clock.ahead += 0.1
        rig.forwarder.advance(rig.clock())
        await asyncio.sleep(0)
    for _ in range(2):  # the exchanges end, then the upstreams that were taken out of the configuration
        rig.clock.ahead += 1.3
        rig.forwarder.advance(rig.clock())
        await asyncio.sleep(0)
    rig.replies.clear()
    upstream.heard.clear()


def _objects(packages: str) -> Counter[str]:
    """Count the objects whose kinds are ours."""
    kinds = (type(thing) for thing in gc.get_objects())
    return Counter(kind.__qualname__ for kind in kinds if str(kind.__module__).startswith(packages))


def test_changes_of_upstreams_leave_nothing_behind(collector_off: None) -> None:
    async def scenario() -> None:
        warm = Counter[str]()
        async with scripted(_oddly) as upstream, forwarding([udp(upstream.port)], sockets=4) as rig:
            for number in range(CHANGES):
                address = (udp if number % 2 else tcp)(upstream.port, number % 16)
                rig.forwarder.replace([address], [("zone.test", (udp(upstream.port, 16 + number % 16),))], 4_096)
                await _ask_and_let_it_end(rig, upstream, number)
                if number == WARM:
                    warm = _objects("resolver.net.")
            grown = _objects("resolver.net.") - warm
        assert not {kind: more for kind, more in grown.items() if more > WARM}, "one for each change"

    run(scenario)


def test_changes_of_policy_and_settings_leave_nothing_behind(collector_off: None) -> None:
    warm = Counter[str]()
    with running_worker(make_policy("dpstream.example")) as running:
        for number in range(CHANGES):
            policy = make_policy("dpstream.example", f"n{number}.example", digest=str(number))
            settings = replace(
                running.settings,
                clients_allow=("127.0.0.0/8", "::1/128", f"10.{number}.0.0/16"),
                rebinding_allow=(f"n{number}.example",) if number % 2 else None,
                cookie_secrets=(f"{number:032x}",) if number % 3 else (),
                special_forwarded=("test",) if number % 5 else (),
                in_flight=1_000 + number,
            )
            running.call(partial(running.worker.swap, policy, settings))
            for name in ("dpstream.example", "permitted.example", "alias.example", "x.test"):
                with running.udp("127.0.0.1") as udp_socket, running.tcp("::1") as stream:
                    wire = dns.message.make_query(name, "A", use_edns=0).to_wire()
                    udp_socket.send(wire)
                    udp_socket.recv(4_096)
                    ask_tcp(stream, wire)
                    answer_tcp(stream)
            if number == WARM:
                warm = _objects("resolver.")
        grown = _objects("resolver.") - warm
    assert not {kind: more for kind, more in grown.items() if more > WARM}, "one for each change"
