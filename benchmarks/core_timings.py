"""In-process timings of the decision: how many microseconds a reply costs before it meets a socket.

Run ``make timings``; ``make bench`` writes them to its page, too. Each figure is the best of five series; only their
ratios carry over.
"""

from collections.abc import Callable
from timeit import repeat

from resolver.core.packet_cache import tag
from resolver.core.pipeline import Reply
from tests.worlds import World, ask, measure, policy, upstream_says

ROUND = 20_000


def microseconds(run: Callable[[], object], calls: int) -> float:
    """Time one call, the best of five series of so many."""
    return min(repeat(run, number=calls, repeat=5)) / calls * 1e6


def timings(calls: int = ROUND) -> dict[str, float]:
    """Time each kind of reply: microseconds of one call."""
    world = World(policy(measure(), names=[(f"name{number}.example", 0) for number in range(100_000)]))
    blocked = ask("www.name77.example", use_edns=0)
    plain = ask("www.name77.example")
    cached = ask("www.fine.example", use_edns=0)
    world.resolve(
        cached,
        upstream_says(
            "www.fine.example",
            "A",
            "www.fine.example. 300 IN CNAME a.fine.example.",
            "a.fine.example. 300 IN A 192.0.2.1",
            "a.fine.example. 300 IN A 192.0.2.2",
        ),
    )
    reply = world.receive(cached)
    assert isinstance(reply, Reply)
    world.packets.store(world.view, world.transport, cached, reply, world.now)
    find, table, mark = world.packets.find, world.pipeline.table, tag(world.view, world.transport)
    response = upstream_says("www.fine.example", "A", "www.fine.example. 300 IN A 192.0.2.1")
    unknown = ask("www.unknown.example", use_edns=0)
    forward = world.forwarded(unknown)
    world.now += 7.5
    runs: dict[str, Callable[[], object]] = {
        "packet cache, hit": lambda: find(mark + cached[2:], table, world.now),
        "packet cache, miss": lambda: find(mark + plain[2:], table, world.now),
        "blocked, built, EDNS": lambda: world.receive(blocked),
        "blocked, built, without EDNS": lambda: world.receive(plain),
        "cached, from the message cache": lambda: world.receive(cached),
        "forwarded": lambda: world.receive(unknown),
        "learned": lambda: world.learn(forward, response),
    }
    return {what: microseconds(run, calls) for what, run in runs.items()}


def main() -> None:
    """Print one line for each kind of reply."""
    for what, spent in timings().items():
        print(f"{what:35}{spent:8.2f} µs")


if __name__ == "__main__":
    main()
