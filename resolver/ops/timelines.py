"""How a timeline is read that a policy document holds."""

from collections.abc import Iterable, Sequence

from resolver.orders.model import Span, Timeline


def spans(pairs: Iterable[Sequence[float | None]]) -> Timeline:
    """Read a timeline as a policy document writes it: pairs of since and until."""
    return tuple(Span(since or 0.0, until) for since, until in pairs)
