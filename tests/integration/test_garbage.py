"""The query path makes no reference cycles: a worker runs with the cycle collector off."""

import gc
from collections.abc import Iterator

import dns.message
import pytest

from tests.integration.running_worker import Running, answer_tcp, ask_tcp, make_policy, running_worker


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
