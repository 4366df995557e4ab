"""What a running server writes into its journal, and that nothing is enforced which is not in it."""

import os
import pwd
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from resolver.cli.command_line import command_line
from resolver.ops.current_policy import named_in_pointer
from resolver.proof.journal import JOURNAL_FILE, Journal, open_for_reading
from resolver.proof.reading import entries
from resolver.proof.verification import verify
from tests.integration.running_server import CONFIG, PATIENCE, RunningServer, order_text, running


def journal(server: RunningServer) -> list[dict[str, Any]]:
    """Read the journal, which must be sound, and end with the head that the status tells."""
    reading = open_for_reading(server.state / JOURNAL_FILE)
    assert verify(reading).problems == ()
    found = [dict(entry.facts) for entry in entries(reading) if entry.facts is not None]
    reading.close()
    return found


def kinds(server: RunningServer) -> list[str]:
    return [entry["kind"] for entry in journal(server)]


def test_a_change_is_intended_then_in_force(tmp_path: Path) -> None:
    with running(tmp_path, one="one.example") as server:
        server.wait_until(lambda status: status["journal"]["entries"] == 4)
        server.order("one", "one.example", history="  - {date: 2024-03-01, event: lifted}")
        after = len(server.events)
        server.reload()
        server.wait_for("journal", after)
        server.wait_until(lambda status: status["journal"]["entries"] == 7)
        status = server.status()
        found = journal(server)

        assert [entry["kind"] for entry in found] == [
            "started", "intended", "order", "in-force", "intended", "order", "in-force",
        ]  # fmt: skip  # two changes
        start, change = found[2], found[5]
        assert (start["order"], start["change"], start["came"], start["went"]) == ("one", "new", 1, 0)
        assert (change["change"], change["came"], change["went"]) == ("changed", 0, 0)
        assert start["files"] != change["files"]
        assert start["measures"][0]["in_force"] == [[["2024-01-31T23:00:00Z", "2099-12-31T23:00:00Z"]]]
        assert change["measures"][0]["in_force"] == [[["2024-01-31T23:00:00Z", "2024-02-29T23:00:00Z"]]]
        assert found[1]["baseline"]
        assert found[1]["who"] == [{"by": "the server"}]
        assert found[4]["who"] == [{"user": pwd.getpwuid(os.geteuid()).pw_name, "uid": os.geteuid()}]
        assert found[6]["digest"] == found[4]["digest"] == status["digest"]
        for each in (start, change):
            assert (server.state / "kept" / each["files"][0][1]).is_file()


def test_what_changes_nothing_is_no_entry_and_a_refusal_is_one(tmp_path: Path) -> None:
    with running(tmp_path, one="one.example") as server:
        server.wait_until(lambda status: status["journal"]["entries"] == 4)
        server.reload()
        server.order("two", "com")
        server.reload()
        server.reload()
        server.wait_until(lambda status: status["journal"]["entries"] >= 5)
        found = journal(server)[4:]

        assert [entry["kind"] for entry in found] == ["refused", "intended", "in-force"][: len(found)]
        assert found[0]["order"] == "two"
        assert "com" in found[0]["problems"][0]


def test_a_kill_and_a_stop_leave_a_journal_that_goes_on(tmp_path: Path) -> None:
    with running(tmp_path, one="one.example") as server:
        for number in range(2):
            server.signal(signal.SIGKILL)
            server.ended()
            server.start()
            server.order("more", *[f"name{each}.example" for each in range(number + 1)])
            server.reload()
        server.signal(signal.SIGTERM)
        assert server.ended() == 0

        found = kinds(server)
        assert found[-1] == "stopped"
        assert found.count("started") == 3
        assert found.count("order") == 3


@pytest.mark.parametrize(
    ("cut", "why"),
    [(None, "it is empty or was missing"), (0, "it is empty or was missing"), (4, "its end was cut, or an older copy")],
    ids=["taken away", "empty", "an older copy"],
)
def test_a_start_says_that_the_journal_does_not_hold_what_is_applied(tmp_path: Path, cut: int | None, why: str) -> None:
    with running(tmp_path, one="one.example") as server:
        server.order("two", "two.example")
        server.reload()
        server.signal(signal.SIGTERM)
        server.ended()
        before = journal(server)
        for file in server.state.glob(f"{JOURNAL_FILE}*"):
            file.unlink()
        if cut is not None:
            older = Journal(server.state)
            older.append(before[:cut])
            older.close()
        server.start()
        server.wait_until(lambda status: status["journal"]["begun_anew"] is not None)

        assert why in server.status()["journal"]["begun_anew"]["why"]
        assert any(each["event"] == "the journal is begun anew" and why in each["why"] for each in server.events)
        assert kinds(server).count("begun-anew") == 1
        with urlopen(f"http://{server.status()['metrics']}/metrics", timeout=PATIENCE) as page:
            (line,) = [each for each in page.read().decode().splitlines() if each.startswith(SINCE)]
        assert time.time() - 60 < float(line.split()[1]) <= time.time()
        config = ["--config", str(server.folder / "config.yaml")]
        assert why in CliRunner().invoke(command_line, ["today", *config]).stdout
        assert why in CliRunner().invoke(command_line, ["status", *config]).stderr


