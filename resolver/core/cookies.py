"""Server cookies: what shows that a client gets what is sent to its address, without a memory of clients.

A cookie is a hash of the client's address, its own cookie and the time, under a secret that all workers share, and all
servers that answer at one address if the operator wants (RFC 7873, RFC 9018). The interoperable form has version 1
and SipHash-2-4; ours has a version of those for private use and keyed BLAKE2s, which costs a twentieth in Python.
"""

from collections.abc import Callable, Sequence
from hashlib import blake2s
from hmac import compare_digest
from struct import Struct
from typing import Final, Literal, NamedTuple

from resolver.dns.siphash import siphash24

Algorithm = Literal["blake2s", "siphash"]

SECRET_SIZE: Final = 16
CLIENT_SIZE: Final = 8
FULL_SIZE: Final = 24
"""Octets of a client cookie and a server cookie of ours."""
OLDEST: Final = 3_600
"""Seconds for which a cookie is good (RFC 9018 section 4.3) ..."""
RENEWED: Final = 1_800
"""... and after which the client gets a new one."""
AHEAD: Final = 300
"""Seconds by which another server's clock may be ahead."""
REMEMBERED: Final = 16_384
"""Good cookies that are not hashed again; beyond that the memory is emptied whole."""

_VERSIONS: Final = {"siphash": 1, "blake2s": 240}  # 240 to 254 are for private use (RFC 9018 section 8)
_HEAD: Final = Struct("!B3sI")
_NOT_RESERVED: Final = bytes(3)
_new: Final = tuple.__new__


class Heeded(NamedTuple):
    """What a reply's cookie option holds, and whether the client has shown that its address is its own."""

    cookie: bytes
    good: bool


def blake2s_of(secret: bytes, message: bytes) -> bytes:
    """Hash under a key; 8 octets (RFC 7693)."""
    return blake2s(message, key=secret, digest_size=8).digest()


_HASHES: Final[dict[Algorithm, Callable[[bytes, bytes], bytes]]] = {"siphash": siphash24, "blake2s": blake2s_of}


class Cookies:
    """Makes and checks cookies; ``required`` says that who speaks of cookies over UDP must show a good one."""

    __slots__ = ("_clock", "_good", "_hash", "_secrets", "_version", "required")

    def __init__(
        self, secrets: Sequence[bytes], clock: Callable[[], float], *, algorithm: Algorithm, required: bool
    ) -> None:
        """Make them with the first secret, accept those of any; each has 16 octets. ``clock`` gives POSIX seconds."""
        self.required = required
        self._secrets = tuple(secrets)
        self._clock = clock
        self._version = _VERSIONS[algorithm]
        self._hash = _HASHES[algorithm]
        self._good: dict[bytes, float] = {}

    def heed(self, sent: bytes, client: bytes) -> Heeded:
        """Judge the option that a client sent, of 8 or 16 to 40 octets; ``client`` is its packed address."""
        wall = self._clock()
        if len(sent) == CLIENT_SIZE:
            return _new(Heeded, (self._make(sent, client, wall), False))  # without the named tuple's function
        known = sent + client
        if wall < self._good.get(known, 0.0):
            return Heeded(sent, good=True)
        age, number = self._origin(sent, client, wall)
        if number == 0 and age < RENEWED:
            if len(self._good) >= REMEMBERED:
                self._good.clear()
            self._good[known] = wall - age + RENEWED
            return Heeded(sent, good=True)
        return Heeded(self._make(sent[:CLIENT_SIZE], client, wall), good=number is not None)

    def _make(self, client_cookie: bytes, client: bytes, wall: float) -> bytes:
        plain = client_cookie + _HEAD.pack(self._version, _NOT_RESERVED, int(wall) & 0xFFFF_FFFF)
        return plain + self._hash(self._secrets[0], plain + client)

    def _origin(self, sent: bytes, client: bytes, wall: float) -> tuple[int, int | None]:
        """Tell how many seconds ago a cookie was made for this client, and by which secret; None if by none of ours.

        The age is negative where our clock is behind.
        """
        if len(sent) != FULL_SIZE:
            return 0, None
        version, _, stamp = _HEAD.unpack_from(sent, CLIENT_SIZE)
        age = (int(wall) - stamp + 0x8000_0000) % 0x1_0000_0000 - 0x8000_0000  # serial numbers (RFC 1982)
        if version != self._version or not -AHEAD <= age <= OLDEST:
            return age, None
        plain, digest = sent[:-8] + client, sent[-8:]
        for number, secret in enumerate(self._secrets):
            if compare_digest(digest, self._hash(secret, plain)):
                return age, number
        return age, None
