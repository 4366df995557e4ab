"""How messages follow one another in a TCP stream: each behind its length in two octets (RFC 1035 4.2.2, RFC 7766)."""


class MessageSplitter:
    """Cuts a stream into messages, however the octets arrive; holds at most one message that is not complete."""

    __slots__ = ("_pending",)

    def __init__(self) -> None:
        self._pending = bytearray()

    @property
    def partial(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._pending)

    def feed(self, octets: bytes) -> list[bytes]:
        """Take in what arrived; return the messages that are now complete, in order, empty ones included."""
        pending = self._pending
        pending += octets
        messages: list[bytes] = []
        position = 0
        while len(pending) - position >= 2:
            end = position + 2 + (pending[position] << 8 | pending[position + 1])
            if end > len(pending):
                break
            messages.append(bytes(pending[position + 2 : end]))
            position = end
        del pending[:position]
        return messages


def frame(message: bytes) -> bytes:
    """Put the length before a message of at most 65 535 octets."""
    return len(message).to_bytes(2, "big") + message
