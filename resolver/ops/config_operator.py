"""The part of a configuration that says who we are, to whom, and whom no order binds for a while."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from resolver.ops.config_types import Network, Section, as_list
from resolver.ops.config_values import parse_ipv4, parse_ipv6
from resolver.orders.dates import parse_moment

CONTACT = r"^(mailto:[^@\s]+@[^@\s]+|https?://\S+)$"
WEBSITE = r"^https?://\S+$"
Networks = Annotated[tuple[Network, ...], BeforeValidator(as_list), Field(min_length=1)]


class EntityConfig(Section):
    """One legal person that we are, as orders may call it."""

    name: str = Field(min_length=1)
    siren: str | None = Field(default=None, pattern=r"^[0-9]{9}$")
    also: tuple[str, ...] = ()


class OperatorConfig(Section):
    """Who runs this resolver: the name shown to subscribers, and who we are in the orders."""

    name: str = Field(min_length=1)
    entities: tuple[EntityConfig, ...] = ()
    addressee_names: tuple[str, ...] = ()
    contact: str | None = Field(default=None, pattern=CONTACT)
    website: str | None = Field(default=None, pattern=WEBSITE)
    language: Literal["fr", "en"] = "fr"

    @property
    def who_we_are(self) -> tuple[EntityConfig, ...]:
        """Every entity; the operator's own name stands alone where none is given."""
        named = self.entities + tuple(EntityConfig(name=name) for name in self.addressee_names)
        return named or (EntityConfig(name=self.name),)


class PageAddresses(Section):
    """Where a blocked name points to for the subscribers of a brand."""

    ipv4: Annotated[str, BeforeValidator(parse_ipv4)] | None = None
    ipv6: Annotated[str, BeforeValidator(parse_ipv6)] | None = None


class BrandConfig(Section):
    """Another name under which we serve some networks; what it does not say is as with the operator."""

    name: str = Field(min_length=1)
    clients: Networks
    entities: tuple[EntityConfig, ...] = ()
    addressee_names: tuple[str, ...] = ()
    contact: str | None = Field(default=None, pattern=CONTACT)
    website: str | None = Field(default=None, pattern=WEBSITE)
    language: Literal["fr", "en"] | None = None
    notice: PageAddresses = PageAddresses()

    @property
    def who_we_are(self) -> tuple[EntityConfig, ...]:
        """Every entity of the brand; its own name stands alone where none is given."""
        named = self.entities + tuple(EntityConfig(name=name) for name in self.addressee_names)
        return named or (EntityConfig(name=self.name),)


class ExemptionConfig(Section):
    """Networks that some orders do not bind until a day or an instant; always with an end, and a reason."""

    clients: Networks
    orders: Annotated[tuple[str, ...], BeforeValidator(as_list)] = ()
    legal_basis: str | None = Field(default=None, min_length=1)
    why: str = Field(min_length=1)
    until: date | datetime

    @field_validator("until", mode="before")
    @classmethod
    def _read_moment(cls, text: object) -> object:
        return parse_moment(text) if isinstance(text, str) else text

    @model_validator(mode="after")
    def _says_what(self) -> "ExemptionConfig":
        if bool(self.orders) == (self.legal_basis is not None):
            raise ValueError("an exemption says from what, in one way: orders: [ID, …], or legal_basis: TEXT")
        return self
