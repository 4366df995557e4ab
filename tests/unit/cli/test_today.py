"""What the legal desk is told on a day: due, overdue, refused, ending, to be reviewed, not written down."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from resolver.cli.law import Law
from resolver.cli.today import DAY, Task, tasks_at, today
from resolver.ops.policy_file import read_current, read_document
from tests.unit.ops.desk import Desk, order_text

ENDLESS = "{unlimited: true, review_by: 2026-06-20}"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def tasks(desk: Desk, *, running: bool = False, days: int = 14) -> list[Task]:
    """Ask what is to be done; beside a running server, what was applied last is in force."""
    report = desk.compile(write=False)
    document = report.document
    if running:
        applied = read_current(desk.state)
        assert applied is not None
        assert applied.path is not None
        document = read_document(applied.path)
    law = Law(document, report.load({}), desk.wall, running=running)
    return list(tasks_at(report, law, desk.wall, days * DAY))


def kinds(found: list[Task]) -> list[tuple[str, str, str]]:
    return [(task.kind.value, task.order, task.list_id) for task in found]


def served(day: str) -> str:
    return f"{{name: Example Télécom, served: {day}}}"


def late_list(received: str, within: str = "3 days") -> list[str]:
    return [
        f"lists: [{{id: annex, by: Arcom, received: '{received}', comply_within: {within}, names: [late.example]}}]"
    ]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        pytest.param({}, [], id="nothing"),
        pytest.param({"period": "{until: 2026-06-10}"}, [("ending", "ta-1", "")], id="an end"),
        pytest.param({"period": "{until: 2026-06-20}"}, [], id="an end that is far"),
        pytest.param({"period": ENDLESS}, [], id="a review that is far"),
        pytest.param({"period": ENDLESS.replace("20}", "12}")}, [("review due", "ta-1", "")], id="a review"),
        pytest.param({"period": ENDLESS.replace("06-20", "03-01")}, [("review due", "ta-1", "")], id="a late review"),
        pytest.param(
            {"period": "{lasts: 12 months, from: implementation}"}, [("unpinned", "ta-1", "")], id="no implementation"
        ),
        pytest.param({"addressee": served("2026-05-29"), "measure": ["comply_within: 5 days"]}, [], id="in force"),
        pytest.param(
            {
                "addressee": served("2026-05-28"),
                "measure": ["comply_within: 15 days"],
                "history": ["{date: 2026-06-09, event: implemented}"],
            },
            [("due", "ta-1", "")],
            id="to be implemented in time",
        ),
        pytest.param(
            {
                "addressee": served("2026-05-11"),
                "measure": ["comply_within: 15 days"],
                "history": ["{date: 2026-06-09, event: implemented}"],
            },
            [("overdue", "ta-1", "")],
            id="to be implemented too late",
        ),
        pytest.param(
            {"addressee": served("2026-05-11"), "measure": ["comply_within: 15 days", "mode: observe"]},
            [("overdue", "ta-1", "")],
            id="only observed",
        ),
        pytest.param(
            {"addressee": served("2026-05-11"), "measure": ["comply_within: 15 days"], "period": "{until: 2026-05-20}"},
            [],
            id="over before it had to be in force",
        ),
        pytest.param({"names": [], "measure": late_list("2026-05-29T10:00")}, [], id="a list that is in force"),
        pytest.param(
            {"names": [], "measure": late_list("2026-06-03T10:00", "24 hours")}, [("due", "ta-1", "annex")], id="a list"
        ),
    ],
)
def test_what_is_to_be_done(desk: Desk, order: Mapping[str, Any], expected: list[tuple[str, str, str]]) -> None:
    desk.write("one.yaml", order_text(**order))
    assert kinds(tasks(desk)) == expected


ERROR = "{date: 2026-05-30T10:00, event: suspended, until: '2026-06-01T18:00', ground: error, why: a slip%s}"
ONE, OTHER = ", names: [pirate.example]", ", names: [other.example]"


@pytest.mark.parametrize(
    ("history", "is_open"),
    [
        pytest.param([ERROR % ""], True, id="nothing since"),
        pytest.param([ERROR % "", "{date: 2026-05-31, event: resumed, ground: error}"], False, id="resumed"),
        pytest.param([ERROR % "", "{date: 2026-05-31, event: lifted, ground: court}"], False, id="lifted"),
        pytest.param([ERROR % "", "{date: 2026-05-31, event: suspended, ground: court}"], False, id="for good"),
        pytest.param([ERROR % "", ERROR.replace("30T", "31T") % ""], True, id="a second error"),
        pytest.param([ERROR % "", "{date: 2026-06-02, event: resumed}"], True, id="resumed tomorrow"),
        pytest.param([ERROR % ONE], True, id="one name"),
        pytest.param([ERROR % ONE, f"{{date: 2026-05-31, event: names-removed{ONE}}}"], False, id="the name removed"),
        pytest.param([ERROR % ONE, f"{{date: 2026-05-31, event: names-removed{OTHER}}}"], True, id="another removed"),
        pytest.param([ERROR % ONE, "{date: 2026-05-31, event: lifted}"], False, id="all lifted"),
        pytest.param([(ERROR % "").replace("ground: error", "ground: court")], False, id="no error of ours"),
    ],
)
def test_a_suspension_for_an_error_is_told_until_it_is_settled(
    desk: Desk, history: list[str], *, is_open: bool
) -> None:
    desk.write("one.yaml", order_text(names=["pirate.example", "other.example"], history=history))
    for later in (0.0, 10 * DAY):
        told = [task for task in tasks(desk, days=0) if task.kind.value == "suspended by error"]
        assert bool(told) == (is_open if later == 0.0 else is_open and "06-02" not in history[-1])
        assert all("a slip; the suspension ends then" in task.what for task in told)
        desk.wall += 10 * DAY


def test_what_no_server_enforces_is_due_and_then_overdue(desk: Desk) -> None:
    desk.write("old.yaml", order_text("ta-0", ["old.example"]))
    desk.apply()
    desk.write("one.yaml", order_text(addressee=served("2026-05-28"), measure=["comply_within: 5 days"]))
    assert kinds(tasks(desk, running=True)) == [("due", "ta-1", "")]
    desk.wall += DAY  # 2 June, its last day
    assert kinds(tasks(desk, running=True)) == [("due", "ta-1", "")]
    desk.wall += DAY
    assert kinds(tasks(desk, running=True)) == [("overdue", "ta-1", "")]
    desk.apply()
    assert kinds(tasks(desk, running=True)) == []


def test_a_list_that_was_added_to_an_applied_order_is_due(desk: Desk) -> None:
    own = ["lists:", "  - {id: first, names: [one.example]}"]
    desk.write("one.yaml", order_text(names=[], measure=own))
    desk.apply()
    more = "  - {id: second, received: 2026-05-20, comply_within: 3 days, names: [two.example]}"
    desk.write("one.yaml", order_text(names=[], measure=[*own, more]))
    assert kinds(tasks(desk, running=True)) == [("overdue", "ta-1", "second")]


def test_a_refused_order_is_told_with_its_file_and_is_overdue_all_the_same(desk: Desk) -> None:
    desk.write(
        "one.yaml",
        order_text(names=["google.fr"], addressee=served("2026-05-04"), measure=["comply_within: 5 days"]),
    )
    overdue, refused = tasks(desk)
    assert kinds([overdue, refused]) == [("overdue", "ta-1", ""), ("refused", "ta-1", "")]
    assert "one.yaml:12" in refused.what
    assert "protected" in refused.what
    assert "its file is refused" in overdue.what


def test_a_kept_version_meets_the_deadlines_that_it_knows(desk: Desk) -> None:
    order = {"addressee": served("2026-05-04"), "measure": ["comply_within: 5 days"]}
    desk.write("one.yaml", order_text(**order))  # type: ignore[arg-type]  # as it is called above
    desk.apply()
    desk.write("one.yaml", order_text(names=["google.fr"], **order))  # type: ignore[arg-type]
    assert [task.kind.value for task in tasks(desk, running=True)] == ["refused"]


@pytest.mark.parametrize(("history", "status"), [("2026-06-09", 1), ("2026-05-20", 0)], ids=["overdue", "in force"])
def test_the_exit_status_tells_whether_something_is_overdue(
    desk: Desk, tmp_path: Path, history: str, status: int
) -> None:
    desk.write(
        "one.yaml",
        order_text(
            addressee=served("2026-05-11"),
            measure=["comply_within: 15 days"],
            history=[f"{{date: {history}, event: implemented}}"],
        ),
    )
    config = tmp_path / "config.yaml"
    config.write_text(json.dumps({**desk.settings, "rehearse": "2026-06-01", "listen": ["127.0.0.1:5300"]}))
    done = CliRunner().invoke(today, ["-c", str(config), "--json"])
    assert done.exit_code == status
    told = json.loads(done.stdout)
    assert [task["kind"] for task in told["tasks"]] == ["overdue"] * status
    spoken = CliRunner().invoke(today, ["-c", str(config)])
    assert ("overdue 2026-05-27 00:00 CEST: ta-1/block: must be in force by then" in spoken.stdout) == bool(status)


def test_who_is_exempt_is_told_as_long_as_it_lasts(desk: Desk, tmp_path: Path) -> None:
    desk.write("one.yaml", order_text())
    exemptions = [
        {"clients": ["10.9.0.0/24"], "orders": ["ta-1"], "why": "research", "until": "2026-06-05"},
        {"clients": ["10.8.0.0/24"], "orders": ["ta-1"], "why": "an audit", "until": "2026-05-05"},
    ]
    config = tmp_path / "config.yaml"
    settings = {**desk.settings, "rehearse": "2026-06-01", "listen": ["127.0.0.1:5300"], "exempt": exemptions}
    config.write_text(json.dumps(settings))
    told = json.loads(CliRunner().invoke(today, ["-c", str(config), "--json"]).stdout)
    assert [(each["clients"], each["why"]) for each in told["exempt"]] == [(["10.9.0.0/24"], "research")]
    spoken = CliRunner().invoke(today, ["-c", str(config)]).stdout.splitlines()
    assert [line for line in spoken if line.startswith("exempt")] == [
        "exempt: 10.9.0.0/24 exempt from ta-1 until 2026-06-05: research"
    ]
