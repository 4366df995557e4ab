"""`arret apply` writes the day from which a measure counts into its file; nothing else does."""

from pathlib import Path

from tests.integration.running_server import RunningServer, running
from tests.integration.test_acts import run
from tests.integration.test_journal import journal


def unpin(server: RunningServer) -> Path:
    """Let an order count from an implementation that it does not record."""
    path = server.folder / "orders" / "one.yaml"
    text = path.read_text().partition("history:")[0]
    path.write_text(text.replace("{until: 2099-12-31}", "{lasts: 12 months, from: implementation}   # see page 3"))
    return path


def test_apply_writes_the_day_and_a_reload_does_not(tmp_path: Path) -> None:
    with running(tmp_path, one="one.example", two="two.example") as server:
        path = unpin(server)
        before = path.read_text()
        server.reload()
        assert path.read_text() == before

        done = run(server, "apply")

        (entry,) = [each for each in journal(server) if each["kind"] == "implemented"]
        line = f'{{date: {entry["date"]}, event: implemented, measure: block, why: "first applied on this day"}}'
        added = f"history:\n  - {line}\n"
        assert done.exit_code == 0, done.output
        assert path.read_text() == before + added
        assert server.blocked("one.example")
        assert (entry["order"], entry["measure"]) == ("one", "block")
        run(server, "apply")
        assert path.read_text() == before + added
