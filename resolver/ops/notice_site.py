"""What the page learns of the configuration: whose it is, for the subscribers of each brand."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from resolver.notice.site import Site
from resolver.ops.config import Config
from resolver.ops.config_operator import BrandConfig
from resolver.ops.notice_text import cut
from resolver.ops.regular_file import open_regular

LOGO_OCTETS: Final = 8_192
PICTURES: Final = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".gif": "image/gif",
}
OWN_OCTETS: Final = 1_500


class Sited(NamedTuple):
    """The site of each brand, "" for the operator's own, and what is wrong with the configuration of it."""

    sites: Mapping[str, Site]
    problems: tuple[str, ...]


def sites_of(config: Config) -> Sited:
    """Gather what the page shows of the operator, and of each brand: what a brand does not say is as with the operator.

    The logo and the words at the foot are the operator's own. A logo that cannot be used is left out, and is a problem.
    """
    notice = config.notice
    logo, problems = (None, ()) if notice.logo is None else _read_logo(notice.logo)
    digest, unread = ("", ()) if notice.templates is None else _read_templates(notice.templates)
    site = Site(
        operator=config.operator.name,
        language=config.operator.language,
        contact=config.operator.contact,
        website=config.operator.website,
        regulator=notice.regulator.name,
        regulator_address=notice.regulator.url,
        logo=logo,
        text={language: cut(text, OWN_OCTETS) for language, text in notice.text.items()},
        templates=None if notice.templates is None else str(notice.templates),
        templates_digest=digest,
        rehearsal=config.rehearse is not None,
    )
    brands = {each.name: _of_brand(each, site) for each in config.brands}
    return Sited({"": site} | brands, problems + unread)


def _of_brand(brand: BrandConfig, own: Site) -> Site:
    return replace(
        own,
        operator=brand.name,
        language=brand.language or own.language,
        contact=brand.contact or own.contact,
        website=brand.website or own.website,
        logo=None,
        text={},
    )


def _read_templates(folder: Path) -> tuple[str, tuple[str, ...]]:
    content = sha256()
    try:
        for path in filter(Path.is_file, sorted(folder.iterdir())):
            with open_regular(path) as file:
                content.update(f"{path.name}\n".encode() + file.read())
    except OSError as error:
        return "", (f"notice.templates: {error.filename} cannot be read: {error.strerror}; those in use stay",)
    return content.hexdigest(), ()


def _read_logo(path: Path) -> tuple[str | None, tuple[str, ...]]:
    kind = PICTURES.get(path.suffix.lower())
    if kind is None:
        return None, (f"notice.logo: {path} is none of {', '.join(PICTURES)}; the page goes without",)
    try:
        with open_regular(path) as opened:
            content = opened.read(LOGO_OCTETS + 1)
    except OSError as error:
        return None, (f"notice.logo: {path} cannot be read: {error.strerror}; the page goes without",)
    if len(content) > LOGO_OCTETS:
        return None, (
            f"notice.logo: {path} has more than {LOGO_OCTETS} octets; make it smaller; the page goes without",
        )
    return f"data:{kind};base64,{b64encode(content).decode()}", ()
