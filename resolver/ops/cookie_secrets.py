"""What workers make server cookies with: the secrets of a file, or one of our own while the supervisor lives.

All workers share them, and with a file all servers that answer at one address. The first secret makes cookies, all of
them are accepted: so a new one is put behind the old one everywhere, then in front of it, and then the old one goes
(RFC 9018 section 5).
"""

import re
from contextlib import suppress
from pathlib import Path
from secrets import token_bytes
from typing import Final

from resolver.core.cookies import SECRET_SIZE
from resolver.ops.regular_file import open_regular

MOST: Final = 4
MOST_OCTETS: Final = 4_096

_SECRET: Final = re.compile(rf"[0-9A-Fa-f]{{{2 * SECRET_SIZE}}}\Z", re.ASCII)
_WHAT_TO_WRITE: Final = "write 32 hexadecimal digits a line, the current secret first; `openssl rand -hex 16` makes one"


class SecretError(ValueError):
    """A file that holds no secrets; the message says what is wrong and what to do, and nothing of its content."""


def read_secrets(path: Path) -> tuple[bytes, ...]:
    """Read the secrets of a file, in order; empty lines and those that begin with ``#`` are passed over.

    Raises SecretError.
    """
    try:
        with open_regular(path) as opened:
            text = opened.read(MOST_OCTETS + 1)
    except OSError as error:
        raise SecretError(f"{path} cannot be read: {error.strerror}; check the path and its permissions") from None
    if len(text) > MOST_OCTETS:
        raise SecretError(f"{path} is larger than {MOST_OCTETS} octets; {_WHAT_TO_WRITE}")
    found: list[bytes] = []
    for number, line in enumerate(text.decode("latin-1").splitlines(), 1):
        written = line.strip()
        if not written or written.startswith("#"):
            continue
        if _SECRET.match(written) is None:
            raise SecretError(f"{path}, line {number} is no secret; {_WHAT_TO_WRITE}")
        found.append(bytes.fromhex(written))
    if not 1 <= len(found) <= MOST:
        raise SecretError(f"{path} holds {len(found)} secrets, not 1 to {MOST}; {_WHAT_TO_WRITE}")
    return tuple(found)


class CookieSecrets:
    """The secrets of one supervisor."""

    def __init__(self) -> None:
        self._own: tuple[bytes, ...] = (token_bytes(SECRET_SIZE),)
        self._last: tuple[bytes, ...] = self._own

    def current(self, path: Path | None) -> tuple[bytes, ...]:
        """Give those of the file if one is named, or its last good ones; otherwise our own."""
        if path is None:
            return self._own
        with suppress(SecretError):  # the configuration was refused for it, or will be at the next reload
            self._last = read_secrets(path)
        return self._last
