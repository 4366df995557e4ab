"""How a policy is written to the state directory, found again, and never believed without its checksum.

policy-<sha256>.json     the policy document (see resolver.ops.policy_lines); its name is its checksum
sources-<sha256>.json    its manifest once more, so that a damaged policy can be compiled again from kept sources
index-<sha256>           the names (see resolver.orders.index)
current                  which policy is applied, and which was before
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import islice, takewhile
from pathlib import Path
from typing import cast

from resolver.core.policy import Policy
from resolver.core.policy_entries import load_policy
from resolver.dns.name import WireName
from resolver.ops.current_policy import POLICY_FILE, named_in_pointer, policy_name
from resolver.ops.kept_orders import KeptOrder, KeptRefusal, digest_of
from resolver.ops.policy_document import ManifestEntry, MeasureRecord, PolicyDocument
from resolver.ops.policy_lines import OtherVersionError, PolicyLines, written
from resolver.orders.index import DamagedIndexError, Index
from resolver.orders.large_file import holds, read_whole
from resolver.orders.whole_file import write_whole


class DamagedPolicyError(Exception):
    """A policy file that is not what was written, or that another version wrote; the message names it."""


@dataclass(frozen=True, slots=True)
class AppliedPolicy:
    """What was applied last. ``path`` is None if the policy or its index is damaged: it must be compiled again.

    ``damage`` then says what is wrong. ``index`` is mapped and sound otherwise, and made from ``laid_out``, and
    ``lines`` are the policy's document.
    """

    path: Path | None
    digest: str
    rehearsal: bool
    manifest: tuple[KeptOrder, ...]
    damage: str | None = None
    index: Index | None = field(default=None, compare=False)
    laid_out: str = ""
    lines: PolicyLines | None = field(default=None, compare=False, repr=False)


def encode_document(document: PolicyDocument) -> bytes:
    """Write a document as the octets whose checksum names it."""
    return PolicyLines.of(document).content


def store_document(state: Path, document: PolicyDocument) -> Path:
    """Write a policy document and its sources, each whole or not at all. Raises OSError."""
    return store_lines(state, PolicyLines.of(document))


def store_lines(state: Path, lines: PolicyLines) -> Path:
    """Do what `store_document` does with a document that is written already. Raises OSError."""
    content, manifest = lines.content, lines.sources
    digest = digest_of(content)
    _store(state / f"sources-{digest}.json", b"%b\n%b" % (digest_of(manifest).encode(), manifest))
    path = state / policy_name(digest)
    _store(path, content)
    return path


def _store(path: Path, content: bytes) -> None:
    if not holds(path, content):
        write_whole(path, content)


def read_document(path: Path) -> PolicyDocument:
    """Read a policy document after verifying its checksum. Raises DamagedPolicyError."""
    return read_lines(path).document


def read_document_of(path: Path, name: WireName) -> tuple[PolicyDocument, Index]:
    """Read of a policy what lists a name, and map its index: measures are numbered anew, `MeasureEntry.listed_as` is
    the number that rules carry. What only the whole says of orders, their sources, is left out.

    Ten thousand orders take a second to read, those of a name a few milliseconds. Raises DamagedPolicyError.
    """
    lines = read_lines(path)
    index = open_index(path, lines.head["index"])
    measures: list[MeasureRecord] = []
    for number in sorted({rule.measure for rule in index.find(name)}):
        measures += _listed_as(number, map(json.loads, islice(lines.measures, number, None)))
    begins = tuple({b'{"id":' + written(each["order"]) + b"," for each in measures})
    orders = [json.loads(line) for line in lines.orders if line.startswith(begins)]
    parts = {"measures": measures, "orders": orders, "manifest": []}
    return cast("PolicyDocument", {**lines.head, **parts, **json.loads(lines.rest)}), index


def _listed_as(number: int, following: Iterable[MeasureRecord]) -> Iterator[MeasureRecord]:
    """Take the records of one measure, brand by brand: they stand together."""
    return takewhile(lambda each: each["listed_as"] == number, following)


def read_lines(path: Path) -> PolicyLines:
    """Verify the checksum of a policy document, and take it apart. Raises DamagedPolicyError."""
    digest = digest_in_name(path)
    try:
        content = read_whole(path)
    except OSError as error:
        raise DamagedPolicyError(f"{path}: cannot be read ({error.strerror})") from None
    if digest_of(content) != digest:
        raise DamagedPolicyError(f"{path}: its checksum does not match; it was altered after it was written")
    try:
        return PolicyLines.read(content)
    except OtherVersionError:
        raise DamagedPolicyError(f"{path}: written by another version of Arrêt") from None


def digest_in_name(path: Path) -> str:
    """Take the digest out of the name of a policy file. Raises DamagedPolicyError."""
    match = POLICY_FILE.match(path.name)
    if match is None:
        raise DamagedPolicyError(f"{path}: not the name of a policy file")
    return match[1]


def join(digest: str, document: PolicyDocument, index: Index, slots: Mapping[str, int]) -> Policy:
    """Join a document with its index."""
    return load_policy({**document, "digest": digest}, index, slots)


def open_index(policy: Path, name: str, rest: Callable[[], None] = lambda: None) -> Index:
    """Verify and map the index that a policy file names, ``rest`` after every piece. Raises DamagedPolicyError."""
    try:
        return Index.open(policy.parent / name, rest)
    except DamagedIndexError as error:
        raise DamagedPolicyError(str(error)) from None
    except OSError as error:
        raise DamagedPolicyError(f"{policy.parent / name}: cannot be read ({error.strerror})") from None


def read_current(state: Path) -> AppliedPolicy | None:
    """Find what was applied last, in this order: the current policy, its sources, the newest policy that is sound.

    None if nothing was ever applied, or nothing of it is left; `lost_policies` tells what was passed over.
    """
    for path in _policies(state):
        applied = _read_applied(path)
        if applied is not None:
            return applied
    return None


def lost_policies(state: Path, applied: AppliedPolicy | None) -> Iterator[str]:
    """Say which policies `read_current` passed over before it found this one, and why; neither they nor their sources
    can be used.
    """
    what_counts = "nothing of what was applied last is left" if applied is None else "an older policy counts as applied"
    for path in _policies(state):
        if applied is not None and digest_in_name(path) == applied.digest:
            return
        try:
            read_lines(path)
        except DamagedPolicyError as error:
            yield f"{error}, and its sources are of no use either; {what_counts}"


def _policies(state: Path) -> list[Path]:
    """List the policies worth trying, the best first."""
    found = [path for path in state.glob("policy-*.json") if POLICY_FILE.match(path.name)]
    named = [state / name for name in named_in_pointer(state)]
    newest = sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return named + [path for path in newest if path not in named]


def _read_applied(path: Path) -> AppliedPolicy | None:
    digest = digest_in_name(path)
    try:
        lines = read_lines(path)
    except DamagedPolicyError as error:
        return _read_sources(path, digest, str(error))
    manifest, rehearsal = _manifest(map(json.loads, lines.manifest)), bool(lines.head["rehearsal"])
    try:
        index = open_index(path, lines.head["index"])
    except DamagedPolicyError as error:
        return AppliedPolicy(None, digest, rehearsal, manifest, str(error))
    return AppliedPolicy(path, digest, rehearsal, manifest, None, index, lines.head["laid_out"], lines)


def _read_sources(path: Path, digest: str, damage: str) -> AppliedPolicy | None:
    try:
        seal, _, manifest = (path.parent / f"sources-{digest}.json").read_bytes().partition(b"\n")
    except OSError:
        return None
    if digest_of(manifest).encode() != seal:
        return None
    sources = json.loads(manifest)
    return AppliedPolicy(None, digest, sources["rehearsal"], _manifest(sources["manifest"]), damage)


def digests_in_use(state: Path) -> set[str] | None:
    """Tell which kept files the current and the previous policy need; None if that cannot be told for certain."""
    needed: set[str] = set()
    for name in named_in_pointer(state):
        match = POLICY_FILE.match(name)
        sources = _read_sources(state / name, match[1], "") if match is not None else None
        if sources is None:
            return None
        for order in sources.manifest:
            needed |= {digest for _, digest in order.sources}
            needed |= {digest for each in order.refused for _, digest in each.sources}
    return needed


def _sources(files: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, digest) for name, digest in files)


def _manifest(entries: Iterable[ManifestEntry]) -> tuple[KeptOrder, ...]:
    return tuple(
        KeptOrder(
            entry["id"],
            entry["path"],
            _sources(entry["files"]),
            {measure: date.fromisoformat(day) for measure, day in entry["first_applied"].items()},
            tuple(
                KeptRefusal(each["path"], _sources(each["files"]), each["repeats"]) for each in entry.get("refused", [])
            ),
        )
        for entry in entries
    )
