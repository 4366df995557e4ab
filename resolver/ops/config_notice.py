"""The section of the configuration that is about the page: where blocked names point to, and what it shows."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from resolver.ops.config_types import Count, FilePath, Section, as_list, between, written
from resolver.ops.config_values import Endpoint, parse_endpoint, parse_ipv4, parse_ipv6

_LANGUAGE = re.compile(r"[a-z]{2,3}")


def _parse_page_endpoint(text: object) -> Endpoint:
    endpoint = parse_endpoint(text, default_port=80)
    if endpoint.port == 443:
        raise ValueError(
            "the page has no certificate for names that are not ours, so it cannot stand at port 443; use port 80 and "
            "leave 443 closed"
        )
    return endpoint


def _none_is_empty(value: object) -> object:
    return [] if value is None else as_list(value)


def _check_languages(texts: dict[str, str]) -> dict[str, str]:
    for language in texts:
        if not _LANGUAGE.fullmatch(language):
            raise ValueError(f"{language!r} is no language; write for example {{fr: …, en: …}}")
    return texts


PageEndpoint = Annotated[Endpoint, BeforeValidator(_parse_page_endpoint), written]


class RegulatorConfig(Section):
    """Who watches over access providers, and where subscribers reach them."""

    name: str = Field(default="Arcep", min_length=1)
    url: str | None = Field(default="https://jalerte.arcep.fr/", pattern=r"^https?://\S+$")


class NoticeConfig(Section):
    """Where a blocked name points to, and the page that stands there."""

    ipv4: Annotated[str, BeforeValidator(parse_ipv4)] | None = None
    ipv6: Annotated[str, BeforeValidator(parse_ipv6)] | None = None
    listen: Annotated[tuple[PageEndpoint, ...], BeforeValidator(_none_is_empty)] = (Endpoint("127.0.0.1", 8_451),)
    connections: Annotated[Count, between(10, 50_000)] = 1_000
    regulator: RegulatorConfig = RegulatorConfig()
    logo: FilePath | None = None
    text: Annotated[dict[str, str], AfterValidator(_check_languages)] = Field(default_factory=dict)
    templates: FilePath | None = None
