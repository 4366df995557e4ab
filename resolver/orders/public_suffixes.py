"""Which names are public suffixes, under which anybody may register: ``fr``, ``co.uk``, ``github.io``.

The rules are those of publicsuffix.org; their format: https://github.com/publicsuffix/list/wiki/Format
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

from resolver.dns.name import ROOT, WireName, ancestors, parse_name

_RULES_AT_ONCE: Final = 256


class Section(StrEnum):
    """Who put a suffix on the list: registries of top-level domains, or companies for their customers."""

    ICANN = "ICANN"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class PublicSuffixes:
    """The rules: plain suffixes, parents whose every child is a suffix (``*.ck``), and exceptions (``!www.ck``)."""

    plain: dict[WireName, Section]
    any_child: dict[WireName, Section]
    exceptions: frozenset[WireName]
    above: dict[WireName, tuple[WireName, Section]]
    """A name above suffixes, and one of those, of the ICANN section if there is one."""

    def section(self, name: WireName) -> Section | None:
        """Tell whether a name is itself a public suffix; a top-level domain always is."""
        if name in self.plain:
            return self.plain[name]
        parent = WireName(name[1 + name[0] :]) if name != ROOT else ROOT
        if parent == ROOT:
            return Section.ICANN
        return None if name in self.exceptions else self.any_child.get(parent)

    def registered_domain(self, name: WireName) -> WireName:
        """Find the name at or above a name that somebody registered: one label below the longest public suffix.

        A public suffix is its own. Names without a listed suffix count as registered below their top-level domain.
        This is `section` of one name above another, written flat: it is asked for each question while a flood lasts.
        """
        registered = position = 0
        rest: bytes = name
        while length := rest[0]:
            above = rest[1 + length :]
            if rest in self.plain or above == ROOT or (above in self.any_child and rest not in self.exceptions):
                break
            registered = position
            position += 1 + length
            rest = above
        return WireName(name[registered:])

    def covered(self, name: WireName) -> tuple[WireName, Section] | None:
        """Tell a public suffix that lies below a name, if there is one."""
        return self.above.get(name)


def go_on() -> None:
    """Pause for nobody."""


@cache
def public_suffixes() -> PublicSuffixes:
    """Read the list that the publicsuffixlist package ships, once."""
    return shipped_suffixes()


def shipped_suffixes(pause: Callable[[], None] = go_on) -> PublicSuffixes:
    """Read that list; ``pause`` is called every millisecond or so, to let other threads go on."""
    source = files("publicsuffixlist").joinpath("public_suffix_list.dat")
    return read_suffixes(source.read_text(encoding="utf-8"), pause)


def read_suffixes(text: str, pause: Callable[[], None] = go_on) -> PublicSuffixes:
    """Read a list in the format of publicsuffix.org."""
    plain: dict[WireName, Section] = {}
    any_child: dict[WireName, Section] = {}
    exceptions: set[WireName] = set()
    for number, (rule, section) in enumerate(_rules(text)):
        if not number % _RULES_AT_ONCE:
            pause()
        if rule.startswith("!"):
            exceptions.add(_wire(rule[1:]))
        elif rule.startswith("*."):
            any_child[_wire(rule[2:])] = section
        else:
            plain[_wire(rule)] = section
    return PublicSuffixes(plain, any_child, frozenset(exceptions), _above(plain, any_child, pause))


def _rules(text: str) -> Iterator[tuple[str, Section]]:
    section = Section.ICANN
    for line in text.splitlines():
        if "===BEGIN PRIVATE DOMAINS===" in line:
            section = Section.PRIVATE
        words = line.split()
        if words and not words[0].startswith("//"):
            yield words[0], section


def _wire(rule: str) -> WireName:
    """Write a rule as a wire name; the list is in normal form, so its letters need no more than RFC 3492's encoding."""
    return parse_name(".".join(_ascii_label(label) for label in rule.split(".")))


def _ascii_label(label: str) -> str:
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")


def _above(
    plain: dict[WireName, Section], any_child: dict[WireName, Section], pause: Callable[[], None]
) -> dict[WireName, tuple[WireName, Section]]:
    above: dict[WireName, tuple[WireName, Section]] = {}
    for suffix, section in any_child.items():
        above[suffix] = (suffix, section)
    for rules in (plain, any_child):
        for number, (suffix, section) in enumerate(rules.items()):
            if not number % _RULES_AT_ONCE:
                pause()
            for name in ancestors(suffix):
                if name not in {suffix, ROOT} and (name not in above or section is Section.ICANN):
                    above[name] = (suffix, section)
    return above
