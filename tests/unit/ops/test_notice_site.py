"""What the page learns of configuration and orders, and what it does not."""

from pathlib import Path
from typing import Any

import pytest

from resolver.notice.decisions import Confidential, Decision
from resolver.notice.site import Site
from resolver.ops.config import Config
from resolver.ops.notice_orders import APPLICANTS, TEXT_OCTETS, published
from resolver.ops.notice_site import LOGO_OCTETS, sites_of
from tests.unit.cli.laws import order


def config(**sections: Any) -> Config:  # noqa: ANN401  # any section
    return Config.model_validate(
        {"operator": {"name": "Free", "contact": "mailto:a@example.net"}, **sections}, context={"folder": Path("/")}
    )


def test_a_brand_that_says_nothing_is_as_the_operator_but_without_his_own_words() -> None:
    written = config(
        brands=[{"name": "Pacifique", "clients": "10.20.0.0/16", "language": "en"}],
        notice={"text": {"fr": "Service juridique"}, "regulator": {"name": "IBPT", "url": None}},
    )
    sites = sites_of(written).sites
    assert sites[""].text == {"fr": "Service juridique"}
    assert sites["Pacifique"] == Site("Pacifique", "en", "mailto:a@example.net", None, "IBPT")


def test_a_site_survives_the_channel() -> None:
    site = sites_of(config(rehearse="2014-06-01", notice={"text": {"fr": "x"}})).sites[""]
    assert Site.from_json(site.to_json()) == site
    assert site.rehearsal


def test_a_logo_is_carried_within_the_page(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text("<svg/>")
    sited = sites_of(config(notice={"logo": str(tmp_path / "logo.svg")}))
    assert sited.sites[""].logo == "data:image/svg+xml;base64,PHN2Zy8+"
    assert sited.problems == ()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("logo.exe", b"", "is none of .svg"),
        ("logo.png", b"x" * (LOGO_OCTETS + 1), "make it smaller"),
        ("logo.gif", None, "cannot be read: No such file"),
    ],
)
def test_a_logo_that_cannot_be_used_is_a_problem_and_left_out(
    tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    sited = sites_of(config(notice={"logo": str(tmp_path / name)}))
    assert sited.sites[""].logo is None
    assert said in sited.problems[0]
    assert name in sited.problems[0]


def test_of_a_confidential_order_only_the_id_goes_on() -> None:
    found = published(order("o", [0], confidential=True))
    assert found == Confidential("o")


def test_texts_of_a_public_order_are_bounded() -> None:
    record = order(
        "o", [0], authority="é" * 5_000, applicants=["A" * 900] * 50, nature="administrative", remedy="r" * 9_000
    )
    found = published(record)
    assert isinstance(found, Decision)
    assert found.administrative
    assert len(found.applicants) == APPLICANTS
    texts = (found.authority, *found.applicants)
    assert max(len(text.encode()) for text in texts) <= TEXT_OCTETS
    assert len((found.remedy or "").encode()) <= 1_000


def test_texts_of_an_order_cannot_turn_the_direction_of_writing() -> None:
    odd = "a\u202eb \u2066c\n\u200fd"
    record = order("o", [0], authority=odd, case_number=odd, title=odd, legal_basis=odd, applicants=[odd], remedy=odd)
    found = published(record)
    assert isinstance(found, Decision)
    texts = (found.authority, found.case_number, found.title, found.legal_basis, *found.applicants, found.remedy)
    assert set(texts) == {"a b c d"}


def test_an_order_of_an_older_policy_has_the_usual_language_and_no_natural_persons() -> None:
    found = published(order("o", [0]))
    assert isinstance(found, Decision)
    assert (found.language, found.natural_applicants, found.remedy) == ("fr", 0, None)


@pytest.mark.parametrize(
    ("notice", "said"),
    [
        ({"listen": "192.0.2.80:443"}, "leave 443 closed"),
        ({"listen": "::1:https"}, "no IP address"),
        ({"text": {"French": "x"}}, "is no language"),
        ({"connections": "1"}, "out of bounds"),
        ({"regulator": {"url": "ftp://x"}}, "pattern"),
    ],
)
def test_what_the_page_cannot_be_is_refused(notice: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        config(notice=notice)


@pytest.mark.parametrize(
    ("listen", "endpoints"),
    [
        (None, []),
        ([], []),
        ("192.0.2.80", ["192.0.2.80:80"]),
        (["192.0.2.80:8080", "[2001:db8::80]:80"], ["192.0.2.80:8080", "[2001:db8::80]:80"]),
    ],
)
def test_where_the_page_listens(listen: Any, endpoints: list[str]) -> None:  # noqa: ANN401  # a column of the table
    assert list(map(str, config(notice={"listen": listen}).notice.listen)) == endpoints


def test_its_addresses_need_a_restart_and_its_texts_do_not() -> None:
    running = config(notice={"listen": "127.0.0.1:1"})
    kept, named = config(notice={"listen": "127.0.0.1:2", "text": {"fr": "x"}}).keeping(running)
    assert named == ("notice.listen",)
    assert str(kept.notice.listen[0]) == "127.0.0.1:1"
    assert kept.notice.text == {"fr": "x"}


def test_a_template_that_changes_changes_the_site(tmp_path: Path) -> None:
    written = config(notice={"templates": str(tmp_path)})
    (tmp_path / "style.css").write_text("body{}")
    before = sites_of(written)
    assert (before.sites[""].templates, before.problems) == (str(tmp_path), ())
    (tmp_path / "style.css").write_text("body{color:red}")
    assert sites_of(written).sites != before.sites


def test_templates_that_cannot_be_read_are_a_problem(tmp_path: Path) -> None:
    sited = sites_of(config(notice={"templates": str(tmp_path / "none")}))
    assert "cannot be read" in sited.problems[0]
