"""What was blocked on a past day, for whom, and on whose word: by what was in force then, whatever is written today."""

import time
from pathlib import Path
from typing import Any

import pytest

from resolver.cli.explanation import explain_name
from resolver.cli.law_of_the_past import PastLaw, read_past_law
from resolver.dns.name import parse_name
from resolver.ops.account import account_of
from resolver.ops.config import Config
from resolver.ops.kept_for_the_journal import discard_unneeded
from resolver.ops.kept_orders import KEPT
from resolver.ops.settings_kept import keep_settings, settings_digest
from resolver.proof.journal import Journal
from resolver.proof.writer import time_text
from tests.unit.ops.desk import Desk, order_text

OWN, LABORATORY, ISLAND = "10.0.0.1", "10.1.0.7", "10.2.0.1"
BRAND = {"name": "Île", "clients": ["10.2.0.0/16"], "addressee_names": ["Île Télécom"]}
EXEMPTION = {"clients": ["10.1.0.0/16"], "orders": ["ta-1"], "why": "a laboratory", "until": "2099-12-31"}
NOW = time.time() - 86_400
"""A policy is applied each hour from here on, so that every instant asked for is past."""


class Archive(Desk):
    """A desk whose policies are journalled as a server does."""

    hours = 0

    def enforce(self, **changed: object) -> Config:
        """Apply and journal, an hour after the one before; ``settings`` of the configuration may change with it."""
        self.settings |= changed
        self.wall = NOW + 3_600 * self.hours
        self.hours += 1
        config = Config.model_validate(self.settings)
        report = self.apply()
        assert report.policy is not None
        assert report.problems == ()
        keep_settings(config)
        told = account_of(report.told(None), config, self.wall, None)
        orders = told.pop("orders")
        when = {"time": time_text(self.wall), "who": "test", "digest": report.digest}
        self.note(
            {"kind": "intended", **when, **told},
            *({"kind": "order", **when, **each} for each in orders),
            {"kind": "in-force", **when},
        )
        return config

    def note(self, *entries: dict[str, Any]) -> None:
        """Journal something."""
        journal = Journal(self.state)
        journal.append(entries)
        journal.close()

    def past(self, name: str, hour: int) -> PastLaw:
        """Read what the policy of an hour says of a name."""
        found = read_past_law(Config.model_validate(self.settings), parse_name(name), NOW + 3_600 * hour + 60)
        assert found is not None
        return found

    def blocked_for(self, name: str, hour: int) -> set[str]:
        """Tell for whom a name was blocked."""
        law, config = self.past(name, hour)
        views = {one: law.view_of(bytes(map(int, one.split("."))), config.clients.allow) for one in CLIENTS}
        return {
            one for one in CLIENTS if explain_name(law, parse_name(name), law.wall, views[one]).verdict == "blocked"
        }


CLIENTS = (OWN, LABORATORY, ISLAND)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


def test_brands_exemptions_and_networks_are_those_of_then(archive: Archive) -> None:
    archive.write("one.yaml", order_text(addressee="Example Télécom, Île Télécom", period="{until: 2099-12-31}"))
    archive.enforce(brands=[BRAND], exempt=[EXEMPTION])
    archive.enforce(brands=[{**BRAND, "clients": ["10.0.0.0/24"]}], exempt=[])
    archive.enforce(brands=[], exempt=[], clients={"allow": ["10.2.0.0/16"]})
    archive.enforce(exempt=[{**EXEMPTION, "clients": ["10.0.0.0/8"]}])
    archive.enforce()

    assert [archive.blocked_for("pirate.example", hour) for hour in range(4)] == [
        {OWN, ISLAND},
        {OWN, LABORATORY, ISLAND},
        {ISLAND},
        set(),
    ]
    assert archive.past("pirate.example", 0).law.origin()["settings"] == "then"


def test_who_we_were_then_and_which_page_was_shown(archive: Archive) -> None:
    archive.write("one.yaml", order_text(addressee="Example Télécom", period="{until: 2099-12-31}"))
    archive.enforce()
    archive.write("one.yaml", order_text(addressee="Successeur", period="{until: 2099-12-31}"))
    for _ in range(2):
        archive.enforce(operator={"name": "Successeur"}, notice={"ipv4": "192.0.2.99"}, blocked={"ttl": "9s"})

    law, _ = archive.past("pirate.example", 0)
    (measure,) = law.policy.measures
    assert (measure.ipv4, measure.ttl) == (bytes([192, 0, 2, 80]), 60)
    assert archive.blocked_for("pirate.example", 0) == {OWN, LABORATORY, ISLAND}


def test_where_no_settings_were_kept_it_is_said_that_they_are_todays(archive: Archive) -> None:
    archive.write("one.yaml", order_text(period="{until: 2099-12-31}"))
    config = archive.enforce(exempt=[EXEMPTION])
    (archive.state / KEPT / settings_digest(config)).unlink()
    with pytest.raises(Exception, match=r"what was applied then cannot be told: .*kept copy cannot be read"):
        archive.past("pirate.example", 0)

    entry = {"time": time_text(NOW + 3_600), "who": "test", "digest": "ab" * 32}
    archive.note({"kind": "intended", "entities": [], "baseline": False, **entry}, {"kind": "in-force", **entry})
    law, _ = archive.past("pirate.example", 1)
    assert law.origin()["settings"] == "today"
    assert "those of today" in law.origin_words()


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("pirate.example", "pirate.example"),
        ("pirate.example", "www.pirate.example"),
        ("'PIRATE.example.'", "pirate.example"),
        ("pirate.example  # and more", "a.b.pirate.example"),
        ("{name: pirate.example, scope: exact}", "pirate.example"),
        ("pirâte.example", "xn--pirte-5qa.example"),
        ("xn--pirte-5qa.example", "xn--pirte-5qa.example"),
        ('"pirate\\u002eexample"', "pirate.example"),
    ],
)
def test_a_name_is_found_however_it_was_written(archive: Archive, written: str, asked: str) -> None:
    archive.write("one.yaml", order_text(names=[written], period="{until: 2099-12-31}"))
    archive.write("two.yaml", order_text("ta-2", names=["other.example"], period="{until: 2099-12-31}"))
    archive.enforce()
    for _ in range(2):
        more = ["other.example", *(f"n{number}.example" for number in range(archive.hours))]
        archive.write("two.yaml", order_text("ta-2", more, period="{until: 2099-12-31}"))
        archive.enforce()
    assert len(list(archive.state.glob("policy-*"))) == 2, "the first is made again from what was kept"
    assert archive.blocked_for(asked, 0) == {OWN, LABORATORY, ISLAND}
    assert archive.blocked_for("irate.example", 0) == set()


def test_pruned_orders_take_the_settings_of_their_time_with_them(archive: Archive) -> None:
    archive.write("one.yaml", order_text(period="{until: 2099-12-31}"))
    kept = [settings_digest(archive.enforce(blocked={"ttl": f"{ttl}s"})) for ttl in (1, 2, 3)]
    assert all((archive.state / KEPT / each).exists() for each in kept)
    discard_unneeded(archive.state)
    assert all((archive.state / KEPT / each).exists() for each in kept)

    journal = Journal(archive.state)
    journal.connection.execute("DROP TRIGGER refuse_update")
    journal.connection.execute("UPDATE entry SET content = NULL WHERE number IN (2, 5)")
    journal.close()
    discard_unneeded(archive.state)
    assert [(archive.state / KEPT / each).exists() for each in kept] == [False, False, True]
