"""What compiling does when all is well, when an order is refused, and when the state directory is damaged."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from resolver.ops.compile import compile_orders
from resolver.ops.config import Config
from resolver.ops.kept_for_the_journal import discard_unneeded
from resolver.ops.policy_file import read_current, read_document
from resolver.ops.reserve import RESERVE_GIVEN_UP, make_reserve
from resolver.proof.journal import Journal
from tests.unit.ops.desk import DAY, NOW, Desk, order_text


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def names(count: int, stem: str = "pirate") -> list[str]:
    return [f"{stem}-{number}.example" for number in range(count)]


def test_orders_become_a_policy(desk: Desk) -> None:
    path = desk.write("one.yaml", order_text("ta-1", ["pirate.example", "other.example"]))
    desk.write("two.yml", order_text("ta-2", ["pirate.example"]))
    desk.write(".hidden.yaml", "not read")
    desk.write("README.md", "not read")
    report = desk.apply()
    assert (report.problems, report.refused, report.warnings) == ((), (), ())
    assert (report.orders, report.names) == (2, 2)
    assert desk.blocked("www.pirate.example") == "ta-1"
    assert desk.blocked("innocent.example") is None
    assert report.policy is not None
    document = read_document(report.policy)
    assert document == report.document
    assert [order["id"] for order in document["orders"]] == ["ta-1", "ta-2"]
    order, measure = document["orders"][0], document["measures"][0]
    assert (order["file"], order["line"], order["kept"], order["measures"]) == (str(path), 1, False, [0])
    assert (measure["ipv4"], measure["ipv6"], measure["ttl"]) == ("192.0.2.80", None, 60)
    assert (measure["responsible"], measure["period"]) == ("legal.isp.example", "until 2026-12-31")
    assert (measure["counts"], measure["own_timelines"], measure["names"]) == ([2], 1, 2)
    assert measure["ede_text"] == "Blocked by order of: Tribunal judiciaire de Paris, RG 26/00001 (ta-1)"


def test_the_same_orders_give_the_same_policy(desk: Desk) -> None:
    desk.write("one.yaml", order_text())
    first = desk.apply()
    desk.wall += 3 * DAY
    second = desk.apply()
    assert (second.policy, second.digest) == (first.policy, first.digest)


def test_checking_writes_nothing(desk: Desk) -> None:
    desk.write("one.yaml", order_text())
    report = desk.compile(write=False)
    assert report.policy is None
    assert not desk.state.exists()
    assert len(report.load({}).index) == 1
    assert report.digest == desk.compile().digest


def test_a_rule_says_where_its_name_stands(desk: Desk) -> None:
    (desk.orders / "annex.txt").write_text("# annex\nlisted.example\n")
    lists = ["names_file: annex.txt"]
    desk.write("one.yaml", order_text(names=[], measure=lists))
    report = desk.apply()
    [rule] = report.load({}).index
    assert report.document["files"][rule.file] == str(desk.orders / "annex.txt")
    assert rule.line == 2


def test_no_order_at_all(desk: Desk) -> None:
    report = desk.apply()
    assert (report.orders, report.names, report.problems) == (0, 0, ())
    assert desk.blocked("pirate.example") is None


def test_only_broken_orders_and_nothing_before_gives_no_policy(desk: Desk) -> None:
    desk.write("one.yaml", "order: [\n")
    report = desk.apply()
    assert report.policy is None
    assert report.refused[0].kept is False
    assert "one.yaml" in str(report.problems[0])


def test_a_missing_folder_is_a_problem_and_keeps_what_was(desk: Desk) -> None:
    desk.write("one.yaml", order_text())
    desk.apply()
    (desk.orders / "one.yaml").unlink()
    desk.orders.rmdir()
    report = desk.apply()
    assert any("cannot be read" in problem.what for problem in report.problems)
    assert desk.blocked("pirate.example") == "ta-1"


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        pytest.param("order: ta-1\n\tbad", "one.yaml", id="no YAML at all"),
        pytest.param(order_text().replace("decided", "decidid"), "decidid", id="an unknown key"),
        pytest.param(order_text(names=["https://pirate.example/x"]), "https", id="a URL among the names"),
        pytest.param(order_text(names=["pirate.example", "google.fr"]), "google.fr", id="a protected name"),
        pytest.param(order_text(names=["isp.example"]), "isp.example", id="our own name"),
        pytest.param(order_text(addressee="Somebody Else"), "not_ours", id="suddenly somebody else's"),
        pytest.param(order_text(addressee="EXAMPLE TELECOM SA"), "looks like", id="a near-match is not guessed"),
        pytest.param(order_text(top=["not_ours: a test"]), "not_ours", id="not ours, yet it addresses us"),
        pytest.param(None, "gone", id="the file is gone"),
    ],
)
def test_a_refused_order_keeps_its_last_good_version(desk: Desk, broken: str | None, what: str) -> None:
    desk.write("one.yaml", order_text())
    desk.write("urgent.yaml", order_text("ta-2", ["urgent.example"]))
    desk.apply()
    if broken is None:
        (desk.orders / "one.yaml").unlink()
    else:
        desk.write("one.yaml", broken)
    desk.write("urgent.yaml", order_text("ta-2", ["urgent.example", "more.example"]))
    for _ in range(2):  # and it stays so with every further reload
        report = desk.apply()
        assert any(what in str(problem) for problem in report.problems), report.problems
        assert [(each.order, each.kept) for each in report.refused] == [("ta-1", True)]
        assert [order["kept"] for order in report.document["orders"]] == [True, False]
        assert report.document["refused"][0]["file"] == str(desk.orders / "one.yaml")
        assert desk.blocked("pirate.example") == "ta-1"
        assert desk.blocked("more.example") == "ta-2"
        assert desk.blocked("google.fr") is None
    desk.write("one.yaml", order_text())
    assert not desk.apply().refused


def test_a_refused_order_keeps_the_lists_it_came_with(desk: Desk) -> None:
    (desk.orders / "annex.txt").write_text("listed.example\n")
    desk.write("one.yaml", order_text(names=[], measure=["names_file: annex.txt"]))
    desk.apply()
    (desk.orders / "annex.txt").unlink()
    report = desk.apply()
    assert "annex.txt" in str(report.problems[0])
    assert desk.blocked("listed.example") == "ta-1"


LIFTED = "{date: 2026-06-01, event: lifted}"
REMOVED = "{date: 2026-06-01, event: names-removed, names: [pirate-0.example]}"
SUSPENDED = "{date: 2026-06-01, event: suspended, until: 2026-06-30}"


@pytest.mark.parametrize(
    ("newer", "freed", "held"),
    [
        pytest.param(order_text(names=names(4), history=[LIFTED]), names(4), [], id="lifted, all is well"),
        pytest.param(order_text(names=names(1), history=[LIFTED]), names(4), [], id="lifted, most names gone"),
        pytest.param(
            order_text(names=[*names(4), "google.fr"], history=[LIFTED]), names(4), [], id="lifted, a protected name"
        ),
        pytest.param(
            order_text(names=names(4), history=[LIFTED]).replace("case_number", "case_numbr"),
            names(4),
            [],
            id="lifted, a key misspelt",
        ),
        pytest.param(
            order_text(names=[*names(4), "a b"], history=[SUSPENDED]), names(4), [], id="suspended, a bad name"
        ),
        pytest.param(
            order_text(names=[*names(4), "google.fr"], history=[REMOVED]),
            ["pirate-0.example"],
            names(4)[1:],
            id="a name removed, a protected one added",
        ),
        pytest.param(
            order_text(names=names(4)[2:], history=[REMOVED]),
            ["pirate-0.example"],
            names(4)[1:],
            id="a name removed from list and history, another without a word",
        ),
        pytest.param(
            order_text(names=[*names(4), "google.fr"], period="{until: 2026-05-31}"), names(4), [], id="an earlier end"
        ),
        pytest.param(
            order_text(names=[*names(4), "bad name"], history=["{date: 2026-06-01, event: appealed}"]),
            [],
            names(4),
            id="an appeal frees nothing",
        ),
        pytest.param(
            order_text(names=[*names(4), "google.fr"], period="{until: 2027-12-31}"), [], names(4), id="a later end"
        ),
    ],
)
def test_nothing_delays_unblocking(desk: Desk, newer: str, freed: list[str], held: list[str]) -> None:
    desk.write("one.yaml", order_text(names=names(4)))
    desk.write("broken.yaml", "order: [")
    desk.apply()
    assert all(desk.blocked(name) == "ta-1" for name in names(4))
    desk.write("one.yaml", newer)
    desk.apply()
    assert [name for name in names(4) if desk.blocked(name) is None] == freed
    assert [name for name in names(4) if desk.blocked(name) == "ta-1"] == held


def test_a_refused_later_end_does_not_extend(desk: Desk) -> None:
    desk.write("one.yaml", order_text())
    desk.apply()
    desk.write("one.yaml", order_text(names=["pirate.example", "google.fr"], period="{until: 2027-12-31}"))
    desk.apply()
    desk.wall = NOW + 300 * DAY
    assert desk.blocked("pirate.example") is None


def test_a_vanished_order_that_is_over_goes_quietly(desk: Desk) -> None:
    desk.write("one.yaml", order_text(period="{until: 2026-06-02}"))
    desk.apply()
    (desk.orders / "one.yaml").unlink()
    desk.wall += 10 * DAY
    report = desk.apply()
    assert (report.problems, report.orders) == ((), 0)


def test_an_order_may_move_to_another_file(desk: Desk) -> None:
    desk.write("one.yaml", order_text())
    desk.apply()
    (desk.orders / "one.yaml").rename(desk.orders / "renamed.yaml")
    report = desk.apply()
    assert report.problems == ()
    assert report.document["orders"][0]["file"].endswith("renamed.yaml")


def test_an_id_used_twice_stays_with_the_file_that_has_it(desk: Desk) -> None:
    desk.write("one.yaml", order_text())
    desk.apply()
    desk.write("copy.yaml", order_text(names=["copied.example"]))
    report = desk.apply()
    assert [Path(each.file).name for each in report.refused] == ["copy.yaml"]
    assert "one.yaml" in str(report.problems[0])
    assert desk.blocked("pirate.example") == "ta-1"
    assert desk.blocked("copied.example") is None


def test_an_id_used_twice_from_the_start_refuses_both(desk: Desk) -> None:
    desk.write("one.yaml", order_text())
    desk.write("copy.yaml", order_text(names=["copied.example"]))
    desk.write("two.yaml", order_text("ta-2", ["other.example"]))
    report = desk.apply()
    assert [Path(each.file).name for each in report.refused] == ["copy.yaml", "one.yaml"]
    assert desk.blocked("pirate.example") is None
    assert desk.blocked("other.example") == "ta-2"


def test_an_order_of_somebody_else_is_explained_and_not_enforced(desk: Desk) -> None:
    desk.write("one.yaml", order_text(addressee="Somebody Else", top=["not_ours: kept for the record"]))
    report = desk.apply()
    assert report.problems == ()
    assert desk.blocked("pirate.example") is None
    measure = report.document["measures"][0]
    assert measure["ours"] is False
    assert "none of them is us" in measure["because"]
    assert len(report.load({}).index) == 1


def test_delisting_is_recorded_and_blocks_nothing(desk: Desk) -> None:
    desk.write("one.yaml", order_text().replace("dns-block", "delist"))
    report = desk.apply()
    assert desk.blocked("pirate.example") is None
    assert (report.document["measures"][0]["kind"], report.names) == ("delist", 0)


def test_first_applied_is_carried_over_and_pinned_by_the_history(desk: Desk) -> None:
    counting = "{lasts: 10 days, from: implementation}"
    desk.write("one.yaml", order_text(period=counting))
    report = desk.apply()
    assert "{date: 2026-06-01, event: implemented, measure: block}" in str(report.warnings[0])
    for _ in range(3):
        desk.wall += 4 * DAY
        desk.apply()
    assert desk.blocked("pirate.example") is None
    applied = read_current(desk.state)
    assert applied is not None
    assert applied.manifest[0].first_applied["block"].isoformat() == "2026-06-01"
    desk.write("one.yaml", order_text(period=counting, history=["{date: 2026-06-10, event: implemented}"]))
    assert desk.apply().document["measures"][0]["pinned"] is True
    assert desk.blocked("pirate.example") == "ta-1"


def test_what_was_rehearsed_was_never_applied(desk: Desk) -> None:
    desk.write("one.yaml", order_text(period="{lasts: 10 days, from: implementation}"))
    desk.settings["rehearse"] = "2026-02-01"
    desk.wall = NOW - 120 * DAY
    assert desk.apply().document["measures"][0]["ede_text"].startswith("REHEARSAL: ")
    del desk.settings["rehearse"]
    desk.wall = NOW
    report = desk.apply()
    assert report.document["measures"][0]["first_applied"] == "2026-06-01"
    assert desk.blocked("pirate.example") == "ta-1"


def test_one_name_or_a_new_end_leaves_the_index_alone(desk: Desk) -> None:
    lists = ["lists:", "  - {id: annex-1, names: [a.example, b.example, c.example]}"]
    desk.write("one.yaml", order_text(names=[], measure=lists))
    before = desk.apply().document
    history = ["{date: 2026-05-01, event: names-removed, list: annex-1, names: [b.example]}", SUSPENDED]
    desk.write("one.yaml", order_text(names=[], measure=lists, history=history, period="{until: 2026-07-31}"))
    after = desk.apply().document
    assert after["index"] == before["index"]
    assert (after["measures"][0]["counts"], after["measures"][0]["own_timelines"]) == ([0, 2, 1], 2)
    assert after["measures"][0]["named"] == {"b.example": 2}
    desk.wall += 35 * DAY
    assert [desk.blocked(f"{letter}.example") for letter in "abc"] == ["ta-1", None, "ta-1"]


def test_a_list_that_was_removed_whole_follows_one_timeline(desk: Desk) -> None:
    lists = ["lists:", "  - {id: annex-1, names: [a.example, b.example]}", "  - {id: annex-2, names: [c.example]}"]
    history = ["{date: 2026-05-01, event: names-removed, list: annex-1}"]
    desk.write("one.yaml", order_text(names=[], measure=lists, history=history))
    measure = desk.apply().document["measures"][0]
    assert (measure["counts"], measure["named"]) == ([0, 2, 1], {})
    assert [desk.blocked(f"{letter}.example") for letter in "abc"] == [None, None, "ta-1"]


def test_a_name_in_two_lists_is_freed_when_neither_demands_it_any_more(desk: Desk) -> None:
    lists = ["lists:", "  - {id: annex-1, names: [a.example, b.example]}", "  - {id: second, names: [b.example]}"]
    removed = [
        f"{{date: 2026-05-0{day}, event: names-removed, list: {each}, names: [b.example]}}"
        for day, each in enumerate(("second", "annex-1"), 1)
    ]
    for history in removed:
        desk.write("one.yaml", order_text(names=[], measure=lists, history=[history]))
        measure = desk.apply().document["measures"][0]
        assert measure["lists"] == [[""], ["annex-1"], ["second"], ["annex-1", "second"]]
        assert (measure["counts"], measure["named"]) == ([0, 1, 0, 1], {})
        assert [desk.blocked(f"{letter}.example") for letter in "ab"] == ["ta-1", "ta-1"]
    desk.write("one.yaml", order_text(names=[], measure=lists, history=removed))
    desk.apply()
    assert [desk.blocked(f"{letter}.example") for letter in "ab"] == ["ta-1", None]


def test_an_imposed_page_and_a_confidential_order(desk: Desk) -> None:
    desk.write("one.yaml", order_text())
    imposed = ["redirect_to: {ipv4: 203.0.113.9}"]
    desk.write("two.yaml", order_text("ta-2", measure=imposed, top=["confidential: true"]))
    measure = desk.apply().document["measures"][1]
    assert (measure["ipv4"], measure["ipv6"], measure["rank"]) == ("203.0.113.9", None, [0, 1, "2026-01-15"])
    assert "RG" not in measure["ede_text"]
    assert desk.blocked("pirate.example") == "ta-2"


def test_warnings(desk: Desk) -> None:
    desk.settings["notice"] = {}
    desk.write("over.yaml", order_text("ta-1", period="{until: 2026-02-01}"))
    desk.write("skips.yaml", order_text("ta-2", ["fine.example", "no name"], measure=["on_bad_name: skip"]))
    said = " | ".join(map(str, desk.apply().warnings))
    assert "is over" in said
    assert "no name" in said
    assert "`notice:`" in said


@pytest.mark.parametrize("victim", ["index-*", "policy-*", "sources-*", "kept/*"])
def test_a_flipped_octet_is_found_and_everything_built_again(desk: Desk, victim: str) -> None:
    desk.write("one.yaml", order_text())
    sound = desk.apply()
    desk.write("one.yaml", "order: [")
    [path] = desk.state.glob(victim)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    report = desk.compile()
    damaged = [problem for problem in report.problems if "altered" in str(problem)]
    if victim == "kept/*":
        assert damaged
        assert "lost" in str(damaged[0])
        assert report.policy == sound.policy
        desk.write("one.yaml", order_text())
        assert desk.apply().digest == sound.digest
        assert b"".join(path.read_bytes() for path in desk.state.glob(victim)) == order_text().encode()
        return
    assert bool(damaged) == (victim != "sources-*")
    desk.apply()
    assert desk.blocked("pirate.example") == "ta-1"


@pytest.mark.parametrize("room", range(7))
def test_a_full_disk_leaves_what_was(desk: Desk, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    desk.write("one.yaml", order_text())
    desk.apply()
    before = {path: path.stat().st_size for path in desk.state.rglob("*")}
    desk.write("one.yaml", order_text(names=["pirate.example", "more.example"]))
    still = room

    def full_after_some_files(_: int) -> None:
        nonlocal still
        still -= 1
        if still < 0:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_after_some_files)
    with pytest.raises(OSError, match="No space"):
        desk.compile()
    monkeypatch.undo()
    assert {path: path.stat().st_size for path in desk.state.rglob("*")} == before
    assert desk.blocked("pirate.example") == "ta-1"


def test_a_lift_takes_the_place_of_the_reserve_on_a_full_disk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.write("one.yaml", order_text())
    desk.apply()
    make_reserve(desk.state)
    desk.write("one.yaml", order_text(history=[LIFTED]))

    def full_beside_the_reserve(_: int) -> None:
        if (desk.state / "reserve").exists():
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_beside_the_reserve)
    report = desk.apply()
    assert [problem.what for problem in report.problems] == [RESERVE_GIVEN_UP]
    assert desk.blocked("pirate.example") is None
    assert desk.apply().problems == ()


def test_a_pipe_among_the_orders_does_not_hang(desk: Desk) -> None:
    os.mkfifo(desk.orders / "pipe.yaml")
    report = desk.compile()
    assert "not a regular file" in str(report.problems[0])


def test_an_accident_on_many_names_is_refused_and_a_small_order_beside_it_applies(desk: Desk) -> None:
    desk.write("big.yaml", order_text("ta-1", names(1_500)))
    desk.apply()
    desk.write("big.yaml", order_text("ta-1", names(100)))
    desk.write("small.yaml", order_text("ta-2", ["small.example"]))
    report = desk.apply()
    assert [each.order for each in report.refused] == ["ta-1"]
    assert desk.blocked("pirate-1400.example") == "ta-1"
    assert desk.blocked("small.example") == "ta-2"


def long_list(desk: Desk, count: int = 9_000) -> None:
    """Write an order whose names stand in a file of their own, long enough to be remembered."""
    lines = "".join(f"pirate-{number}.example\n" for number in range(count))
    (desk.orders / "names.txt").write_text(lines)
    desk.write("one.yaml", order_text(names=[], measure=["names_file: names.txt"]))


def test_an_index_of_the_same_names_is_not_laid_out_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    long_list(desk)
    before = desk.apply()

    def must_not_be_called(*_: object) -> bytes:
        raise AssertionError("the index was laid out again")

    monkeypatch.setattr("resolver.ops.compile.build_index", must_not_be_called)
    text = order_text(names=[], measure=["names_file: names.txt"], history=[SUSPENDED])
    desk.write("one.yaml", text)
    after = desk.apply()
    assert after.document["index"] == before.document["index"]
    assert desk.blocked("pirate-7.example") is None
    desk.wall += 35 * DAY
    assert desk.blocked("pirate-7.example") == "ta-1"


@pytest.mark.parametrize(
    "change",
    [
        lambda desk: desk.write("one.yaml", order_text(names=["x.example", "y.example"])),
        lambda desk: desk.write("two.yaml", order_text("ta-2", ["other.example"])),
        lambda desk: desk.write("one.yaml", order_text(names=["x.example"], measure=["scope: exact"])),
    ],
    ids=["another name", "another order", "another reach"],
)
def test_an_index_of_other_names_is(desk: Desk, change: Callable[[Desk], object]) -> None:
    desk.write("one.yaml", order_text(names=["x.example"]))
    before = desk.apply()
    change(desk)
    after = desk.compile()
    assert after.document["laid_out"] != before.document["laid_out"]
    assert after.document["index"] != before.document["index"]


def test_copies_stay_until_the_journal_is_pruned(desk: Desk) -> None:
    def copies() -> set[str]:
        return {path.read_text().split("- ")[2].strip() for path in (desk.state / "kept").iterdir()}

    for name in ("a.example", "b.example", "c.example", "d.example"):
        desk.write("one.yaml", order_text(names=[name, "x.example", "y.example"]))
        desk.apply()
    assert copies() == {"a.example", "b.example", "c.example", "d.example"}
    journal = Journal(desk.state)
    named = next(path.name for path in (desk.state / "kept").iterdir() if "- b.example" in path.read_text())
    journal.append([{"kind": "order", "order": "ta-1", "files": [["", named]]}, {"kind": "order", "order": "gone"}])
    journal.close()

    discard_unneeded(desk.state)

    assert copies() == {"b.example", "c.example", "d.example"}


def test_bad_lines_of_a_long_list_refuse_its_order_alone(desk: Desk) -> None:
    long_list(desk)
    desk.write("two.yaml", order_text("ta-2", ["other.example"]))
    desk.apply()
    with (desk.orders / "names.txt").open("a") as file:
        file.write("two words\n" * 100)
    report = desk.apply()
    assert [each.order for each in report.refused] == ["ta-1"]
    assert "100 lines rejected, of which 80 are not shown; 9000 names kept" in str(report.problems[0])
    assert len(report.problems) == 21
    assert (desk.blocked("pirate-7.example"), desk.blocked("other.example")) == ("ta-1", "ta-2")
    desk.write("one.yaml", order_text(names=[], measure=["names_file: names.txt", "on_bad_name: skip"]))
    report = desk.apply()
    assert (report.problems, len(report.warnings)) == ((), 21)


def test_a_long_compilation_tells_how_far_it_is(desk: Desk) -> None:
    long_list(desk)
    told: list[tuple[str, int, int]] = []
    config = Config.model_validate(desk.settings)
    compile_orders(config, desk.wall, None, write=False, tell=lambda *progress: told.append(progress))
    assert list(dict.fromkeys(what.partition(" /")[0] for what, _, _ in told)) == [
        "reading orders",
        "reading",
        "laying out the index",
    ]
    assert all(0 <= done <= of for _, done, of in told)


TYPO = order_text(names=names(4), history=[LIFTED]).replace("case_number", "case_numbr")


def unreadable(path: Path) -> None:
    """Put a pipe in its place, which even root reads no order from."""
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(Path.unlink, id="deleted"),
        pytest.param(unreadable, id="unreadable"),
        pytest.param(lambda path: path.write_text(""), id="emptied"),
        pytest.param(lambda path: path.write_text("order: [\n"), id="no YAML"),
        pytest.param(lambda path: path.write_text("order: ta-1\nauthority: Trib"), id="cut off before its history"),
        pytest.param(lambda path: path.write_text(order_text("ta-9", ["other.example"])), id="another order's"),
        pytest.param(lambda path: path.rename(path.with_name("new.yaml")).write_text("order: ["), id="moved, broken"),
    ],
)
def test_what_a_refused_file_unblocked_stays_so_when_it_cannot_be_read(
    desk: Desk, spoil: Callable[[Path], object]
) -> None:
    path = desk.write("one.yaml", order_text(names=names(4)))
    desk.apply()
    desk.write("one.yaml", TYPO)
    desk.apply()
    assert desk.blocked("pirate-0.example") is None
    spoil(path)
    for _ in range(3):
        assert desk.apply().problems
        assert desk.blocked("pirate-0.example") is None
    assert [order["kept"] for order in desk.compile().document["orders"] if order["id"] == "ta-1"] == [True]


def test_a_readable_file_says_anew_what_it_unblocks(desk: Desk) -> None:
    path = desk.write("one.yaml", order_text(names=names(4)))
    desk.apply()
    desk.write("one.yaml", TYPO)
    desk.apply()
    path.unlink()
    desk.apply()
    desk.write("one.yaml", TYPO.replace("lifted", "appealed"))
    assert desk.apply().problems
    assert desk.blocked("pirate-0.example") == "ta-1"
    path.unlink()
    desk.apply()
    assert desk.blocked("pirate-0.example") == "ta-1"
    desk.write("one.yaml", order_text(names=names(4)))
    assert not desk.apply().problems
    assert desk.blocked("pirate-0.example") == "ta-1"


def test_an_earlier_end_of_a_refused_file_outlives_the_file(desk: Desk) -> None:
    path = desk.write("one.yaml", order_text())
    desk.apply()
    desk.write("one.yaml", order_text(names=["pirate.example", "google.fr"], period="{until: 2026-06-10}"))
    desk.apply()
    path.unlink()
    desk.apply()
    assert desk.blocked("pirate.example") == "ta-1"
    desk.wall += 20 * DAY
    desk.apply()
    assert desk.blocked("pirate.example") is None


def test_a_lift_in_a_second_file_unblocks(desk: Desk) -> None:
    desk.write("one.yaml", order_text())
    desk.apply()
    copy = desk.write("copy.yaml", order_text(names=["copied.example"], history=[LIFTED], period="{until: 2026-02-01}"))
    report = desk.apply()
    assert [Path(each.file).name for each in report.refused] == ["copy.yaml"]
    assert "one.yaml" in str(report.problems[0])
    assert desk.blocked("pirate.example") is None
    copy.write_text("order: [")
    desk.apply()
    assert desk.blocked("pirate.example") is None
    copy.unlink()
    assert desk.apply().problems == ()
    assert desk.blocked("pirate.example") == "ta-1"


def test_a_lift_in_one_of_two_new_files_unblocks(desk: Desk) -> None:
    path = desk.write("one.yaml", order_text())
    desk.apply()
    path.unlink()
    desk.write("two.yaml", order_text(history=[LIFTED]))
    desk.write("three.yaml", order_text())
    desk.apply()
    assert desk.blocked("pirate.example") is None


def test_another_period_in_a_second_file_ends_nothing(desk: Desk) -> None:
    desk.write("one.yaml", order_text())
    desk.apply()
    desk.write("copy.yaml", order_text(names=["copied.example"], period="{until: 2026-02-01}"))
    desk.apply()
    assert desk.blocked("pirate.example") == "ta-1"


def test_a_name_that_only_the_refused_version_lists_is_not_counted(desk: Desk) -> None:
    desk.write("one.yaml", order_text(names=names(4)))
    desk.apply()
    removed = "{date: 2026-05-01, event: names-removed, names: [new.example, pirate-0.example]}"
    desk.write("one.yaml", order_text(names=[*names(4), "new.example", "google.fr"], history=[removed]))
    measure = desk.apply().document["measures"][0]
    assert (measure["counts"], measure["named"]) == ([3, 1], {"pirate-0.example": 1})


def test_a_long_list_that_is_removed_but_for_a_name_names_only_that(desk: Desk) -> None:
    long_list(desk, 12_000)
    lists = ["lists: [{id: annex, file: names.txt}]"]
    history = ["{date: 2026-05-01, event: names-removed, list: annex}"]
    history.append("{date: 2026-05-20, event: names-added, names: [pirate-7.example]}")
    desk.write("one.yaml", order_text(names=[], measure=lists, history=history))
    measure = desk.apply().document["measures"][0]
    assert (measure["counts"], measure["named"]) == ([0, 11_999, 1], {"pirate-7.example": 2})
    assert (desk.blocked("pirate-7.example"), desk.blocked("pirate-8.example")) == ("ta-1", None)


def damage(desk: Desk, content: str) -> None:
    """Flip an octet in the kept copy of this order file."""
    [copy] = [path for path in (desk.state / "kept").iterdir() if path.read_text() == content]
    copy.write_text(content.replace("Paris", "Pariz"))


@pytest.mark.parametrize("broken", ["order: [", "order: ta-1", None], ids=["no YAML", "incomplete", "gone"])
def test_in_doubt_nothing_is_changed(desk: Desk, broken: str | None) -> None:
    path = desk.write("one.yaml", order_text())
    before = desk.apply()
    damage(desk, order_text())
    if broken is None:
        path.unlink()
    else:
        path.write_text(broken)
    desk.write("two.yaml", order_text("ta-2", ["other.example"]))
    for _ in range(2):
        report = desk.apply()
        assert (report.policy, report.digest, report.names) == (before.policy, before.digest, 1)
        said = " | ".join(map(str, report.problems))
        assert "altered" in said
        assert "nothing is changed" in said
        assert (desk.blocked("pirate.example"), desk.blocked("other.example")) == ("ta-1", None)
    path.write_text(order_text(names=["pirate.example", "more.example"]))
    report = desk.apply()
    assert desk.blocked("other.example") == "ta-2"
    assert desk.apply().problems == ()


def test_an_order_of_which_nothing_is_known_but_its_lift_is_let_go(desk: Desk) -> None:
    desk.write("one.yaml", order_text(names=names(4)))
    desk.apply()
    damage(desk, order_text(names=names(4)))
    desk.write("one.yaml", TYPO)
    desk.write("two.yaml", order_text("ta-2", ["other.example"]))
    assert desk.apply().problems
    assert (desk.blocked("pirate-0.example"), desk.blocked("other.example")) == (None, "ta-2")


def test_an_order_that_was_over_is_no_doubt(desk: Desk) -> None:
    path = desk.write("one.yaml", order_text(period="{until: 2026-06-02}"))
    desk.apply()
    damage(desk, order_text(period="{until: 2026-06-02}"))
    path.write_text("order: [")
    desk.write("two.yaml", order_text("ta-2", ["other.example"]))
    desk.wall += 10 * DAY
    assert desk.apply().problems
    assert desk.blocked("other.example") == "ta-2"


def test_what_unblocked_is_lost_and_nothing_is_changed(desk: Desk) -> None:
    path = desk.write("one.yaml", order_text(names=names(4)))
    desk.apply()
    path.write_text(TYPO)
    desk.apply()
    damage(desk, TYPO)
    path.unlink()
    report = desk.apply()
    assert "nothing is changed" in " | ".join(map(str, report.problems))
    assert desk.blocked("pirate-0.example") is None
    path.write_text(TYPO)
    assert "nothing is changed" not in " | ".join(map(str, desk.apply().problems))
    assert desk.blocked("pirate-0.example") is None
