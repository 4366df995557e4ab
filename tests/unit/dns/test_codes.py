"""The numbers of the protocol are those that dnspython knows by the same names."""

from enum import IntEnum

import dns.edns
import dns.flags
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest

from resolver.dns.codes import EdnsOption, ExtendedError, Flag, Opcode, Rcode, RRClass, RRType

OTHER_NAMES = {
    "CLIENT_SUBNET": "ECS",
    "TCP_KEEPALIVE": "KEEPALIVE",
    "EXTENDED_ERROR": "EDE",
    "STALE_NXDOMAIN": "STALE_NXDOMAIN_ANSWER",
}
"""Names that dnspython writes otherwise."""


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (RRType, dns.rdatatype.RdataType),
        (RRClass, dns.rdataclass.RdataClass),
        (Rcode, dns.rcode.Rcode),
        (Opcode, dns.opcode.Opcode),
        (EdnsOption, dns.edns.OptionType),
        (ExtendedError, dns.edns.EDECode),
    ],
    ids=["types", "classes", "response codes", "operations", "options", "extended errors"],
)
def test_numbers_are_those_assigned(ours: type[IntEnum], theirs: type[IntEnum]) -> None:
    for member in ours:
        assert int(theirs[OTHER_NAMES.get(member.name, member.name)]) == member.value, member


def test_flags_are_those_assigned() -> None:
    theirs = {flag.name: flag.value for flag in dns.flags.Flag}
    assert {flag.name: flag.value for flag in Flag} == {**theirs, "Z": 0x0040}
