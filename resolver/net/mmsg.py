"""Many datagrams a system call: recvmmsg and sendmmsg through cffi, without a compiler (ABI mode).

All that knows addresses in memory is in this file. Outside of it a batch is lists of numbers and slices of octets.
The layout is that of 64-bit Linux, little end first; `unsupported` says what is wrong with any other machine, and the
plain lane serves there.
"""

import errno
import os
import socket
import struct
import sys
from array import array
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, Literal, cast

from resolver.net.gather import gather
from resolver.net.kernel_structs import ffi as _ffi

BATCH: Final = 64
"""Datagrams read or written at once."""
LARGEST_QUERY: Final = 4_096
"""Octets of the longest query that is read; the kernel marks what was longer."""
QUERY_STRIDE: Final = LARGEST_QUERY + 64
"""The room of a datagram: no power of two, or the first octets of all would share their cache lines."""
SOURCE_STRIDE: Final = 32
CONTROL_STRIDE: Final = 64

_WORDS: Final = 8
"""64-bit words of a ``struct mmsghdr``; where its fields stand among them follows."""
_NAME, _NAME_LENGTH, _VECTOR, _VECTOR_LENGTH, _CONTROL, _CONTROL_LENGTH, _FLAGS, _LENGTH = range(_WORDS)

Client = int | bytes | None
"""The IPv4 address as it lies in memory, the 16 octets of an IPv6 address, or nobody that can be answered."""

_HEADS: Final = QUERY_STRIDE // 2
_SOURCE_INTS: Final = SOURCE_STRIDE // 4
_SOURCE_SHORTS: Final = SOURCE_STRIDE // 2
_CONTROL_INTS: Final = CONTROL_STRIDE // 4
_CONTROL_SPACE: Final = {socket.AF_INET: socket.CMSG_SPACE(12), socket.AF_INET6: socket.CMSG_SPACE(20)}
_FULL_CONTROLS: Final = array("Q", [CONTROL_STRIDE] * BATCH)
_ZEROS: Final = array("I", [0] * BATCH)
_NONE: Final[frozenset[int]] = frozenset()
_SIZES: Final = {"struct mmsghdr": 8 * _WORDS, "struct msghdr": 56, "struct iovec": 16, "size_t": 8, "void *": 8}


def unsupported() -> str | None:
    """Say why batches cannot be used on this machine; None if they can."""
    if sys.byteorder != "little" or struct.calcsize("P") != 8 or not sys.platform.startswith("linux"):
        return "batches need 64-bit Linux, little end first"
    for kind, size in _SIZES.items():
        if _ffi.sizeof(kind) != size:
            return f"{kind} has another size here than on 64-bit Linux"
    library: Any = _ffi.dlopen(None)
    if not (hasattr(library, "recvmmsg") and hasattr(library, "sendmmsg")):
        return "the C library cannot send batches"
    return None


