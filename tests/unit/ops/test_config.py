"""A configuration file becomes a Config, or all of its problems at once, each with its place and what to do."""

import json
from datetime import date
from pathlib import Path

import pytest

from resolver.ops.config import Config, find_config, load_config
from resolver.ops.config_values import Endpoint, Upstream

LEAST = "operator: {name: Free}\n"


def load(folder: Path, text: str) -> Config | list[str]:
    """Load a file with this text; problems come back as ``line:column: what``."""
    path = folder / "config.yaml"
    path.write_text(text)
    loaded = load_config(path)
    if isinstance(loaded, Config):
        return loaded
    return [str(problem).removeprefix(f"{path}:") for problem in loaded]


def config(folder: Path, text: str) -> Config:
    loaded = load(folder, text)
    assert isinstance(loaded, Config), loaded
    return loaded


def problems(folder: Path, text: str) -> list[str]:
    loaded = load(folder, text)
    assert not isinstance(loaded, Config)
    return loaded


def test_only_the_operator_is_required(tmp_path: Path) -> None:
    least = config(tmp_path, LEAST)
    assert least.listen == (Endpoint("127.0.0.1", 5300), Endpoint("::1", 5300))
    assert [entity.name for entity in least.operator.who_we_are] == ["Free"]
    assert least.upstreams is None
    assert "10.0.0.0/8" in least.clients.allow


def test_paths_count_from_the_folder_of_the_file(tmp_path: Path) -> None:
    read = config(tmp_path, LEAST + "orders: [one/, ../two]\nstate: /var/lib/arret\n")
    assert read.orders == (tmp_path / "one", tmp_path.parent / "two")
    assert read.state == Path("/var/lib/arret")
    assert config(tmp_path, LEAST).orders == (tmp_path / "blocklists",)
    assert config(tmp_path, LEAST).state == tmp_path / "state"


def test_reads_every_kind_of_value(tmp_path: Path) -> None:
    read = config(
        tmp_path,
        """
operator:
  name: Example Télécom
  entities: [{name: Example Télécom SAS, siren: "123456789", also: [Free]}]
  addressee_names: [Example Mobile]
  contact: mailto:blocage@example.net
rehearse: 2014-06-01
listen: ["127.0.0.1", "[::1]:5300"]
clients: {allow: ["::1", 10.0.0.0/8]}
upstreams: [9.9.9.10, "tcp://[2620:fe::10]:5353"]
zones: {Corp.Example.: 10.0.0.53}
notice: {ipv4: 192.0.2.80, ipv6: "2001:DB8::80"}
blocked: {ttl: 2m}
cache: {size: 64MiB, stale: 12h}
workers: 3
log: {format: json}
""",
    )
    assert [entity.name for entity in read.operator.who_we_are] == ["Example Télécom SAS", "Example Mobile"]
    assert read.rehearse == date(2014, 6, 1)
    assert read.listen == (Endpoint("127.0.0.1", 53), Endpoint("::1", 5300))
    assert read.clients.allow == ("::1/128", "10.0.0.0/8")
    assert read.upstreams == (
        Upstream("udp", Endpoint("9.9.9.10", 53)),
        Upstream("tcp", Endpoint("2620:fe::10", 5353)),
    )
    assert read.zones == {"corp.example": (Upstream("udp", Endpoint("10.0.0.53", 53)),)}
    assert (read.notice.ipv4, read.notice.ipv6) == ("192.0.2.80", "2001:db8::80")
    assert (read.blocked.ttl, read.cache.size, read.cache.stale) == (120, 64 * 2**20, 43_200)
    assert read.worker_count == 3


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="defaults"),
        pytest.param("metrics: {listen: null}\nworkers: auto\nupstreams: []\n", id="nothing"),
        pytest.param(
            "rehearse: 2014-06-01\nworkers: 2\nzones: {a.example: [10.0.0.1]}\nlisten_strict: true\nuser: nobody\n"
            "cache: {entries: 5000, size: 5MB, packets: 1, stale: 5s}\nguard: {own_names: [Own.Example],"
            " protected: p.yaml, lost_of_order: 30%, many: 5, lost_of_all: 1%, added_to_all: 1000%}\n"
            "limits: {tcp_connections: 5, tcp_per_client: 2, in_flight: 10}\nlog: {format: json, level: debug}\n"
            "notice: {ipv4: 192.0.2.80}\nblocked: {ttl: 5s}\nmetrics: {listen: '127.0.0.1:9000'}\n"
            "upstreams: ['tcp://[::1]:5', {address: 192.0.2.1, trust_ad: true}]\n"
            "clients: {allow: 10.0.0.0/8}\norders: [a, b]\nstate: c\n",
            id="everything",
        ),
        pytest.param(
            "brands: [{name: B, clients: 10.1.0.0/16, entities: [{name: B SA, siren: '123456789'}], "
            "contact: 'mailto:a@b.example', language: en, notice: {ipv4: 192.0.2.81}}]\n"
            "exempt: [{clients: [10.2.0.0/16], orders: ta-1, why: w, until: 2026-12-31},"
            " {clients: 10.3.0.0/16, legal_basis: L, why: w, until: 2026-12-31T18:00+01:00}]\n",
            id="brands and exemptions",
        ),
    ],
)
def test_goes_to_another_process_and_back(tmp_path: Path, text: str) -> None:
    read = config(tmp_path, LEAST + text)
    assert Config.from_json(json.loads(json.dumps(read.to_json()))) == read


