"""Asking all the time, and looking at every answer: what is listed must get the notice, what is not must not.

A load generator counts answers; this reads them. Listed names lie in a zone that the upstream knows, so that a name
that leaks is seen by its address, not by an error.
"""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from typing import Final

import dns.exception
import dns.message
import dns.rdatatype
import dns.rrset

from benchmarks.figures import Figure
from benchmarks.made_up_names import NOTICE, REAL_ADDRESS

SOCKETS: Final = 8
"""Source ports to ask from in turn, so that every worker is asked."""
REMARKS: Final = 5
PAUSE_SECONDS: Final = 0.003
PATIENCE_SECONDS: Final = 5.0
SHORT_PATIENCE_SECONDS: Final = 0.01


@dataclass(frozen=True, slots=True)
class Expectation:
    """A question, and the only address that may come back."""

    name: str
    wire: bytes
    address: str


def must_be_blocked(name: str, *, edns: bool = False) -> Expectation:
    """Expect the address of the notice for a name."""
    return Expectation(name, dns.message.make_query(name, "A", use_edns=0 if edns else -1).to_wire(), NOTICE)


def must_be_allowed(name: str) -> Expectation:
    """Expect what the upstream says of a name."""
    return Expectation(name, dns.message.make_query(name, "A").to_wire(), REAL_ADDRESS)


def ways_to_ask(name: str) -> list[Expectation]:
    """Ask for a listed name as clients do: plain, with EDNS, in odd letter case, and for a host below it."""
    return [
        must_be_blocked(name),
        must_be_blocked(name, edns=True),
        must_be_blocked(name.title()),
        must_be_blocked(f"www.{name}"),
    ]


@dataclass(slots=True)
class Seen:
    """What came back so far."""

    asked: int = 0
    wrong: int = 0
    unanswered: int = 0
    waits: list[float] = field(default_factory=list)
    """Milliseconds, of those that were answered."""
    remarks: list[str] = field(default_factory=list)
    """The first answers that were wrong, and first questions without one."""

    @property
    def longest_wait(self) -> float:
        """The longest of the waits."""
        return max(self.waits, default=0.0)

    def remark(self, what: str) -> None:
        """Keep one of the first remarks."""
        if len(self.remarks) < REMARKS:
            self.remarks.append(f"{datetime.now(UTC):%H:%M:%S.%f} {what}")


class Asker:
    """Sockets that ask one question at a time each."""

    def __init__(self, port: int) -> None:
        self.seen = Seen()
        self._sockets = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(SOCKETS)]
        for line in self._sockets:
            line.settimeout(PATIENCE_SECONDS)
            line.connect(("127.0.0.1", port))
        self._turn = cycle(self._sockets)

    def ask(self, expectation: Expectation) -> None:
        """Ask from the next socket, and note what comes."""
        line = next(self._turn)
        started = time.monotonic()
        self.seen.asked += 1
        try:
            line.send(expectation.wire)
            answer = line.recv(4_096)
        except OSError as error:
            self.seen.unanswered += 1
            self.seen.remark(f"{expectation.name}: {error}")
            return
        wait = (time.monotonic() - started) * 1_000
        self.seen.waits.append(wait)
        if addresses(answer) != {expectation.address} or answer[:2] != expectation.wire[:2]:
            self.seen.wrong += 1
            self.seen.remark(f"{expectation.name} expected {expectation.address}, after {wait:.0f} ms got {answer!r}")

    def ask_all(self, expectations: Sequence[Expectation]) -> None:
        """Ask each from every socket."""
        for expectation in expectations:
            for _ in self._sockets:
                self.ask(expectation)

    def close(self) -> None:
        """Ask no more."""
        for line in self._sockets:
            line.close()


def addresses(answer: bytes) -> set[str]:
    """Read the IPv4 addresses of an answer; none if it is broken."""
    try:
        message = dns.message.from_wire(answer)
    except dns.exception.DNSException:
        return set()
    found = (rrset for rrset in message.answer if rrset.rdtype == dns.rdatatype.A)
    return {record.to_text() for rrset in found for record in rrset}


def figures_of(*parts: Seen, missing: float | None = 0) -> Iterator[Figure]:
    """Say how many answers were wrong, and how many were missing, with its bound; prints the first of them."""
    for seen in parts:
        for remark in seen.remarks:
            print(f"        {remark}", flush=True)
    asked = sum(seen.asked for seen in parts)
    yield Figure(f"wrong answers among {asked:,} looked at", sum(seen.wrong for seen in parts), "", 0)
    yield Figure("answers that did not come, of those", sum(seen.unanswered for seen in parts), "", missing)
    yield Figure("longest wait for an answer, of those", max(seen.longest_wait for seen in parts), "ms")


def is_blocked(port: int, name: str) -> bool:
    """Ask once, from a new socket, with little patience: the server may not be there yet."""
    with socket.socket(type=socket.SOCK_DGRAM) as line:
        line.settimeout(SHORT_PATIENCE_SECONDS)
        line.connect(("127.0.0.1", port))
        try:
            line.send(must_be_blocked(name).wire)
            return addresses(line.recv(4_096)) == {NOTICE}
        except ConnectionRefusedError:
            time.sleep(SHORT_PATIENCE_SECONDS)
        except TimeoutError:
            pass
    return False


@contextmanager
def asking(port: int) -> Iterator[Asker]:
    """Ask until the block ends."""
    asker = Asker(port)
    try:
        yield asker
    finally:
        asker.close()


@contextmanager
def probing(port: int, expectations: Sequence[Expectation]) -> Iterator[Seen]:
    """Ask these questions over and over, beside the block, until it ends."""
    over = threading.Event()
    with asking(port) as asker:
        turn = cycle(expectations)

        def probe() -> None:
            while not over.wait(PAUSE_SECONDS):
                asker.ask(next(turn))

        thread = threading.Thread(target=probe, daemon=True)
        thread.start()
        try:
            yield asker.seen
        finally:
            over.set()
            thread.join()
