"""How a policy document is written: one JSON object a line, so that one order is read or exchanged without the others.

    the head        what workers need beside the measures, and how many lines of each kind follow
    the measures    workers read them in small steps
    the orders
    the manifest    in the order of the orders
    the rest

A key that stands in an order or a measure by itself cannot be mistaken for one within a text: quotes there are escaped.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from resolver.ops.kept_orders import digest_of
from resolver.ops.policy_document import VERSION, ManifestEntry, MeasureRecord, OrderRecord, PolicyDocument

_VERSION: Final = re.compile(rb'\{"version":([0-9]+),')
_HEAD: Final = ("version", "index", "laid_out", "names", "brands", "exempt", "rehearsal")
_KINDS: Final = ("measures", "orders", "manifest")


class OtherVersionError(Exception):
    """The document was written by another version of the program."""


@dataclass(frozen=True, slots=True)
class PolicyLines:
    """A document with its measures, orders and manifest still as they are written."""

    head: Mapping[str, Any]
    measures: tuple[bytes, ...]
    orders: tuple[bytes, ...]
    manifest: tuple[bytes, ...]
    rest: bytes

    @classmethod
    def of(cls, document: PolicyDocument) -> "PolicyLines":
        """Write a document."""
        parts = cast("Mapping[str, Any]", document)
        return cls(
            {key: parts[key] for key in _HEAD if key in parts},
            tuple(map(written, document["measures"])),
            tuple(map(written, document["orders"])),
            tuple(map(written, document["manifest"])),
            written({key: value for key, value in parts.items() if key not in (*_HEAD, *_KINDS)}),
        )

    @classmethod
    def read(cls, content: bytes) -> "PolicyLines":
        """Take content apart whose checksum was verified. Raises OtherVersionError."""
        version = _VERSION.match(content)
        if version is None or int(version[1]) != VERSION:
            raise OtherVersionError
        first, *lines, rest = content.split(b"\n")
        head = json.loads(first)
        measures, orders, _ = (head.pop(kind) for kind in _KINDS)
        until = measures + orders
        return cls(head, tuple(lines[:measures]), tuple(lines[measures:until]), tuple(lines[until:]), rest)

    @property
    def content(self) -> bytes:
        """The octets whose checksum names the document."""
        counts = {"measures": len(self.measures), "orders": len(self.orders), "manifest": len(self.manifest)}
        return b"\n".join((written({**self.head, **counts}), *self.measures, *self.orders, *self.manifest, self.rest))

    @property
    def digest(self) -> str:
        """The checksum that names the document."""
        return digest_of(self.content)

    @property
    def sources(self) -> bytes:
        """The manifest once more as one JSON object, with what tells whether it is that of a rehearsal."""
        rehearsal = b"true" if self.head["rehearsal"] else b"false"
        return b'{"rehearsal":%b,"manifest":[%b]}' % (rehearsal, b",".join(self.manifest))

    def part_of_rest(self, key: str) -> Any:  # noqa: ANN401  # as JSON has it
        """Read one of the parts that are no lines of their own."""
        return json.loads(self.rest)[key]

    def order(self, number: int) -> OrderRecord:
        """Read one order."""
        return cast("OrderRecord", json.loads(self.orders[number]))

    def measure(self, number: int) -> MeasureRecord:
        """Read one measure."""
        return cast("MeasureRecord", json.loads(self.measures[number]))

    def entry(self, number: int) -> ManifestEntry:
        """Read the manifest of one order."""
        return cast("ManifestEntry", json.loads(self.manifest[number]))

    def part(self, numbers: Iterable[int]) -> PolicyDocument:
        """Read some orders, with their measures numbered anew; of the rest, only what was refused."""
        orders: list[OrderRecord] = []
        measures: list[MeasureRecord] = []
        manifest: list[ManifestEntry] = []
        for number in numbers:
            order, first = self.order(number), len(measures)
            measures += map(self.measure, order["measures"])
            orders.append({**order, "measures": list(range(first, len(measures)))})
            manifest.append(self.entry(number))
        parts = {"orders": orders, "measures": measures, "manifest": manifest, "refused": self.part_of_rest("refused")}
        return cast("PolicyDocument", {**self.head, **parts})

    def number_of(self, path: str) -> int | None:
        """Find the order that was applied from a file; None if none was."""
        spelt = written(path)
        near = (number for number, line in enumerate(self.manifest) if spelt in line)
        return next((number for number in near if self.entry(number)["path"] == path), None)

    @property
    def document(self) -> PolicyDocument:
        """Read all of it."""
        measures, orders, manifest = (
            [json.loads(line) for line in lines] for lines in (self.measures, self.orders, self.manifest)
        )
        parts = {"measures": measures, "orders": orders, "manifest": manifest}
        return cast("PolicyDocument", {**self.head, **parts, **json.loads(self.rest)})


def written(value: object) -> bytes:
    """Write one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def exchanged(lines: tuple[bytes, ...], others: Iterable[tuple[int, bytes]]) -> tuple[bytes, ...]:
    """Put other lines in the place of some."""
    changed = list(lines)
    for number, line in others:
        changed[number] = line
    return tuple(changed)
