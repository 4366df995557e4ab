"""OPT records: written octet for octet, and read back."""

import pytest

from resolver.dns.edns import MAX_OPTIONS, MalformedOptionsError, extended_error, read_options, write_opt


def test_an_opt_record_without_options() -> None:
    assert write_opt(udp_size=1232, dnssec_ok=False) == bytes.fromhex("00 0029 04d0 00 00 0000 0000")


def test_an_opt_record_with_everything() -> None:
    wire = write_opt(udp_size=512, dnssec_ok=True, extended_rcode=1, options=[extended_error(16, "arrêt".encode())])
    assert wire == bytes.fromhex("00 0029 0200 01 00 8000 000c 000f 0008 0010") + "arrêt".encode()


@pytest.mark.parametrize("options", [(), ((3, b""),), ((10, bytes(8)), (10, b"x"), (65535, bytes(300)))])
def test_options_read_back_as_written(options: tuple[tuple[int, bytes], ...]) -> None:
    assert read_options(write_opt(udp_size=0, dnssec_ok=False, options=options)[11:]) == options


@pytest.mark.parametrize("rdata", [b"\x00", b"\x00\x0a\x00", b"\x00\x0a\x00\x01", b"\x00\x0a\x00\x00\x00"])
def test_options_that_do_not_fill_their_record_are_refused(rdata: bytes) -> None:
    with pytest.raises(MalformedOptionsError):
        read_options(rdata)


def test_more_options_than_anybody_sends_are_refused() -> None:
    assert len(read_options(bytes(4 * MAX_OPTIONS))) == MAX_OPTIONS
    with pytest.raises(MalformedOptionsError):
        read_options(bytes(4 * MAX_OPTIONS + 4))
