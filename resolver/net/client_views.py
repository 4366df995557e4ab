"""From the textual address of a client, as the socket gives it, to the client's view."""

import socket
from ipaddress import ip_address

from resolver.core.admission import REMEMBERED, Admission, View


class ClientViews(dict[str, View | None]):
    """A bounded memory of views; looking up a known address runs no Python code.

    None stands for an address that no answer can be sent to: unspecified, multicast, or limited broadcast.
    """

    __slots__ = ("_admission",)

    def __init__(self, admission: Admission) -> None:
        super().__init__()
        self._admission = admission

    def __missing__(self, host: str) -> View | None:
        if len(self) >= REMEMBERED:
            self.clear()
        bare = host.partition("%")[0]
        view = None if _is_no_client(bare) else self._admission.view(_packed(bare))
        self[host] = view
        return view


def _is_no_client(host: str) -> bool:
    address = ip_address(host)
    return address.is_multicast or address.is_unspecified or host == "255.255.255.255"


def _packed(host: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
