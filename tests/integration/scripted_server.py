"""A DNS server that answers whatever a test wants: a fake, because no real one gives every answer on demand."""

import socket
import threading
from collections.abc import Callable

import dns.message

Script = Callable[[dns.message.Message], bytes]


class ScriptedServer:
    """Answers every UDP datagram, and one message a TCP connection, with what the script makes of it."""

    def __init__(self) -> None:
        self.script: Script = lambda asked: dns.message.make_response(asked).to_wire()
        self._udp, self._tcp = _pair_of_sockets()
        self._threads = [threading.Thread(target=serve, daemon=True) for serve in (self._serve_udp, self._serve_tcp)]
        for thread in self._threads:
            thread.start()

    @property
    def port(self) -> int:
        """The port, the same for both transports."""
        port: int = self._udp.getsockname()[1]
        return port

    def close(self) -> None:
        """Wake the threads and wait for their end."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("127.0.0.1", self.port))
        socket.create_connection(("127.0.0.1", self.port)).close()
        for thread in self._threads:
            thread.join()
        self._udp.close()
        self._tcp.close()

    def _serve_udp(self) -> None:
        while True:
            wire, peer = self._udp.recvfrom(4_096)
            if not wire:
                return
            if answer := self.script(dns.message.from_wire(wire)):
                self._udp.sendto(answer, peer)

    def _serve_tcp(self) -> None:
        while True:
            connection, _ = self._tcp.accept()
            with connection:
                wire = connection.recv(4_096)
                if not wire:
                    return
                answer = self.script(dns.message.from_wire(wire[2:]))
                connection.sendall(len(answer).to_bytes(2, "big") + answer)


def _pair_of_sockets() -> tuple[socket.socket, socket.socket]:
    """Bind both transports to one port; the port that is free for one may be taken for the other."""
    while True:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        try:
            return udp, socket.create_server(udp.getsockname())
        except OSError:
            udp.close()
