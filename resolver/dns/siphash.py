"""SipHash-2-4, a keyed hash of 64 bits (Aumasson and Bernstein, 2012): what interoperable server cookies are made with.

In Python it takes a dozen microseconds for a cookie, so nothing else uses it.
"""

from struct import Struct
from typing import Final

KEY_SIZE: Final = 16

_TWO_WORDS: Final = Struct("<QQ")
_MASK: Final = 0xFFFF_FFFF_FFFF_FFFF
_State = tuple[int, int, int, int]


def siphash24(key: bytes, message: bytes) -> bytes:
    """Hash a message under a key of 16 octets; 8 octets, in the order in which the reference code writes them."""
    low, high = _TWO_WORDS.unpack(key)
    state = (
        low ^ 0x736F_6D65_7073_6575,
        high ^ 0x646F_7261_6E64_6F6D,
        low ^ 0x6C79_6765_6E65_7261,
        high ^ 0x7465_6462_7974_6573,
    )
    padded = message + bytes(7 - len(message) % 8) + bytes((len(message) & 0xFF,))
    for start in range(0, len(padded), 8):
        word = int.from_bytes(padded[start : start + 8], "little")
        v0, v1, v2, v3 = state
        v0, v1, v2, v3 = _round(_round((v0, v1, v2, v3 ^ word)))
        state = (v0 ^ word, v1, v2, v3)
    v0, v1, v2, v3 = state
    v0, v1, v2, v3 = _round(_round(_round(_round((v0, v1, v2 ^ 0xFF, v3)))))
    return (v0 ^ v1 ^ v2 ^ v3).to_bytes(8, "little")


def _round(state: _State) -> _State:
    v0, v1, v2, v3 = state
    v0 = (v0 + v1) & _MASK
    v1 = (v1 << 13 & _MASK | v1 >> 51) ^ v0
    v0 = v0 << 32 & _MASK | v0 >> 32
    v2 = (v2 + v3) & _MASK
    v3 = (v3 << 16 & _MASK | v3 >> 48) ^ v2
    v0 = (v0 + v3) & _MASK
    v3 = (v3 << 21 & _MASK | v3 >> 43) ^ v0
    v2 = (v2 + v1) & _MASK
    v1 = (v1 << 17 & _MASK | v1 >> 47) ^ v2
    v2 = v2 << 32 & _MASK | v2 >> 32
    return v0, v1, v2, v3