def test_exemptions_are_told_where_they_stand(tmp_path: Path) -> None:
    exempt = "exempt:\n  # ours\n  - {clients: 10.2.0.0/16, orders: ta-1, why: w, until: 2026-12-31}\n"
    read = config(
        tmp_path, LEAST + exempt + "  - clients: 10.3.0.0/16\n    legal_basis: L\n    why: w\n    until: 2026-12-31\n"
    )
    first = LEAST.count("\n") + 3
    for each in (read, Config.from_json(read.to_json()), read.keeping(read)[0]):
        assert [(place.line, place.column) for place in each.exempt_places] == [(first, 5), (first + 1, 5)]
        assert all(place.file.endswith(".yaml") for place in each.exempt_places)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", "1:1: a configuration is a mapping; begin with operator:", id="empty"),
        pytest.param("listen: []\n", "1:1: operator is missing; it has no default", id="nothing-required"),
        pytest.param(LEAST + "listn: [127.0.0.1]\n", "2:1: there is no key 'listn'; did you mean 'listen'?", id="typo"),
        pytest.param(
            LEAST + "blocked: {tttl: 60s}\n", "2:11: blocked has no key 'tttl'; did you mean 'ttl'?", id="typo-below"
        ),
        pytest.param(
            "operator: {name: Free, entities: [{nam: x}]}\n",
            "1:36: operator.entities has no key 'nam'; did you mean 'name'?",
            id="typo-in-a-list",
        ),
        pytest.param(LEAST + "listen_strict: NO\n", "2:16: listen_strict is either true or false", id="norway"),
        pytest.param(LEAST + "blocked: {ttl: 60}\n", "2:16: '60' is not a duration", id="no-unit"),
        pytest.param(
            LEAST + "blocked: {ttl: 2h}\n", "2:16: 2h is out of bounds; write 1s to 5m", id="ttl-out-of-bounds"
        ),
        pytest.param(
            LEAST + "journal: {retention: 90s}\n",
            "2:22: 90s is out of bounds; write 1d to 36600d",
            id="retention-short",
        ),
        pytest.param(LEAST + "clients: {allow: [10.0.0.1/8]}\n", "2:19: 10.0.0.1/8 has bits set", id="host-bits"),
        pytest.param(LEAST + "upstreams: [dns.example]\n", "2:13: 'dns.example' is no IP address", id="host-name"),
        pytest.param(LEAST + "upstreams: [tls://9.9.9.9]\n", "2:13: 'tls' is no transport of ours", id="protocol"),
        pytest.param(LEAST + "upstreams: [0.0.0.0]\n", "2:13: nobody can be asked at 0.0.0.0", id="unspecified"),
        pytest.param(LEAST + "upstreams: [9.9.9.9, 9.9.9.9]\n", "2:22: udp://9.9.9.9:53 stands here twice", id="twice"),
        pytest.param(
            LEAST + "upstreams: [{trust_ad: true}]\n", "2:13: an upstream is an address, or {address: ", id="no-address"
        ),
        pytest.param(
            LEAST + "upstreams: [{address: 9.9.9.9, trustad: true}]\n", "unknown: trustad", id="unknown-of-an-upstream"
        ),
        pytest.param(
            LEAST + "upstreams: [{address: 9.9.9.9, trust_ad: yes}]\n", "'yes'; write true or false", id="trust-yes"
        ),
        pytest.param(
            LEAST + "upstreams: [9.9.9.9, {address: 9.9.9.9, trust_ad: true}]\n", "stands here twice", id="two-trusts"
        ),
        pytest.param(
            LEAST + "upstreams: 9.9.9.9\nzones: {a.example: {address: 9.9.9.9, trust_ad: true}}\n",
            "3:20: udp://9.9.9.9:53 stands elsewhere with another trust_ad",
            id="trusted-by-halves",
        ),
        pytest.param(LEAST + "zones: {a..b: [10.0.0.1]}\n", "'a..b' is no domain name", id="zone-name"),
        pytest.param(
            LEAST + "zones: {a.example: [10.0.0.1], A.example.: [10.0.0.2]}\n",
            "2:8: 'A.example.' is the zone 'a.example' in another spelling",
            id="zone-twice",
        ),
        pytest.param(
            LEAST + "guard: {own_names: ['*.own.example']}\n",
            "2:20: '*.own.example' is no domain name",
            id="own-pattern",
        ),
        pytest.param(LEAST + "notice: {ipv6: 'fe80::1%lo'}\n", "2:16: 'fe80::1%lo' names an interface", id="scope"),
        pytest.param(
            LEAST + "clients: {allow: 'fe80::1%lo'}\n", "2:18: 'fe80::1%lo' names an interface", id="scope-of-net"
        ),
        pytest.param(LEAST + "notice: {ipv4: 0.0.0.0}\n", "2:16: no page can stand at 0.0.0.0", id="no-address"),
        pytest.param(LEAST + "notice: {ipv4: 255.255.255.255}\n", "2:16: no page can stand at 255", id="broadcast"),
        pytest.param(LEAST + "notice: {ipv4: 224.0.0.1}\n", "2:16: no page can stand at 224.0.0.1", id="multicast"),
        pytest.param(LEAST + "notice: {ipv6: '::'}\n", "2:16: no page can stand at ::", id="no-address-6"),
        pytest.param(LEAST + "notice: {ipv6: 'ff02::1'}\n", "2:16: no page can stand at ff02::1", id="multicast-6"),
        pytest.param(LEAST + "lane: {pace: 0100000ms}\n", "2:14: '0100000ms' is no pace", id="long-pace"),
        pytest.param(LEAST + "lane: {pace: 11ms}\n", "2:14: '11ms' is no pace", id="slow-pace"),
        pytest.param(LEAST + "lane: {pace: ms}\n", "2:14: 'ms' is no pace", id="no-pace"),
        pytest.param(LEAST + 'listen: ["127.0.0.1:0000099999"]\n', "2:10: '0000099999' is no port", id="long-port"),
        pytest.param(LEAST + "rehearse: tomorrow\n", "2:11: 'tomorrow' is no date", id="date"),
        pytest.param(LEAST + "rehearse: 0001-01-01\n", "2:11: 0001-01-01 is not from 1900 to 2199", id="antiquity"),
        pytest.param(LEAST + "workers: many\n", "2:10: 'many' is no whole number", id="workers-word"),
        pytest.param(
            LEAST + "workers: [2]\n", "2:10: a list or a mapping stands where a whole number", id="workers-list"
        ),
        pytest.param(LEAST + "workers: 0\n", "2:10: 0 is out of bounds", id="workers-none"),
        pytest.param(
            LEAST + "brands: [{name: B, clients: []}]\n", "2:29: clients is an empty list", id="brand-without-clients"
        ),
        pytest.param(
            LEAST + "brands: [{name: B, clients: 10.1.0.0/16}, {name: C, clients: [10.1.0.0/16]}]\n",
            "2:63: 10.1.0.0/16 belongs to 'B' already; keep one of the two",
            id="network-of-two-brands",
        ),
        pytest.param(
            LEAST + "brands: [{name: B, clients: 10.1.0.0/16}, {name: B, clients: 10.2.0.0/16}]\n",
            "2:50: a second brand 'B'",
            id="brand-twice",
        ),
        pytest.param(
            LEAST + "exempt: [{clients: 10.1.0.0/16, orders: a, why: w}]\n", "2:10: until is missing", id="endless"
        ),
        pytest.param(
            LEAST + "exempt: [{clients: 10.1.0.0/16, why: w, until: 2026-12-31}]\n",
            "2:10: an exemption says from what, in one way",
            id="exempt-from-what",
        ),
        pytest.param(
            LEAST + "exempt: [{clients: 10.1.0.0/16, orders: a, legal_basis: b, why: w, until: 2026-12-31}]\n",
            "2:10: an exemption says from what, in one way",
            id="exempt-in-two-ways",
        ),
        pytest.param(
            LEAST + "exempt: [{clients: 10.1.0.0/16, orders: a, why: w, until: 31/12/2026}]\n",
            "'31/12/2026' is neither a date nor a time: write 2026-12-31",
            id="exempt-until-when",
        ),
        pytest.param(LEAST + "guard: {lost_of_all: 0.1}\n", "2:22: '0.1' is no share; write 1%", id="share"),
        pytest.param(LEAST + "guard: {added_to_all: 2000%}\n", "2:23: '2000%' is no share", id="share-too-large"),
        pytest.param(LEAST + "listen: []\n", "2:9: listen is an empty list", id="no-listen"),
        pytest.param(LEAST + 'listen: ["127.0.0.1:99999"]\n', "2:10: '99999' is no port", id="port"),
        pytest.param(LEAST + "listen: [127.0.0.1, 127.0.0.1]\n", "2:21: 127.0.0.1:53 stands here twice", id="listen"),
        pytest.param(
            LEAST + "rehearse: 2014-06-01\nlisten: [192.0.2.1]\n", "3:10: 192.0.2.1:53 is no loopback", id="rehearsal"
        ),
        pytest.param(
            LEAST + "listen: [127.0.0.1]\nupstreams: [127.0.0.1]\n", "3:13: udp://127.0.0.1:53 is our own", id="loop"
        ),
        pytest.param(
            LEAST + "listen: [0.0.0.0]\nzones: {x.example: [127.0.0.2]}\n", "3:21: udp://127.0.0.2:53", id="wildcard"
        ),
        pytest.param(LEAST + "metrics: {listen: 127.0.0.1}\n", "2:19: '127.0.0.1' has no port", id="metrics-port"),
        pytest.param(LEAST + "log: {format: xml}\n", "2:15: format is one of 'auto', 'console' or 'json'", id="word"),
        pytest.param("operator: {name: Free, contact: nobody}\n", "1:33: contact is mailto:", id="contact"),
        pytest.param(LEAST + LEAST, "2:1: key 'operator' stands here again", id="duplicate-key"),
        pytest.param(LEAST + "zones: 10.0.0.1\n", "2:8: zones is a mapping", id="not-a-mapping"),
        pytest.param(
            LEAST + "special_names: {tset: forward}\n", "tset is no special name; write for example test", id="ordinary"
        ),
        pytest.param(
            LEAST + "special_names: {resolver.arpa: forward}\n", "past the orders; give it to a server", id="discovery"
        ),
        pytest.param(LEAST + "special_names: {test: local}\n", "'forward'", id="not-forward"),
        pytest.param(LEAST + "orders: {a: b}\n", "2:9: orders is a list", id="not-a-list"),
        pytest.param(LEAST + "orders: [a, b, a/]\n", "2:16: this folder stands here twice", id="orders-twice"),
        pytest.param(LEAST + "orders: [a, ./b/../a]\n", "2:13: this folder stands here twice", id="orders-by-detour"),
        pytest.param(LEAST + "cache: {entries: -1}\n", "2:18: '-1' is no whole number", id="negative"),
    ],
)
def test_says_what_is_wrong_and_where(tmp_path: Path, text: str, expected: str) -> None:
    assert any(expected in problem for problem in problems(tmp_path, text)), problems(tmp_path, text)


