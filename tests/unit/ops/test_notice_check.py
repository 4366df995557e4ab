"""What ``arret check`` finds in the logo and the templates of the page."""

from pathlib import Path
from typing import Any

import pytest

from resolver.ops.config import Config, load_config
from resolver.ops.notice_check import page_problems


def config(folder: Path, notice: str) -> Config:
    """Load a configuration with this section on the page."""
    file = folder / "config.yaml"
    file.write_text(f"operator: {{name: Free}}\nnotice: {notice}\nbrands: []\n")
    loaded = load_config(file)
    assert isinstance(loaded, Config)
    return loaded


@pytest.mark.parametrize(
    ("notice", "file", "content", "said"),
    [
        ("{}", None, "", ""),
        ("{logo: a.svg}", "a.svg", "<svg/>", ""),
        ("{logo: a.svg}", "a.svg", " " * 9_000, "config.yaml:1:1: notice.logo: "),
        ("{logo: a.svg}", None, "", "config.yaml:1:1: notice.logo: "),
        ("{templates: looks}", "looks/blocked.html", "<p>{{ site.operator }}</p>", ""),
        ("{templates: looks}", "looks/blocked.html", "\n\n{% for %}", "looks/blocked.html:3:1: notice.templates: "),
        ("{templates: looks}", "looks/style.css", "{{ x }}", "looks/style.css:1:1: notice.templates: "),
        ("{templates: none}", None, "", "config.yaml:1:1: notice.templates: "),
    ],
)
def test_what_is_found(tmp_path: Path, notice: str, file: str | None, content: str, said: str) -> None:
    (tmp_path / "looks").mkdir()
    if file is not None:
        (tmp_path / file).write_text(content)
    found: list[Any] = [str(each) for each in page_problems(config(tmp_path, notice), f"{tmp_path}/config.yaml")]
    assert bool(found) is bool(said)
    assert all(each.startswith(f"{tmp_path}/{said}") for each in found)
