"""Accidents that have happened to others, or may: each is refused with its place, and what stands beside it applies."""

from collections.abc import Callable
from pathlib import Path

import pytest

from resolver.core.policy import Block
from tests.unit.ops.desk import Desk, order_text

URGENT = order_text("urgent", ["urgent.example"])
LIFTED = order_text("lifted", ["lifted.example"])
LIFT = order_text("lifted", ["lifted.example"], ["{date: 2026-05-30, event: lifted}"])
STANDING = order_text("ta-1", [f"pirate-{number}.example" for number in range(10)])


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with an order that is in force, and one that was."""
    made = Desk(tmp_path)
    made.settings["operator"] = {
        "name": "Example Télécom",
        "language": "en",
        "contact": "https://complaints.isp.example/blocked",
    }
    made.settings["guard"] = {"own_names": ["notice.isp.example", "dns9.upstream.example"]}
    made.write("one.yaml", STANDING)
    made.write("lifted.yaml", LIFTED)
    assert made.apply().problems == ()
    return made


STANDING_NAMES = [f"pirate-{number}.example" for number in range(10)]
FIRST_NEW = 10 + len(STANDING_NAMES) + 1
NEW, TOP = f"one.yaml:{FIRST_NEW}", "one.yaml:1"
"""The line of the first name that is added, and where a file as a whole is meant."""


def listing(*names: str) -> Callable[[Desk], None]:
    return write(order_text("ta-1", [*STANDING_NAMES, *names]))


def vanish(desk: Desk) -> None:
    (desk.orders / "one.yaml").unlink()


def write(text: str) -> Callable[[Desk], None]:
    def written(desk: Desk) -> None:
        desk.write("one.yaml", text)

    return written


def annexed(content: bytes, sha256: str = "") -> Callable[[Desk], None]:
    def written(desk: Desk) -> None:
        (desk.orders / "annex.txt").write_bytes(content)
        of = f"{{file: annex.txt, sha256: {sha256}}}" if sha256 else "annex.txt"
        desk.write("one.yaml", order_text("ta-1", names=[], measure=[f"names_file: {of}"]))

    return written


@pytest.mark.parametrize(
    ("happens", "places", "says"),
    [
        pytest.param(
            listing("google.fr", "fr.wikipedia.org", "ovh.com"),
            [f"one.yaml:{FIRST_NEW}", f"one.yaml:{FIRST_NEW + 1}", f"one.yaml:{FIRST_NEW + 2}"],
            "17 October 2016",
            id="the test file of 17 October 2016",
        ),
        pytest.param(
            listing("drive.usercontent.google.com"), [NEW], "19 October 2024", id="Google Drive, 2024"
        ),
        pytest.param(listing("google.com"), [NEW], "'google.com' is protected", id="above Google Drive"),
        pytest.param(
            listing("https://sites.example/pirate/page"), [NEW], "URL", id="a URL on a shared host"
        ),
        pytest.param(listing("192.0.2.7"), [NEW], "address", id="an IP address"),
        pytest.param(write(order_text("ta-1", []) + "      []\n"), ["one.yaml:10"], "lists no name", id="no names"),
        pytest.param(annexed(b""), ["one.yaml:10"], "lists no name at all", id="an empty list"),
        pytest.param(annexed(b"\n# nothing\n\n"), ["one.yaml:10"], "lists no name at all", id="a list of comments"),
        pytest.param(
            annexed(b"pirate-0.example\npirate-1.exa", "0" * 64), ["one.yaml:10"], "SHA-256", id="a truncated list"
        ),
        pytest.param(
            annexed(b"pirate-0.example\npirate-1.example\n"), [TOP], "lists 8 of its 10 names no more",
            id="a list that was cut between two lines",
        ),
        pytest.param(
            write(order_text("ta-1", STANDING_NAMES[:5])), [TOP], "lists 5 of its 10 names no more",
            id="half of the names",
        ),
        pytest.param(vanish, [TOP], "neither lifted nor past its end", id="a vanished file"),
        pytest.param(listing("co.uk"), [NEW], "a public suffix", id="a public suffix"),
        pytest.param(listing("github.io"), [NEW], "anybody may have a site", id="a private suffix"),
        pytest.param(listing("fr"), [NEW], "a top-level domain", id="a top-level domain"),
        pytest.param(listing("isp.example"), [NEW], "covers", id="above our own names"),
        pytest.param(listing("notice.isp.example"), [NEW], "our own names", id="the notice host"),
        pytest.param(
            listing("complaints.isp.example"), [NEW], "where subscribers complain", id="the contact"
        ),
        pytest.param(
            listing("upstream.example"), [NEW], "dns9.upstream.example", id="an upstream's host name"
        ),
        pytest.param(listing("resolver.arpa"), [NEW], "RFC 9462", id="resolver.arpa"),
        pytest.param(write(STANDING.replace("decided", "decidde")), [TOP, "one.yaml:4"], "decided", id="a slip"),
        pytest.param(write("\x00" * 400), [TOP], "", id="a file of zeros"),
    ],
)  # fmt: skip  # one accident after the other
def test_the_culprit_is_refused_and_the_rest_applies(
    desk: Desk, happens: Callable[[Desk], None], places: list[str], says: str
) -> None:
    happens(desk)
    desk.write("urgent.yaml", URGENT)
    desk.write("lifted.yaml", LIFT)
    report = desk.apply()
    told = [problem for problem in report.problems if Path(problem.place.file).name == "one.yaml"]
    assert len(told) == len(report.problems)
    assert [str(problem.place).rpartition(":")[0].rpartition("/")[2] for problem in told] == places
    assert all(says in problem.what for problem in told)
    assert [(refusal.order, refusal.kept) for refusal in report.refused] == [("ta-1", True)]
    assert [desk.blocked(name) for name in STANDING_NAMES] == ["ta-1"] * 10, "its last good version stays"
    assert (desk.blocked("urgent.example"), desk.blocked("lifted.example")) == ("urgent", None)
    for name in ("google.fr", "www.google.fr", "fr.wikipedia.org", "isp.example", "bbc.co.uk", "sites.example"):
        assert desk.blocked(name) is None


def test_a_name_in_force_that_becomes_protected_raises_an_alarm_and_stays(desk: Desk) -> None:
    own = desk.orders.parent / "protected.yaml"
    own.write_text("pirate-3.example: needed after all\n")
    desk.settings["guard"] = {"protected": str(own)}
    (alarm,) = desk.apply().problems
    assert (Path(alarm.place.file).name, alarm.place.line) == ("one.yaml", 14)
    assert "needed after all" in alarm.what
    assert "stays blocked" in alarm.what
    assert desk.blocked("pirate-3.example") == "ta-1"
    desk.write("one.yaml", order_text("ta-1", [*STANDING_NAMES, "more.example"]))
    assert len(desk.apply().problems) == 1
    assert desk.blocked("more.example") == "ta-1", "the order lives on"
    desk.write(
        "one.yaml", order_text("ta-1", STANDING_NAMES, top=["allow_protected: [{name: pirate-3.example, why: w}]"])
    )
    assert desk.apply().problems == ()


def test_a_protected_name_may_not_reach_further_than_it_did(desk: Desk) -> None:
    desk.write("one.yaml", order_text("ta-1", ["{name: a.example, scope: exact}", *STANDING_NAMES]))
    desk.apply()
    own = desk.orders.parent / "protected.yaml"
    own.write_text("a.example: needed after all\nw.pirate-3.example: a shop\n")
    desk.settings["guard"] = {"protected": str(own)}
    desk.write("one.yaml", order_text("ta-1", ["a.example", *STANDING_NAMES]))
    report = desk.apply()
    assert [refusal.order for refusal in report.refused] == ["ta-1"]
    verdict = desk.judge("www.a.example")
    assert not isinstance(verdict, Block)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        ("- google.fr\n", "must hold `name: why it is protected`"),
        ("not a name/: why\n", "not a name/"),
    ],
    ids=["missing", "a list", "no name"],
)
def test_a_broken_list_of_protected_names_leaves_the_shipped_one(desk: Desk, content: str | None, says: str) -> None:
    own = desk.orders.parent / "protected.yaml"
    if content is not None:
        own.write_text(content)
    desk.settings["guard"] = {"protected": str(own)}
    desk.write("two.yaml", order_text("ta-2", ["google.fr"]))
    found = {Path(problem.place.file).name: problem.what for problem in desk.apply().problems}
    assert says in found["protected.yaml"]
    assert "the shipped list counts" in found["protected.yaml"]
    assert "17 October 2016" in found["two.yaml"]


def test_an_operators_list_takes_the_place_of_the_shipped_one(desk: Desk) -> None:
    own = desk.orders.parent / "protected.yaml"
    own.write_text("mine.example: ours\n")
    desk.settings["guard"] = {"protected": str(own)}
    desk.write("two.yaml", order_text("ta-2", ["google.fr"]))
    desk.write("three.yaml", order_text("ta-3", ["mine.example"]))
    assert [refusal.order for refusal in desk.apply().refused] == ["ta-3"]
    assert desk.blocked("google.fr") == "ta-2"


@pytest.mark.parametrize(
    ("guard", "names", "refused"),
    [
        ({}, 5, True),
        ({}, 6, False),
        ({"lost_of_order": "51%"}, 5, False),
        ({"lost_of_order": "20%"}, 8, True),
        ({"lost_of_order": "1000%", "many": "1", "lost_of_all": "20%"}, 7, True),
        ({"lost_of_order": "1000%", "many": "5", "lost_of_all": "20%"}, 7, False),
    ],
    ids=["half", "less than half", "other half", "a fifth", "of all", "too few to matter"],
)
def test_the_operator_says_what_an_accident_is(desk: Desk, guard: dict[str, str], names: int, *, refused: bool) -> None:
    desk.settings["guard"] = guard
    desk.write("one.yaml", order_text("ta-1", STANDING_NAMES[:names]))
    assert bool(desk.apply().refused) == refused


def test_too_many_new_names_wait_for_the_plan(desk: Desk) -> None:
    desk.settings["guard"] = {"many": "10", "added_to_all": "200%"}
    desk.write("two.yaml", order_text("ta-2", [f"new-{number}.example" for number in range(22)]))
    assert desk.apply().problems == ()
    desk.write("three.yaml", order_text("ta-3", [f"newer-{number}.example" for number in range(67)]))
    (problem,) = desk.apply().problems
    assert "67 names would come on top of 33" in problem.what