class Batch:
    """The memory of one socket's batches.

    ``queries`` holds datagrams every QUERY_STRIDE octets, ``sources`` socket addresses every SOURCE_STRIDE octets,
    ``controls`` ancillary messages every CONTROL_STRIDE octets; slices are bytes. All of it stays where it is for the
    life of the batch: the kernel's headers point there, and ``_arrays`` keeps it alive. The first two octets of every
    datagram, its id, are moved to ``ids`` and ``tag`` takes their place, so that a slice is a key of the packet cache.
    """

    __slots__ = ("_arrays", "_clients", "_controls", "_descriptor", "_heads", "_ids", "_in", "_in_words", "_library",
                 "_out", "_out_words", "_own_address", "_own_port", "_ports", "_skewed", "_suspect", "_tags",
                 "_vector_words", "_with_controls", "controls", "ids", "queries",
                 "sources")  # fmt: skip  # four lines, not twenty

    def __init__(
        self, sock: socket.socket, tag: bytes, *, with_controls: bool, shunned: AbstractSet[int] = frozenset({0})
    ) -> None:
        """Make the memory; ``with_controls`` reads and sends the address that was asked, too.

        What comes from a port that is ``shunned`` comes from nobody.
        """
        self._library: Any = _ffi.dlopen(None)
        self._descriptor = sock.fileno()
        self._with_controls = with_controls
        queries, sources, controls, ids = (
            _ffi.new("unsigned char[]", BATCH * size) for size in (QUERY_STRIDE, SOURCE_STRIDE, CONTROL_STRIDE, 2)
        )
        vectors, replies = _ffi.new("struct iovec[]", BATCH), _ffi.new("struct iovec[]", 2 * BATCH)
        self._in, self._out = _ffi.new("struct mmsghdr[]", BATCH), _ffi.new("struct mmsghdr[]", BATCH)
        self._arrays = (queries, sources, controls, ids, vectors, replies)
        ipv6 = sock.family == socket.AF_INET6
        for place in range(BATCH):
            vectors[place].base, vectors[place].length = queries + place * QUERY_STRIDE, LARGEST_QUERY
            replies[2 * place].base, replies[2 * place].length = ids + 2 * place, 2
            for message, vector, count in (
                (self._in[place].header, vectors + place, 1),
                (self._out[place].header, replies + 2 * place, 2),
            ):
                message.name, message.name_length = sources + place * SOURCE_STRIDE, 28 if ipv6 else 16
                message.vector, message.vector_length = vector, count
                if with_controls:
                    message.control = controls + place * CONTROL_STRIDE
                    message.control_length = _CONTROL_SPACE[sock.family]
        self.queries, self.sources, self.controls, self.ids = map(_ffi.buffer, (queries, sources, controls, ids))
        self._in_words, self._out_words, self._vector_words = map(_words, (self._in, self._out, replies))
        self._heads, self._ids, self._ports = (_view(octets, "H") for octets in (queries, ids, sources))
        self._clients = None if ipv6 else _view(sources, "I")
        self._controls = _view(controls, "I")
        self._tags = array("H", tag * BATCH)
        self._skewed = False
        host, port = sock.getsockname()[:2]
        self._own_address = socket.inet_pton(sock.family, host.partition("%")[0])
        self._own_port = socket.htons(port)
        self._suspect = frozenset(map(socket.htons, shunned)) | {self._own_port}

    def receive(self) -> int:
        """Read what waits, at most a batch; return how many datagrams. Raises OSError, BlockingIOError among them."""
        if self._with_controls:
            self._in_words[_CONTROL_LENGTH::_WORDS] = _FULL_CONTROLS
        count: int = self._library.recvmmsg(self._descriptor, self._in, BATCH, socket.MSG_DONTWAIT, _ffi.NULL)
        if count < 0:
            raise OSError(_ffi.errno, os.strerror(_ffi.errno))
        heads = self._heads[: count * _HEADS : _HEADS]
        self._ids[:count] = heads
        heads[:] = self._tags[:count]
        return count

    def lengths(self, count: int) -> tuple[list[int], frozenset[int]]:
        """Give the lengths of the datagrams just read, 0 for those that were cut, and the places of the latter."""
        words = self._in_words
        found = words[_LENGTH : count * _WORDS : _WORDS].tolist()
        flags = words[_FLAGS : count * _WORDS : _WORDS].tolist()
        if not any(flags):
            return found, _NONE
        cuts = socket.MSG_TRUNC | (socket.MSG_CTRUNC if self._with_controls else 0)
        cut = frozenset(place for place, flag in enumerate(flags) if flag & cuts)
        return [0 if place in cut else length for place, length in enumerate(found)], cut

    def clients(self, count: int) -> list[Client]:
        """Give the addresses that the datagrams came from; None where nothing can be sent to."""
        found: list[Client]
        if self._clients is not None:
            found = cast("list[Client]", self._clients[1 : count * _SOURCE_INTS : _SOURCE_INTS].tolist())
        else:
            found = [self.sources[at + 8 : at + 24] for at in range(0, count * SOURCE_STRIDE, SOURCE_STRIDE)]
        ports = self._ports[1 : count * _SOURCE_SHORTS : _SOURCE_SHORTS].tolist()
        astray = self._turn_around(count) if self._with_controls else _NONE
        if astray or not self._suspect.isdisjoint(ports):
            return [None if at in astray or self._is_shunned(at, ports[at]) else who for at, who in enumerate(found)]
        return found

    def _is_shunned(self, place: int, port: int) -> bool:
        """Tell whether a datagram comes from where nothing is sent: a shunned port, or the very socket it came to."""
        if port != self._own_port:
            return port in self._suspect
        start = place * SOURCE_STRIDE + (4 if self._clients is not None else 8)
        source: bytes = self.sources[start : start + len(self._own_address)]
        if not self._with_controls:
            return source == self._own_address
        asked = place * CONTROL_STRIDE + (24 if self._clients is not None else 16)
        return source == bytes(self.controls[asked : asked + len(source)])

    def message_id(self, place: int) -> bytes:
        """Give the id of the datagram at this place."""
        written: bytes = self.ids[2 * place : 2 * place + 2]
        return written

    def send(self, tails: Sequence[bytes], places: Sequence[int] | None) -> list[tuple[int, int]]:
        """Send replies less their ids to where the datagrams at ``places`` came from; None: to every one of the batch.

        Returns the replies that did not leave, as (number among the replies, errno).
        """
        held = gather(self._vector_words, 2, 4, tails)
        if places is not None or self._skewed:
            self._aim(range(BATCH) if places is None else places)  # all of them, or a later batch would go astray
            self._skewed = places is not None
        return _send_all(self._library, self._descriptor, self._out, len(tails), held)

    def _aim(self, places: Sequence[int]) -> None:
        """Let the n-th reply go where the n-th of these places says; after a batch without gaps it already does."""
        _, sources, controls, ids, *_ = (int(_ffi.cast("uintptr_t", each)) for each in self._arrays)
        words, end = self._out_words, len(places) * _WORDS
        words[_NAME:end:_WORDS] = array("Q", [sources + place * SOURCE_STRIDE for place in places])
        self._vector_words[0 : 4 * len(places) : 4] = array("Q", [ids + 2 * place for place in places])
        if self._with_controls:
            words[_CONTROL:end:_WORDS] = array("Q", [controls + place * CONTROL_STRIDE for place in places])

    def _turn_around(self, count: int) -> frozenset[int]:
        """Make each answer leave from the address that was asked; give the places that were asked as a group.

        The interface is left open, as the way back may lead through another one; only a link-local address means
        nothing without its interface (RFC 4007). The layouts are those of ip(7) and RFC 3542 section 6.1.
        """
        words, end = self._controls, count * _CONTROL_INTS
        sizes = self._in_words[_CONTROL_LENGTH : count * _WORDS : _WORDS].tolist()
        if self._clients is not None:
            asked, local = words[6:end:_CONTROL_INTS].tolist(), words[5:end:_CONTROL_INTS].tolist()
            words[4:end:_CONTROL_INTS] = _ZEROS[:count]
            room = _CONTROL_SPACE[socket.AF_INET]
            return frozenset(n for n, size in enumerate(sizes) if size != room or asked[n] != local[n])
        heads = words[4:end:_CONTROL_INTS].tolist()
        for place, head in enumerate(heads):
            if head & 0xC0FF != 0x80FE:
                words[place * _CONTROL_INTS + 8] = 0
        room = _CONTROL_SPACE[socket.AF_INET6]
        return frozenset(n for n, size in enumerate(sizes) if size != room or heads[n] & 0xFF == 0xFF)


