"""What the verbs take: names, instants, addresses, and the options that several of them share."""

import ipaddress
import re
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final, NoReturn
from zoneinfo import ZoneInfo

import click
import idna

from resolver.dns.name import BadNameError, WireName, parse_name, present_name
from resolver.ops.config import Config, find_config, load_config
from resolver.ops.config_values import Endpoint, parse_endpoint
from resolver.orders.listed_names import parse_listed

ZONE: Final = ZoneInfo("Europe/Paris")
"""Where an instant without an offset is meant, as in order files."""

_URL = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//(?:[^/?#@]*@)?([^/?#:]*)")

Verb = Callable[..., None]


def _before_or_after_the_verb(ctx: click.Context, _: click.Parameter, given: Path | None) -> Path | None:
    return given if given is not None else ctx.find_root().params.get("config_file")


config_option: Callable[[Verb], Verb] = click.option(
    "-c",
    "--config",
    "config_file",
    metavar="FILE",
    type=click.Path(path_type=Path, readable=False),  # the loader says what is wrong, and what to do
    callback=_before_or_after_the_verb,
    help="The configuration; default: ./config.yaml, then /etc/arret/config.yaml.",
)
json_option: Callable[[Verb], Verb] = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")


def examples(*lines: str) -> str:
    """Write the examples below a verb's help, each line as it stands."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def chosen_file(config_file: Path | None) -> Path:
    """Find the configuration file, or end with a sentence."""
    try:
        return find_config(config_file)
    except FileNotFoundError as error:
        raise click.ClickException(str(error)) from None


def read_config(config_file: Path | None) -> Config:
    """Load the configuration, or end with every problem it has."""
    match load_config(chosen_file(config_file)):
        case Config() as config:
            return config
        case problems:
            raise click.ClickException("the configuration cannot be used:\n" + "\n".join(map(str, problems)))


class DomainName(click.ParamType[WireName]):
    """A name in any spelling: any letter case, with or without the final dot, internationalised or not."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> WireName:  # noqa: ANN401  # click's signature
        """Read the name, or say what the text is instead."""
        text = str(value).strip()
        try:
            return self._read(text, param, ctx)
        except BadNameError as error:
            self.fail(f"{text!r} is no domain name: {error}", param, ctx)

    def _read(self, text: str, param: click.Parameter | None, ctx: click.Context | None) -> WireName:
        if url := _URL.match(text):
            self._instead(text, "a URL", url[1], param, ctx)
        if "/" in text:
            self._instead(text, "a path", text.partition("/")[0], param, ctx)
        if re.search(r"[^:]:\d*\Z", text) and text.count(":") == 1:
            self._instead(text, "a host with a port", text.partition(":")[0], param, ctx)
        if _is_address(text):
            self.fail(f"{text} is an IP address, not a name", param, ctx)
        return parse_name(text) if text.isascii() else parse_listed(text)

    def _instead(
        self, text: str, what: str, host: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> NoReturn:
        advice = f"; write the name alone: {host}" if host and not _is_address(host) else ""
        self.fail(f"{text!r} is {what}, and DNS knows names only{advice}", param, ctx)


class Instant(click.ParamType[float]):
    """A day or an instant; POSIX seconds once read."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401  # click's signature
        """Read ``2014-06-01``, ``2014-06-01T12:00`` or ``2014-06-01T12:00+02:00``."""
        if isinstance(value, float):
            return value
        try:
            return instant_of(str(value))
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no instant; write 2014-06-01 or 2014-06-01T12:00+02:00", param, ctx)


def instant_of(text: str) -> float:
    """Read a day (its first instant) or an instant, in Paris unless it has an offset. Raises ValueError."""
    if len(text) == len("2014-06-01"):
        return datetime.combine(date.fromisoformat(text), time(), ZONE).timestamp()
    read = datetime.fromisoformat(text)
    return (read if read.tzinfo else read.replace(tzinfo=ZONE)).timestamp()


def present_instant(wall: float) -> str:
    """Write POSIX seconds as people in the orders' zone read them."""
    return datetime.fromtimestamp(wall, ZONE).strftime("%Y-%m-%d %H:%M %Z")


class Address(click.ParamType[bytes]):
    """An IP address; packed once read."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bytes:  # noqa: ANN401  # click's signature
        """Read an IPv4 or IPv6 address."""
        if isinstance(value, bytes):
            return value
        try:
            return ipaddress.ip_address(str(value)).packed
        except ValueError:
            self.fail(f"{value!r} is no IP address; write 192.0.2.7 or 2001:db8::7", param, ctx)


class ServerEndpoint(click.ParamType[Endpoint]):
    """Where a server is asked: an address, with a port or on 53."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Endpoint:  # noqa: ANN401  # click's signature
        """Read ``127.0.0.1``, ``127.0.0.1:5300`` or ``[::1]:5300``."""
        if isinstance(value, Endpoint):
            return value
        try:
            return parse_endpoint(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def reachable(endpoint: Endpoint) -> Endpoint:
    """Turn an address to listen on into one that can be asked: loopback stands for every address."""
    match endpoint.host:
        case "0.0.0.0":  # noqa: S104  # compared with, not bound
            return endpoint._replace(host="127.0.0.1")
        case "::":
            return endpoint._replace(host="::1")
        case _:
            return endpoint


def spelled(name: WireName) -> str:
    """Write a name for people: the A-labels, and what they stand for where that is legible."""
    ascii_form, unicode_form = present_name(name), spelled_out(name)
    return ascii_form if unicode_form is None else f"{ascii_form} ({unicode_form})"


def spelled_out(name: WireName) -> str | None:
    """Write what the A-labels of a name stand for; None where it has none, or where that is not legible."""
    ascii_form = present_name(name)
    if "xn--" not in ascii_form:
        return None
    try:
        return idna.decode(ascii_form)
    except (idna.IDNAError, UnicodeError):
        return None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True
