"""Whose order it is: which addressees of a measure are us, and which only look like us."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from resolver.orders.model import Addressee, Measure

_LEGAL_FORMS = frozenset(
    {
        "sa",
        "sas",
        "selarl",
        "scop",
        "scic",
        "sasu",
        "sarl",
        "eurl",
        "snc",
        "scs",
        "sca",
        "se",
        "sci",
        "gie",
        "societe",
        "ste",
    }
    | {"ltd", "plc", "llc", "inc", "gmbh", "ag", "bv", "nv", "spa", "srl", "sprl"}
)


@dataclass(frozen=True, slots=True)
class Entity:
    """One company that we are: its name, its SIREN number, and other spellings that orders use for it."""

    name: str
    siren: str | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Brand:
    """Under which name we serve some clients, and which companies we are for them; "" is the operator's own name."""

    name: str
    entities: tuple[Entity, ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """The measure binds us: these of its addressees are ours; none where it addresses nobody by name."""

    addressees: tuple[Addressee, ...]


@dataclass(frozen=True, slots=True)
class NotOurs:
    """The measure binds none of us."""


def binding(measure: Measure, entities: Sequence[Entity]) -> Bound | NotOurs:
    """Tell whether a measure binds one of us: by SIREN first, then by exact spelling; nothing is guessed.

    A measure without addressees binds whoever loads it. Spellings that differ in accents, capitals, punctuation or
    legal form (``Orange`` and ``ORANGE S.A.``) do not bind; `near_matches` reports them.
    """
    if not measure.addressees:
        return Bound(())
    ours = tuple(one for one in measure.addressees if any(_is(entity, one) for entity in entities))
    return Bound(ours) if ours else NotOurs()


def near_matches(measure: Measure, entities: Sequence[Entity]) -> tuple[str, ...]:
    """Say, in a sentence each, which addressees look like one of us but are none, also beside one that is.

    Beside one that is, another SIREN tells for certain that a company of the same name is not us.
    """
    others = [one for one in measure.addressees if not any(_is(entity, one) for entity in entities)]
    bound = len(others) < len(measure.addressees)
    near = (
        _near(entity, one)
        for one in others
        for entity in entities
        if not (bound and entity.siren is not None and one.siren is not None)
    )
    return tuple(dict.fromkeys(sentence for sentence in near if sentence is not None))


def _is(entity: Entity, addressee: Addressee) -> bool:
    if entity.siren is not None and addressee.siren is not None:
        return entity.siren == addressee.siren
    return _composed(addressee.name) in map(_composed, (entity.name, *entity.also))


def _near(entity: Entity, addressee: Addressee) -> str | None:
    spelling = next((one for one in (entity.name, *entity.also) if plain_form(one) == plain_form(addressee.name)), None)
    if spelling is None:
        return None
    if entity.siren is not None and addressee.siren is not None:
        return (
            f"{addressee.name!r} is spelled like our {spelling!r} but has SIREN {addressee.siren}, "
            f"ours is {entity.siren}: correct one of the two"
        )
    return f"{addressee.name!r} looks like our {spelling!r}: if it is, add it to `also` of {entity.name!r}"


@lru_cache(4_096)
def _composed(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split())


_WRITTEN_OUT = re.compile(
    r"\bsociete (?:anonyme|en nom collectif|par actions simplifiee(?: unipersonnelle)?|a responsabilite limitee"
    r"|en commandite(?: simple| par actions)?|europeenne|cooperative)\b"
)


@lru_cache(4_096)
def plain_form(name: str) -> str:
    """Reduce a company's name to what near-matches compare: without accents, capitals, punctuation, legal form."""
    decomposed = unicodedata.normalize("NFKD", name)
    bare = "".join(character for character in decomposed if not unicodedata.combining(character)).casefold()
    bare = _WRITTEN_OUT.sub(" ", " ".join(bare.replace("\u0153", "oe").replace("\xe6", "ae").split()))
    joined = re.sub(r"\b(?:[a-z]\.){2,}[a-z]?\b|\b(?:[a-z]\.){2,}", lambda dotted: dotted[0].replace(".", ""), bare)
    words = [word for word in re.split(r"[^a-z0-9]+", joined) if word]
    return " ".join([word for word in words if word not in _LEGAL_FORMS] or words)
