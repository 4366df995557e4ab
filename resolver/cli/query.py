"""``arret query``: ask the running server as a subscriber would, and say its answer in words."""

import socket
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

import click
import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype

from resolver.cli.arguments import (
    DomainName,
    ServerEndpoint,
    config_option,
    examples,
    json_option,
    read_config,
    spelled,
)
from resolver.cli.server import listening
from resolver.cli.structured_errors import structured, structured_words
from resolver.cli.terminal import BAD, DOUBTFUL, GOOD, QUIET, say, say_json, say_table
from resolver.dns.name import WireName, labels
from resolver.ops.config import BlockedConfig
from resolver.ops.config_values import Endpoint

UDP_SIZE: Final = 1_232
CENSORED: Final = 16

MEANINGS: Final = {
    3: "the upstreams failed; this answer is older than it should be",
    4: "the address is that of a notice, not the one the name's owner published",
    12: "an upstream found no proof that the name is genuine",
    13: "an earlier failure that is still remembered",
    14: "the server is not ready yet",
    15: "blocked by the operator",
    CENSORED: "blocked because an authority ordered it",
    17: "blocked at the subscriber's own wish",
    18: "this client may not ask this server; see clients.allow in the configuration",
    19: "the upstreams failed; that the name does not exist is older knowledge than it should be",
    20: "the server only answers questions that ask for recursion",
    21: "the server does not do this",
    22: "no upstream could be reached",
    23: "the network failed on the way to an upstream",
}
"""What an extended error says, where its name does not (RFC 8914)."""


