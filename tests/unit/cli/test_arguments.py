"""What people type for names, instants and addresses, and what they are told when it is something else."""

from collections.abc import Callable
from pathlib import Path

import click
import pytest

from resolver.cli.arguments import (
    Address,
    DomainName,
    Instant,
    ServerEndpoint,
    examples,
    instant_of,
    present_instant,
    reachable,
    read_config,
    spelled,
)
from resolver.dns.name import parse_name
from resolver.ops.config_values import Endpoint


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("dpstream.tv", "dpstream.tv"),
        ("dpstream.tv.", "dpstream.tv"),
        ("  DPStream.TV ", "dpstream.tv"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("XN--Bcher-Kva.Example", "xn--bcher-kva.example"),
        ("bücher。example", "xn--bcher-kva.example"),
        ("_dmarc.example.com", "_dmarc.example.com"),
        (r"a\.b.example", r"a\.b.example"),
        ("com", "com"),
        (".", "."),
    ],
)
def test_a_name_in_any_spelling(typed: str, meant: str) -> None:
    assert DomainName().convert(typed, None, None) == parse_name(meant)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("https://dpstream.tv/films", "is a URL, and DNS knows names only; write the name alone: dpstream.tv"),
        ("https://user@dpstream.tv:8080/x", "write the name alone: dpstream.tv"),
        ("//dpstream.tv", "write the name alone: dpstream.tv"),
        ("https://192.0.2.1/", "is a URL, and DNS knows names only"),
        ("dpstream.tv/films", "is a path, and DNS knows names only; write the name alone: dpstream.tv"),
        ("dpstream.tv:443", "is a host with a port, and DNS knows names only; write the name alone: dpstream.tv"),
        ("192.0.2.1", "is an IP address, not a name"),
        ("2001:db8::1", "is an IP address, not a name"),
        ("a..b", "is no domain name: empty label"),
        ("", "is no domain name: empty name"),
        ("a" * 64 + ".example", "is no domain name: label longer than 63 octets"),
    ],
)
def test_what_is_no_name(typed: str, told: str) -> None:
    with pytest.raises(click.BadParameter) as refused:
        DomainName().convert(typed, None, None)

    assert told in refused.value.message
    assert "\n" not in refused.value.message


@pytest.mark.parametrize(
    ("typed", "utc"),
    [
        ("2014-06-01", 1_401_573_600),
        ("2014-01-01", 1_388_530_800),
        ("2014-06-01T12:00", 1_401_616_800),
        ("2014-06-01T12:00+00:00", 1_401_624_000),
        ("2014-06-01T12:00:00Z", 1_401_624_000),
    ],
)
def test_an_instant_is_meant_in_paris_unless_it_says_otherwise(typed: str, utc: int) -> None:
    assert instant_of(typed) == utc


def test_an_instant_is_shown_with_its_zone() -> None:
    assert present_instant(1_401_573_600) == "2014-06-01 00:00 CEST"


@pytest.mark.parametrize(
    ("convert", "typed", "told"),
    [
        (Instant().convert, "tomorrow", "write 2014-06-01 or 2014-06-01T12:00+02:00"),
        (Instant().convert, "2014-02-30", "is no instant"),
        (Address().convert, "localhost", "write 192.0.2.7 or 2001:db8::7"),
        (ServerEndpoint().convert, "example.com", "is no IP address"),
    ],
)
def test_what_is_no_instant_or_address(convert: Callable[[object, None, None], object], typed: str, told: str) -> None:
    with pytest.raises(click.BadParameter, match=told.replace("+", r"\+")):
        convert(typed, None, None)


def test_addresses_become_octets() -> None:
    assert Address().convert("192.0.2.7", None, None) == b"\xc0\x00\x02\x07"
    assert len(Address().convert("2001:db8::7", None, None)) == 16


@pytest.mark.parametrize(
    ("listened", "asked"),
    [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("192.0.2.1", "192.0.2.1")],
)
def test_a_wildcard_is_asked_on_loopback(listened: str, asked: str) -> None:
    assert reachable(Endpoint(listened, 53)) == Endpoint(asked, 53)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("dpstream.tv", "dpstream.tv"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example (bücher.example)"),
        ("xn--a.example", "xn--a.example"),
    ],
)
def test_names_are_shown_in_both_spellings(name: str, shown: str) -> None:
    assert spelled(parse_name(name)) == shown


def test_a_broken_configuration_ends_with_all_of_its_problems(tmp_path: Path) -> None:
    broken = tmp_path / "config.yaml"
    broken.write_text("operator: {name: X}\nlisten: [nowhere]\nworkerz: 3\n")

    with pytest.raises(click.ClickException) as refused:
        read_config(broken)

    assert f"{broken}:2:" in refused.value.message
    assert f"{broken}:3:" in refused.value.message
    assert refused.value.exit_code == 1


def test_without_a_configuration_one_line_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("resolver.ops.config.DEFAULT_PLACES", (Path("config.yaml"),))

    with pytest.raises(click.ClickException, match=r"no configuration.*--config FILE"):
        read_config(None)


def test_examples_keep_their_lines() -> None:
    assert examples("one", "two") == "\b\nExamples:\n  one\n  two"
