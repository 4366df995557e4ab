"""From the address of a client, as a socket gives it, to the client's view."""

import socket
from ipaddress import ip_address

from resolver.core.admission import REMEMBERED, Admission, View
from resolver.net.mmsg import Client


class PackedViews(dict[Client, View | None]):
    """A bounded memory of views by the address that a batch gives; looking up a known one runs no Python code.

    None stands for an address that no answer can be sent to: unspecified, multicast, or limited broadcast.
    """

    __slots__ = ("_admission",)

    def __init__(self, admission: Admission) -> None:
        super().__init__()
        self._admission = admission

    def __missing__(self, client: Client) -> View | None:
        if client is None:
            return None
        if len(self) >= REMEMBERED:
            self.clear()
        packed = client.to_bytes(4, "little") if isinstance(client, int) else client
        view = None if _is_no_client(packed) else self._admission.view(packed)
        self[client] = view
        return view


class ClientViews(dict[str, View | None]):
    """The same by textual address, with ``packed`` beside it."""

    __slots__ = ("_admission", "packed")

    def __init__(self, admission: Admission) -> None:
        super().__init__()
        self._admission = admission
        self.packed = PackedViews(admission)

    def __missing__(self, host: str) -> View | None:
        if len(self) >= REMEMBERED:
            self.clear()
        packed = packed_address(host)
        view = None if _is_no_client(packed) else self._admission.view(packed)
        self[host] = view
        return view


def _is_no_client(packed: bytes) -> bool:
    address = ip_address(packed)
    return address.is_multicast or address.is_unspecified or packed == b"\xff\xff\xff\xff"


def packed_address(host: str) -> bytes:
    """Pack an address as a socket gives it, an interface behind it left out; 4 or 16 octets."""
    host = host.partition("%")[0]
    return socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
