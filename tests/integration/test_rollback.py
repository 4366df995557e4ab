"""Earlier order files come back from their kept copies, and what was un-blocked since stays so."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.running_server import RunningServer, running
from tests.integration.test_acts import run
from tests.integration.test_journal import journal


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with running(tmp_path, one="one.example", two="two.example") as started:
        yield started


def applied(server: RunningServer) -> str:
    """Wait until the policy in force is journalled, and give its digest."""
    digest = server.status()["digest"]
    server.wait_until(lambda _: any(e["kind"] == "in-force" and e["digest"] == digest for e in journal(server)))
    return str(digest)


def plan_of(server: RunningServer, digest: str, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(server, "rollback", digest[:16], "--json", *options).stdout)["files"]
    return found


def test_files_come_back_and_what_was_unblocked_stays(server: RunningServer) -> None:
    orders = server.folder / "orders"
    before = applied(server)
    then = (orders / "one.yaml").read_bytes()
    run(server, "lift", "one", "--name", "one.example", "--ground", "applicant", "--why", "sold")
    (orders / "one.yaml").write_text((orders / "one.yaml").read_text().replace("RG 24/1", "RG 24/9"))
    server.order("two", "two.example", "extra.example")
    server.order("three", "three.example")
    server.reload()
    assert server.blocked("extra.example")
    assert server.blocked("three.example")
    applied(server)

    files = {each["order"]: each for each in plan_of(server, before)}
    assert {order: each["what"] for order, each in files.items()} == {
        "one": "is as it was then", "two": "is as it was then", "three": "is taken away",
    }  # fmt: skip  # three orders
    assert files["one"]["unblocking"] == 1
    assert b"RG 24/9" in (orders / "one.yaml").read_bytes()

    done = run(server, "rollback", before, "--yes")

    assert done.exit_code == 0, done.output
    assert not server.blocked("extra.example")
    assert not server.blocked("three.example")
    assert server.blocked("two.example")
    assert not server.blocked("one.example")
    assert b"RG 24/9" not in (orders / "one.yaml").read_bytes()
    assert sorted(path.name for path in orders.iterdir()) == ["one.yaml", "two.yaml"]
    (entry,) = [each for each in journal(server) if each["kind"] == "rolled-back"]
    assert entry["orders"] == ["one", "three", "two"]
    assert len(list(Path(entry["copies"]).iterdir())) == 3

    assert run(server, "rollback", before, "--yes", "--with-unblocking").exit_code == 0
    assert (orders / "one.yaml").read_bytes() == then
    assert server.blocked("one.example")
    assert "as they were then" in run(server, "rollback", before, "--with-unblocking").stdout


def test_a_lifted_order_whose_file_is_gone_comes_back_lifted(server: RunningServer) -> None:
    before = applied(server)
    run(server, "lift", "one", "--ground", "court", "--why", "reversed")
    (server.folder / "orders" / "one.yaml").unlink()
    server.reload()

    assert run(server, "rollback", before, "--yes").exit_code == 0
    assert (server.folder / "orders" / "one.yaml").is_file()
    assert not server.blocked("one.example")


def test_without_a_server_the_next_start_puts_it_in_force(server: RunningServer) -> None:
    server.order("one", "one.example", "more.example", "most.example")
    server.reload()
    before = applied(server)
    server.order("one", "one.example", "more.example", "most.example", "extra.example")
    run(server, "suspend", "two", "--ground", "court", "--why", "stay")
    server.reload()
    assert server.blocked("extra.example")
    server.signal(signal.SIGTERM)
    server.ended()

    assert [each["order"] for each in plan_of(server, before)] == ["one"]
    done = run(server, "rollback", before, "--yes")

    assert done.exit_code == 0, done.output
    assert "its start puts them in force" in done.stdout
    entry = journal(server)[-1]
    assert (entry["kind"], entry["orders"]) == ("rolled-back", ["one"])
    assert entry["who"]["uid"] == os.getuid()
    server.start()
    assert server.problems().strip() == ""
    assert not server.blocked("extra.example")
    assert server.blocked("one.example")
    assert not server.blocked("two.example")


@pytest.mark.parametrize(
    ("digest", "code", "said"), [("abc", 2, "at least 8 digits"), ("0" * 16, 1, "was ever in force here")]
)
def test_what_was_never_in_force_is_said(server: RunningServer, digest: str, code: int, said: str) -> None:
    done = run(server, "rollback", digest, "--yes")

    assert done.exit_code == code
    assert said in done.stderr