SINCE: Final = "arret_journal_begun_anew_timestamp_seconds "


def test_a_sound_journal_was_never_begun_anew(tmp_path: Path) -> None:
    with running(tmp_path, one="one.example") as server:
        server.signal(signal.SIGKILL)
        server.ended()
        server.start()
        assert server.status()["journal"]["begun_anew"] is None
        assert "begun-anew" not in kinds(server)


def test_whenever_it_is_killed_nothing_is_applied_that_is_not_in_the_journal(tmp_path: Path) -> None:
    with running(tmp_path, one="one.example") as server:
        for number, patience in enumerate((0.0, 0.4, 0.8, 1.2)):
            server.order("more", *[f"name{each}.example" for each in range(number + 1)])
            server.signal(signal.SIGHUP)
            time.sleep(patience)  # at no event in particular
            server.signal(signal.SIGKILL)
            server.ended()

            found = journal(server)
            (applied, *_) = named_in_pointer(server.state)
            intended = {f"policy-{entry['digest']}.json" for entry in found if entry["kind"] == "intended"}
            in_force = [entry["digest"] for entry in found if entry["kind"] == "in-force"]
            assert applied in intended
            assert {f"policy-{digest}.json" for digest in in_force} <= intended
            server.start()


@pytest.mark.parametrize(
    ("statement", "event"),
    [
        (
            "UPDATE entry SET content = replace(content, 'started', 'stopped') WHERE number = 1",
            "the journal was altered",
        ),
        ("DROP TABLE entry", "the journal is begun anew"),
    ],
    ids=["an entry", "all of it"],
)
def test_a_server_says_what_was_done_to_its_journal_and_goes_on(tmp_path: Path, statement: str, event: str) -> None:
    with running(tmp_path, one="one.example") as server:
        server.signal(signal.SIGTERM)
        server.ended()
        with closing(sqlite3.connect(server.state / JOURNAL_FILE, isolation_level=None)) as forger:
            forger.execute("DROP TRIGGER refuse_update")
            forger.execute(statement)

        server.start()

        assert server.wait_for(event)["level"] == "error"
        server.order("one", "one.example", history="  - {date: 2024-03-01, event: lifted}")
        assert server.reload()["ok"]
        assert not server.blocked("one.example")


INCIDENTS: Final = {
    "google.fr": "17 October 2016",
    "fr.wikipedia.org": "17 October 2016",
    "ovh.com": "17 October 2016",
    "drive.usercontent.google.com": "19 October 2024",
    "https://host.example/page": "URL",
    "co.uk": "a public suffix",
    "notice.isp.example": "our own names",
    "dns9.upstream.example": "our own names",
    "gone": "the file of order gone is gone",
    "half": "lists 2 of its 4 names no more",
    "empty": "lists no name",
    "slip": "decidde",
}
"""What was, or may be, put into an order by accident, and what is said of it."""


def test_every_incident_is_journalled_and_counted_and_the_rest_applies(tmp_path: Path) -> None:
    guard = 'guard: {own_names: ["notice.isp.example", "dns9.upstream.example"]}\n'
    with running(
        tmp_path, CONFIG + guard, gone="gone.example", urgent="old.example", lifted="lifted.example"
    ) as server:
        orders = server.folder / "orders"
        server.order("half", "a.example", "b.example", "c.example", "d.example")
        server.reload()
        (orders / "gone.yaml").unlink()
        server.order("half", "a.example", "b.example")
        server.order("empty")
        (orders / "slip.yaml").write_text(order_text("slip", "slip.example").replace("decided", "decidde"))
        for number, name in enumerate(INCIDENTS):
            if "." in name:
                server.order(f"incident-{number}", name)
        server.order("urgent", "old.example", "urgent.example")
        server.order("lifted", "lifted.example", history="  - {date: 2024-03-01, event: lifted}")

        assert len(server.reload()["problems"]) >= len(INCIDENTS)

        server.wait_until(lambda _: sum(kind == "refused" for kind in kinds(server)) == len(INCIDENTS))
        told = {each["order"]: " ".join(each["problems"]) for each in journal(server) if each["kind"] == "refused"}
        for number, (name, says) in enumerate(INCIDENTS.items()):
            assert says in told[f"incident-{number}" if "." in name else name]
        with urlopen(f"http://{server.status()['metrics']}/metrics") as answer:  # ours, on loopback
            assert f"arret_orders_refused {len(INCIDENTS)}.0" in answer.read().decode()
        assert server.blocked("urgent.example")
        assert server.blocked("gone.example")
        assert not server.blocked("lifted.example")
