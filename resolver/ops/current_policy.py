"""Which policy is applied, and which was before: the pointer in the state directory, and what it lets go of.

Apart from what reads policies, so that the supervisor, which turns the pointer, loads nothing that reads them.
"""

import json
import re
from pathlib import Path
from typing import Final

from resolver.orders.whole_file import write_whole

CURRENT: Final = "current"
POLICY_FILE: Final = re.compile(r"policy-([0-9a-f]{64})\.json\Z")
_NAMES_INDEX = re.compile(rb'\{"version":[0-9]+,"index":"(index-[0-9a-f]{64})",')
_OURS = re.compile(r"(policy|sources)-[0-9a-f]{64}\.json\Z|index-[0-9a-f]{64}\Z")


def policy_name(digest: str) -> str:
    """Name the file of a policy by its digest."""
    return f"policy-{digest}.json"


def write_current(state: Path, policy: Path) -> None:
    """Record that a policy is applied, and remove the files of all but this one and the one before. Raises OSError."""
    named = named_in_pointer(state)
    previous = next((name for name in named if name != policy.name), None)
    write_whole(state / CURRENT, json.dumps({"policy": policy.name, "previous": previous}).encode())
    needed: set[str] = set()
    for name in filter(None, (policy.name, previous)):
        needed |= {name, name.replace("policy-", "sources-", 1), *_index_of(state / name)}
    for path in state.iterdir():
        if _OURS.match(path.name) and path.name not in needed:
            path.unlink(missing_ok=True)


def _index_of(policy: Path) -> list[str]:
    """Read the name of a policy's index from its first octets; the supervisor does not parse the rest."""
    try:
        with policy.open("rb") as file:
            match = _NAMES_INDEX.match(file.read(200))
    except OSError:
        return []
    return [match[1].decode()] if match else []


def named_in_pointer(state: Path) -> list[str]:
    """Name the policies that the pointer names, the applied one first; none if it cannot be read."""
    try:
        pointer = json.loads((state / CURRENT).read_bytes())
        names = [pointer["policy"], pointer["previous"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [name for name in names if isinstance(name, str) and POLICY_FILE.match(name)]
