"""``arret query`` against a scripted server: what it says of each kind of answer.

The server is a fake because no real one gives all these answers on demand.
"""

import json
from collections.abc import Iterator

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from click.testing import CliRunner, Result

from resolver.cli.command_line import command_line
from tests.integration.scripted_server import Script, ScriptedServer
from tests.peers import free_port


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    started = ScriptedServer()
    yield started
    started.close()


def run(server: ScriptedServer, *arguments: str) -> Result:
    return CliRunner().invoke(command_line, ["query", *arguments, "--server", f"127.0.0.1:{server.port}"])


def answering(
    *records: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR, errors: tuple[tuple[int, str], ...] = ()
) -> Script:
    """Script an answer of these records (``name TTL class type data``) and extended errors."""

    def script(asked: dns.message.Message) -> bytes:
        response = dns.message.make_response(asked)
        response.set_rcode(rcode)
        for record in records:
            name, ttl, rdclass, rdtype, text = record.split(maxsplit=4)
            response.answer.append(dns.rrset.from_text(name, int(ttl), rdclass, rdtype, text))
        response.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.make(code), text) for code, text in errors])
        return response.to_wire()

    return script


BLOCKED = answering(
    "dpstream.tv. 60 IN A 192.0.2.80",
    errors=((4, ""), (16, "Tribunal de grande instance de Paris, RG 11/60013 \x1b[31m")),
)


def test_a_blocked_name(server: ScriptedServer) -> None:
    server.script = BLOCKED

    result = run(server, "DPStream.tv")

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "dpstream.tv A: blocked because an authority ordered it"
    assert "192.0.2.80" in result.stdout
    assert "  EDE 4 Forged answer: the address is that of a notice, not the one the name's owner published" in lines
    assert "  EDE 16 Censored: Tribunal de grande instance de Paris, RG 11/60013 �[31m" in lines
    assert lines[-1].startswith(f"  NOERROR from 127.0.0.1:{server.port} over UDP in ")


def test_a_blocked_name_for_scripts(server: ScriptedServer) -> None:
    server.script = BLOCKED

    told = json.loads(run(server, "dpstream.tv", "--json").stdout)

    assert told["blocked"] is True
    assert told["answer"] == [{"name": "dpstream.tv.", "ttl": 60, "type": "A", "data": "192.0.2.80"}]
    assert [error["code"] for error in told["extended_errors"]] == [4, 16]
    assert told["rcode"] == "NOERROR"
    assert told["transport"] == "udp"


@pytest.mark.parametrize(
    ("script", "arguments", "words"),
    [
        (answering("x.example. 5 IN AAAA 2001:db8::1"), ["AAAA"], "x.example AAAA: answered"),
        (answering("x.example. 5 IN TYPE65280 \\# 1 00"), ["TYPE65280"], "x.example TYPE65280: answered"),
        (answering(), [], "x.example A: the name has no record of this type"),
        (answering(rcode=dns.rcode.NXDOMAIN), [], "x.example A: the name does not exist"),
        (
            answering(rcode=dns.rcode.SERVFAIL, errors=((22, "no upstream answered"),)),
            [],
            "EDE 22 No reachable authority: no upstream answered",
        ),
        (
            answering(rcode=dns.rcode.REFUSED, errors=((18, ""),)),
            [],
            "EDE 18 Prohibited: this client may not ask this server",
        ),
        (answering(errors=((60_000, ""),)), [], "EDE 60000 unassigned: no further text"),
    ],
    ids=["answer", "unknown type", "no data", "no name", "failure", "refused", "unknown error"],
)
def test_answers_in_words(server: ScriptedServer, script: Script, arguments: list[str], words: str) -> None:
    server.script = script

    result = run(server, "x.example", *arguments)

    assert result.exit_code == 0
    assert words in result.stdout


