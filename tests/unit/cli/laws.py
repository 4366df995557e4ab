"""A small law for tests of the verbs: two orders on three names, with a past, a present and a future."""

from typing import Any, cast

from resolver.cli.law import Law
from resolver.core.policy_entries import load_policy
from resolver.dns.name import parse_name
from resolver.ops.policy_document import MeasureRecord, OrderRecord, PolicyDocument
from resolver.orders.index import Index, Rule, build_index
from resolver.orders.model import Reach

JUNE = 1_401_573_600.0
"""1 June 2014, 00:00 in Paris."""
DAY = 86_400.0


def measure(order: str, **changed: object) -> MeasureRecord:
    """Write a measure that is in force for the month of June 2014."""
    sound: dict[str, Any] = {
        "order": order,
        "id": "block",
        "kind": "dns-block",
        "action": "redirect",
        "ipv4": "192.0.2.80",
        "ipv6": None,
        "ttl": 60,
        "responsible": "legal.isp.example",
        "ede_text": f"Tribunal de Paris, {order}",
        "timelines": [[[JUNE, JUNE + 30 * DAY]]],
        "counts": [2],
        "own_timelines": 1,
        "named": {},
        "follow_cname": True,
        "allow_alias": [],
        "rank": [1, 0, "2013-11-28"],
        "line": 9,
        "addressees": ["Free"],
        "ours": True,
        "period": "12 months from implementation",
        "because": "implemented on 2014-06-01",
        "pinned": True,
        "first_applied": None,
        "names": 2,
    }
    return cast("MeasureRecord", sound | changed)


def order(name: str, measures: list[int], **changed: object) -> OrderRecord:
    """Write an order."""
    sound: dict[str, Any] = {
        "id": name,
        "authority": "Tribunal de Paris",
        "case_number": f"RG {name}",
        "decided": "2013-11-28",
        "title": None,
        "legal_basis": "art. L336-2",
        "applicants": ["APC", "FNDF"],
        "territory": "FR",
        "nature": "judgment",
        "confidential": False,
        "verified": None,
        "sources": [],
        "not_ours": None,
        "file": f"{name}.yaml",
        "line": 1,
        "kept": False,
        "measures": measures,
    }
    return cast("OrderRecord", sound | changed)


def rule(name: str, number: int, line: int, reach: Reach = Reach.SUBTREE) -> Rule:
    """List a name in the measure with this number, in the file with the same."""
    return Rule(parse_name(name), reach, number, 0, number, line)


def law(*, wall: float = JUNE, running: bool = False) -> Law:
    """Make a law: ``first`` lists a.example and b.example in June, ``second`` lists a.example for good, x.a.example
    alone, and delists nothing of ours.
    """
    document: PolicyDocument = {
        "version": 1,
        "index": "index",
        "laid_out": "",
        "names": 2,
        "rehearsal": False,
        "orders": [order("first", [0]), order("second", [1, 2], kept=True)],
        "measures": [
            measure("first"),
            measure("second", timelines=[[[JUNE + 10 * DAY, None]]], action="nxdomain", rank=[1, 0, "2014-01-01"]),
            measure("second", id="delist", kind="delist", timelines=[[]], counts=[0], names=5),
        ],
        "files": ["first.yaml", "second.yaml"],
        "manifest": [],
        "refused": [],
    }
    rules = [
        rule("a.example", 0, 20),
        rule("b.example", 0, 21, Reach.EXACT),
        rule("a.example", 1, 30),
        rule("x.a.example", 1, 31),
    ]
    policy = load_policy({"digest": "d" * 64, "measures": document["measures"]}, Index.read(build_index(rules)), {})
    return Law(document, policy, wall, running)
