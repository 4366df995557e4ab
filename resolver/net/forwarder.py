"""How a query that the core does not answer itself is asked of an upstream, and its answer brought back."""

import asyncio
import secrets
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from resolver.core.pipeline import Drop, Entry, Failure, Forward, Pipeline, Reply
from resolver.dns.response import MalformedResponseError, echoes, read_response
from resolver.dns.writer import write_upstream_query

if TYPE_CHECKING:
    from resolver.net.settings import UpstreamAddress


class Forwarder:
    """Ask upstreams, and give every waiter the reply that the pipeline makes at that moment."""

    def __init__(
        self,
        pipeline: Pipeline,
        upstreams: Sequence["UpstreamAddress"],
        zones: Sequence[tuple[str, Sequence["UpstreamAddress"]]],
        page: memoryview,
        *,
        loop: asyncio.AbstractEventLoop,
        in_flight: int = 4096,
    ) -> None:
        """Forward for this pipeline; ``page`` is the worker's counter page, ``in_flight`` the most waiting queries."""
        self._pipeline = pipeline
        self._upstreams = tuple(upstreams)
        self._zones = tuple(zones)
        self._page = page
        self._loop = loop
        self._in_flight = in_flight

    def ask(self, forward: Forward, respond: Callable[[Reply | Drop], None]) -> None:
        """Ask an upstream; ``respond`` is called once, at once or later, with the reply of that moment."""
        if not self._upstreams:
            respond(self._pipeline.fail(forward.asked, Failure.NO_UPSTREAM, self._loop.time()))
            return
        upstream = self._upstreams[0]
        family = socket.AF_INET6 if ":" in upstream.host else socket.AF_INET
        line = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        line.connect((upstream.host, upstream.port))
        question = forward.question
        asked = question.qname + question.qtype.to_bytes(2, "big") + question.qclass.to_bytes(2, "big")
        message_id = secrets.randbelow(65536)
        line.send(
            write_upstream_query(
                message_id=message_id,
                question=asked,
                checking_disabled=question.checking_disabled,
                dnssec_ok=question.dnssec_ok,
            )
        )

        def end(reply: Reply | Drop) -> None:
            self._loop.remove_reader(line)
            timer.cancel()
            line.close()
            respond(reply)

        def late() -> None:
            end(self._pipeline.fail(forward.asked, Failure.TIMEOUT, self._loop.time()))

        def arrive() -> None:
            try:
                wire = line.recv(65535)
                if not echoes(wire, message_id, asked):
                    return
                learned = self._pipeline.learn(question, read_response(wire), self._loop.time())
            except (OSError, MalformedResponseError):
                return
            if isinstance(learned, Entry):
                end(self._pipeline.complete(forward.asked, learned, self._loop.time()))
            else:
                end(self._pipeline.fail(forward.asked, Failure.UNUSABLE, self._loop.time()))

        timer = self._loop.call_later(1.6, late)
        self._loop.add_reader(line, arrive)

    def replace(
        self, upstreams: Sequence["UpstreamAddress"], zones: Sequence[tuple[str, Sequence["UpstreamAddress"]]]
    ) -> None:
        """Use these upstreams from the next question on."""
        self._upstreams = tuple(upstreams)
        self._zones = tuple(zones)

    def close(self) -> None:
        """Give up all sockets; waiters are not answered."""
