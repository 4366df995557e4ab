"""How what happened is written as an entry of the journal: of what kind, when, and on whose word."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from resolver.ops.clock import utc_text
from resolver.ops.control import Peer
from resolver.proof.chain import Facts, Kind
from resolver.proof.writer import now_text

NO_RETENTION: Final = "nothing is pruned: journal.retention says not after how long; write such as 3650d there"

Who = Mapping[str, object]
SERVER: Final[Who] = {"by": "the server"}
SIGNAL: Final[Who] = {"by": "SIGHUP"}
CLOCK: Final[Who] = {"by": "the clock"}


def who_is(peer: Peer) -> Who:
    """Write who asked over the control socket."""
    return {"user": peer.user, "uid": peer.uid}


def fact(kind: Kind, who: Who | Sequence[Who], **facts: object) -> Facts:
    """Make an entry of now."""
    return {"kind": kind.value, "time": now_text(), "who": who, **facts}


ACTS: Final = frozenset({Kind.SUSPENDED, Kind.RESUMED, Kind.LIFTED, Kind.IMPLEMENTED, Kind.WIDENED, Kind.ROLLED_BACK})
"""What commands do to order files themselves, and then tell."""


def act_of(request: Mapping[str, Any], who: Who) -> Facts | str:
    """Make the entry of what a command says it did: kind, order, file, and what else it tells; or say why not."""
    said = {key: value for key, value in request.items() if key not in {"verb", "apply", "kind", "time", "who"}}
    kind, order, file = request.get("kind"), request.get("order"), request.get("file")
    about_one = isinstance(order, str) and isinstance(file, str)
    if kind not in {each.value for each in ACTS} or not (about_one or kind == Kind.ROLLED_BACK):
        return f"an act has a kind ({', '.join(sorted(ACTS))}), an order and a file"
    return fact(Kind(kind), who, **said)


def about_pruning(before: float, who: Who) -> Facts:
    """Say of a pruning who asked for it, and before which end of an order (POSIX seconds)."""
    return {"time": now_text(), "who": who, "before": utc_text(before)}
