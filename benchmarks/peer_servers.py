"""How the servers we are compared with are set up: one thread, the same names blocked, the same upstream and cache.

Each takes the list the way its own documentation says: Unbound, PowerDNS Recursor and BIND as a response policy zone,
dnsdist as a set of suffixes, dnsmasq as ``address=`` lines. Nothing logs queries, nothing validates.
"""

import getpass
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.made_up_names import NOTICE

LIST: Final = "listed"
POLICY_ZONE: Final = "orders.test"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to set up one kind of server."""

    name: str
    program: str
    package: str
    version: tuple[str, ...]
    """Options that make the program say its version."""
    list_names: Callable[[Path, Sequence[str], int], None]
    """Write the names it blocks into its folder; the number grows with each writing."""
    configure: Callable[[Path, int, int], Sequence[str]]
    """Write its configuration into its folder, for its port and that of the upstream, both on 127.0.0.1.

    Gives its command line without the program.
    """
    reload: Callable[[Path], Sequence[str]] | None = None
    """The command that makes it read the names again while it serves; None if it can only be started anew."""

    def find(self) -> str:
        """Find the program. Raises FileNotFoundError with a sentence."""
        return find_program(self.program, self.package)


def read_version(said: str) -> str:
    """Find the first version number in what a program says of itself; "?" if there is none."""
    found = re.search(r"\b\d+(\.\d+)+\S*", said)
    return found[0].rstrip(",;") if found else "?"


def find_program(program: str, package: str) -> str:
    """Find a program. Raises FileNotFoundError with a sentence that names the Debian package."""
    found = shutil.which(program, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if found is None:
        raise FileNotFoundError(f"{program} is missing: run scripts/install-peers bench, or install {package}")
    return found


def _policy_zone(folder: Path, names: Sequence[str], number: int) -> None:
    """Write the names as a response policy zone: each with all below it."""
    with (folder / LIST).open("w") as file:
        file.write(f"$ORIGIN {POLICY_ZONE}.\n$TTL 60\n@ SOA localhost. root.localhost. {number} 3600 600 86400 60\n")
        file.write("@ NS localhost.\n")
        file.writelines(f"{name} A {NOTICE}\n*.{name} A {NOTICE}\n" for name in names)


def _plain_list(folder: Path, names: Sequence[str], _number: int) -> None:
    (folder / LIST).write_text("".join(f"{name}.\n" for name in names))


def _address_lines(folder: Path, names: Sequence[str], _number: int) -> None:
    (folder / LIST).write_text("".join(f"address=/{name}/{NOTICE}\n" for name in names))


def _unbound(folder: Path, port: int, upstream: int) -> Sequence[str]:
    (folder / "unbound.conf").write_text(f"""
server:
  directory: "{folder}"
  pidfile: "{folder}/pid"
  chroot: ""
  username: ""
  use-syslog: no
  do-daemonize: no
  num-threads: 1
  interface: 127.0.0.1@{port}
  so-rcvbuf: 4m
  access-control: 127.0.0.0/8 allow
  do-not-query-localhost: no
  module-config: "respip iterator"
  msg-cache-size: 64m
  rrset-cache-size: 128m
rpz:
  name: {POLICY_ZONE}
  zonefile: "{folder}/{LIST}"
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@{upstream}
remote-control:
  control-enable: yes
  control-use-cert: no
  control-interface: "{folder}/control"
""")
    return ["-d", "-c", str(folder / "unbound.conf")]


def _unbound_reload(folder: Path) -> Sequence[str]:
    program = find_program("unbound-control", "unbound")
    return [program, "-c", str(folder / "unbound.conf"), "reload_keep_cache"]


def _recursor(folder: Path, port: int, upstream: int) -> Sequence[str]:
    (folder / "recursor.conf").write_text(f"""
local-address=127.0.0.1
local-port={port}
threads=1
daemon=no
disable-syslog=yes
setuid=
setgid=
socket-dir={folder}
dont-query=
dnssec=off
forward-zones-recurse=.=127.0.0.1:{upstream}
lua-config-file={folder}/orders.lua
webserver=no
""")
    (folder / "orders.lua").write_text(f'rpzFile("{folder}/{LIST}", {{policyName="orders"}})\n')
    return [f"--config-dir={folder}"]


def _recursor_reload(folder: Path) -> Sequence[str]:
    return [
        find_program("rec_control", "pdns-recursor"),
        f"--config-dir={folder}",
        "--timeout=100",
        "reload-lua-config",
    ]


def _bind(folder: Path, port: int, upstream: int) -> Sequence[str]:
    (folder / "named.conf").write_text(f"""
options {{
  directory "{folder}"; pid-file "{folder}/pid"; session-keyfile "{folder}/session.key";
  listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursion yes; allow-query {{ any; }}; allow-recursion {{ any; }};
  forward only; forwarders {{ 127.0.0.1 port {upstream}; }};
  dnssec-validation no; empty-zones-enable no;
  response-policy {{ zone "{POLICY_ZONE}"; }} qname-wait-recurse no min-update-interval 1;
}};
zone "{POLICY_ZONE}" {{ type primary; file "{folder}/{LIST}"; }};
controls {{ }};
""")
    return ["-g", "-n", "1", "-c", str(folder / "named.conf")]


def _bind_reload(folder: Path) -> Sequence[str]:
    return ["kill", "-HUP", (folder / "pid").read_text().strip()]


def _dnsdist(folder: Path, port: int, upstream: int) -> Sequence[str]:
    (folder / "dnsdist.conf").write_text(f"""
setLocal("127.0.0.1:{port}")
setACL({{"127.0.0.0/8"}})
setSecurityPollSuffix("")
newServer({{address="127.0.0.1:{upstream}", checkInterval=60, mustResolve=false}})
listed = newSuffixMatchNode()
for name in io.lines("{folder}/{LIST}") do listed:add(newDNSName(name)) end
addAction(SuffixMatchNodeRule(listed), SpoofAction({{"{NOTICE}"}}))
getPool(""):setCache(newPacketCache(200000, {{maxTTL=86400}}))
""")
    return ["--supervised", "-C", str(folder / "dnsdist.conf")]


def _dnsmasq(folder: Path, port: int, upstream: int) -> Sequence[str]:
    return [
        "--keep-in-foreground", f"--port={port}", "--listen-address=127.0.0.1", "--bind-interfaces",
        "--no-resolv", "--no-hosts", f"--server=127.0.0.1#{upstream}", "--cache-size=40000",
        "--dns-forward-max=1000", f"--conf-file={folder}/{LIST}", f"--pid-file={folder}/pid",
        f"--user={getpass.getuser()}",
    ]  # fmt: skip  # one breath


RECIPES: Final = (
    Recipe("Unbound", "unbound", "unbound", ("-V",), _policy_zone, _unbound, _unbound_reload),
    Recipe(
        "PowerDNS Recursor", "pdns_recursor", "pdns-recursor", ("--version",), _policy_zone, _recursor, _recursor_reload
    ),
    Recipe("BIND", "named", "bind9", ("-v",), _policy_zone, _bind, _bind_reload),
    Recipe("dnsdist", "dnsdist", "dnsdist", ("--version",), _plain_list, _dnsdist),
    Recipe("dnsmasq", "dnsmasq", "dnsmasq-base", ("--version",), _address_lines, _dnsmasq),
)