class Outbox:
    """The memory for replies that leave later than their batch: many in one system call, each to its own client.

    A client is its socket address and the ancillary message that gives the reply its source, both as `Batch` has them.
    """

    __slots__ = ("_arrays", "_controls", "_library", "_out", "_sock", "_sources", "_vector_words", "_with_controls")

    def __init__(self, sock: socket.socket, *, with_controls: bool) -> None:
        """Make the memory; ``with_controls``: each reply says from which address it leaves."""
        self._library: Any = _ffi.dlopen(None)
        self._sock = sock
        self._with_controls = with_controls
        sources, controls = (_ffi.new("unsigned char[]", BATCH * size) for size in (SOURCE_STRIDE, CONTROL_STRIDE))
        vectors, self._out = _ffi.new("struct iovec[]", BATCH), _ffi.new("struct mmsghdr[]", BATCH)
        self._arrays = (sources, controls, vectors)
        for place in range(BATCH):
            message = self._out[place].header
            message.name = sources + place * SOURCE_STRIDE
            message.name_length = 28 if sock.family == socket.AF_INET6 else 16
            message.vector, message.vector_length = vectors + place, 1
            if with_controls:
                message.control = controls + place * CONTROL_STRIDE
                message.control_length = _CONTROL_SPACE[sock.family]
        self._sources, self._controls = _ffi.buffer(sources), _ffi.buffer(controls)
        self._vector_words = _words(vectors)

    def send(
        self, wires: Sequence[bytes], sources: Sequence[bytes], controls: Sequence[bytes]
    ) -> list[tuple[int, int]]:
        """Send at most a batch of replies; return those that did not leave, as (number, errno).

        The socket's descriptor is asked for each time: it may have been closed since the queries came.
        """
        count = len(wires)
        held = gather(self._vector_words, 0, 2, wires)
        self._sources[: count * SOURCE_STRIDE] = b"".join(sources)
        if self._with_controls:
            self._controls[: count * CONTROL_STRIDE] = b"".join(controls)
        return _send_all(self._library, self._sock.fileno(), self._out, count, held)


def _send_all(library: Any, descriptor: int, messages: Any, count: int, held: object) -> list[tuple[int, int]]:  # noqa: ANN401, ARG001  # cffi makes the types at run time; held is only to be held
    """Send the first ``count`` messages; one that fails is left out and the rest still goes, unless there is no room
    for any. Their octets are good while ``held`` is. Returns those that did not leave, as (number, errno)."""
    failed: list[tuple[int, int]] = []
    at = 0
    while at < count:
        sent = library.sendmmsg(descriptor, messages + at, count - at, socket.MSG_DONTWAIT)
        if sent > 0:
            at += sent
            continue
        number = _ffi.errno
        if number in (errno.EAGAIN, errno.ENOBUFS):
            return failed + [(place, number) for place in range(at, count)]
        failed.append((at, number))
        at += 1
    return failed


def _words(array_of_c: Any) -> memoryview:  # noqa: ANN401  # cffi makes the type at run time
    return _view(array_of_c, "Q")


def _view(array_of_c: Any, kind: Literal["H", "I", "Q"]) -> memoryview:  # noqa: ANN401  # cffi makes the type at run time
    return memoryview(_ffi.buffer(array_of_c)).cast("B").cast(kind)
