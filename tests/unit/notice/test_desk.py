"""What the page says: of public orders all, of others nothing, of names that are not blocked no accusation."""

import json
from datetime import datetime
from http import HTTPStatus
from pathlib import Path

import pytest

from resolver.core.admission import ALLOWED, Admission
from resolver.core.policy_entries import load_policy
from resolver.notice.decisions import Confidential
from resolver.notice.desk import Desk, wants_json
from resolver.notice.holdings import Holdings
from resolver.notice.pages import LARGEST, PageError, Pages
from resolver.notice.site import Site
from tests.unit.notice.worlds import SECRET, SITE, TRANSLATIONS, decision, desk, get, two_orders
from tests.worlds import WALL, measure, policy

HOSTILE = "<script>alert('x')</script>\"&"


def test_all_public_orders_are_told_the_deciding_one_first() -> None:
    page = get(desk(two_orders())).body.decode()
    assert page.index("RG ta-1") < page.index("RG ta-2")
    assert get(desk(two_orders())).order == "ta-1"


def test_a_confidential_order_says_nothing_of_itself() -> None:
    at = desk(None, SECRET)
    for answer in (get(at), get(at, accept="application/json")):
        assert answer.status == 451
        assert not any(word in answer.body.decode() for word in ("ta-1", "Tribunal", "2013", "tierce"))
    assert json.loads(get(at, accept="application/json").body)["orders"] == []


def test_beside_a_public_order_a_confidential_one_is_not_even_counted() -> None:
    page = get(desk(two_orders({"rank": [1, 1, "2021-01-01"]}), Confidential("ta-2"))).body.decode()
    assert "RG ta-1" in page
    assert "2 d" not in page.partition("<h2>")[2].partition("</h2>")[0]


def test_what_is_only_observed_is_not_told() -> None:
    assert "RG ta-2" not in get(desk(two_orders({"observe": True}))).body.decode()


def test_an_order_that_is_over_is_not_told() -> None:
    assert "RG ta-2" not in get(desk(two_orders({"timelines": [[[0.0, WALL - 1]]]}))).body.decode()
    over = policy(measure(timelines=[[[0.0, WALL - 1]]]), names=[("pirate.example", 0)])
    assert get(desk(over)).status == 421


def test_a_page_changes_with_the_clock() -> None:
    now = [WALL]
    law = policy(measure(timelines=[[[0.0, WALL + 10]]]), names=[("pirate.example", 0)])
    pages = {"": Pages.open(SITE, TRANSLATIONS)}
    at = Desk(Holdings(law, {"ta-1": decision()}, WALL), pages, "d", lambda: now[0])
    assert get(at).status == 451
    now[0] += 10
    assert get(at).status == 421
    now[0] -= 10
    assert get(at).status == 451


def test_a_name_that_is_not_blocked_is_not_accused() -> None:
    answer = get(desk(), "fine.example")
    assert (answer.status, answer.order) == (421, "")
    assert "fine.example" not in answer.body.decode()
    assert "Link" not in answer.headers


def test_every_text_is_escaped() -> None:
    order = decision(
        authority=HOSTILE,
        case_number=HOSTILE,
        title=HOSTILE,
        legal_basis=HOSTILE,
        applicants=(HOSTILE,),
        remedy=HOSTILE,
    )
    site = Site(HOSTILE, contact="mailto:a@example.net", regulator=HOSTILE, text={"fr": HOSTILE, "en": HOSTILE})
    page = get(desk(None, order, site=site)).body.decode()
    assert "<script" not in page
    assert page.count("&lt;script&gt;") > 10


@pytest.mark.parametrize(
    "text", ["x" * 300, "\"'<>&" * 60, "é" * 150, "😀" * 75], ids=["plain", "escaped", "accents", "astral"]
)
def test_sixty_orders_with_long_texts_stay_below_thirty_kilobytes(text: str) -> None:
    measures = [measure(order=f"ta-{number}") for number in range(60)]
    law = policy(*measures, names=[("pirate.example", number) for number in range(60)])
    long = [
        decision(f"ta-{number}", authority=text, title=text, legal_basis=text, applicants=(text,) * 20, remedy=text * 3)
        for number in range(60)
    ]
    page = get(desk(law, *long)).body
    assert len(page) <= LARGEST
    assert page.endswith(b"</html>")
    assert "60 décisions" in page.decode()


