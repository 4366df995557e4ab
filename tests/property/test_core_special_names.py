"""A special name is answered here and no other name is, whatever the labels; the short look never misses one."""

from collections.abc import Mapping
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from resolver.core.special_names import special_names
from resolver.dns.name import WireName, is_within, parse_name
from resolver.dns.special_names import APEXES, Kind
from resolver.dns.writer import write_message
from tests.hostile.packets import take_apart
from tests.property.test_dns_messages import names

APEX_NAMES: Final[Mapping[WireName, Kind]] = {parse_name(text): kind for text, kind in APEXES.items()}
LABELS: Final = st.lists(
    st.sampled_from([b"a", b"10", b"168", b"192", b"in-addr", b"arpa", b"test", b"localhost", b"x\x04arpa"])
    | st.binary(min_size=1, max_size=8),
    max_size=3,
)


@st.composite
def near_names(draw: st.DrawFn) -> WireName:
    """Draw a name at, below, above or beside a special one."""
    apex = draw(st.sampled_from(sorted(APEX_NAMES)))
    if draw(st.booleans()):
        apex = WireName(apex[1 + apex[0] :] or apex)
    below = b"".join(bytes([len(label)]) + label for label in draw(LABELS))
    return WireName((below + apex).lower())


ZONES: Final = st.lists(
    st.sampled_from(["test", "a.test", "10.in-addr.arpa", "10.10.in-addr.arpa", "arpa", "."]), max_size=3
)


@given(
    near_names() | names().map(lambda name: WireName(name.lower())), st.sampled_from([1, 2, 6, 12, 28, 43, 255]), ZONES
)
def test_the_longest_of_special_names_and_zones_decides(qname: WireName, qtype: int, zones: list[str]) -> None:
    content = special_names(zones, ()).content(qname, qtype)
    special = max((apex for apex in APEX_NAMES if is_within(qname, apex)), key=len, default=None)
    zone = max((apex for apex in map(parse_name, zones) if is_within(qname, apex)), key=len, default=b"")
    if special is None or len(zone) >= len(special):
        assert content is None
    elif APEX_NAMES[special] is Kind.EMPTY_ZONE and (qname, qtype) == (special, 43):
        assert content is None, "its parent's to answer"
    else:
        assert content is not None
        assert content.rcode in {0, 3}
        assert not content.errors
        records = (*content.answer, *content.authority)
        assert len(records) == 1
        assert is_within(qname, WireName(records[0].owner))
        question = qname + qtype.to_bytes(2) + b"\x00\x01"
        take_apart(
            write_message(
                message_id=1, flags=0x8180, rcode=content.rcode, question=question,
                answer=content.answer, authority=content.authority,
            )
        )  # fmt: skip  # one breath
