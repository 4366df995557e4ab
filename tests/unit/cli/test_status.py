"""What ``arret status`` prints of what the server told it."""

import pytest

from resolver.cli.status import all_in_force, say_status


def test_warnings_are_told_too(capsys: pytest.CaptureFixture[str]) -> None:
    say_status(
        {
            "version": "1", "query_path": "compiled", "pid": 1, "started": "today", "config": "c", "listen": [],
            "metrics": None, "notice": {"listen": [], "pid": None, "digest": None, "restarts": 0},
            "order_clock": 0.0, "digest": None, "orders": 0, "names": 0, "rehearsal": None, "workers": [],
            "journal": {"entries": 9, "head": "ab", "waiting": 0, "begun_anew": {"time": "then", "why": "it was cut"}},
            "reload": {
                "ok": True, "time": "now", "last_success": "now", "problems": ["/a:1:1: broken"],
                "warnings": ["/b:1:1: no order file is here"], "successes": 1, "failures": 0,
            },
        }
    )  # fmt: skip  # a status at a glance

    told = capsys.readouterr().err.splitlines()
    assert told == [
        "the journal was begun anew at then: it was cut",
        "refused: /a:1:1: broken",
        "warning: /b:1:1: no order file is here",
    ]


@pytest.mark.parametrize(
    ("page", "in_force"),
    [("d", True), (None, False), ("e", False)],
    ids=["the page is served", "the page is not served", "an older page"],
)
def test_without_workers_the_page_is_what_counts(page: str | None, in_force: bool) -> None:  # noqa: FBT001  # a column
    assert all_in_force({"workers": [], "digest": "d", "notice": {"digest": page}}) == in_force
