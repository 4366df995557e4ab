"""What is explained from the few lines of a policy that list a name is what the whole of it explains."""

from pathlib import Path

import pytest

from resolver.cli.explanation import Explanation, explain_name
from resolver.cli.law import Law
from resolver.dns.name import parse_name
from resolver.ops.policy_file import digest_in_name, join, open_index, read_current, read_document, read_document_of
from tests.unit.ops.desk import NOW, Desk, order_text

OPERATOR, PACIFIC = "10.0.0.1", "10.20.0.1"
BOTH = "'Example Télécom', {name: 'Pacifique', siren: '987654321'}"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    made = Desk(tmp_path_factory.mktemp("desk"))
    made.settings |= {
        "brands": [
            {
                "name": "Pacifique",
                "clients": ["10.20.0.0/16"],
                "entities": [{"name": "Example Pacifique SAS", "siren": "987654321"}],
            }
        ],
        "exempt": [{"clients": ["10.0.0.0/24"], "orders": ["ta-3"], "why": "a laboratory", "until": "2026-12-31"}],
    }
    made.write("one.yaml", order_text("ta-1", names=["pirate.example", "one.example"], addressee=BOTH))
    made.write("two.yaml", order_text("ta-2", names=["sub.pirate.example"], addressee="Example Pacifique SAS"))
    made.write("three.yaml", order_text("ta-3", names=["pirate.example", "three.example"]))
    made.write("four.yaml", order_text("ta-10", names=["four.example"], addressee=BOTH))
    assert made.apply().problems == ()
    return made


def applied(desk: Desk) -> Path:
    found = read_current(desk.state)
    assert found is not None
    assert found.path is not None
    return found.path


def explained(path: Path, name: str, client: str, *, whole: bool) -> Explanation:
    asked = parse_name(name)
    if whole:
        document = read_document(path)
        index = open_index(path, document["index"])
    else:
        document, index = read_document_of(path, asked)
    law = Law(document, join(digest_in_name(path), document, index, {}), NOW, running=True)
    view = law.view_of(bytes(map(int, client.split("."))), ["10.0.0.0/8"])
    return explain_name(law, asked, law.wall, view)


@pytest.mark.parametrize("client", [OPERATOR, PACIFIC], ids=["the operator's", "a brand's"])
@pytest.mark.parametrize(
    ("name", "orders"),
    [
        ("pirate.example", {"ta-1", "ta-3"}),
        ("www.sub.pirate.example", {"ta-1", "ta-2", "ta-3"}),
        ("three.example", {"ta-3"}),
        ("four.example", {"ta-10"}),
        ("free.example", set()),
    ],
)
def test_a_part_explains_what_the_whole_does(desk: Desk, name: str, orders: set[str], client: str) -> None:
    path = applied(desk)
    part = explained(path, name, client, whole=False)
    assert part.as_document() == explained(path, name, client, whole=True).as_document()
    assert {listing.order["id"] for listing in part.listings} == orders


def test_no_other_order_is_read(desk: Desk) -> None:
    document, _ = read_document_of(applied(desk), parse_name("three.example"))
    assert [measure["order"] for measure in document["measures"]] == ["ta-3"]
    assert [order["id"] for order in document["orders"]] == ["ta-3"]