def test_a_folder_by_another_name_is_the_same_folder(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "c").mkdir()
    assert problems(tmp_path, LEAST + "orders: [a, c, b]\n") == [
        f"2:16: this folder stands here twice, for {tmp_path}/a is the same; take one away"
    ]
    assert config(tmp_path, LEAST + "orders: [a, a/below, c]\n").orders[1] == tmp_path / "a" / "below"


def test_our_own_names_may_be_written_in_letters(tmp_path: Path) -> None:
    read = config(
        tmp_path, LEAST + "guard: {own_names: [Bücher.example]}\nzones: {bücher.example: [10.0.0.1], .: [10.0.0.2]}\n"
    )
    assert read.guard.own_names == ("xn--bcher-kva.example",)
    assert sorted(read.zones) == [".", "xn--bcher-kva.example"]


def test_says_everything_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        LEAST
        + "rehearse: 2014-06-01\nlisten: [192.0.2.1]\nblocked: {ttl: 0s}\nworkers: x\nunknown: 1\nlog: {level: 3}\n",
    )
    assert [problem.split(":")[0] for problem in found] == ["3", "4", "5", "6", "7"]


def test_a_file_that_cannot_be_read_is_a_problem_too(tmp_path: Path) -> None:
    missing, folder = load_config(tmp_path / "missing.yaml"), load_config(tmp_path)
    assert not isinstance(missing, Config)
    assert "No such file" in missing[0].what
    assert not isinstance(folder, Config)
    assert "Is a directory" in folder[0].what


