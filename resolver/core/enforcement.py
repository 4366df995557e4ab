"""What a blocked name gets: the answer of the measure that blocks it, for as long as its order lasts.

It is the same whether the name was asked for or an alias led to it, except for the aliases in front.
"""

import math
from typing import Final

from resolver.core.counters import NOWHERE, DropReason
from resolver.core.message_cache import Alias, Entry
from resolver.core.policy import Block, Table
from resolver.core.reply import (
    Content,
    blocked_content,
    size_limit,
    write_content,
    write_denial,
    write_notice,
    write_structured,
)
from resolver.core.step import Asked, Drop, Reply
from resolver.dns.codes import Rcode
from resolver.dns.edns import Edns
from resolver.dns.name import WireName
from resolver.dns.response import Record

_REFUSED: Final = int(Rcode.REFUSED)
_new: Final = tuple.__new__
"""Makes a named tuple without the function that it has for it, which takes twice as long."""


def say(asked: Asked, content: Content, table: Table, *, lifetime: float, slot: int = NOWHERE) -> Reply:
    """Finish a reply of this content, judged under this table, that may be replayed for ``lifetime`` seconds.

    A refusal is made anew each time, even one that an order asks for.
    """
    query = asked.query
    wire = write_content(query, size_limit(query, asked.transport), content)
    replayable = asked.replayable and content.rcode != _REFUSED
    return Reply(wire, query.qtype, content.rcode, slot, lifetime if replayable else min(lifetime, 0), table)


class Enforcement:
    """A table in force since a moment (monotonic); replaced whole when another one is."""

    __slots__ = ("_since", "_table", "structured_option")

    def __init__(self, table: Table, since: float, structured_option: int) -> None:
        """Enforce this table; who sends the option ``structured_option`` gets extended errors as JSON, 0 for none."""
        self._table = table
        self._since = since
        self.structured_option = structured_option

    def recognising(self, structured_option: int) -> "Enforcement":
        """Take another option as the wish for JSON in extended errors; 0 for none."""
        return Enforcement(self._table, self._since, structured_option)

    def block(self, asked: Asked, block: Block, now: float) -> Reply | Drop:
        """Answer for a name that is itself blocked."""
        ttl, constant = self._block_ttl(block, now)
        query, measure = asked.query, block.measure
        if query.edns is not None and query.edns.options and measure.structured and self._reads_json(query.edns):
            return self._block_in_json(asked, block, query.qname, ttl, (), measure.slot)
        limit = size_limit(query, asked.transport)
        wire = write_notice(query, limit, measure, ttl)
        if wire is None:
            wire = write_denial(query, limit, block, ttl)
        if wire is not None:
            lifetime = constant if asked.replayable else 0
            return _new(Reply, (wire, query.qtype, wire[3] & 0xF, measure.slot, lifetime, self._table, None, None))
        content = blocked_content(block, query.qtype, query.qname, ttl, ())
        if content is None:
            return Drop(DropReason.ACTION, measure.slot, query.qtype)
        return say(asked, content, self._table, lifetime=constant, slot=measure.slot)

    def block_alias(self, asked: Asked, entry: Entry, alias: Alias, now: float) -> Reply | Drop:
        """Answer for a name that is permitted but leads to a blocked one."""
        ttl, constant = self._block_ttl(alias.block, now)
        age = int(now - entry.stored)
        links = tuple(link._replace(ttl=max(link.ttl - age, 0)) for link in entry.links[: alias.links])
        content = blocked_content(alias.block, asked.query.qtype, entry.names[alias.links - 1], ttl, links)
        slot = alias.block.measure.slot
        slot = slot if slot == NOWHERE else slot + 1
        edns = asked.query.edns
        if edns is not None and edns.options and alias.block.measure.structured and self._reads_json(edns):
            return self._block_in_json(asked, alias.block, entry.names[alias.links - 1], ttl, links, slot)
        if content is None:
            return Drop(DropReason.ACTION, slot, asked.query.qtype)
        unchanged = max(min(constant, entry.expires - now, min(link.ttl for link in links) - ttl), 0)
        return say(asked, content, self._table, lifetime=unchanged, slot=slot)

    def _reads_json(self, edns: Edns) -> bool:
        return any(code == self.structured_option for code, _ in edns.options)

    def _block_in_json(
        self, asked: Asked, block: Block, owner: WireName, ttl: int, links: tuple[Record, ...], slot: int
    ) -> Reply | Drop:
        """Answer for a blocked name or alias to a client that reads structured errors; never replayed to another."""
        query = asked.query
        content = blocked_content(block, query.qtype, owner, ttl, links)
        if content is None:
            return Drop(DropReason.ACTION, slot, query.qtype)
        wire = write_structured(query, size_limit(query, asked.transport), content, block.measure.structured)
        return Reply(wire, query.qtype, content.rcode, slot, 0, self._table)

    def _block_ttl(self, block: Block, now: float) -> tuple[int, float]:
        """Find the TTL of a blocked answer, and for how many seconds it stays the same: it never outlives the order."""
        if block.seconds_left is None:
            return block.measure.ttl, math.inf
        left = max(block.seconds_left - (now - self._since), 0)
        return min(block.measure.ttl, int(left)), max(left - block.measure.ttl, 0)
