"""How all that a policy is made of is written to the state directory, in an order in which it may break off."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from resolver.ops.kept_orders import KEPT, keep
from resolver.ops.order_choice import Choice
from resolver.ops.policy_file import store_lines
from resolver.ops.policy_lines import PolicyLines
from resolver.ops.reserve import RESERVE_GIVEN_UP, with_reserve
from resolver.orders.index import Index, store_index
from resolver.orders.model import Place, Problem


@dataclass(frozen=True, slots=True)
class Written:
    """The policy, or None if nothing was written, and what is wrong with that."""

    policy: Path | None
    problems: tuple[Problem, ...] = ()


def contents_of(choice: Choice) -> dict[str, bytes]:
    """Give the files of what stands by their SHA-256, but those that are kept already."""
    contents: dict[str, bytes] = {}
    for standing in choice.standing:
        for version in (standing.version, *(each.version for each in standing.newer)):
            named = version.contents
            contents |= {digest: named[name] for name, digest in version.sources if name in named}
    return contents


def write_policy(
    state: Path, contents: Mapping[str, bytes], index: Index, known: Index | None, lines: PolicyLines
) -> Written:
    """Write a policy, on a full disk in the place of the reserve; ``known`` is the index that is there. Raises OSError.

    What did not fit leaves nothing behind that takes room.
    """
    policy, given_up = with_reserve(state, partial(_write, state, contents, None if index is known else index, lines))
    return Written(policy, (Problem(Place(str(state), 1, 1), RESERVE_GIVEN_UP),) if given_up else ())


def _write(state: Path, contents: Mapping[str, bytes], index: Index | None, lines: PolicyLines) -> Path:
    """Write copies of the orders first, then the index if it is new, then the policy that refers to both."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = _written(state)
    try:
        keep(state, contents)
        if index is not None:
            store_index(state, index.content)
        return store_lines(state, lines)
    except OSError:
        for path in _written(state) - before:
            path.unlink(missing_ok=True)
        raise


def _written(state: Path) -> set[Path]:
    return {path for pattern in (f"{KEPT}/*", "index-*", "sources-*", "policy-*") for path in state.glob(pattern)}
