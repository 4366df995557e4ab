"""The notice page in a real Chromium, which asks the running resolver for the blocked names."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.browser.walk import AXE, ROOT, VIEWS, View
from tests.integration.running_server import PATIENCE

Seen = dict[str, dict[str, Any]]

FRENCH, ENGLISH = "L’accès à ce site est bloqué", "Access to this site is blocked"
SAID = {
    "french": (FRENCH, "Tribunal de grande instance de Paris", "28 novembre 2013", "RG 11/60013", "APC, FNDF, SEVN",
               "du 27 janvier 2014 au 27 janvier 2015 inclus", "REHEARSAL", "dpstream.tv", "C’est une erreur"),
    "english-dark": (ENGLISH, "28 November 2013", "from 27 January 2014 to 27 January 2015", "This is a mistake",
                     "The regulator", "The decision itself"),
    "phone": (FRENCH,),
    "print": (FRENCH, "RG 11/60013"),
    "switched": (ENGLISH, "RG 11/60013"),
    "two-orders": ("Les 2 décisions", "ARJEL 2014-7", "RG 14/8", "une personne physique", "sans terme fixé",
                   "Recours devant le tribunal administratif dans les deux mois."),
    "international": ("bücher.example (xn--bcher-kva.example)",),
    "confidential": (ENGLISH, "Its decision is not public", "secret.example"),
    "confidential-dark-phone": (FRENCH, "Sa décision n’est pas publique"),
    "not-blocked": ("Ce nom n’est pas bloqué",),
    "not-blocked-over-ipv6": ("This name is not blocked",),
    "own": (FRENCH, "RG 11/60013", "Service juridique, <Paris>"),
    "own-dark-phone": (ENGLISH, "Legal desk, <Paris>"),
    "not-blocked-own": ("Free : Aucune décision en vigueur", "Service juridique, <Paris>"),
}  # fmt: skip  # a view a paragraph


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Walk through every view, in a network of its own where the resolver may have port 53 and the page port 80."""
    assert AXE.exists(), "make test installs axe-core"
    folder = tmp_path_factory.mktemp("walk")
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    done = subprocess.run(
        ["unshare", *as_root, "--net", "--mount", sys.executable, "-m", "tests.browser.walk", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=10 * PATIENCE,
        check=False,
    )
    assert done.returncode == 0, f"needs root, or namespaces for users:\n{done.stderr}"
    found: Seen = json.loads((folder / "seen.json").read_text())
    return found


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
class TestEveryView:
    def test_says_what_it_must(self, seen: Seen, view: View) -> None:
        page = seen[view.name]
        assert page["status"] == (421 if view.name.startswith("not-blocked") else 451)
        assert [said for said in SAID[view.name] if said not in page["text"]] == []
        assert page["title"]

    def test_is_accessible(self, seen: Seen, view: View) -> None:
        assert seen[view.name]["violations"] == []
        assert seen[view.name]["passes"] > 10

    def test_loads_and_leaves_nothing(self, seen: Seen, view: View) -> None:
        page = seen[view.name]
        assert (page["loaded"], page["cookies"], page["octets"] < 30_000) == ([], "", True)
        assert [line for line in page["console"] if "Content Security" in line] == []

    def test_fits_its_width_and_wears_its_colours(self, seen: Seen, view: View) -> None:
        page = seen[view.name]
        assert page["overflow"] == 0
        brightness = sum(map(int, page["background"].removeprefix("rgb(").removesuffix(")").split(","))) / 3
        assert (brightness < 60) == view.dark

    def test_shows_one_language_and_a_way_to_the_other(self, seen: Seen, view: View) -> None:
        page = seen[view.name]
        shown = "en" if view.click == "English" or view.language.startswith("en") else "fr"
        assert page["articles"] == [shown]
        assert ("#fr" if shown == "en" else "#en") in page["links"]
        assert page["switch_shown"] == (view.media != "print")


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_the_logo_is_shown_where_there_is_one(seen: Seen, view: View) -> None:
    assert [width > 0 for width in seen[view.name]["pictures"]] == ([True] if view.own else [])


def test_the_court_s_words_are_marked_as_french_on_the_english_page(seen: Seen) -> None:
    assert "fr" in seen["english-dark"]["languages"]


def test_a_complaint_carries_name_and_reference(seen: Seen) -> None:
    (link,) = [link for link in seen["english-dark"]["links"] if link.startswith("mailto:")]
    assert link.startswith("mailto:blocage@example.net?subject=Block%20of%20dpstream.tv%2C%20reference%202014")


def test_a_confidential_order_stays_unnamed(seen: Seen) -> None:
    assert not any(word in seen["confidential"]["text"] for word in ("Lyon", "RG", "tj-2014-9", "2014-03"))


def test_https_is_refused_at_once(seen: Seen) -> None:
    assert "ERR_CONNECTION_REFUSED" in seen["https"]["why"]
    assert seen["https"]["seconds"] < PATIENCE / 2


def test_the_pictures_in_the_documents_are_there() -> None:
    named = {path.name for path in (ROOT / "docs" / "images").iterdir()}
    assert named == {"notice-french.png", "notice-english-dark.png", "notice-phone.png"}
    assert all(Path(ROOT / "docs" / "images" / name).stat().st_size < 200_000 for name in named)