class RecordType(click.ParamType[dns.rdatatype.RdataType]):
    """A record type by name or number."""

    name = "type"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> dns.rdatatype.RdataType:
        """Read ``AAAA`` or ``TYPE65``."""
        try:
            return dns.rdatatype.from_text(str(value))
        except (dns.exception.DNSException, ValueError):
            self.fail(f"{value!r} is no record type; write A, AAAA, HTTPS … or TYPE65", param, ctx)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, over what, and how long it took (seconds)."""

    message: dns.message.Message
    over_tcp: bool
    seconds: float


@click.command(
    short_help="Ask the running server; its answer in words.",
    epilog=examples(
        "arret query dpstream.tv",
        "arret query www.example.com AAAA",
        "arret query example.com HTTPS --tcp --json",
        "arret query example.com --server 192.0.2.53",
        "arret query dpstream.tv --structured",
    ),
)
@click.argument("name", type=DomainName())
@click.argument("record_type", type=RecordType(), metavar="[TYPE]", default="A")
@click.option("--server", type=ServerEndpoint(), metavar="ADDRESS[:PORT]", help="Ask this server instead of ours.")
@click.option("--tcp", is_flag=True, help="Ask over TCP from the start.")
@click.option("--dnssec", is_flag=True, help="Ask for DNSSEC records (DO=1).")
@click.option("--structured", "as_data", is_flag=True, help="Ask for extended errors as JSON (an IETF draft).")
@click.option(
    "--structured-option",
    type=click.IntRange(1, 65_534),
    default=BlockedConfig().structured_error_option,
    show_default=True,
    help="The EDNS option that asks for them.",
)
@click.option("--timeout", type=click.FloatRange(0.1, 60), default=5.0, show_default=True, help="Seconds to wait.")
@config_option
@json_option
def query(
    name: WireName,
    record_type: dns.rdatatype.RdataType,
    server: Endpoint | None,
    timeout: float,
    config_file: Path | None,
    structured_option: int,
    *,
    as_data: bool,
    tcp: bool,
    dnssec: bool,
    as_json: bool,
) -> None:
    """Ask the running server for NAME, and say the answer in words.

    Ends with 0 whatever the answer is, and with 1 if there was none.
    """
    endpoint = server or listening(read_config(config_file))
    asked = dns.message.make_query(
        dns.name.Name([*labels(name), b""]),
        record_type,
        use_edns=0,
        payload=UDP_SIZE,
        want_dnssec=dnssec,
        options=[dns.edns.GenericOption(dns.edns.OptionType.make(structured_option), b"")] if as_data else None,
    )
    answer = ask(asked, endpoint, timeout, tcp=tcp)
    if as_json:
        say_json(as_document(name, record_type, endpoint, answer))
    else:
        say_answer(name, record_type, endpoint, answer)


def ask(asked: dns.message.Message, endpoint: Endpoint, timeout: float, *, tcp: bool) -> Answer:
    """Send the question, over TCP too if the answer was truncated; ends with a sentence if nothing usable came."""
    begun = perf_counter()
    try:
        if tcp:
            message = dns.query.tcp(asked, endpoint.host, timeout, endpoint.port)
        else:
            with connected_socket(endpoint) as sock:
                message, tcp = dns.query.udp_with_fallback(asked, endpoint.host, timeout, endpoint.port, udp_sock=sock)
    except dns.exception.Timeout:
        raise click.ClickException(
            f"no answer from {endpoint} within {timeout:g} s; is it running? (arret status)"
        ) from None
    except ConnectionRefusedError:
        raise click.ClickException(f"nothing listens on {endpoint}; start it with: arret serve") from None
    except (OSError, EOFError) as error:
        raise click.ClickException(f"{endpoint} cannot be asked: {error}; check the address") from None
    except dns.exception.DNSException as error:
        raise click.ClickException(f"{endpoint} sent something that is no answer: {error}") from None
    return Answer(message, tcp, perf_counter() - begun)


def connected_socket(endpoint: Endpoint) -> socket.socket:
    """Open a UDP socket that is told at once when nobody listens; a socket that is not connected is not."""
    sock = socket.socket(socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(0)
    sock.connect(endpoint)
    return sock


def say_answer(name: WireName, record_type: dns.rdatatype.RdataType, endpoint: Endpoint, answer: Answer) -> None:
    """Print the answer for people."""
    rcode = answer.message.rcode()
    say(
        f"{spelled(name)} {dns.rdatatype.to_text(record_type)}: {verdict_words(answer.message)}", _style(answer.message)
    )
    rows = records(answer.message)
    if rows:
        say_table(("name", "TTL", "type", "data"), [(row[0], str(row[1]), row[2], row[3]) for row in rows])
    for code, text in extended_errors(answer.message):
        found = structured(text)
        if found is None:
            say(f"  EDE {code} {error_name(code)}: {text or MEANINGS.get(code, 'no further text')}")
            continue
        say(f"  EDE {code} {error_name(code)}, in a structured form:")
        for word, said in structured_words(found):
            say(f"    {word}: {said}")
    say(
        f"  {dns.rcode.to_text(rcode)} from {endpoint} over {'TCP' if answer.over_tcp else 'UDP'}"
        f" in {answer.seconds * 1_000:.1f} ms, flags {dns.flags.to_text(answer.message.flags).lower()}",
        QUIET,
    )


def as_document(
    name: WireName, record_type: dns.rdatatype.RdataType, endpoint: Endpoint, answer: Answer
) -> dict[str, object]:
    """Write the answer for scripts."""
    return {
        "name": spelled(name).partition(" ")[0],
        "type": dns.rdatatype.to_text(record_type),
        "server": str(endpoint),
        "transport": "tcp" if answer.over_tcp else "udp",
        "milliseconds": round(answer.seconds * 1_000, 3),
        "rcode": dns.rcode.to_text(answer.message.rcode()),
        "flags": dns.flags.to_text(answer.message.flags).lower().split(),
        "blocked": is_blocked(answer.message),
        "answer": [
            {"name": owner, "ttl": ttl, "type": kind, "data": text}
            for owner, ttl, kind, text in records(answer.message)
        ],
        "extended_errors": [
            {"code": code, "name": error_name(code), "text": text, "structured": structured(text)}
            for code, text in extended_errors(answer.message)
        ],
    }


def records(message: dns.message.Message) -> list[tuple[str, int, str, str]]:
    """List owner, TTL, type and data of the answer section."""
    return [
        (rrset.name.to_text(), rrset.ttl, dns.rdatatype.to_text(rrset.rdtype), rdata.to_text())
        for rrset in message.answer
        for rdata in rrset
    ]


def extended_errors(message: dns.message.Message) -> list[tuple[int, str]]:
    """List code and text of each extended error."""
    return [
        (int(option.code), option.text or "") for option in message.options if isinstance(option, dns.edns.EDEOption)
    ]


def is_blocked(message: dns.message.Message) -> bool:
    """Tell whether the answer says that an order blocks the name."""
    return any(code == CENSORED for code, _ in extended_errors(message))


def error_name(code: int) -> str:
    """Name an extended error as its RFC does."""
    name = dns.edns.EDECode.make(code).name
    return "unassigned" if name == str(code) else name.replace("_", " ").capitalize()


def verdict_words(message: dns.message.Message) -> str:
    """Say in one sentence what the answer means."""
    rcode = message.rcode()
    if is_blocked(message):
        return "blocked because an authority ordered it"
    match rcode:
        case dns.rcode.NOERROR if message.answer:
            return "answered"
        case dns.rcode.NOERROR:
            return "the name has no record of this type"
        case dns.rcode.NXDOMAIN:
            return "the name does not exist"
        case dns.rcode.REFUSED:
            return "the server refuses to answer this"
        case dns.rcode.SERVFAIL:
            return "the server found no answer"
        case _:
            return f"the server answered {dns.rcode.to_text(rcode)}"


def _style(message: dns.message.Message) -> str:
    if is_blocked(message):
        return DOUBTFUL
    return GOOD if message.rcode() in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN} else BAD
