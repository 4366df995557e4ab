"""What a reply says back to the options of its query: a cookie for a cookie, and over TCP how long to stay."""

from struct import Struct
from typing import Final, NamedTuple

from resolver.core.cookies import CLIENT_SIZE, Cookies
from resolver.core.counters import Transport
from resolver.dns.codes import EdnsOption
from resolver.dns.edns import Options

_COOKIE: Final = int(EdnsOption.COOKIE)
_KEEPALIVE: Final = int(EdnsOption.TCP_KEEPALIVE)
_OPTION: Final = Struct("!HH")


class Courtesy(NamedTuple):
    """Options for the reply; ``unproven``: the client must first come back with the cookie that it gets now."""

    options: Options
    unproven: bool


class Courtesies:
    """What is said back at present: ``cookies`` (None: none) and ``idle_seconds`` are replaced as things change."""

    __slots__ = ("cookies", "idle_seconds")

    def __init__(self, cookies: Cookies | None = None, idle_seconds: float = 10.0) -> None:
        self.cookies = cookies
        self.idle_seconds = idle_seconds

    def to(self, options: Options, transport: Transport, client: bytes) -> Courtesy:
        """Say what the options of a query call for; ``client`` is the packed address.

        Only the first cookie counts (RFC 7873 section 5.2). How long to stay is told over TCP only, and only to who
        asks (RFC 7828 sections 3.2.1 and 3.3.2).
        """
        over_tcp = transport >= Transport.TCP4
        said: dict[int, bytes] = {}
        unproven = False
        for code, value in options:
            if code == _COOKIE and self.cookies is not None and _COOKIE not in said:
                said[_COOKIE], good = self.cookies.heed(value, client)
                unproven = self.cookies.required and not good and not over_tcp
            elif code == _KEEPALIVE and over_tcp:
                said[_KEEPALIVE] = int(self.idle_seconds * 10).to_bytes(2, "big")
        return Courtesy(tuple(said.items()), unproven)

    def written(self, options: bytes, client: bytes, elsewhere: int) -> bytes | None:
        """Write what `to` says back over UDP to options as an OPT record holds them; None if there is more to it.

        That is so if they are malformed, if a better cookie is required, or if the option ``elsewhere`` is among them,
        which changes the reply itself.
        """
        said = b""
        heeded = False
        position, end = 0, len(options)
        while position < end:
            start = position + 4
            if start > end:
                return None
            code = options[position] << 8 | options[position + 1]
            length = options[position + 2] << 8 | options[position + 3]
            position = start + length
            if position > end or code == elsewhere:
                return None
            if code == _COOKIE and not heeded:
                heeded = True
                if length != CLIENT_SIZE and not 16 <= length <= 40:
                    return None
                if self.cookies is not None:
                    cookie, good = self.cookies.heed(options[start:position], client)
                    if self.cookies.required and not good:
                        return None
                    said = _OPTION.pack(_COOKIE, len(cookie)) + cookie
        return said

    def to_empty_question(self, cookie: bytes, client: bytes) -> tuple[Options, bool]:
        """Say what a query gets that has a cookie and no question, and whether its server cookie is a bad one
        (RFC 7873 section 5.4); no option where cookies are not spoken."""
        if self.cookies is None:
            return (), False
        heeded = self.cookies.heed(cookie, client)
        return ((_COOKIE, heeded.cookie),), len(cookie) > CLIENT_SIZE and not heeded.good

    def vouch(self, options: Options, client: bytes) -> bool:
        """Tell whether a cookie among the options shows that the client's address is its own."""
        if self.cookies is None:
            return False
        cookie = next((value for code, value in options if code == _COOKIE), None)
        return cookie is not None and self.cookies.heed(cookie, client).good
