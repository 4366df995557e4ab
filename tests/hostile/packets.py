"""Queries built octet by octet, and a worker asked with them over every transport it has."""

import socket
import struct
from typing import Final, NamedTuple

from tests.integration.running_worker import Running, answer_tcp, ask_tcp

QR, AA, TC, RD, RA, Z, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010
DO: Final = 0x8000
ECS, COOKIE, KEEPALIVE, PADDING, NSID, CHAIN, EXTENDED_ERROR = 8, 10, 11, 12, 3, 13, 15
ID: Final = 0xBEEF

TRANSPORTS: Final = {
    "udp4": ("udp", "127.0.0.1"),
    "udp6": ("udp", "::1"),
    "tcp4": ("tcp", "127.0.0.1"),
    "tcp6": ("tcp", "::1"),
}
"""How a worker can be asked: transport and address."""


def name(*labels: str | bytes) -> bytes:
    """Write a wire name from its labels, whatever octets they hold; dots are octets like any other."""
    octets = [label.encode() if isinstance(label, str) else label for label in labels]
    return b"".join(bytes([len(label)]) + label for label in octets) + b"\x00"


def dotted(text: str) -> bytes:
    """Write the wire name of plain text."""
    return name(*text.split("."))


def query(
    qname: bytes,
    qtype: int = 1,
    qclass: int = 1,
    *,
    flags: int = RD,
    counts: tuple[int, int, int, int] | None = None,
    rest: bytes = b"",
    message_id: int = ID,
) -> bytes:
    """Write a query: header, one question, and ``rest`` as it is; ``counts`` speak for what is there unless given."""
    header = struct.pack("!HH4H", message_id, flags, *(counts or (1, 0, 0, 1 if rest else 0)))
    return header + qname + struct.pack("!HH", qtype, qclass) + rest


def opt(
    *,
    size: int = 1232,
    version: int = 0,
    flags: int = 0,
    rdata: bytes = b"",
    owner: bytes = b"\x00",
    extended: int = 0,
    length: int | None = None,
) -> bytes:
    """Write an OPT record; ``length`` may lie about its data."""
    fixed = struct.pack("!HHBBHH", 41, size, extended, version, flags, len(rdata) if length is None else length)
    return owner + fixed + rdata


def option(code: int, value: bytes = b"") -> bytes:
    """Write an EDNS option."""
    return struct.pack("!HH", code, len(value)) + value


def record(owner: bytes = b"\xc0\x0c", rtype: int = 1, rdata: bytes = b"\xcb\x00\x71\x42", rclass: int = 1) -> bytes:
    """Write a record."""
    return owner + struct.pack("!HHIH", rtype, rclass, 60, len(rdata)) + rdata


class Answer(NamedTuple):
    """A reply taken apart without anybody's library; ``options`` are those of its OPT record, None without one."""

    wire: bytes
    message_id: int
    flags: int
    counts: tuple[int, int, int, int]
    question: bytes
    records: list[tuple[bytes, int, int, bytes]]
    opt_flags: int
    options: list[tuple[int, bytes]] | None
    rcode: int

    @property
    def addresses(self) -> list[str]:
        """The addresses in the answer section."""
        families = {1: socket.AF_INET, 28: socket.AF_INET6}
        return [
            socket.inet_ntop(families[rtype], rdata)
            for _, rtype, _, rdata in self.records[: self.counts[1]]
            if rtype in families
        ]

    @property
    def error_codes(self) -> list[int]:
        """The extended errors' codes, in order."""
        return [int.from_bytes(value[:2]) for code, value in self.options or [] if code == EXTENDED_ERROR]


def take_apart(wire: bytes) -> Answer:
    """Read a reply strictly: every octet has its place, or an AssertionError says so."""
    message_id, flags, *counts = struct.unpack_from("!HH4H", wire)
    position = 12
    for _ in range(counts[0]):
        position = _after_name(wire, position) + 4
    question = wire[12:position]
    records: list[tuple[bytes, int, int, bytes]] = []
    options: list[tuple[int, bytes]] | None = None
    opt_flags = extended = 0
    for _ in range(sum(counts[1:])):
        owner = position
        position = _after_name(wire, position)
        rtype, rclass, ttl, length = struct.unpack_from("!HHIH", wire, position)
        rdata = wire[position + 10 : position + 10 + length]
        assert len(rdata) == length
        if rtype == 41:
            assert options is None, "two OPT records"
            assert wire[owner] == 0
            assert ttl >> 16 & 0xFF == 0, "the EDNS version is 0"
            extended, opt_flags, options = ttl >> 24, ttl & 0xFFFF, _options(rdata)
        else:
            records.append((wire[owner:position], rtype, rclass, rdata))
        position += 10 + length
    assert position == len(wire), "octets behind the message"
    four = counts[0], counts[1], counts[2], counts[3]
    rcode = extended << 4 | flags & 15
    return Answer(wire, message_id, flags, four, question, records, opt_flags, options, rcode)


def _options(rdata: bytes) -> list[tuple[int, bytes]]:
    found = []
    while rdata:
        code, length = struct.unpack_from("!HH", rdata)
        found.append((code, rdata[4 : 4 + length]))
        assert len(found[-1][1]) == length
        rdata = rdata[4 + length :]
    return found


def _after_name(wire: bytes, position: int) -> int:
    while length := wire[position]:
        if length >= 0xC0:
            assert wire[position + 1] | (length & 0x3F) << 8 < position, "a pointer points back"
            return position + 2
        assert length < 64
        position += length + 1
    return position + 1


class Asker(NamedTuple):
    """A way to a worker: sends a message, gives what comes back."""

    running: Running
    transport: str
    host: str

    def ask(self, wire: bytes) -> Answer:
        """Send a message and take its reply apart."""
        with self._line() as line:
            if self.transport == "udp":
                line.send(wire)
                return take_apart(line.recv(65_535))
            ask_tcp(line, wire)
            return take_apart(answer_tcp(line))

    def is_ignored(self, wire: bytes) -> bool:
        """Send a message, then a sound question; tell whether the latter alone is answered, or the connection ends."""
        check = query(dotted("pirate.example"), message_id=ID ^ 0xFFFF)
        with self._line() as line:
            if self.transport == "udp":
                line.send(wire)
                line.send(check)
                return line.recv(65_535)[:2] == check[:2]
            ask_tcp(line, wire)
            ask_tcp(line, check)
            return answer_tcp(line)[:2] in {check[:2], b""}

    def _line(self) -> socket.socket:
        return self.running.udp(self.host) if self.transport == "udp" else self.running.tcp(self.host)
