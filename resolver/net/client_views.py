"""From the address of a client, as a socket gives it, to the client's view."""

import socket
from ipaddress import ip_address

from resolver.core.admission import REMEMBERED, Admission, View
from resolver.net.mmsg import Client


class PackedViews(dict[Client, View | None]):
    """A bounded memory of views by the address that a batch gives; looking up a known one runs no Python code.

    None stands for an address that no answer can be sent to: unspecified, multicast, or limited broadcast.
    """

    __slots__ = ("_views",)

    def __init__(self, views: "_Views") -> None:
        super().__init__()
        self._views = views

    def __missing__(self, client: Client) -> View | None:
        if client is None:
            return None
        if len(self) >= REMEMBERED:
            self.clear()
        view = self._views.of(client.to_bytes(4, "little") if isinstance(client, int) else client)
        self[client] = view
        return view


class ClientViews(dict[str, View | None]):
    """The same by textual address, with ``packed`` beside it."""

    __slots__ = ("_views", "packed")

    def __init__(self, admission: Admission, unlimited: Admission | None = None) -> None:
        """Look views up; with ``unlimited`` all are rate-limited but for the networks that it allows."""
        super().__init__()
        self._views = _Views(admission, unlimited)
        self.packed = PackedViews(self._views)

    def __missing__(self, host: str) -> View | None:
        if len(self) >= REMEMBERED:
            self.clear()
        view = self._views.of(packed_address(host))
        self[host] = view
        return view


class _Views:
    """From the packed address to the view, looked up anew each time."""

    __slots__ = ("_admission", "_unlimited")

    def __init__(self, admission: Admission, unlimited: Admission | None) -> None:
        self._admission = admission
        self._unlimited = unlimited

    def of(self, packed: bytes) -> View | None:
        if _is_no_client(packed):
            return None
        view = self._admission.view(packed)
        if self._unlimited is None or self._unlimited.view(packed).allowed:
            return view
        return view._replace(limited=True)


def _is_no_client(packed: bytes) -> bool:
    address = ip_address(packed)
    return address.is_multicast or address.is_unspecified or packed == b"\xff\xff\xff\xff"


def packed_address(host: str) -> bytes:
    """Pack an address as a socket gives it, an interface behind it left out; 4 or 16 octets."""
    host = host.partition("%")[0]
    return socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
