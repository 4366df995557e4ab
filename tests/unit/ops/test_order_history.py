"""An entry is put into the right file, or nothing is written and the reason is said."""

from pathlib import Path

import pytest

from resolver.ops.config import Config
from resolver.ops.order_history import add_to_history, find_order_file
from resolver.orders.order_writing import OrderWritingError, Value
from tests.unit.ops.desk import Desk, order_text

ENTRY = {"date": "2026-05-01", "event": "suspended", "why": "a stay"}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write("one.yaml", "# ours\n" + order_text("ta-1", ["one.example"]))
    desk.write("two.yaml", order_text("ta-11", ["two.example"]))
    return desk


def add(desk: Desk, order: str, **entry: Value) -> Path:
    return add_to_history(Config.model_validate(desk.settings), order, {**ENTRY, **entry}).file


def test_an_entry_is_added(desk: Desk) -> None:
    file = add(desk, "ta-1")

    assert file == desk.orders / "one.yaml"
    added = 'history:\n  - {date: 2026-05-01, event: suspended, why: "a stay"}\n'
    assert file.read_text() == "# ours\n" + order_text("ta-1", ["one.example"]) + added


@pytest.mark.parametrize("line", ["order: ta-1", "order:   'ta-1'   # ours", 'order: "ta-1"\r'])
def test_the_file_of_an_order_is_found(desk: Desk, line: str) -> None:
    desk.write("one.yaml", f"title: x\n{line}\n")

    assert find_order_file([desk.orders], "ta-1").name == "one.yaml"


ADDED = 'history: [{date: 2026-05-01, event: suspended, why: "a stay"}]'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "{order: ta-1, %s}\n", f"{{order: ta-1, %s, {ADDED}}}\n",
            id="in braces",
        ),
        pytest.param(
            '{"order": "ta-1", %s}', f'{{"order": "ta-1", %s, {ADDED}}}',
            id="as JSON",
        ),
        pytest.param(
            '"order": ta-1\n"measures": [%s]\n', "", id="other keys in quotes",
        ),
    ],
)  # fmt: skip  # before and after
def test_an_order_in_braces_is_found_and_added_to(desk: Desk, before: str, after: str) -> None:
    if not after:
        desk.write("one.yaml", before % "")
        assert find_order_file([desk.orders], "ta-1").name == "one.yaml"
        return
    desk.write("one.yaml", before % BRACES)
    add(desk, "ta-1")
    assert (desk.orders / "one.yaml").read_text() == after % BRACES


BRACES = (
    'authority: T, case_number: "1", decided: 2026-01-15, measures: [{id: block, kind: dns-block, '
    "addressees: [Example Télécom], period: {until: 2026-12-31}, names: [ta-11.example]}]"
)


@pytest.mark.parametrize(
    ("order", "text", "entry", "said"),
    [
        pytest.param("ta-2", "", {}, "holds order 'ta-2'", id="no such order"),
        pytest.param("ta-11", order_text("ta-11", ["x.example"]), {}, "keep one of them", id="twice"),
        pytest.param("ta-1", "", {"event": "resumed"}, "nothing was suspended", id="against the history"),
        pytest.param("ta-1", "", {"measure": "other"}, "no measure 'other'", id="no such measure"),
    ],
)
def test_what_cannot_be_recorded_leaves_the_file(
    desk: Desk, order: str, text: str, entry: dict[str, str], said: str
) -> None:
    desk.write("three.yaml", text or order_text("ta-3"))
    before = {path: path.read_bytes() for path in desk.orders.iterdir()}

    with pytest.raises(OrderWritingError, match=said):
        add(desk, order, **entry)

    assert {path: path.read_bytes() for path in desk.orders.iterdir()} == before


def test_a_broken_file_is_left_to_be_corrected(desk: Desk) -> None:
    desk.write("one.yaml", "order: ta-1\nmeasures: x\n")

    with pytest.raises(OrderWritingError, match="correct it first"):
        add(desk, "ta-1")


SUSPENDED = "{date: 2026-05-01, event: suspended}"
ONE_SUSPENDED = "{date: 2026-05-01, event: suspended, names: [one.example]}"
LIFTED = "{date: 2026-05-01, event: lifted, names: [one.example]}"
RESUMED = "{date: 2026-05-02, event: resumed}"