def test_a_reload_keeps_what_needs_a_restart(tmp_path: Path) -> None:
    running = config(tmp_path, LEAST + "workers: 1\nblocked: {ttl: 60s}\n")
    wished = config(tmp_path, LEAST + "workers: 2\nlisten: [127.0.0.2]\nblocked: {ttl: 30s}\n")
    applied, refused = wished.keeping(running)
    assert refused == ("listen", "workers")
    assert (applied.workers, applied.listen, applied.blocked.ttl) == (1, running.listen, 30)


def test_what_is_fixed_when_a_worker_begins_needs_a_restart(tmp_path: Path) -> None:
    running = config(tmp_path, LEAST)
    wished = config(tmp_path, LEAST + "cache: {stale: 1h}\nlane: {pace: 2ms}\nlimits: {in_flight: 10}\n")
    applied, refused = wished.keeping(running)
    assert refused == ("cache", "lane")
    assert (applied.cache, applied.lane, applied.limits.in_flight) == (running.cache, running.lane, 10)


def test_finds_the_file_that_is_named_or_lies_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_config(Path("other.yaml")) == Path("other.yaml")
    (tmp_path / "config.yaml").write_text(LEAST)
    assert find_config(None) == Path("config.yaml")


def test_one_domain_cannot_take_all_the_places_of_a_client_unless_somebody_says_so(tmp_path: Path) -> None:
    limits = config(tmp_path, LEAST).limits
    assert 2 * limits.in_flight_per_domain <= limits.in_flight_per_client
