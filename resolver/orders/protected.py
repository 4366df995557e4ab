"""Which names no order may block by mistake, and where that list comes from."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from resolver.dns.name import ROOT, BadNameError, WireName, ancestors, hierarchy_key, parse_name
from resolver.orders.listed_names import parse_listed
from resolver.orders.model import Place, Problem
from resolver.orders.public_suffixes import PublicSuffixes, public_suffixes
from resolver.orders.yaml_document import YamlDocument, read_yaml

RESOLVER_ARPA = parse_name("resolver.arpa")


class Guarded(NamedTuple):
    """A protected name and why it is."""

    name: WireName
    why: str


@dataclass(frozen=True, slots=True)
class Protected:
    """Names that no rule may equal or cover; ``own`` never, ``shipped`` unless the order says why."""

    own: Mapping[WireName, str]
    shipped: Mapping[WireName, str]
    suffixes: PublicSuffixes
    own_above: Mapping[WireName, Guarded]
    shipped_above: Mapping[WireName, Guarded]
    all_above: frozenset[WireName]
    """Every name that is protected or lies above one, but for the children that `PublicSuffixes.any_child` implies."""
    all_keys: frozenset[bytes]
    """The same names as hierarchy keys."""
    parent_keys: frozenset[bytes]
    """Hierarchy keys of names whose every child may be a public suffix: the root, and `PublicSuffixes.any_child`."""


def protect(own: Mapping[WireName, str], shipped: Mapping[WireName, str] | None = None) -> Protected:
    """Put together what is protected.

    ``own`` holds our names, the notice host and the upstreams' host names, each with what it is ("the notice host");
    ``shipped`` replaces the list that comes with the program.
    """
    always = {RESOLVER_ARPA: "the name of encrypted-resolver discovery (RFC 9462)", **own}
    listed = shipped_names() if shipped is None else shipped
    suffixes, own_above, shipped_above = public_suffixes(), _with_parents(always), _with_parents(listed)
    everything = frozenset().union(own_above, shipped_above, suffixes.plain, suffixes.above)
    keys, parents = map(hierarchy_key, everything), map(hierarchy_key, (ROOT, *suffixes.any_child))
    return Protected(
        always, listed, suffixes, own_above, shipped_above, everything, frozenset(keys), frozenset(parents)
    )


def _with_parents(names: Mapping[WireName, str]) -> dict[WireName, Guarded]:
    """Map each protected name and every name above it to a protected name that a subtree there would cover."""
    above: dict[WireName, Guarded] = {}
    for name, why in names.items():
        for one in ancestors(name):
            above.setdefault(one, Guarded(name, why))
    for name, why in names.items():
        above[name] = Guarded(name, why)
    return above


@cache
def shipped_names() -> Mapping[WireName, str]:
    """Read the protected names that come with the program."""
    source = files("resolver.orders").joinpath("protected.yaml")
    read = read_protected(source.read_bytes(), "protected.yaml")
    assert isinstance(read, dict), read  # ours; a test reads it
    return read


def read_protected(text: bytes, file: str) -> dict[WireName, str] | tuple[Problem, ...]:
    """Read a file of protected names: one mapping from name to the reason."""
    document = read_yaml(text, file)
    if not isinstance(document, YamlDocument):
        return document
    if not isinstance(document.value, dict):
        return (Problem(Place(file, 1, 1), "must hold `name: why it is protected`, one a line"),)
    names: dict[WireName, str] = {}
    problems: list[Problem] = []
    for text_name, why in document.value.items():
        try:
            name = parse_listed(text_name)
        except BadNameError as error:
            problems.append(Problem(document.place((text_name,), key=True), f"{text_name!r} {error}"))
            continue
        if isinstance(why, str) and why:
            names[name] = why
        else:
            problems.append(Problem(document.place((text_name,)), f"{text_name!r} has no reason: say why"))
    return tuple(problems) or names