@pytest.mark.parametrize(
    ("history", "names"),
    [
        pytest.param([SUSPENDED, RESUMED], [], id="the whole a second time"),
        pytest.param([SUSPENDED, RESUMED, ONE_SUSPENDED, LIFTED], ["one.example"], id="a name that was lifted"),
        pytest.param([ONE_SUSPENDED], ["two.example"], id="another name than the one suspended"),
    ],
)
def test_what_is_not_suspended_cannot_be_resumed(desk: Desk, history: list[str], names: list[str]) -> None:
    written = "\nhistory:\n" + "".join(f"  - {each}\n" for each in history)
    desk.write("one.yaml", order_text("ta-1", ["one.example", "two.example"]).rstrip("\n") + written)
    before = (desk.orders / "one.yaml").read_bytes()
    entry = {"date": "2026-05-03", "event": "resumed"} | ({"names": names} if names else {})

    with pytest.raises(OrderWritingError, match="nothing is suspended that this would bring back"):
        add_to_history(Config.model_validate(desk.settings), "ta-1", entry)

    assert (desk.orders / "one.yaml").read_bytes() == before


FOR_A_WEEK = "{date: 2026-05-01, event: suspended, until: 2026-05-07}"
ALL_LIFTED = "{date: 2026-05-01, event: lifted}"


@pytest.mark.parametrize(
    ("history", "event", "names"),
    [
        pytest.param([SUSPENDED], "suspended", [], id="suspended twice"),
        pytest.param([FOR_A_WEEK, SUSPENDED], "suspended", [], id="suspended for longer"),
        pytest.param([SUSPENDED], "suspended", ["one.example"], id="a name of what is suspended as a whole"),
        pytest.param([ONE_SUSPENDED], "suspended", ["one.example"], id="a suspended name"),
        pytest.param([ALL_LIFTED], "suspended", [], id="suspended after it was lifted"),
        pytest.param([ALL_LIFTED], "lifted", [], id="lifted twice"),
        pytest.param([ALL_LIFTED], "lifted", ["two.example"], id="a name of what is lifted as a whole"),
        pytest.param([LIFTED], "lifted", ["one.example"], id="a lifted name"),
        pytest.param([LIFTED], "suspended", ["one.example"], id="a lifted name suspended"),
    ],
)
def test_what_changes_nothing_is_refused(desk: Desk, history: list[str], event: str, names: list[str]) -> None:
    written = "\nhistory:\n" + "".join(f"  - {each}\n" for each in history)
    desk.write("one.yaml", order_text("ta-1", ["one.example", "two.example"]).rstrip("\n") + written)
    before = (desk.orders / "one.yaml").read_bytes()
    entry: dict[str, Value] = {"date": "2026-05-03T10:00:00Z", "event": event}

    with pytest.raises(OrderWritingError, match="already, so nothing was written"):
        add_to_history(Config.model_validate(desk.settings), "ta-1", entry | ({"names": names} if names else {}))

    assert (desk.orders / "one.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("history", "entry"),
    [
        pytest.param([SUSPENDED], {"event": "lifted"}, id="lifted while it is suspended"),
        pytest.param([SUSPENDED], {"event": "lifted", "names": ["one.example"]}, id="a name of it"),
        pytest.param([FOR_A_WEEK], {"event": "suspended", "until": "2026-06-01"}, id="a later end"),
        pytest.param([ONE_SUSPENDED], {"event": "suspended"}, id="the whole after a name"),
        pytest.param([LIFTED], {"event": "lifted"}, id="the rest"),
    ],
)
def test_what_changes_something_is_written(desk: Desk, history: list[str], entry: dict[str, Value]) -> None:
    written = "\nhistory:\n" + "".join(f"  - {each}\n" for each in history)
    desk.write("one.yaml", order_text("ta-1", ["one.example", "two.example"]).rstrip("\n") + written)

    assert add(desk, "ta-1", **{"date": "2026-05-03T10:00:00Z", **entry}).is_file()


def test_one_of_two_suspended_names_is_resumed(desk: Desk) -> None:
    written = f"\nhistory:\n  - {ONE_SUSPENDED}\n"
    desk.write("one.yaml", order_text("ta-1", ["one.example", "two.example"]).rstrip("\n") + written)

    assert add(desk, "ta-1", date="2026-05-02", event="resumed", names=["one.example", "two.example"]).is_file()
