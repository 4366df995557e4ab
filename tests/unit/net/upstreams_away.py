"""A forwarder that stands in for one whose upstreams are away; lanes are tested before it."""

from collections.abc import Callable

from resolver.core.pipeline import Pipeline
from resolver.core.step import Drop, Failure, Forward, Reply


class Away:
    """A forwarder whose upstreams are away: it fails at once, or when a test says so.

    What is asked for a name that begins with ``broken``, if that is any, meets an error of ours.
    """

    def __init__(self, pipeline: Pipeline, now: Callable[[], float]) -> None:
        self.pipeline = pipeline
        self.now = now
        self.at_once = True
        self.waiting: list[Callable[[], None]] = []
        self.broken = ""

    def ask(self, forward: Forward, respond: Callable[[Reply | Drop], None]) -> None:
        if self.broken and forward.question.qname[1:].startswith(self.broken.encode()):
            raise RuntimeError(self.broken)

        def fail() -> None:
            respond(self.pipeline.fail(forward.asked, Failure.NO_UPSTREAM, self.now()))

        if self.at_once:
            fail()
        else:
            self.waiting.append(fail)
