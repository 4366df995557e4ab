"""Names to list and names to ask for: made up, of the lengths and endings that real lists have, always the same."""

import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

ZONE: Final = "bench.example"
"""The upstream knows every name below it."""
NOTICE: Final = "192.0.2.80"
REAL_ADDRESS: Final = "192.0.2.10"
"""What the upstream answers."""
UPSTREAM_ZONE: Final = f"* A {REAL_ADDRESS}\n* AAAA 2001:db8::10\n"

_SYLLABLES: Final = (
    "al", "lo", "st", "re", "am", "dp", "fi", "fo", "zo", "ne", "te", "le", "cha", "ga", "mo", "vi", "po", "ra", "ki",
    "xu", "mi", "sa", "tor", "ent", "pla", "hd", "max", "cin", "ema",
)  # fmt: skip  # two lines, not thirty
_ENDINGS: Final = ("com", "net", "org", "to", "tv", "cc", "ru", "me", "io", "ws", "fr", "xyz", "site", "top", "club")
_HOSTS: Final = ("www", "stream", "cdn", "vip")


def listed_names(count: int) -> list[str]:
    """Make so many different names as orders list them."""
    draw = random.Random(7)
    found: dict[str, None] = {}
    while len(found) < count:
        stem = "".join(draw.choices(_SYLLABLES, k=draw.randint(4, 7)))
        number = str(draw.randint(0, 999)) if draw.random() < 0.5 else ""
        host = f"{draw.choice(_HOSTS)}." if draw.random() < 0.2 else ""
        found[f"{host}{stem}{number}.{draw.choice(_ENDINGS)}"] = None
    return list(found)


def cached_names(count: int) -> list[str]:
    """Make so many names that the upstream knows, to be asked for again and again."""
    return [f"host{number}.{ZONE}" for number in range(count)]


def distinct_names(count: int, stem: str, parent: str = ZONE) -> Iterator[str]:
    """Make so many names below another, each for one question."""
    return (f"{stem}{number}x.{parent}" for number in range(count))


def mix(listed: Sequence[str], cached: Sequence[str], count: int) -> Iterator[str]:
    """Draw names to ask for: one in twenty is listed, or a host below a listed name."""
    draw = random.Random(3)
    for _ in range(count):
        if draw.random() < 0.05:
            yield draw.choice(("", "www.")) + draw.choice(listed)
        else:
            yield draw.choice(cached)


def write_questions(path: Path, names: Iterable[str]) -> Path:
    """Write a file of questions for dnsperf."""
    path.write_text("".join(f"{name} A\n" for name in names))
    return path
