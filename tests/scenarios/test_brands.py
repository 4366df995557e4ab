"""Whose subscribers an order binds, whom an exemption frees and for how long, and what is only observed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from resolver.cli.command_line import command_line
from resolver.core.counters import ORDERS
from resolver.core.policy import Allow, Block
from resolver.ops.account import account_of
from resolver.ops.config import Config
from tests.unit.ops.desk import DAY, Desk, order_text

OPERATOR, PACIFIC, ISLAND = "10.0.0.1", "10.20.0.1", "10.20.7.1"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made.settings |= {
        "brands": [
            {
                "name": "Pacifique",
                "clients": ["10.20.0.0/16"],
                "entities": [{"name": "Example Pacifique SAS", "siren": "987654321"}],
                "notice": {"ipv6": "2001:db8::81"},
                "contact": "mailto:stop@pacific.example",
                "language": "fr",
            },
            {"name": "Île", "clients": ["10.20.7.0/24"], "addressee_names": ["Île Télécom"]},
        ],
    }
    return made


BOTH = "'Example Télécom', {name: 'Pacifique', siren: '987654321'}"


@pytest.mark.parametrize(
    ("addressees", "blocked_for"),
    [
        ("Example Télécom", {OPERATOR}),
        ("Example Pacifique SAS", {PACIFIC}),
        ("{name: Anything, siren: '987654321'}", {PACIFIC}),
        ("Île Télécom", {ISLAND}),
        ("Île Télécom, Example Télécom", {OPERATOR, ISLAND}),
        (BOTH, {OPERATOR, PACIFIC}),
    ],
    ids=["the operator", "a brand", "a brand by SIREN", "a brand within a brand", "two", "two, one by SIREN"],
)
def test_an_order_binds_the_subscribers_of_whom_it_addresses(
    desk: Desk, addressees: str, blocked_for: set[str]
) -> None:
    desk.write("one.yaml", order_text(addressee=addressees))
    assert desk.apply().problems == ()
    assert {one for one in (OPERATOR, PACIFIC, ISLAND) if desk.blocked("pirate.example", one)} == blocked_for


def test_a_measure_without_addressees_binds_every_brand(desk: Desk) -> None:
    desk.write("one.yaml", order_text(addressee=""))
    desk.apply()
    assert [desk.blocked("pirate.example", one) for one in (OPERATOR, PACIFIC, ISLAND)] == ["ta-1"] * 3


def test_each_brand_answers_in_its_own_name(desk: Desk) -> None:
    desk.write("one.yaml", order_text(addressee=f"{BOTH}, Île Télécom"))
    desk.apply()
    own, pacific, island = (desk.judge("pirate.example", one) for one in (OPERATOR, PACIFIC, ISLAND))
    assert isinstance(own, Block)
    assert isinstance(pacific, Block)
    assert isinstance(island, Block)
    assert (own.measure.ipv4, own.measure.ipv6) == (bytes([192, 0, 2, 80]), None)
    assert pacific.measure.ipv4 is None, "not a page that speaks for the operator"
    assert pacific.measure.ipv6 is not None
    assert pacific.measure.responsible == b"\x04stop\x07pacific\x07example\x00"
    assert own.measure.ede_text.startswith(b"Blocked by order")
    assert pacific.measure.ede_text.decode().startswith("Bloqué sur décision")
    assert (island.measure.ipv4, island.measure.responsible) == (own.measure.ipv4, own.measure.responsible)


def test_each_brand_lives_the_period_of_its_own_addressee(desk: Desk) -> None:
    served = (
        "{name: Example Télécom, served: 2026-02-01}, "
        "{name: Example Pacifique SAS, served: 2026-05-20, timezone: Pacific/Noumea}"
    )
    desk.write("one.yaml", order_text(addressee=served, period="{lasts: 4 months, from: service}"))
    desk.apply()
    desk.wall += DAY  # 2 June
    assert (desk.blocked("pirate.example", OPERATOR), desk.blocked("pirate.example", PACIFIC)) == (None, "ta-1")
    desk.wall += 200 * DAY
    assert desk.blocked("pirate.example", PACIFIC) is None


def test_a_rule_is_in_the_index_once_for_all_brands(desk: Desk) -> None:
    desk.write("one.yaml", order_text(addressee=BOTH))
    report = desk.apply()
    assert len(list(report.index)) == 1
    assert [measure.get("brand") for measure in report.document["measures"]] == ["", "Pacifique"]


def test_a_near_match_is_reported_also_beside_one_of_us(desk: Desk) -> None:
    desk.write("one.yaml", order_text(addressee="Example Télécom, ILE TELECOM SA"))
    (problem,) = desk.apply().problems
    assert "'ILE TELECOM SA' looks like our 'Île Télécom'" in problem.what
    assert (desk.blocked("pirate.example", OPERATOR), desk.blocked("pirate.example", ISLAND)) == ("ta-1", None)


def test_what_complaints_need_is_protected_for_every_brand(desk: Desk) -> None:
    desk.write("one.yaml", order_text(names=["pacific.example"]))
    (problem,) = desk.apply().problems
    assert "where subscribers complain" in problem.what


def exempting(desk: Desk, **exemption: object) -> None:
    desk.settings["exempt"] = [
        {"clients": ["10.9.0.0/24"], "why": "research", "until": "2026-06-03", **exemption},
    ]


RESEARCH = "10.9.0.7"


def test_an_exemption_frees_its_clients_of_its_orders_until_it_ends(desk: Desk) -> None:
    exempting(desk, orders=["ta-1"])
    desk.write("one.yaml", order_text("ta-1", ["one.example"]))
    desk.write("two.yaml", order_text("ta-2", ["two.example", "www.one.example"]))
    report = desk.apply()
    assert "10.9.0.0/24 exempt from ta-1 until 2026-06-03: research" in report.warnings[0].what
    assert [desk.blocked(name, RESEARCH) for name in ("one.example", "two.example", "www.one.example")] == [
        None, "ta-2", "ta-2",
    ]  # fmt: skip  # a list of three
    assert desk.blocked("one.example", OPERATOR) == "ta-1"
    desk.wall = 1_780_524_000 - 0.5  # 4 June 2026, 00:00 in Paris, is where it ends
    assert desk.blocked("one.example", RESEARCH) is None
    desk.wall += 0.5
    assert desk.blocked("one.example", RESEARCH) == "ta-1"
    assert "it is over, take it out" in desk.compile().warnings[0].what


def test_an_exemption_by_legal_basis_frees_of_all_orders_that_rest_on_it(desk: Desk) -> None:
    exempting(desk, legal_basis="code du sport,  art. L333-10")
    desk.write("one.yaml", order_text("ta-1", ["one.example"], top=["legal_basis: Code du sport, art. L333-10"]))
    desk.write("two.yaml", order_text("ta-2", ["two.example"], top=["legal_basis: Code du sport, art. L333-1"]))
    desk.apply()
    assert [desk.blocked(name, RESEARCH) for name in ("one.example", "two.example")] == [None, "ta-2"]


def test_an_exemption_holds_within_a_brand_too(desk: Desk) -> None:
    exempting(desk, orders="ta-1", clients="10.20.0.9")
    desk.write("one.yaml", order_text(addressee=BOTH))
    desk.apply()
    assert [desk.blocked("pirate.example", one) for one in ("10.20.0.9", PACIFIC)] == [None, "ta-1"]


def test_an_exemption_that_means_no_order_is_told(desk: Desk) -> None:
    exempting(desk, orders=["ta-9"])
    desk.write("one.yaml", order_text())
    assert "means no order that is loaded" in desk.apply().warnings[0].what


def test_an_observed_measure_is_counted_and_blocks_nothing(desk: Desk) -> None:
    desk.write("one.yaml", order_text("ta-1", ["one.example", "both.example"], measure=["mode: observe"]))
    desk.write("two.yaml", order_text("ta-2", ["both.example"]))
    report = desk.apply()
    assert any("only observed" in warning.what for warning in report.warnings)
    desk.slots = {"ta-1/observe": ORDERS}
    assert desk.judge("one.example") == Allow(ORDERS)
    assert desk.blocked("both.example") == "ta-2", "what blocks goes before what observes"
    desk.write("one.yaml", order_text("ta-1", ["one.example", "both.example"]))
    desk.apply()
    assert desk.blocked("one.example") == "ta-1"


def test_the_journal_is_told_of_brands_and_exemptions_but_of_no_client(desk: Desk) -> None:
    exempting(desk, orders=["ta-1"])
    desk.write("one.yaml", order_text(addressee=BOTH))
    report = desk.compile()
    told = account_of(report.told(None), Config.model_validate(desk.settings), desk.wall, None)
    assert [brand["name"] for brand in told["brands"]] == ["Pacifique", "Île"]
    assert told["exempt"] == [{"orders": ["ta-1"], "legal_basis": None, "why": "research", "until": "2026-06-03"}]
    assert "10.9.0" not in repr(told)
    assert [measure["brand"] for measure in told["orders"][0]["measures"]] == ["", "Pacifique"]


def test_an_order_for_another_brand_is_said_to_be_one(desk: Desk, tmp_path: Path) -> None:
    desk.write("one.yaml", order_text("ta-1", ["one.example"], addressee="Example Pacifique SAS"))
    desk.write("two.yaml", order_text("ta-2", ["two.example"]))
    config = tmp_path / "config.yaml"
    config.write_text(json.dumps({**desk.settings, "rehearse": "2026-06-01", "listen": ["127.0.0.1:5300"]}))

    def told(*command: str) -> str:
        return CliRunner().invoke(command_line, ["explain", *command, "-c", str(config)]).stdout.splitlines()[0]

    assert told("one.example").endswith("but binds the subscribers of Pacifique alone")
    assert told("two.example", "--client", PACIFIC).endswith("but binds the subscribers of another name of ours")


def test_orders_at_an_instant_say_what_is_taken_from_today(desk: Desk, tmp_path: Path) -> None:
    desk.write("one.yaml", order_text("ta-1", ["one.example"]))
    config = tmp_path / "config.yaml"
    config.write_text(json.dumps({**desk.settings, "rehearse": "2026-06-01", "listen": ["127.0.0.1:5300"]}))

    def told(*command: str) -> str:
        return CliRunner().invoke(command_line, ["orders", *command, "-c", str(config)]).stdout

    assert "are those of today, the journal was not asked" in " ".join(told("--at", "2026-03-01").split())
    assert json.loads(told("--at", "2026-03-01", "--json"))["settings"] == "today"
    assert "those of today" not in told()


def test_every_report_shows_exemptions_and_what_is_only_observed(desk: Desk, tmp_path: Path) -> None:
    exempting(desk, orders=["ta-1"])
    desk.write("one.yaml", order_text("ta-1", ["one.example"]))
    desk.write("two.yaml", order_text("ta-2", ["two.example"], measure=["mode: observe"]))
    config = tmp_path / "config.yaml"
    config.write_text(json.dumps({**desk.settings, "rehearse": "2026-06-01", "listen": ["127.0.0.1:5300"]}))

    def told(*command: str) -> str:
        return CliRunner().invoke(command_line, [*command, "-c", str(config)]).stdout

    words = "10.9.0.0/24 exempt from ta-1 until 2026-06-03: research"
    for report in (told("check"), told("plan"), told("orders"), told("explain", "one.example")):
        assert words in report
    for report in (told("check"), told("plan"), told("orders"), told("explain", "two.example")):
        assert "observed" in report
    assert "not blocked, order ta-1 is in force, but not for this client" in told(
        "explain", "one.example", "--client", RESEARCH
    )
    exempted = told("explain", "one.example", "--client", RESEARCH)
    assert "measure block: in force, but not for this client\n" in exempted
    assert f"not bound: exempt: {words}" in " ".join(exempted.split())
    unbound = json.loads(told("explain", "one.example", "--client", RESEARCH, "--json"))["unbound"]
    assert {"order": "ta-1", "measure": "block", "brand": "", "why": f"exempt: {words}"} in unbound
    other = told("explain", "one.example", "--client", PACIFIC)
    assert "in force, but not for this client\n" in other
    assert "not bound: binds the subscribers of another name of ours" in " ".join(other.split())
    assert "not for this client" not in told("explain", "one.example")
    for verb in ("plan", "orders"):
        (entry,) = json.loads(told(verb, "--json"))["exempt"]
        assert (entry["until"], entry["why"]) == ("2026-06-03T22:00:00Z", "research")
