"""Orders that list one name each, beside the long one of a server."""

from typing import Final

from benchmarks.server import Server

ORDER: Final = """\
order: {order}
authority: Tribunal judiciaire de Paris
case_number: RG 26/00002
decided: 2024-01-10
measures:
  - id: block
    kind: dns-block
    addressees: [Soak]
    period: {{until: {until}}}
    names: [{name}]
history:
  - {{date: {since}, event: implemented, measure: block}}
"""


def write_order(server: Server, order: str, name: str, since: str, until: str) -> None:
    """Write an order about one name; ``since`` and ``until`` are days or instants as an order file has them."""
    text = ORDER.format(order=order, name=name, since=since, until=until)
    (server.folder / "orders" / f"{order}.yaml").write_text(text)
