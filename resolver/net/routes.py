"""Which upstreams are asked for a name: those of the longest zone that it lies in, otherwise those for everything."""

from collections.abc import Mapping

from resolver.dns.name import WireName, ancestors
from resolver.net.draws import pick_below
from resolver.net.upstream import Upstream


class Routes:
    """Where to send what; replaced whole."""

    __slots__ = ("_everything", "_zones")

    def __init__(self, everything: tuple[Upstream, ...], zones: Mapping[WireName, tuple[Upstream, ...]]) -> None:
        self._everything = everything
        self._zones = dict(zones)

    def serving(self, qname: WireName) -> tuple[Upstream, ...]:
        """Find the upstreams for a name; empty if nobody is to be asked."""
        if self._zones:
            for name in ancestors(qname):
                found = self._zones.get(name)
                if found is not None:
                    return found
        return self._everything


def in_turn(upstreams: tuple[Upstream, ...], pick: int) -> tuple[Upstream, ...]:
    """Put upstreams in the order of asking: load is spread by the pick (32 bits), those that are down come last."""
    start = pick_below(pick, len(upstreams))
    turned = upstreams[start:] + upstreams[:start]
    if all(upstream.health.up for upstream in turned):
        return turned
    return tuple(sorted(turned, key=lambda upstream: not upstream.health.up))
