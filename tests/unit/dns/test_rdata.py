"""The layouts of record data agree with dnspython's reading of the same types."""

import dns.rdata
import dns.rdatatype
import pytest

from resolver.dns.codes import RRType
from resolver.dns.rdata import COMPRESSED_WHEN_WRITTEN, LAYOUTS, MalformedRdataError, Part, take_apart

SAMPLES = {
    RRType.NS: "ns.example.",
    RRType.CNAME: "a.example.",
    RRType.SOA: "ns.example. host.example. 1 2 3 4 5",
    RRType.PTR: "a.example.",
    RRType.MX: "10 mail.example.",
    RRType.A: "192.0.2.1",
    RRType.TSIG: "hmac-sha256. 1700000000 300 4 AAAAAA== 7 NOERROR 0",
    RRType.HINFO: '"cpu" ""',
    RRType.TXT: '"one" "" "three"',
    RRType.RP: "a. b.example.",
    RRType.AFSDB: "1 a.example.",
    RRType.RT: "1 a.example.",
    RRType.PX: "1 a.example. b.example.",
    RRType.AAAA: "2001:db8::1",
    RRType.SRV: "1 2 3 a.example.",
    RRType.NAPTR: '1 2 "u" "sip" "!a!b!" a.example.',
    RRType.KX: "1 a.example.",
    RRType.DNAME: "a.example.",
    RRType.DS: "1 13 2 " + "00" * 32,
    RRType.RRSIG: "A 13 2 60 20260101000000 20250101000000 1 example. AAAA",
    RRType.NSEC: "b.example. A TXT",
    RRType.DNSKEY: "257 3 13 AAAA",
    RRType.SVCB: "0 a.example.",
    RRType.HTTPS: '1 . alpn="h2" port=8443 ipv4hint=192.0.2.1',
    RRType.X25: '"311061700956"',
    RRType.ISDN: '"150862028003217" "004"',
    RRType.GPOS: "-22.6882 116.8652 250.0",
    RRType.LOC: "60 9 0.000 N 24 39 0.000 E 10.00m 20.00m 2000.00m 20.00m",
    RRType.CERT: "65534 65535 0 AAAA",
    RRType.SSHFP: "1 1 " + "ab" * 20,
    RRType.NSEC3: "1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr A RRSIG",
    RRType.NSEC3PARAM: "1 1 12 aabbccdd",
    RRType.TLSA: "3 1 0 abcd",
    RRType.SMIMEA: "3 1 0 abcd",
    RRType.CDS: "1 13 2 " + "00" * 32,
    RRType.CDNSKEY: "257 3 13 AAAA",
    RRType.CSYNC: "66 3 A NS AAAA",
    RRType.ZONEMD: "2018031500 1 1 " + "ab" * 48,
    RRType.SPF: '"v=spf1 -all"',
    RRType.NID: "10 0014:4fff:ff20:ee64",
    RRType.L32: "10 10.1.2.0",
    RRType.L64: "10 2001:0db8:1140:1000",
    RRType.LP: "10 l64-subnet.example.",
    RRType.EUI48: "00-00-5e-00-53-2a",
    RRType.EUI64: "00-00-5e-ef-10-00-00-2a",
    RRType.URI: '10 1 "https://a.example/"',
    RRType.CAA: '0 issue "ca.example"',
    RRType.IPSECKEY: "10 3 2 gateway.example. AAAA",
    RRType.NINFO: '"one" "two"',
    RRType.AVC: '"app-name:WOLFGANG"',
    RRType.AMTRELAY: "10 0 3 relay.example.",
    RRType.RESINFO: '"qnamemin" "exterr=15-17"',
    RRType.WALLET: '"BTC" "wxexample"',
}


@pytest.mark.parametrize(("rtype", "text"), SAMPLES.items(), ids=lambda value: getattr(value, "name", ""))
def test_sound_data_comes_apart_without_remainder(rtype: RRType, text: str) -> None:
    wire = dns.rdata.from_text("IN", dns.rdatatype.to_text(dns.rdatatype.RdataType(rtype)), text).to_wire()
    assert wire is not None
    parts = list(take_apart(wire, LAYOUTS[rtype]))
    assert b"".join(octets for _, octets in parts) == wire
    assert tuple(part for part, _ in parts) == LAYOUTS[rtype]


def test_every_type_with_a_layout_has_a_sample_but_those_nobody_uses() -> None:
    obsolete = {RRType.MD, RRType.MF, RRType.MB, RRType.MG, RRType.MR, RRType.MINFO, RRType.SIG, RRType.NXT}
    assert set(LAYOUTS) - set(SAMPLES) == obsolete


def test_only_types_of_the_first_standard_are_compressed_when_written() -> None:
    assert set(COMPRESSED_WHEN_WRITTEN) == {2, 3, 4, 5, 6, 7, 8, 9, 12, 14, 15}


@pytest.mark.parametrize(
    ("rdata", "layout"),
    [
        (b"abc", (4,)),
        (b"\x03ab", (Part.STRING,)),
        (b"\x01a\x03ab", (Part.STRINGS,)),
        (b"\xc0\x0c", (Part.NAME,)),
        (b"\x01a" * 128 + b"\x00", (Part.PLAIN_NAME,)),
        (b"\x00\x01\x00\x03\x02h", (Part.PARAMETERS,)),
        (b"\x00\x02\x00\x00\x00\x01\x00\x00", (Part.PARAMETERS,)),
    ],
    ids=["fixed", "string", "strings", "pointer", "256 octets", "short parameter", "falling keys"],
)
def test_data_that_is_cut_short_or_compressed_does_not_come_apart(rdata: bytes, layout: tuple[int | Part, ...]) -> None:
    with pytest.raises(MalformedRdataError):
        list(take_apart(rdata, layout))
