"""When nothing may be changed: what an order in force says is known to nobody any more, only that it is in force.

Its file is broken or gone, and so is the kept copy that should stand in for it. The applied policy and its index hold
all that workers need, so they stay as they are, rather than that an order is dropped or blocks what was un-blocked.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from resolver.ops.last_versions import LastVersions
from resolver.ops.order_choice import Choice
from resolver.ops.order_files import OrderVersion
from resolver.ops.policy_document import PolicyDocument
from resolver.orders.model import Event, EventKind, Place, Problem


def doubts(
    last: LastVersions, choice: Choice, versions: Sequence[OrderVersion], document: PolicyDocument, wall: float
) -> Iterator[Problem]:
    """Name the orders of which nobody knows enough; ``document`` is the applied policy, ``wall`` POSIX seconds."""
    standing = {each.order.id: each for each in choice.standing}
    today = datetime.fromtimestamp(wall, UTC).date().isoformat()
    for order_id, file in last.lost.items():
        told = [event for version in versions if version.id == order_id for event in version.unblocking or ()]
        let_go = any(_lets_all_go(event, today) for event in told)
        if order_id not in standing and not let_go and not _is_over(order_id, document, wall):
            yield _doubt(order_id, file)
    for order_id, file in last.lost_unblocking.items():
        if order_id in standing and standing[order_id].kept and not standing[order_id].newer:
            yield _doubt(order_id, file)


def _doubt(order_id: str, file: str) -> Problem:
    what = f"nobody knows any more what order {order_id!r} says, so nothing is changed, in no order: restore its file"
    return Problem(Place(file, 1, 1), what)


def _lets_all_go(event: Event, today: str) -> bool:
    whole = event.measure is None and event.list_id is None and event.names is None
    return whole and event.kind in (EventKind.LIFTED, EventKind.REVERSED) and event.day.isoformat()[:10] <= today


def _is_over(order_id: str, document: PolicyDocument, wall: float) -> bool:
    mine = (measure for measure in document["measures"] if measure["order"] == order_id)
    ends = [end for measure in mine for timeline in measure["timelines"] for _, end in timeline]
    return all(end is not None and end <= wall for end in ends)
