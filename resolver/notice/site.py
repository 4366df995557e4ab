"""Whose page it is: the operator, whom to write to, and what a reader may do besides."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Site:
    """What the configuration says for the page; replaced whole, never changed.

    ``contact`` is a mailto: or web address for complaints, ``website`` the operator's own; ``regulator`` a name with
    its address; ``logo`` a data: URI; ``text`` the operator's own words by language; ``templates`` a folder of
    templates that go before ours, with what tells whether one of them changed; ``language`` the usual one.
    """

    operator: str
    language: str = "fr"
    contact: str | None = None
    website: str | None = None
    regulator: str | None = None
    regulator_address: str | None = None
    logo: str | None = None
    text: Mapping[str, str] = field(default_factory=dict)
    templates: str | None = None
    templates_digest: str = ""
    rehearsal: bool = False

    def to_json(self) -> dict[str, Any]:
        """Give what ``json.dumps`` can write."""
        return {name: dict(self.text) if name == "text" else getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read back what ``to_json`` gave."""
        return cls(**document)
