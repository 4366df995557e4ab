"""Where a compiled form is looked for, and when it is not used."""

import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from resolver import compiled


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a checkout with one source, and no finder of compiled modules yet."""
    folder = tmp_path / "resolver"
    (folder / "core").mkdir(parents=True)
    (folder / "core" / "made_up.py").write_text("figure = 1\n")
    monkeypatch.setattr(compiled, "_PACKAGE", folder)
    monkeypatch.setattr(sys, "meta_path", [])
    monkeypatch.setenv(compiled.AS_WRITTEN, "0")
    return folder


def test_a_form_made_from_these_sources_is_preferred(package: Path) -> None:
    compiled.home().mkdir(parents=True)
    compiled.prefer_compiled()
    assert len(sys.meta_path) == 1


def test_a_form_made_from_other_sources_is_not_used(package: Path) -> None:
    compiled.home().mkdir(parents=True)
    (package / "core" / "made_up.py").write_text("figure = 2\n")
    compiled.prefer_compiled()
    assert sys.meta_path == []


def test_whoever_wants_the_sources_gets_them(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled.home().mkdir(parents=True)
    monkeypatch.setenv(compiled.AS_WRITTEN, "1")
    compiled.prefer_compiled()
    assert sys.meta_path == []


def test_modules_are_found_by_their_names(package: Path) -> None:
    suffix = EXTENSION_SUFFIXES[0]
    file = compiled.home() / "resolver" / "core" / f"made_up{suffix}"
    file.parent.mkdir(parents=True)
    file.touch()
    compiled.prefer_compiled()
    (finder,) = sys.meta_path
    spec = finder.find_spec("resolver.core.made_up", None)
    assert spec is not None
    assert spec.origin == str(file)
    assert finder.find_spec("resolver.core.other", None) is None


def test_the_tests_run_the_sources() -> None:
    assert compiled.form() == "pure Python"
