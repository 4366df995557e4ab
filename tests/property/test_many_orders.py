"""Many orders on the same names: what is blocked for whom and when, by whose order, against a plain reading of them.

Days are counted from 1 June 2026 in UTC; the reading knows nothing of indexes, timelines, tables and views.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from resolver.core.admission import Admission
from resolver.core.policy import Block, Policy
from resolver.dns.name import parse_name
from resolver.ops.compile import compile_orders
from resolver.ops.config import Config

FIRST = date(2026, 6, 1)
DAYS = 8
NAMES = ["a.example", "b.a.example", "c.b.a.example", "z.example"]
ASKED = [*NAMES, "x.a.example", "example"]
BRANDS = {"Example Télécom": "10.0.0.1", "Pacifique": "10.20.0.1", "Île": "10.30.0.1"}
RESEARCH = "10.0.9.1"
"""A client of the operator who is exempt from the first order through day 3."""
EXEMPT_THROUGH = 3


@dataclass(frozen=True)
class Plain:
    """An order as a person reads it: days are numbers, ``end`` is the last one in force."""

    number: int
    decided: int
    begin: int
    end: int
    brands: tuple[str, ...]
    names: tuple[tuple[str, bool], ...]
    lifted: int | None
    suspended: tuple[int, int] | None
    removed: tuple[int, str] | None
    imposed: bool
    confidential: bool
    observe: bool

    def covers(self, asked: str) -> Iterator[str]:
        for name, subtree in self.names:
            if asked == name or (subtree and asked.endswith("." + name)):
                yield name

    def binds(self, name: str, day: int) -> bool:
        if not self.begin <= day <= self.end or (self.lifted is not None and day >= self.lifted):
            return False
        if self.suspended is not None and self.suspended[0] <= day <= self.suspended[1]:
            return False
        return self.removed is None or name != self.removed[1] or day < self.removed[0]

    def text(self) -> str:
        history = [f"{{date: {day_of(self.begin)}, event: implemented}}"]
        if self.suspended is not None:
            first, last = map(day_of, self.suspended)
            history.append(f"{{date: {first}, event: suspended, until: {last}}}")
        if self.removed is not None:
            history.append(f"{{date: {day_of(self.removed[0])}, event: names-removed, names: [{self.removed[1]}]}}")
        if self.lifted is not None:
            history.append(f"{{date: {day_of(self.lifted)}, event: lifted}}")
        names = ", ".join(f"{{name: {name}, scope: {'subtree' if sub else 'exact'}}}" for name, sub in self.names)
        return "\n".join(
            [
                f"order: order-{self.number}",
                "authority: A",
                "case_number: B",
                f"decided: {day_of(self.decided)}",
                f"confidential: {str(self.confidential).lower()}",
                "measures:",
                "  - kind: dns-block",
                f"    addressees: [{', '.join(self.brands)}]",
                "    timezone: UTC",
                f"    mode: {'observe' if self.observe else 'enforce'}",
                *(["    redirect_to: {ipv4: 192.0.2.99}"] if self.imposed else []),
                f"    period: {{until: {day_of(self.end)}}}",
                f"    names: [{names}]",
                f"history: [{', '.join(history)}]",
            ]
        )


def day_of(number: int) -> date:
    return FIRST + timedelta(days=number)


@st.composite
def orders(draw: st.DrawFn, number: int) -> Plain:
    day = st.integers(0, DAYS)
    begin, end = sorted((draw(day), draw(day)))
    listed = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    first, last = sorted((draw(day), draw(day)))
    return Plain(
        number=number,
        decided=draw(st.integers(-3, 0)),
        begin=begin,
        end=end,
        brands=tuple(draw(st.lists(st.sampled_from(list(BRANDS)), min_size=1, unique=True))),
        names=tuple((name, draw(st.booleans())) for name in listed),
        lifted=draw(st.none() | st.integers(begin, DAYS)),
        suspended=draw(st.none() | st.just((first, last))),
        removed=draw(st.none() | st.tuples(day, st.sampled_from(listed))),
        imposed=draw(st.booleans()),
        confidential=draw(st.booleans()),
        observe=draw(st.sampled_from([False, False, True])),
    )


def policy_of(plain: list[Plain]) -> Policy:
    with tempfile.TemporaryDirectory() as folder:
        for each in plain:
            (Path(folder) / f"{each.number}.yaml").write_text(each.text())
        config = Config.model_validate(
            {
                "operator": {"name": "Example Télécom"},
                "brands": [
                    {"name": name, "clients": [f"{client}/16".replace(".0.1/", ".0.0/")]}
                    for name, client in list(BRANDS.items())[1:]
                ],
                "exempt": [
                    {
                        "clients": ["10.0.9.0/24"],
                        "orders": ["order-0"],
                        "why": "research",
                        "until": f"{day_of(EXEMPT_THROUGH + 1)}T00:00Z",
                    }
                ],
                "notice": {"ipv4": "192.0.2.80"},
                "orders": [folder],
                "state": f"{folder}/state",
            }
        )
        report = compile_orders(config, 0.0, None, write=False)
        assert report.problems == ()
        return report.load({})


def holders(plain: list[Plain], asked: str, client: str, day: int) -> list[tuple[Plain, str]]:
    """Read who demands it, of which listed name."""
    brand = next((name for name, address in BRANDS.items() if address == client), "Example Télécom")
    return [
        (each, name)
        for each in plain
        if brand in each.brands and not (client == RESEARCH and each.number == 0 and day <= EXEMPT_THROUGH)
        for name in each.covers(asked)
        if not each.observe and each.binds(name, day)
    ]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4).flatmap(lambda count: st.tuples(*[orders(number) for number in range(count)])))
def test_judgements_are_those_of_a_plain_reading(drawn: tuple[Plain, ...]) -> None:
    plain = list(drawn)
    policy = policy_of(plain)
    exempt = [(each.key, each.clients) for each in policy.exemptions]
    admission = Admission(["10.0.0.0/8"], policy.brands, exempt)
    for client in (*BRANDS.values(), RESEARCH):
        view = admission.view(ip_address(client).packed)
        for day in range(-1, DAYS + 2):
            midnight = datetime.combine(day_of(day), datetime.min.time(), UTC).timestamp()
            for wall in (midnight, midnight + 86_399.5):  # both sides of every boundary
                table = policy.at(wall)
                assert table.since <= wall < table.until
                for asked in ASKED:
                    verdict = table.judge(parse_name(asked), view)
                    demanded = holders(plain, asked, client, day)
                    assert isinstance(verdict, Block) == bool(demanded), (asked, client, day)
                    if isinstance(verdict, Block):
                        best = min(
                            (not each.imposed, each.confidential, -len(name), each.decided) for each, name in demanded
                        )
                        one = plain[int(verdict.measure.order.removeprefix("order-"))]
                        nearness = 2 - len(verdict.rule.name)  # the octets of a name are two more than its letters
                        assert (not one.imposed, one.confidential, nearness, one.decided) == best
                        assert verdict.seconds_left is None or verdict.seconds_left > 0


@settings(max_examples=30, deadline=None)
@given(st.tuples(*[orders(number) for number in range(3)]), st.integers(0, 2), st.sampled_from(NAMES))
def test_a_lift_frees_only_what_nobody_else_holds(drawn: tuple[Plain, ...], lifted: int, asked: str) -> None:
    before = list(drawn)
    policy = policy_of([each for each in before if each.number != lifted])
    whole = policy_of(before)
    view = Admission(["10.0.0.0/8"]).view(ip_address(BRANDS["Example Télécom"]).packed)
    name = parse_name(asked)
    for day in range(DAYS + 1):
        wall = datetime.combine(day_of(day), datetime.min.time(), UTC).timestamp()
        without = isinstance(policy.at(wall).judge(name, view), Block)
        assert not without or isinstance(whole.at(wall).judge(name, view), Block), "who holds it holds it alone too"
        verdict = whole.at(wall).judge(name, view)
        if isinstance(verdict, Block) and verdict.measure.order != f"order-{lifted}":
            assert without, "the lift of another frees nothing"
