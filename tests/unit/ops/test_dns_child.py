"""A worker has room for the sockets that a flood opens, before there are threads."""

import subprocess
import sys

import pytest

from resolver.ops.dns_child import DESCRIPTORS

BEGIN = """
import asyncio, os, re, resource, socket, sys
from pathlib import Path
from resolver.net.late import WatchfulSelector
from resolver.ops.dns_child import DnsChild

_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), most))
ours, theirs = socket.socketpair()
selector = WatchfulSelector()
loop = asyncio.SelectorEventLoop(selector)
if "taken" in sys.argv:
    os.dup2(0, int(sys.argv[1]) - 1)
before = len(os.listdir("/proc/self/fd"))
DnsChild(loop, selector, ours)
assert len(os.listdir("/proc/self/fd")) == before, "a descriptor is left open"
print(re.search(r"FDSize:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.parametrize(
    ("limit", "place"),
    [
        pytest.param(512, "free", id="a low limit"),
        pytest.param(512, "taken", id="a low limit, and a socket there"),
        pytest.param(DESCRIPTORS, "free", id="the usual"),
    ],
)
def test_a_worker_begins_with_room_for_a_flood(limit: int, place: str) -> None:
    begun = subprocess.run([sys.executable, "-c", BEGIN, str(limit), place], capture_output=True, text=True, check=True)

    assert int(begun.stdout) >= limit