def test_a_truncated_answer_is_asked_again_over_tcp(server: ScriptedServer) -> None:
    asked_times = []

    def script(asked: dns.message.Message) -> bytes:
        asked_times.append(asked.id)
        response = dns.message.make_response(asked)
        if len(asked_times) == 1:
            response.flags |= dns.flags.TC
        return response.to_wire()

    server.script = script

    assert "over TCP in" in run(server, "x.example").stdout
    assert len(asked_times) == 2


def test_tcp_from_the_start(server: ScriptedServer) -> None:
    assert "over TCP in" in run(server, "x.example", "--tcp").stdout


def test_dnssec_is_asked_for(server: ScriptedServer) -> None:
    seen = []

    def script(asked: dns.message.Message) -> bytes:
        seen.append(bool(asked.ednsflags & dns.flags.DO))
        return dns.message.make_response(asked).to_wire()

    server.script = script
    run(server, "x.example", "--dnssec")
    run(server, "x.example")

    assert seen == [True, False]


def test_silence(server: ScriptedServer) -> None:
    server.script = lambda _: b""

    result = run(server, "x.example", "--timeout", "0.2")

    assert result.exit_code == 1
    assert (
        result.stderr == f"Error: no answer from 127.0.0.1:{server.port} within 0.2 s; is it running? (arret status)\n"
    )


def test_nobody_listens() -> None:
    port = free_port()

    result = CliRunner().invoke(command_line, ["query", "x.example", "--server", f"127.0.0.1:{port}"])

    assert result.exit_code == 1
    assert result.stderr == f"Error: nothing listens on 127.0.0.1:{port}; start it with: arret serve\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["https://x.example/"], "write the name alone: x.example"),
        (["x.example", "AAAAA"], "'AAAAA' is no record type"),
        ([], "Missing argument 'NAME'"),
        (["x.example", "--colour"], "No such option"),
    ],
)
def test_what_is_not_understood_ends_with_two(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(command_line, ["query", *arguments])

    assert result.exit_code == 2
    assert told in result.stderr


SAID = {
    "c": ["mailto:a@isp.example"],
    "j": "Blocked by order",
    "o": "ISP",
    "l": "en",
    "fdbs": [{"db": "lumen", "id": "12"}],
    "new": 1,
}


class TestStructuredErrors:
    def test_are_said_in_words(self, server: ScriptedServer) -> None:
        server.script = answering("dpstream.tv. 60 IN A 192.0.2.80", errors=((16, json.dumps(SAID)),))
        shown = run(server, "dpstream.tv", "--structured").stdout
        for line in ("why: Blocked by order", "who: ISP", "contact: mailto:a@isp.example", "database: lumen, 12"):
            assert line in shown
        assert "new" not in shown

    def test_are_asked_for_with_the_option(self, server: ScriptedServer) -> None:
        seen: list[list[tuple[int, bytes]]] = []

        def script(asked: dns.message.Message) -> bytes:
            seen.append([(int(option.otype), option.to_wire() or b"") for option in asked.options])
            return BLOCKED(asked)

        server.script = script
        run(server, "dpstream.tv", "--structured")
        run(server, "dpstream.tv", "--structured", "--structured-option", "65001")
        run(server, "dpstream.tv")
        assert seen == [[(26, b"")], [(65_001, b"")], []]

    @pytest.mark.parametrize("text", ["{", "[1]", '{"l":"en"}', '{"c":[],"j":""}', "1"])
    def test_anything_else_is_plain_text(self, server: ScriptedServer, text: str) -> None:
        server.script = answering("dpstream.tv. 60 IN A 192.0.2.80", errors=((16, text),))
        assert f"EDE 16 Censored: {text}" in run(server, "dpstream.tv").stdout

    def test_json_has_both_forms(self, server: ScriptedServer) -> None:
        server.script = answering("dpstream.tv. 60 IN A 192.0.2.80", errors=((16, json.dumps(SAID)), (4, "")))
        found = json.loads(run(server, "dpstream.tv", "--json").stdout)["extended_errors"]
        assert [each["structured"] for each in found] == [SAID, None]
