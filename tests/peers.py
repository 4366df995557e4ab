"""Real servers for tests to talk to: NSD and Unbound, as Debian packages them, on free ports of the loopback.

Use them with ``with``; they end with it, killed if they must be. A missing server fails the test that needs it.
"""

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import dns.message

HOST = "127.0.0.1"
ATTEMPTS = 3
PATIENCE = 600
"""Tenths of a second until a server must answer, or has ended: many, for the machine may be busy."""
PORTS = range(10_000, 60_000)
"""Where servers of tests listen."""

ZONE_HEAD = "$TTL 3600\n@ SOA ns1 admin 1 3600 600 86400 300\n@ NS ns1\nns1 A 127.0.0.1\n"


@dataclass(frozen=True)
class Peer:
    """A server that answers at this port of 127.0.0.1, over UDP and TCP."""

    port: int
    process: "subprocess.Popen[bytes]"

    def stop(self) -> None:
        """End it now, as a crash would, and all of it: what NSD's main process leaves behind still answers a while."""
        _kill(self.process)
        deadline = time.monotonic() + PATIENCE / 10
        while not _is_free(self.port) and time.monotonic() < deadline:
            time.sleep(0.01)  # Its children are not ours to wait for.


@contextmanager
def start_nsd(
    folder: Path, zones: Mapping[str, str], *, port: int | None = None, whole: bool = False
) -> Iterator[Peer]:
    """Start NSD with these zones: the text of each follows a head with TTL, SOA and NS, unless it is ``whole``.

    Only the names of these zones exist; anything else is REFUSED.
    """
    home = folder / "nsd"
    home.mkdir(parents=True, exist_ok=True)
    sections = []
    for number, (name, text) in enumerate(zones.items()):
        (home / f"zone-{number}").write_text(f"$ORIGIN {name.rstrip('.')}.\n{'' if whole else ZONE_HEAD}{text}")
        sections.append(f'zone:\n  name: "{name}"\n  zonefile: "zone-{number}"\n')

    def command(port: int) -> list[str]:
        server = (
            f'server:\n  ip-address: {HOST}@{port}\n  username: ""\n  zonesdir: "{home}"\n  pidfile: "{home}/nsd.pid"\n'
            f'  database: ""\n  xfrdfile: "{home}/xfrd.state"\n  zonelistfile: "{home}/zone.list"\n  server-count: 1\n'
            "  rrl-ratelimit: 0\n  rrl-whitelist-ratelimit: 0\nremote-control:\n  control-enable: no\n"
        )
        configuration = home / "nsd.conf"
        configuration.write_text(server + "".join(sections))
        return [program("nsd"), "-c", str(configuration), "-d"]

    with _started(command, next(iter(zones)), port) as peer:
        yield peer


@contextmanager
def start_unbound(
    folder: Path, server: Sequence[str] = (), *, forward_to: int | None = None, port: int | None = None
) -> Iterator[Peer]:
    """Start Unbound with these further lines of its ``server:`` section, forwarding everything to this local port.

    It does not look at the loopback's own zones, gives extended errors, and validates what has a ``trust-anchor:``.
    """
    home = folder / "unbound"
    home.mkdir(parents=True, exist_ok=True)
    forward = f'forward-zone:\n  name: "."\n  forward-addr: {HOST}@{forward_to}\n' if forward_to else ""

    def command(port: int) -> list[str]:
        lines = [
            f'directory: "{home}"', 'chroot: ""', 'username: ""', f'pidfile: "{home}/unbound.pid"', "use-syslog: no",
            f"interface: {HOST}@{port}", "do-daemonize: no", "num-threads: 1", "access-control: 127.0.0.0/8 allow",
            "do-not-query-localhost: no", "ede: yes", "val-log-level: 0", *server,
        ]  # fmt: skip  # one breath
        configuration = home / "unbound.conf"
        configuration.write_text("server:\n" + "".join(f"  {line}\n" for line in lines) + forward)
        return [program("unbound"), "-d", "-c", str(configuration)]

    with _started(command, "localhost", port) as peer:
        yield peer


@contextmanager
def start_named(folder: Path, *, forward_to: int) -> Iterator[Peer]:
    """Start BIND, forwarding everything to this local port, without validation."""
    home = folder / "named"
    home.mkdir(parents=True, exist_ok=True)

    def command(port: int) -> list[str]:
        configuration = home / "named.conf"
        configuration.write_text(
            f'options {{ directory "{home}"; pid-file none; session-keyfile "{home}/session.key";'
            f" listen-on-v6 {{ none; }}; listen-on port {port} {{ {HOST}; }}; recursion yes; forward only;"
            f" forwarders {{ {HOST} port {forward_to}; }}; dnssec-validation no; empty-zones-enable no; }};"
            " controls { };\n"
        )
        return [program("named"), "-g", "-n", "1", "-c", str(configuration)]

    with _started(command, "localhost", None) as peer:
        yield peer


def free_port() -> int:
    """Find a port of 127.0.0.1 that neither UDP nor TCP uses at this moment.

    It is none of those that the kernel gives to whoever asks for any, so nobody else has it by chance when a server
    takes it, or takes it again after its end.
    """
    given, _ = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    ours = range(PORTS.start, given) if given > PORTS.start else PORTS
    while True:
        port = random.SystemRandom().choice(ours)  # what Hypothesis sows would be the same in every process
        with socket.socket(type=socket.SOCK_DGRAM) as datagram, socket.socket() as stream:
            try:
                datagram.bind((HOST, port))
                stream.bind((HOST, port))
            except OSError:
                continue
            return port


def _is_free(port: int) -> bool:
    """Tell whether nobody holds this UDP port of 127.0.0.1."""
    with socket.socket(type=socket.SOCK_DGRAM) as datagram:
        try:
            datagram.bind((HOST, port))
        except OSError:
            return False
        return True


@contextmanager
def _started(command: Callable[[int], list[str]], name: str, port: int | None) -> Iterator[Peer]:
    """Run what the command says until the block ends; another process may take a free port first, so try again."""
    peer = None
    for _ in range(ATTEMPTS):
        chosen = port if port is not None else free_port()
        process = subprocess.Popen(command(chosen), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        candidate = Peer(chosen, process)
        if _answers(candidate, name):
            peer = candidate
            break
        _kill(process)
    assert peer is not None, f"{command(0)[0]} does not start"
    try:
        yield peer
    finally:
        peer.process.terminate()
        try:
            peer.process.wait(5)
        except subprocess.TimeoutExpired:
            _kill(peer.process)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill a server and the processes it made."""
    for pid in [*_descendants(process.pid), process.pid]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def _descendants(pid: int) -> list[int]:
    try:
        children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []  # It has ended.
    return children + [each for child in children for each in _descendants(child)]


def _answers(peer: Peer, name: str) -> bool:
    query = dns.message.make_query(name, "SOA")
    for _ in range(PATIENCE):
        if peer.process.poll() is not None:
            return False
        with socket.socket(type=socket.SOCK_DGRAM) as line:
            line.settimeout(0.1)
            line.connect((HOST, peer.port))
            try:
                line.send(query.to_wire())
                line.recv(4096)
            except ConnectionRefusedError:
                # Nobody listens yet; the pause is the server's time to start.
                with suppress(subprocess.TimeoutExpired):
                    peer.process.wait(0.1)
            except TimeoutError:
                continue
            else:
                return True
    return False


def program(name: str) -> str:
    """Find a program of the system; one that is missing fails the test."""
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    assert found, f"{name} is missing: run `make peers`, or install the Debian package {name}"
    return found