def test_programs_learn_instants_and_who_blocks() -> None:
    law = policy(measure(timelines=[[[0.0, WALL + 10]]]), names=[("pirate.example", 0)])
    told = json.loads(get(desk(law), accept="application/json").body)
    assert told["blocked_by"] == {"name": "Example Télécom", "contact": "mailto:blocage@example.net"}
    (span,) = told["orders"][0]["in_force"]
    assert span["since"] == "1970-01-01T00:00:00Z"
    assert datetime.fromisoformat(span["until"]).timestamp() == WALL + 10
    assert span["words"].startswith("du 1er janvier 1970 au ")
    law = policy(measure(), names=[("pirate.example", 0)])
    assert json.loads(get(desk(law), accept="application/json").body)["orders"][0]["in_force"][0]["until"] is None


def test_of_a_name_that_is_free_nobody_is_said_to_block_it() -> None:
    told = json.loads(get(desk(), "fine.example", accept="application/json").body)
    assert "blocked_by" not in told
    assert told["operator"]["name"] == "Example Télécom"


def test_natural_persons_are_counted_and_never_named() -> None:
    page = get(desk(None, decision(applicants=("APC",), natural_applicants=2))).body.decode()
    assert "APC</span>, 2 personnes physiques" in page


def test_rehearsal_is_said_everywhere() -> None:
    at = desk(site=Site("X", rehearsal=True))
    assert all("REHEARSAL" in get(at, host).body.decode() for host in ("pirate.example", "fine.example", "<"))
    assert json.loads(get(at, accept="application/json").body)["rehearsal"] is True


def test_the_order_s_own_remedy_goes_before_ours_in_its_language() -> None:
    page = get(desk(None, decision(remedy="Einspruch beim Gericht", language="de"))).body.decode()
    assert '<blockquote lang="de">Einspruch beim Gericht</blockquote>' in page
    assert "tierce opposition" not in page


def test_without_a_contact_the_customer_service_is_named() -> None:
    page = get(desk(site=Site("Example Télécom"))).body.decode()
    assert "service clients de Example Télécom" in page
    assert "mailto:" not in page
    assert "Link" not in get(desk(site=Site("X"))).headers


@pytest.mark.parametrize(
    ("accept", "json_wanted"),
    [
        ("", False),
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("application/problem+json", True),
        ("application/json, text/html", True),
        ("*/*", False),
        ("image/png", False),
    ],
)
def test_json_is_for_who_asks_for_it(accept: str, json_wanted: bool) -> None:  # noqa: FBT001  # a column of the table
    assert wants_json(accept) == json_wanted
    assert (
        get(desk(), accept=accept)
        .headers["Content-Type"]
        .startswith("application/problem+json" if json_wanted else "text/html")
    )


def test_the_subject_of_an_unreadable_request_is_not_repeated() -> None:
    for host in (HOSTILE, "a" * 300, "x\x01y"):
        answer = get(desk(), host)
        assert answer.status == 400
        assert "script" not in answer.body.decode().partition("</style>")[2]
        assert "aaaa" not in answer.body.decode()


