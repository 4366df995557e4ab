"""Numbers that nobody can guess, from the operating system's generator, fetched in blocks (RFC 5452 section 9.2)."""

import secrets
import struct
from typing import Final

BLOCK: Final = 1_024
"""Draws fetched with one system call, which costs more than the numbers."""

_DRAW: Final = struct.Struct("=HI")


class Draws:
    """An endless supply of message ids and picks; no number is ever given twice."""

    __slots__ = ("_block",)

    def __init__(self) -> None:
        self._block: list[tuple[int, int]] = []

    def draw(self) -> tuple[int, int]:
        """Give a message id (16 bits) and a pick (32 bits), independent of each other."""
        if not self._block:
            self._block = list(_DRAW.iter_unpack(secrets.token_bytes(BLOCK * _DRAW.size)))
        return self._block.pop()


def mix_case(question: bytes) -> bytes:
    """Write the letters of a question's name, which are lower-case, in upper or lower case at random (dns0x20).

    ``question`` is a wire name with type and class behind it. No octet but a letter's is in the range of letters.
    """
    name = question[:-4]
    drawn = secrets.token_bytes(len(name))
    mixed = (octet ^ (bit & 0x20) if 97 <= octet <= 122 else octet for octet, bit in zip(name, drawn, strict=True))
    return bytes(mixed) + question[-4:]


def pick_below(pick: int, count: int) -> int:
    """Turn a pick into a place below ``count``; all places are equally likely but for one part in four million."""
    return pick * count >> 32
