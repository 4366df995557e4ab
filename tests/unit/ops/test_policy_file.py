"""A policy on disk: found again, never believed when an octet has changed, cleared away when nobody needs it."""

import json
from pathlib import Path

import pytest

from resolver.dns.name import parse_name
from resolver.ops.current_policy import write_current
from resolver.ops.kept_orders import KeptOrder
from resolver.ops.policy_document import VERSION, PolicyDocument
from resolver.ops.policy_file import (
    DamagedPolicyError,
    encode_document,
    lost_policies,
    read_current,
    read_document,
    store_document,
)
from resolver.ops.policy_reader import open_policy
from resolver.orders.index import Rule, write_index
from resolver.orders.model import Reach


def policy(state: Path, name: str = "pirate.example", version: int = VERSION) -> Path:
    index = write_index(state, [Rule(parse_name(name), Reach.SUBTREE, 0, 0, 0, 1)])
    document = PolicyDocument(
        version=version,
        index=index.name,
        laid_out="",
        names=1,
        rehearsal=False,
        orders=[],
        measures=[],
        files=[],
        manifest=[
            {
                "id": "ta-1",
                "path": "/orders/ta-1.yaml",
                "files": [["", "ab" * 32], ["annex é.csv", "cd" * 32]],
                "first_applied": {"block": "2026-01-02"},
            }
        ],
        refused=[],
    )
    return store_document(state, document)


def index_of(path: Path) -> Path:
    return path.parent / read_document(path)["index"]


def flip(path: Path, place: int = -20) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_written_and_found_again(tmp_path: Path) -> None:
    path = policy(tmp_path)
    write_current(tmp_path, path)
    applied = read_current(tmp_path)
    assert applied is not None
    assert (applied.path, applied.damage, applied.rehearsal) == (path, None, False)
    assert path.name == f"policy-{applied.digest}.json"
    [kept] = applied.manifest
    assert kept == KeptOrder(
        "ta-1", "/orders/ta-1.yaml", (("", "ab" * 32), ("annex é.csv", "cd" * 32)), kept.first_applied
    )
    assert kept.first_applied["block"].isoformat() == "2026-01-02"
    assert len(open_policy(path, {}).index) == 1
    assert open_policy(path, {}).digest == applied.digest


def test_nothing_applied_yet(tmp_path: Path) -> None:
    assert read_current(tmp_path) is None
    assert read_current(tmp_path / "missing") is None
    assert list(lost_policies(tmp_path, None)) == []


def test_every_altered_octet_of_a_policy_is_found(tmp_path: Path) -> None:
    path = policy(tmp_path)
    for place in range(len(path.read_bytes())):
        flip(path, place)
        with pytest.raises(DamagedPolicyError, match="altered"):
            read_document(path)
        flip(path, place)
    read_document(path)


def test_damage_is_told_from_absence(tmp_path: Path) -> None:
    path = policy(tmp_path)
    index_of(path).unlink()
    with pytest.raises(DamagedPolicyError, match=r"index-.*cannot be read"):
        open_policy(path, {})
    path.unlink()
    with pytest.raises(DamagedPolicyError, match=r"policy-.*cannot be read"):
        open_policy(path, {})
    with pytest.raises(DamagedPolicyError, match="not the name"):
        open_policy(tmp_path / "policy.json", {})


def test_a_policy_of_another_version_is_not_used(tmp_path: Path) -> None:
    with pytest.raises(DamagedPolicyError, match="another version"):
        read_document(policy(tmp_path, version=VERSION + 1))


@pytest.mark.parametrize("damaged", ["policy", "index"])
def test_what_was_applied_is_known_even_from_a_damaged_policy(tmp_path: Path, damaged: str) -> None:
    path = policy(tmp_path)
    write_current(tmp_path, path)
    sound = read_current(tmp_path)
    victim = path if damaged == "policy" else index_of(path)
    flip(victim)
    applied = read_current(tmp_path)
    assert applied is not None
    assert sound is not None
    assert applied.path is None
    assert str(victim) in str(applied.damage)
    assert (applied.manifest, applied.digest) == (sound.manifest, sound.digest)
    assert policy(tmp_path) == path
    restored = read_current(tmp_path)
    assert restored == sound


def test_when_policy_and_sources_are_damaged_the_one_before_is_taken(tmp_path: Path) -> None:
    first = policy(tmp_path, "one.example")
    write_current(tmp_path, first)
    second = policy(tmp_path, "two.example")
    write_current(tmp_path, second)
    flip(second)
    flip(tmp_path / second.name.replace("policy-", "sources-"))
    applied = read_current(tmp_path)
    assert applied is not None
    assert applied.path == first
    altered = "its checksum does not match; it was altered after it was written, and its sources are of no use either"
    assert list(lost_policies(tmp_path, applied)) == [f"{second}: {altered}; an older policy counts as applied"]
    flip(first)
    (tmp_path / first.name.replace("policy-", "sources-")).unlink()
    assert read_current(tmp_path) is None
    left = "nothing of what was applied last is left"
    assert list(lost_policies(tmp_path, None)) == [f"{path}: {altered}; {left}" for path in (second, first)]


@pytest.mark.parametrize(
    "content", [b"", b"\xff\x00", b"[]", b'{"policy": 1, "previous": null}', b'{"policy": "../x"}']
)
def test_a_damaged_pointer_leads_to_the_newest_policy(tmp_path: Path, content: bytes) -> None:
    path = policy(tmp_path)
    write_current(tmp_path, path)
    (tmp_path / "current").write_bytes(content)
    applied = read_current(tmp_path)
    assert applied is not None
    assert applied.path == path


def test_only_the_current_and_the_previous_are_left(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("not ours to remove")
    written = []
    for name in ("one", "two", "three"):
        written.append(policy(tmp_path, f"{name}.example"))
        write_current(tmp_path, written[-1])
    write_current(tmp_path, written[2])
    left = {path.name for path in tmp_path.iterdir()}
    expected = {"journal", "current"}
    for path in written[1:]:
        expected |= {path.name, path.name.replace("policy-", "sources-"), index_of(path).name}
    assert left == expected
    assert json.loads((tmp_path / "current").read_bytes()) == {
        "policy": written[2].name,
        "previous": written[1].name,
    }


def test_an_index_that_two_policies_share_stays(tmp_path: Path) -> None:
    path = policy(tmp_path)
    document = read_document(path)
    document["rehearsal"] = True
    write_current(tmp_path, path)
    other = store_document(tmp_path, document)
    write_current(tmp_path, other)
    assert index_of(other).exists()
    assert encode_document(document) == other.read_bytes()
