"""Accept-Language chooses among the languages that are there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.notice.languages import choose_language


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "fr"),
        ("en", "en"),
        ("en-GB,en;q=0.9,fr;q=0.8", "en"),
        ("fr;q=0.5, en;q=0.7", "en"),
        ("de, en;q=0.3", "en"),
        ("de", "fr"),
        ("EN-us", "en"),
        ("en;q=0, fr;q=0.1", "fr"),
        ("en;q=0", "fr"),
        ("*", "fr"),
        ("*;q=0.1, en", "en"),
        ("en;q=nonsense", "fr"),
        ("en" + "x" * 10_000, "fr"),
        (",;,q=1", "fr"),
    ],
)
def test_the_highest_weight_wins(accepted: str, language: str) -> None:
    assert choose_language(accepted, ["en", "fr"], "fr") == language


@given(st.text())
def test_whatever_comes_one_that_is_there_is_chosen(accepted: str) -> None:
    assert choose_language(accepted, ["en", "fr"], "fr") in {"en", "fr"}
