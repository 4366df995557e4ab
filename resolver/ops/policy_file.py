"""How a policy is written to the state directory, found again, and never believed without its checksum.

policy-<sha256>.json     the policy document, one JSON object a line, so that a worker reads ten thousand measures in
                         small steps, and `explain` those of one name: what it is, then each measure, then each order
                         and where it is kept, then the rest; its name is its checksum
sources-<sha256>.json    its manifest once more, so that a damaged policy can be compiled again from kept sources
index-<sha256>           the names (see resolver.orders.index)
current                  which policy is applied, and which was before
"""

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, islice, takewhile
from pathlib import Path
from typing import cast

from resolver.core.policy import Policy, load_policy
from resolver.dns.name import WireName
from resolver.ops.current_policy import POLICY_FILE, named_in_pointer
from resolver.ops.kept_orders import KeptOrder, KeptRefusal, digest_of
from resolver.ops.policy_document import VERSION, ManifestEntry, MeasureRecord, PolicyDocument
from resolver.orders.index import DamagedIndexError, Index
from resolver.orders.whole_file import write_whole

_VERSION = re.compile(rb'\{"version":([0-9]+),')
_HEAD = ("version", "index", "laid_out", "names", "brands", "exempt", "rehearsal")
_A_LINE_EACH = ("measures", "orders", "manifest")


class DamagedPolicyError(Exception):
    """A policy file that is not what was written, or that another version wrote; the message names it."""


@dataclass(frozen=True, slots=True)
class AppliedPolicy:
    """What was applied last. ``path`` is None if the policy or its index is damaged: it must be compiled again.

    ``damage`` then says what is wrong. ``index`` is mapped and sound otherwise, and made from ``laid_out``, and
    ``document`` is the policy's.
    """

    path: Path | None
    digest: str
    rehearsal: bool
    manifest: tuple[KeptOrder, ...]
    damage: str | None = None
    index: Index | None = field(default=None, compare=False)
    laid_out: str = ""
    document: PolicyDocument | None = field(default=None, compare=False, repr=False)


def encode_document(document: PolicyDocument) -> bytes:
    """Write a document as the octets whose checksum names it."""
    parts: dict[str, list[object]] = {part: document[part] for part in _A_LINE_EACH}  # type: ignore[literal-required]
    head = {key: document[key] for key in _HEAD if key in document}  # type: ignore[literal-required]
    rest = {key: value for key, value in document.items() if key not in (*_HEAD, *_A_LINE_EACH)}
    counts = {part: len(records) for part, records in parts.items()}
    lines = ({**head, **counts}, *chain.from_iterable(parts.values()), rest)
    return b"\n".join(map(_written, lines))


def _written(part: object) -> bytes:
    return json.dumps(part, ensure_ascii=False, separators=(",", ":")).encode()


def _decode_document(content: bytes) -> PolicyDocument:
    head, *lines, rest = map(json.loads, content.split(b"\n"))
    following = iter(lines)
    parts = {part: list(islice(following, head[part])) for part in _A_LINE_EACH}
    return cast("PolicyDocument", {**head, **parts, **rest})


def read_document_of(path: Path, name: WireName) -> tuple[PolicyDocument, Index]:
    """Read of a policy what lists a name, and map its index: measures are numbered anew, `MeasureEntry.listed_as` is
    the number that rules carry. What only the whole says of orders, their sources, is left out.

    Ten thousand orders take a second to read, those of a name a few milliseconds. Raises DamagedPolicyError.
    """
    lines = _verified(path).split(b"\n")
    head, rest = json.loads(lines[0]), json.loads(lines[-1])
    index = open_index(path, head["index"])
    after = head["measures"] + 1
    measures: list[MeasureRecord] = []
    for number in sorted({rule.measure for rule in index.find(name)}):
        measures += _listed_as(number, map(json.loads, islice(lines, number + 1, after)))
    begins = tuple({b'{"id":' + _written(each["order"]) + b"," for each in measures})
    orders = [json.loads(line) for line in lines[after : after + head["orders"]] if line.startswith(begins)]
    return cast("PolicyDocument", {**head, "measures": measures, "orders": orders, **rest, "manifest": []}), index


def _listed_as(number: int, following: Iterable[MeasureRecord]) -> Iterator[MeasureRecord]:
    """Take the records of one measure, brand by brand: they stand together."""
    return takewhile(lambda each: each["listed_as"] == number, following)


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
    return _decode_document(_verified(path))


def _verified(path: Path) -> bytes:
    digest = digest_in_name(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DamagedPolicyError(f"{path}: cannot be read ({error.strerror})") from None
    if digest_of(content) != digest:
        raise DamagedPolicyError(f"{path}: its checksum does not match; it was altered after it was written")
    version = _VERSION.match(content)
    if version is None or int(version[1]) != VERSION:
        raise DamagedPolicyError(f"{path}: written by another version of Arrêt")
    return content


def digest_in_name(path: Path) -> str:
    """Take the digest out of the name of a policy file. Raises DamagedPolicyError."""
    match = POLICY_FILE.match(path.name)
    if match is None:
        raise DamagedPolicyError(f"{path}: not the name of a policy file")
    return match[1]


def open_policy(path: Path, slots: Mapping[str, int], pause: Callable[[], None] = lambda: None) -> Policy:
    """Verify a policy file and its index, map the index, and join them.

    ``slots`` gives the counter of ``order/action``. ``pause`` is called between measures, so that a thread that does
    this can let others go on. Raises DamagedPolicyError if either file is missing or damaged.
    """
    lines = io.BytesIO(_verified(path))
    head = json.loads(lines.readline())

    def measures() -> Iterator[object]:
        for line in islice(lines, head["measures"]):
            yield json.loads(line)
            pause()

    index = open_index(path, head["index"])
    return load_policy({**head, "digest": digest_in_name(path), "measures": measures()}, index, slots)


def join(digest: str, document: PolicyDocument, index: Index, slots: Mapping[str, int]) -> Policy:
    """Join a document with its index."""
    return load_policy({**document, "digest": digest}, index, slots)


def open_index(policy: Path, name: str) -> Index:
    """Verify and map the index that a policy file names. Raises DamagedPolicyError."""
    try:
        return Index.open(policy.parent / name)
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
            read_document(path)
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
        document = read_document(path)
    except DamagedPolicyError as error:
        return _read_sources(path, digest, str(error))
    manifest = _manifest(document["manifest"])
    try:
        index = open_index(path, document["index"])
    except DamagedPolicyError as error:
        return AppliedPolicy(None, digest, document["rehearsal"], manifest, str(error))
    return AppliedPolicy(path, digest, document["rehearsal"], manifest, None, index, document["laid_out"], document)


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


def _manifest(entries: list[ManifestEntry]) -> tuple[KeptOrder, ...]:
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
