"""One worker: the UDP lanes, the TCP server, the pipeline, the forwarder and the clocks, put together."""

import asyncio
import socket
import time
from collections.abc import Callable, Sequence

from resolver.core.policy import Policy
from resolver.net.settings import WorkerSettings


class Worker:
    """Everything between the sockets of one worker and its upstreams; lives in one event loop.

    ``page`` is the counter page as 64-bit places (``memoryview.cast("Q")``); ``clock`` gives the order clock in POSIX
    seconds. The sockets stay the caller's: ``close`` does not close them.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        settings: WorkerSettings,
        policy: Policy,
        page: memoryview,
        clock: Callable[[], float],
        *,
        udp: Sequence[socket.socket],
        tcp: Sequence[socket.socket],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Build all parts; nothing is read before ``start``."""
        raise NotImplementedError

    @property
    def digest(self) -> str:
        """The digest of the policy in force."""
        raise NotImplementedError

    def start(self) -> None:
        """Begin to serve."""
        raise NotImplementedError

    def swap(self, policy: Policy, settings: WorkerSettings) -> None:
        """Replace policy and settings whole; the next datagram is answered under them. Caches survive."""
        raise NotImplementedError

    async def drain(self, within: float = 2.0) -> None:
        """Take no more queries, answer those in flight for at most ``within`` seconds, then close."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop at once."""
        raise NotImplementedError