class TestBrands:
    INDEX = policy(measure(), measure(), names=[("ours.example", 0), ("theirs.example", 1)]).index
    LAW = load_policy(
        {
            "digest": "d",
            "measures": [measure(order="ta-1"), measure(order="ta-2", brand="Pacifique", listed_as=1)],
            "brands": [{"name": "Pacifique", "clients": ["10.20.0.0/16"]}],
        },
        INDEX,
        {},
    )

    def desk(self) -> Desk:
        pages = {"": Pages.open(SITE, TRANSLATIONS), "Pacifique": Pages.open(Site("Pacifique", "en"), TRANSLATIONS)}
        holdings = Holdings(self.LAW, {"ta-1": decision(), "ta-2": decision("ta-2")}, WALL)
        return Desk(holdings, pages, "d", lambda: WALL, Admission(["10.0.0.0/8"], self.LAW.brands))

    @pytest.mark.parametrize(
        ("client", "host", "status", "operator"),
        [
            ("10.20.0.1", "theirs.example", 451, "Pacifique"),
            ("10.20.0.1", "ours.example", 421, "Pacifique"),
            ("10.1.0.1", "ours.example", 451, "Example Télécom"),
            ("10.1.0.1", "theirs.example", 421, "Example Télécom"),
            ("::ffff:10.20.0.1", "theirs.example", 451, "Pacifique"),
            ("203.0.113.1", "ours.example", 451, "Example Télécom"),
        ],
    )
    def test_each_has_its_orders_and_its_page(self, client: str, host: str, status: int, operator: str) -> None:
        at = self.desk()
        answer = at.answer("GET", [host], "", "", host_required=True, view=at.view(client))
        assert answer.status == status
        assert f'class="operator">{operator}<' in answer.body.decode()

    def test_without_them_no_address_is_looked_at(self) -> None:
        assert not desk().knows_brands
        assert desk().view("no address at all") is ALLOWED


class TestTemplates:
    def test_an_operator_replaces_what_he_likes(self, tmp_path: Path) -> None:
        (tmp_path / "nothing.html").write_text("<p>{{ site.operator }} says: {{ t.free_text }}</p>")
        page = get(desk(site=Site("Us <b>", templates=str(tmp_path))), "fine.example").body.decode()
        assert "Us &lt;b&gt; says: Aucune décision" in page
        assert "RG ta-1" in get(desk(site=Site("X", templates=str(tmp_path)))).body.decode()

    @pytest.mark.parametrize("file", ["notice.html", "nothing.html", "blocked.html", "style.css"])
    @pytest.mark.parametrize(
        "content",
        [
            b"\n{% if %}",
            b"\n{{ nobody.knows }}",
            b"\n{{ ''.__class__.__mro__ }}",
            b"\n{{ 1 / 0 }}",
            b"\n{% include 'none' %}",
            b"\n\xff",
        ],
    )
    def test_what_cannot_be_used_is_refused_by_file_and_line(self, tmp_path: Path, file: str, content: bytes) -> None:
        (tmp_path / file).write_bytes(content)
        with pytest.raises(PageError) as caught:
            Pages.open(Site("X", templates=str(tmp_path)), TRANSLATIONS)
        assert str(caught.value).startswith(f"{tmp_path / file}:2: ")

    def test_what_only_some_orders_call_for_is_tried_too(self, tmp_path: Path) -> None:
        (tmp_path / "blocked.html").write_text("{% if not notice.holdings %}\n{{ none.of_this }}{% endif %}")
        with pytest.raises(PageError, match=r"blocked\.html:2: "):
            Pages.open(Site("X", templates=str(tmp_path)), TRANSLATIONS)

    def test_a_page_that_is_too_large_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "style.css").write_text("/*" + "x" * LARGEST + "*/")
        with pytest.raises(PageError, match="30000"):
            Pages.open(Site("X", templates=str(tmp_path)), TRANSLATIONS)

    def test_a_folder_that_cannot_be_read_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(PageError, match="none cannot be read"):
            Pages.open(Site("X", templates=str(tmp_path / "none")), TRANSLATIONS)

    def test_a_file_that_is_being_edited_changes_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "nothing.html").write_text("before")
        at = desk(site=Site("X", templates=str(tmp_path)))
        (tmp_path / "nothing.html").write_text("{% if")
        assert "before" in get(at, "fine.example").body.decode()

    def test_the_security_policy_fits_the_style(self, tmp_path: Path) -> None:
        (tmp_path / "style.css").write_text("body{color:red}")
        ours, theirs = Pages.open(SITE, TRANSLATIONS), Pages.open(Site("X", templates=str(tmp_path)), TRANSLATIONS)
        assert ours.policy != theirs.policy
        assert "<style>body{color:red}</style>" in theirs.nothing("fr", "free_").decode()


def test_finished_pages_are_kept_by_what_was_found_and_boundedly() -> None:
    at = desk()
    for number in range(600):
        assert get(at, f"x{number}.pirate.example").status == HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS
    assert len(at._kept) == 1
