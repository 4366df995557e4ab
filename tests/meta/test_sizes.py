"""A file answers one question; one that has grown past four hundred lines answers several."""

from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
LONGEST: Final = 400


@pytest.mark.parametrize(
    "path", sorted((ROOT / "resolver").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_no_file_is_long(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST
