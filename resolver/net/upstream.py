"""One resolver that we forward to: its sockets and connections, its health, and its place among the counters."""

import errno
import os
from typing import TYPE_CHECKING, Final

from resolver.core.counters import UpstreamCount, duration_slot, upstream_latency_slot, upstream_slot
from resolver.dns.name import WireName
from resolver.dns.writer import write_upstream_query
from resolver.net.attempt import Attempt, Outcome
from resolver.net.health import DOWN, Health
from resolver.net.readiness import send
from resolver.net.settings import UpstreamAddress
from resolver.net.upstream_sockets import UpstreamSocket, UpstreamSockets
from resolver.net.upstream_tcp import UpstreamStreams

if TYPE_CHECKING:
    from resolver.core.step import Question

_TOO_BIG: Final = errno.EMSGSIZE
_TRY_AGAIN: Final = errno.EAGAIN


class Upstream:
    """A resolver that is asked; compared by identity."""

    __slots__ = (
        "_latency",
        "_latency_microseconds",
        "_page",
        "_slots",
        "_udp_requests",
        "address",
        "health",
        "last_answered",
        "over_tcp",
        "sockets",
        "streams",
        "trust_ad",
    )

    def __init__(
        self, address: UpstreamAddress, page: memoryview, sockets: UpstreamSockets, streams: UpstreamStreams
    ) -> None:
        """Ask at this address; count in the page's places for its number."""
        self.address = address
        self.over_tcp = address.protocol == "tcp"
        self.trust_ad = address.trust_ad
        self.health = Health()
        self.last_answered: Question | None = None
        self.sockets = sockets
        self.streams = streams
        self._slots = tuple(upstream_slot(address.number, what) for what in UpstreamCount)
        self._udp_requests = self._slots[UpstreamCount.UDP_REQUESTS]
        self._latency_microseconds = self._slots[UpstreamCount.LATENCY_MICROSECONDS]
        self._latency = upstream_latency_slot(address.number, 0) - duration_slot(0)
        self._page = page
        self._show_health()

    def send(self, attempt: Attempt, now: float) -> None:
        """Send an attempt's question, or let it wait for a connection; if that is impossible, its outcome says so."""
        try:
            if attempt.over_tcp:
                self._send_in_stream(attempt, now)
            else:
                chosen, message_id = self.sockets.assign(attempt, now)
                self._page[self._udp_requests] += 1
                self._send_datagram(chosen, message_id, _write(attempt, message_id))
        except OSError as error:
            if error.errno == _TOO_BIG and not attempt.over_tcp:
                attempt.outcome = Outcome.TRUNCATED
            else:
                self.unreachable(attempt, now)

    def answered(self, attempt: Attempt, now: float) -> None:
        """Take note of an answer to an attempt, whatever it says."""
        seconds = now - attempt.sent
        page = self._page
        page[self._latency + duration_slot(seconds)] += 1
        page[self._latency_microseconds] += int(seconds * 1e6)
        self.last_answered = attempt.exchange.question
        was_down = self.health.rank == DOWN
        self.health.answered(seconds)
        if was_down:
            self._show_health()

    def silent(self, attempt: Attempt, now: float) -> None:
        """Take note that an attempt got no answer in time."""
        attempt.outcome = Outcome.SILENT
        self.count(UpstreamCount.TIMEOUTS)
        self._unanswered(attempt.exchange.question.qname, now, now - attempt.sent)

    def unreachable(self, attempt: Attempt, now: float) -> None:
        """Take note that the network says nobody is there, which counts like silence and no more."""
        attempt.outcome = Outcome.UNREACHABLE
        self.count(UpstreamCount.NETWORK_ERRORS)
        self._unanswered(attempt.exchange.question.qname, now, 0.0)

    def count(self, what: UpstreamCount, number: int = 1) -> None:
        """Count for this upstream."""
        self._page[self._slots[what]] += number

    def write_for_stream(self, attempt: Attempt, message_id: int) -> bytes:
        """Write the query of an attempt that goes out over TCP now, and count it."""
        self.count(UpstreamCount.TCP_REQUESTS)
        return _write(attempt, message_id)

    def wants_probe(self, now: float) -> bool:
        """Tell whether to ask something now that nobody waits for, to learn whether it is there."""
        was_up = self.health.up
        wanted = self.health.wants_probe(now)
        if was_up and not self.health.up:
            self._show_health()
        return wanted

    def renew(self, now: float) -> None:
        """Replace sockets that are used up, close connections that are idle."""
        self.sockets.renew(now)
        self.streams.renew(now)

    def close(self) -> None:
        """Close everything that leads there."""
        self.sockets.close()
        self.streams.close()

    def _send_datagram(self, chosen: UpstreamSocket, message_id: int, query: bytes) -> None:
        failed = send(chosen.descriptor, query)
        if failed and failed != _TRY_AGAIN:  # which is a datagram that is lost, like any other
            # The kernel reports an ICMP message for an earlier datagram to the next send, which it leaves undone.
            failed = send(chosen.descriptor, query)
            if failed:
                del chosen.pending[message_id]
                self.sockets.release(chosen)
                raise OSError(failed, os.strerror(failed))

    def _send_in_stream(self, attempt: Attempt, now: float) -> None:
        in_vain = [
            other.sent
            for other in attempt.exchange.attempts
            if other.upstream is self
            and other.over_tcp
            and other is not attempt
            and other.outcome is not Outcome.DISLIKES_EDNS
        ]
        self.streams.ask(attempt, now, asked_before=max(in_vain, default=None))

    def _unanswered(self, qname: WireName, now: float, waited: float) -> None:
        was_up = self.health.up
        self.health.unanswered(qname, now, waited)
        if was_up and not self.health.up:
            self._show_health()

    def _show_health(self) -> None:
        self._page[self._slots[UpstreamCount.HEALTHY]] = self.health.up


def _write(attempt: Attempt, message_id: int) -> bytes:
    exchange = attempt.exchange
    _, _, _, dnssec_ok, checking_disabled = exchange.question
    return write_upstream_query(
        message_id=message_id,
        question=exchange.wire_question,
        checking_disabled=checking_disabled,
        dnssec_ok=dnssec_ok,
        with_edns=attempt.with_edns,
    )
