"""How a policy is written to the state directory, found again, and never believed without its checksum.

policy-<sha256>.json     the policy document; its name is the checksum of its content
sources-<sha256>.json    its manifest once more, so that a damaged policy can be compiled again from kept sources
index-<sha256>           the names (see resolver.orders.index)
current                  which policy is applied, and which was before
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import cast

from resolver.core.policy import Policy, load_policy
from resolver.ops.kept_orders import KeptOrder, digest_of
from resolver.ops.policy_document import VERSION, ManifestEntry, PolicyDocument
from resolver.orders.index import DamagedIndexError, Index
from resolver.orders.whole_file import write_whole

CURRENT = "current"
_POLICY = re.compile(r"policy-([0-9a-f]{64})\.json\Z")
_NAMES_INDEX = re.compile(rb'\{"version":[0-9]+,"index":"(index-[0-9a-f]{64})",')
_OURS = re.compile(r"(policy|sources)-[0-9a-f]{64}\.json\Z|index-[0-9a-f]{64}\Z")


class DamagedPolicyError(Exception):
    """A policy file that is not what was written, or that another version wrote; the message names it."""


@dataclass(frozen=True, slots=True)
class AppliedPolicy:
    """What was applied last. ``path`` is None if the policy or its index is damaged: it must be compiled again.

    ``damage`` then says what is wrong.
    """

    path: Path | None
    digest: str
    rehearsal: bool
    manifest: tuple[KeptOrder, ...]
    damage: str | None = None


def encode_document(document: PolicyDocument) -> bytes:
    """Write a document as the octets whose checksum names it."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def store_document(state: Path, document: PolicyDocument) -> Path:
    """Write a policy document and its sources, each whole or not at all. Raises OSError."""
    content = encode_document(document)
    digest = digest_of(content)
    manifest = json.dumps({"rehearsal": document["rehearsal"], "manifest": document["manifest"]}, ensure_ascii=False)
    sealed = f"{digest_of(manifest.encode())}\n{manifest}".encode()
    _store(state / f"sources-{digest}.json", sealed)
    path = state / f"policy-{digest}.json"
    _store(path, content)
    return path


def _store(path: Path, content: bytes) -> None:
    if not path.is_file() or path.read_bytes() != content:
        write_whole(path, content)


def read_document(path: Path) -> PolicyDocument:
    """Read a policy document after verifying its checksum. Raises DamagedPolicyError."""
    digest = digest_in_name(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DamagedPolicyError(f"{path}: cannot be read ({error.strerror})") from None
    if digest_of(content) != digest:
        raise DamagedPolicyError(f"{path}: its checksum does not match; it was altered after it was written")
    document = cast("PolicyDocument", json.loads(content))
    if document["version"] != VERSION:
        raise DamagedPolicyError(f"{path}: written by another version of Arrêt")
    return document


def digest_in_name(path: Path) -> str:
    """Take the digest out of the name of a policy file. Raises DamagedPolicyError."""
    match = _POLICY.match(path.name)
    if match is None:
        raise DamagedPolicyError(f"{path}: not the name of a policy file")
    return match[1]


def open_policy(path: Path, slots: Mapping[str, int]) -> Policy:
    """Verify a policy file and its index, map the index, and join them.

    ``slots`` gives the counter of ``order/action``. Raises DamagedPolicyError if either file is missing or damaged.
    """
    document = read_document(path)
    return join(digest_in_name(path), document, _open_index(path, document), slots)


def join(digest: str, document: PolicyDocument, index: Index, slots: Mapping[str, int]) -> Policy:
    """Join a document with its index."""
    return load_policy({"digest": digest, "measures": document["measures"]}, index, slots)


def _open_index(policy: Path, document: PolicyDocument) -> Index:
    try:
        return Index.open(policy.parent / document["index"])
    except DamagedIndexError as error:
        raise DamagedPolicyError(str(error)) from None
    except OSError as error:
        raise DamagedPolicyError(f"{policy.parent / document['index']}: cannot be read ({error.strerror})") from None


def read_current(state: Path) -> AppliedPolicy | None:
    """Find what was applied last, in this order: the current policy, its sources, the newest policy that is sound.

    None if nothing was ever applied, or nothing of it is left.
    """
    for path in _policies(state):
        applied = _read_applied(path)
        if applied is not None:
            return applied
    return None


def _policies(state: Path) -> list[Path]:
    """List the policies worth trying, the best first."""
    found = [path for path in state.glob("policy-*.json") if _POLICY.match(path.name)]
    named = [state / name for name in _read_pointer(state)]
    newest = sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return named + [path for path in newest if path not in named]


def _read_pointer(state: Path) -> list[str]:
    try:
        pointer = json.loads((state / CURRENT).read_bytes())
        names = [pointer["policy"], pointer["previous"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [name for name in names if isinstance(name, str) and _POLICY.match(name)]


def _read_applied(path: Path) -> AppliedPolicy | None:
    digest = digest_in_name(path)
    try:
        document = read_document(path)
    except DamagedPolicyError as error:
        return _read_sources(path, digest, str(error))
    manifest = _manifest(document["manifest"])
    try:
        _open_index(path, document)
    except DamagedPolicyError as error:
        return AppliedPolicy(None, digest, document["rehearsal"], manifest, str(error))
    return AppliedPolicy(path, digest, document["rehearsal"], manifest)


def _read_sources(path: Path, digest: str, damage: str) -> AppliedPolicy | None:
    try:
        seal, _, manifest = (path.parent / f"sources-{digest}.json").read_bytes().partition(b"\n")
    except OSError:
        return None
    if digest_of(manifest).encode() != seal:
        return None
    sources = json.loads(manifest)
    return AppliedPolicy(None, digest, sources["rehearsal"], _manifest(sources["manifest"]), damage)


def _manifest(entries: list[ManifestEntry]) -> tuple[KeptOrder, ...]:
    return tuple(
        KeptOrder(
            entry["id"],
            entry["path"],
            tuple((name, digest) for name, digest in entry["files"]),
            {measure: date.fromisoformat(day) for measure, day in entry["first_applied"].items()},
        )
        for entry in entries
    )


def write_current(state: Path, policy: Path) -> None:
    """Record that a policy is applied, and remove the files of all but this one and the one before. Raises OSError."""
    named = _read_pointer(state)
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
