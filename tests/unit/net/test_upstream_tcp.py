"""One connection carries many questions, is replaced when it is silent or lost, and closed when it is idle."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import pytest

from resolver.dns.framing import frame
from resolver.net.attempt import Attempt
from resolver.net.draws import Draws
from resolver.net.settings import UpstreamAddress
from resolver.net.streams_apart import MOST_APART
from resolver.net.upstream_stream import MOST_STRIKES, UpstreamStream
from resolver.net.upstream_tcp import CONNECT_WITHIN, IDLE, UpstreamStreams
from tests.forwarding import eventually
from tests.peers import HOST, free_port
from tests.unit.net.askings import asking

QUESTIONS = [asking() for _ in range(3)]


class Bench(NamedTuple):
    """Streams under test, what they brought and lost, and the server's side of each connection."""

    streams: UpstreamStreams
    brought: list[bytes]
    lost: list[list[Attempt]]
    served: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]


def on_bench(scenario: Callable[[Bench], Awaitable[None]], *, listening: bool = True) -> None:
    """Run a scenario with a server that the scenario itself plays."""

    async def played() -> None:
        served: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        port = free_port()
        brought: list[bytes] = []
        lost: list[list[Attempt]] = []
        streams = UpstreamStreams(
            UpstreamAddress("tcp", HOST, port, 0),
            asyncio.get_running_loop(),
            Draws(),
            lambda: 1.0,
            lambda _stream, message, _now: brought.append(message),
            lambda _stream, attempts, _now: lost.append(attempts),
            1.6,
        )
        server = await asyncio.start_server(lambda *each: served.append(each), HOST, port) if listening else None
        try:
            await scenario(Bench(streams, brought, lost, served))
        finally:
            streams.close()
            for _, writer in served:
                writer.transport.abort()
            if server is not None:
                server.close()
                await server.wait_closed()

    asyncio.run(played())


def ask(bench: Bench, question: Attempt, *, asked_before: float | None = None) -> UpstreamStream:
    """Send a question, which is its id twice, and tell over which connection."""

    def under_way() -> set[tuple[UpstreamStream, int]]:
        return {(stream, message_id) for stream in bench.streams._open for message_id in stream.pending}

    before = under_way()
    bench.streams.ask(question, 0.0, asked_before=asked_before)
    [(carrier, _)] = under_way() - before
    return carrier


def test_many_questions_share_a_connection_and_answers_come_in_pieces() -> None:
    async def scenario(bench: Bench) -> None:
        first, second = ask(bench, QUESTIONS[0]), ask(bench, QUESTIONS[1])
        assert first is second
        await eventually(lambda: bool(bench.served))
        reader, writer = bench.served[0]
        asked = await reader.readexactly(12)
        for octet in frame(asked[8:12]) + frame(asked[2:6]):
            writer.write(bytes([octet]))
            await writer.drain()
        await eventually(lambda: len(bench.brought) == 2)
        assert bench.brought == [asked[8:12], asked[2:6]]
        assert len(bench.served) == 1

    on_bench(scenario)


def test_a_refused_connection_is_a_loss() -> None:
    async def scenario(bench: Bench) -> None:
        try:
            ask(bench, QUESTIONS[0])
        except ConnectionRefusedError:
            bench.lost.append(QUESTIONS[:1])  # The kernel may know at once.
        await eventually(lambda: bool(bench.lost))
        assert bench.lost == [QUESTIONS[:1]]
        assert len(bench.streams) == 0

    on_bench(scenario, listening=False)


def test_whoever_waits_on_a_closed_connection_is_told() -> None:
    async def scenario(bench: Bench) -> None:
        ask(bench, QUESTIONS[0])
        ask(bench, QUESTIONS[1])
        await eventually(lambda: bool(bench.served))
        bench.served[0][1].close()
        await eventually(lambda: bool(bench.lost))
        assert bench.lost == [QUESTIONS[:2]]

    on_bench(scenario)


def test_what_is_asked_again_goes_over_a_connection_apart() -> None:
    async def scenario(bench: Bench) -> None:
        shared = ask(bench, QUESTIONS[0])
        assert ask(bench, QUESTIONS[1]) is shared
        again = ask(bench, QUESTIONS[0], asked_before=0.0)
        assert again is not shared
        assert ask(bench, QUESTIONS[1], asked_before=0.0) not in {shared, again}
        assert shared.is_open, "its answers may still come"

    on_bench(scenario)


@pytest.mark.parametrize("heard", [None, 1.0, 2.0])
def test_a_connection_that_was_silent_for_a_question_gets_no_new_ones(heard: float | None) -> None:
    async def scenario(bench: Bench) -> None:
        first = ask(bench, QUESTIONS[0])
        first.heard = heard
        ask(bench, QUESTIONS[0], asked_before=1.0)
        assert (ask(bench, QUESTIONS[1]) is first) is (heard == 2.0)

    on_bench(scenario)


def test_silence_for_what_was_asked_before_it_is_not_held_against_a_connection() -> None:
    async def scenario(bench: Bench) -> None:
        first = ask(bench, QUESTIONS[0])
        ask(bench, QUESTIONS[1], asked_before=-1.0)
        assert ask(bench, QUESTIONS[2]) is first

    on_bench(scenario)


def test_who_waits_for_a_connection_apart_is_told_when_all_are_closed() -> None:
    async def scenario(bench: Bench) -> None:
        again = [asking() for _ in range(MOST_APART + 2)]
        for each in again:
            bench.streams.ask(each, 0.0, asked_before=-1.0)
        assert len(bench.streams) == MOST_APART
        bench.streams.close()
        assert sorted(map(id, itertools.chain(*bench.lost))) == sorted(map(id, again))
        assert len(bench.streams) == 0

    on_bench(scenario)


@pytest.mark.parametrize("before", [None, 0.0], ids=["for the first time", "again"])
def test_once_all_are_closed_no_other_is_opened(before: float | None) -> None:
    async def scenario(bench: Bench) -> None:
        bench.streams.ask(QUESTIONS[0], 0.0, asked_before=before)
        bench.streams.close()
        with pytest.raises(OSError, match="asked no more"):
            bench.streams.ask(QUESTIONS[1], 0.0, asked_before=before)
        assert len(bench.streams) == 0

    on_bench(scenario)


def test_idle_connections_close_and_so_do_those_that_never_come_about() -> None:
    async def scenario(bench: Bench) -> None:
        stream = ask(bench, QUESTIONS[0])
        bench.streams.renew(CONNECT_WITHIN - 0.1)
        await eventually(lambda: stream.connected)
        bench.streams.renew(IDLE - 0.1)
        assert (len(bench.streams), bench.lost) == (1, [])
        bench.streams.renew(IDLE)
        assert (len(bench.streams), bench.lost) == (0, [QUESTIONS[:1]])
        ask(bench, QUESTIONS[1])
        bench.streams.renew(CONNECT_WITHIN)
        assert (len(bench.streams), bench.lost[1:]) == (0, [QUESTIONS[1:2]])

    on_bench(scenario)


def test_a_connection_that_brings_only_nonsense_is_given_up() -> None:
    async def scenario(bench: Bench) -> None:
        stream = ask(bench, QUESTIONS[0])
        for _ in range(MOST_STRIKES - 1):
            stream.strike()
        assert bench.lost == []
        stream.strike()
        assert bench.lost == [QUESTIONS[:1]]

    on_bench(scenario)
