"""How each brand answers where an order does not say, as the configuration has it."""

from dataclasses import replace

from resolver.ops.config import Config
from resolver.ops.config_operator import BrandConfig, PageAddresses
from resolver.ops.notice_text import responsible_name
from resolver.ops.order_records import Manners


def manners_of(config: Config) -> dict[str, Manners]:
    """Tell how each brand answers; what a brand does not say is as with the operator."""
    own = Manners(
        language=config.operator.language,
        rehearsal=config.rehearse is not None,
        ttl=config.blocked.ttl,
        ipv4=config.notice.ipv4,
        ipv6=config.notice.ipv6,
        responsible=responsible_name(config.operator.contact),
        structured=config.blocked.structured_errors,
        organization=config.operator.name,
        contact=config.operator.contact,
    )
    return {"": own} | {each.name: _brand_manners(each, own) for each in config.brands}


def _brand_manners(brand: BrandConfig, own: Manners) -> Manners:
    """A brand with a notice address of its own has no other: one of the operator's would show another's page."""
    page = own if brand.notice == PageAddresses() else brand.notice
    return replace(
        own,
        language=brand.language or own.language,
        ipv4=page.ipv4,
        ipv6=page.ipv6,
        responsible=own.responsible if brand.contact is None else responsible_name(brand.contact),
        organization=brand.name,
        contact=brand.contact or own.contact,
    )
