"""What a policy document says of its measures, brands and exemptions, and how a policy is made of it."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from ipaddress import ip_address
from typing import NotRequired, TypedDict, cast

from resolver.core.counters import NOWHERE, OBSERVED
from resolver.core.policy import Exemption, MeasureState, Policy
from resolver.dns.name import WireName, parse_name
from resolver.orders.index import Index
from resolver.orders.model import Action, Span, Timeline


class MeasureEntry(TypedDict):
    """What the policy document holds for each measure; names and addresses as text, instants in POSIX seconds."""

    order: str
    id: str
    action: str
    ipv4: str | None
    ipv6: str | None
    ttl: int
    responsible: str
    ede_text: str
    timelines: list[list[list[float | None]]]
    named: dict[str, int]
    follow_cname: bool
    allow_alias: list[str]
    rank: list[int | str]
    structured: NotRequired[list[str]]
    brand: NotRequired[str]
    listed_as: NotRequired[int]
    observe: NotRequired[bool]


class BrandEntry(TypedDict):
    """A brand beside the operator's own name, and the networks of its subscribers."""

    name: str
    clients: list[str]


class ExemptionEntry(TypedDict):
    """Clients whom some measures do not bind until an instant (POSIX seconds), and for people what and why.

    ``measures`` are the numbers that rules carry; ``until`` is the end as it was written.
    """

    key: str
    clients: list[str]
    measures: list[int]
    ends: float
    orders: list[str]
    legal_basis: str | None
    why: str
    until: str


def load_policy(document: Mapping[str, object], index: Index, slots: Mapping[str, int]) -> Policy:
    """Join a policy document, whose checksum was verified, with its index.

    ``document`` has "digest" and "measures" (see `MeasureEntry`), and may have "brands" and "exempt"; ``slots`` gives
    the counter of each `counter_key`, and without one nothing is counted.
    """
    entries = cast("Iterable[MeasureEntry]", document["measures"])
    return join_policy(document, (measure_state(number, entry, slots) for number, entry in enumerate(entries)), index)


def join_policy(document: Mapping[str, object], measures: Iterable[MeasureState], index: Index) -> Policy:
    """Do what `load_policy` does with measures that were read already."""
    brands = cast("Sequence[BrandEntry]", document.get("brands", ()))
    exempt = cast("Sequence[ExemptionEntry]", document.get("exempt", ()))
    return Policy(
        cast("str", document["digest"]),
        index,
        tuple(measures),
        tuple((each["name"], tuple(each["clients"])) for each in brands),
        tuple(
            Exemption(each["key"], tuple(each["clients"]), frozenset(each["measures"]), each["ends"]) for each in exempt
        ),
    )


def counter_key(entry: MeasureEntry) -> str:
    """Name the counters that a measure shares with others of its order: by action, or that it is only observed."""
    return f"{entry['order']}/{OBSERVED if entry.get('observe', False) else entry['action']}"


def measure_state(number: int, entry: MeasureEntry, slots: Mapping[str, int]) -> MeasureState:
    """Read one measure, which is the one of this number; ``slots`` as in `load_policy`."""
    imposed, confidential, decided = entry["rank"]
    return MeasureState(
        number=number,
        order=entry["order"],
        measure=entry["id"],
        action=Action(entry["action"]),
        ipv4=_packed(entry["ipv4"]),
        ipv6=_packed(entry["ipv6"]),
        ttl=entry["ttl"],
        responsible=_responsible(entry["responsible"]),
        ede_text=entry["ede_text"].encode(),
        timelines=tuple(_timeline(spans) for spans in entry["timelines"]),
        named={parse_name(name): timeline for name, timeline in entry["named"].items()},
        follow_cname=entry["follow_cname"],
        allow_alias=frozenset(map(parse_name, entry["allow_alias"])),
        rank=(int(imposed), int(confidential), str(decided)),
        slot=slots.get(counter_key(entry), NOWHERE),
        brand=entry.get("brand", ""),
        listed_as=entry.get("listed_as", number),
        observe=entry.get("observe", False),
        structured=tuple(text.encode() for text in entry.get("structured", ())),
    )


@cache
def _packed(address: str | None) -> bytes | None:
    return None if address is None else ip_address(address).packed


@cache
def _responsible(name: str) -> WireName:
    """Read the name that thousands of measures share once."""
    return parse_name(name)


def _timeline(spans: list[list[float | None]]) -> Timeline:
    return tuple(Span(cast("float", since), until) for since, until in spans)
