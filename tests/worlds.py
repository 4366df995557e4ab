"""What tests of the decision are built from: small policies, queries, responses, a pipeline with a clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.rrset

from resolver.core.admission import ALLOWED, View
from resolver.core.counters import PAGE_SIZE, Transport
from resolver.core.message_cache import MessageCache, Unfinished
from resolver.core.packet_cache import PacketCache
from resolver.core.pipeline import Drop, Entry, Forward, Pipeline, Reply, Step, Unusable
from resolver.core.policy import Policy
from resolver.core.policy_entries import load_policy
from resolver.core.step import Failure
from resolver.dns.name import parse_name
from resolver.dns.response import read_response
from resolver.orders.index import Index, Rule, build_index
from resolver.orders.model import Reach

WALL = 1_400_000_000.0
EDE_TEXT = "Tribunal de Évry, RG 1"
SLOT = 4_200


def measure(**changed: object) -> dict[str, Any]:
    """Write a measure as the policy document has it: redirecting, public, without an end."""
    sound: dict[str, Any] = {
        "order": "ta-1",
        "id": "block",
        "action": "redirect",
        "ipv4": "192.0.2.80",
        "ipv6": "2001:db8::80",
        "ttl": 60,
        "responsible": "legal.isp.example",
        "ede_text": EDE_TEXT,
        "timelines": [[[0.0, None]]],
        "named": {},
        "follow_cname": True,
        "allow_alias": [],
        "rank": [1, 0, "2020-01-01"],
    }
    return sound | changed


def policy(*measures: dict[str, Any], names: Sequence[tuple[str, int]], reach: Reach = Reach.SUBTREE) -> Policy:
    """Make a policy: names as text, each with the number of its measure; counters from SLOT on, two a measure."""
    rules = [Rule(parse_name(name), reach, number, 0, 0, 1) for name, number in names]
    slots = {f"{each['order']}/{each['action']}": SLOT + 2 * number for number, each in enumerate(measures)}
    return load_policy({"digest": "d", "measures": list(measures)}, Index.read(build_index(rules)), slots)


NOTHING_BLOCKED = policy(measure(), names=[])


def ask(name: str, rdtype: str = "A", **options: Any) -> bytes:  # noqa: ANN401 - dnspython's own
    """Write a client's query; ``flags`` and the EDNS arguments are dnspython's."""
    flags = options.pop("flags", dns.flags.RD)
    message = dns.message.make_query(name, rdtype, flags=flags, **options)
    return message.to_wire()


def upstream_says(
    name: str, rdtype: str, *lines: str, rcode: str = "NOERROR", flags: str = "QR RD RA", edns: str = ""
) -> bytes:
    """Write a response: each line a record, ``>`` before those of the authority section, ``+`` of the additional.

    ``edns`` is the options of an OPT record, as "CODE:HEX CODE:HEX"; "-" for none.
    """
    text = [f"id 1\nopcode QUERY\nrcode {rcode}\nflags {flags}\n"]
    sections: Mapping[str, list[str]] = {"": [], ">": [], "+": []}
    for line in lines:
        mark = line[0] if line[0] in ">+" else ""
        sections[mark].append(line.removeprefix(mark).strip())
    text.append(f";QUESTION\n{dns.name.from_text(name)} IN {rdtype}\n;ANSWER\n")
    text += [f"{line}\n" for line in sections[""]]
    text += [";AUTHORITY\n", *(f"{line}\n" for line in sections[">"])]
    text += [";ADDITIONAL\n", *(f"{line}\n" for line in sections["+"])]
    message = dns.message.from_text("".join(text), one_rr_per_rrset=True)
    if edns:
        pairs = [each.partition(":") for each in edns.split() if each != "-"]
        options: list[dns.edns.Option] = [
            dns.edns.GenericOption(dns.edns.OptionType.make(int(code)), bytes.fromhex(value))
            for code, _, value in pairs
        ]
        message.use_edns(0, payload=1232, options=options)
    return message.to_wire(max_size=65_535)


def parsed(step: Step) -> dns.message.Message:
    """Read a reply as an independent implementation does."""
    assert isinstance(step, Reply), step
    return dns.message.from_wire(step.wire)


def records(section: Sequence[dns.rrset.RRset]) -> list[str]:
    """Write the records of a section as text, one a line, in order."""
    return [
        f"{rrset.name} {rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)} {rdata}"
        for rrset in section
        for rdata in rrset
    ]


def extended_errors(message: dns.message.Message) -> list[tuple[int, str]]:
    """List the extended errors of a message: code and text."""
    return [(int(each.code), each.text or "") for each in message.extended_errors()]


@dataclass
class World:
    """A pipeline, its caches and its counters at a moment; ``now`` is moved by hand."""

    policy: Policy = NOTHING_BLOCKED
    wall: float = WALL
    now: float = 1_000.0
    view: View = ALLOWED
    transport: Transport = Transport.UDP4
    stale_seconds: float = 86_400
    messages: MessageCache = field(default_factory=lambda: MessageCache(1_000, 10_000_000))
    packets: PacketCache = field(default_factory=lambda: PacketCache(1_000))
    page: memoryview = field(default_factory=lambda: memoryview(bytearray(PAGE_SIZE)).cast("Q"))
    pipeline: Pipeline = field(init=False)

    def __post_init__(self) -> None:
        self.pipeline = Pipeline(
            self.policy.at(self.wall), self.messages, self.page, now=self.now, stale_seconds=self.stale_seconds
        )

    def enforce(self, policy: Policy) -> None:
        """Put another policy in force at this moment."""
        self.policy = policy
        self.pipeline.enforce(policy.at(self.wall), self.now)

    def wait(self, seconds: float) -> None:
        """Let time pass, on both clocks; the table in force stays."""
        self.now += seconds
        self.wall += seconds

    def receive(self, wire: bytes) -> Step:
        """Give a client's message to the pipeline."""
        return self.pipeline.receive(wire, self.view, self.transport, self.now)

    def learn(self, forward: Forward, response: bytes, *, trust_ad: bool = False) -> Entry | Unusable:
        """Give an upstream's response to the pipeline; one that leaves off counts for what it says."""
        learned = self.pipeline.learn(forward.question, read_response(response), self.now, trust_ad=trust_ad)
        return learned.entry if isinstance(learned, Unfinished) else learned

    def forwarded(self, wire: bytes) -> Forward:
        """Give a client's message that must be forwarded to the pipeline."""
        step = self.receive(wire)
        assert isinstance(step, Forward), step
        return step

    def resolve(self, wire: bytes, response: bytes, *, trust_ad: bool = False) -> Reply | Drop:
        """Have a query forwarded, answered by the upstream, and completed."""
        forward = self.forwarded(wire)
        learned = self.learn(forward, response, trust_ad=trust_ad)
        if isinstance(learned, Unusable):
            return self.pipeline.fail(forward.asked, learned, self.now)
        return self.pipeline.complete(forward.asked, learned, self.now)

    def fail(self, wire: bytes, failure: Failure | Unusable = Failure.TIMEOUT) -> Reply | Drop:
        """Have a query forwarded in vain."""
        return self.pipeline.fail(self.forwarded(wire).asked, failure, self.now)
