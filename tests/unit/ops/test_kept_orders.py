"""Kept copies come back as they were kept, or are known to be damaged."""

from pathlib import Path

import pytest

from resolver.ops.kept_orders import KeptFileError, digest_of, discard_kept, keep, read_kept


def by_digest(contents: list[bytes]) -> dict[str, bytes]:
    return {digest_of(content): content for content in contents}


def test_kept_and_read_again(tmp_path: Path) -> None:
    contents = [b"order: one", b"", b"order: one"]
    keep(tmp_path, by_digest(contents))
    assert [read_kept(tmp_path, digest_of(content)) for content in contents] == contents
    assert {path.name for path in (tmp_path / "kept").iterdir()} == set(map(digest_of, contents))


def test_a_missing_copy_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeptFileError) as refused:
        read_kept(tmp_path, digest_of(b"never kept"))
    copy = tmp_path / "kept" / digest_of(b"never kept")
    assert str(refused.value) == f"{copy}: kept copy cannot be read (No such file or directory)"


def test_a_damaged_copy_is_noticed_and_then_replaced(tmp_path: Path) -> None:
    content = b"order: one"
    keep(tmp_path, by_digest([content]))
    copy = tmp_path / "kept" / digest_of(content)
    copy.write_bytes(b"order: two")
    with pytest.raises(KeptFileError) as refused:
        read_kept(tmp_path, digest_of(content))
    assert str(refused.value) == f"{copy}: kept copy was altered after it was written"
    keep(tmp_path, by_digest([content]))
    assert read_kept(tmp_path, digest_of(content)) == content


def test_what_is_kept_is_not_written_again(tmp_path: Path) -> None:
    keep(tmp_path, by_digest([b"order: one"]))
    copy = tmp_path / "kept" / digest_of(b"order: one")
    written = copy.stat().st_mtime_ns, copy.stat().st_ino
    keep(tmp_path, by_digest([b"order: one"]))
    assert (copy.stat().st_mtime_ns, copy.stat().st_ino) == written


def test_what_nobody_needs_is_discarded(tmp_path: Path) -> None:
    keep(tmp_path, by_digest([b"needed", b"not needed"]))
    (tmp_path / "kept" / ".half-written.1").write_bytes(b"not")
    discard_kept(tmp_path, {digest_of(b"needed")})
    assert [path.read_bytes() for path in (tmp_path / "kept").iterdir()] == [b"needed"]
