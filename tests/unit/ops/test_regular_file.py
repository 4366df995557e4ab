"""Whatever a name in the configuration leads to, nobody waits for it, and what is wrong with it is said."""

import os
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from resolver.ops.basis import basis_of
from resolver.ops.config import Config, load_config
from resolver.ops.cookie_secrets import SecretError, read_secrets
from resolver.ops.notice_site import sites_of
from resolver.ops.order_checks import protected_by
from resolver.ops.order_files import MAX_LIST_OCTETS, read_regular
from resolver.ops.order_history import find_order_file
from resolver.ops.regular_file import open_regular
from resolver.orders.order_writing import OrderWritingError


def bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


STRANGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pipe": (os.mkfifo, "not a regular file"),
    "a device without end": (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
    "a socket": (bind, "No such device or address"),
    "a folder": (Path.mkdir, "Is a directory"),
    "a link to itself": (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
    "a link to nothing": (lambda path: path.symlink_to("nothing"), "No such file or directory"),
}


@pytest.mark.parametrize(("make", "said"), STRANGE.values(), ids=STRANGE)
def test_what_is_no_file_is_not_opened(tmp_path: Path, make: Callable[[Path], object], said: str) -> None:
    make(tmp_path / "strange")
    with pytest.raises(OSError, match=said), ExitStack() as opened:
        opened.enter_context(open_regular(tmp_path / "strange"))


def test_a_file_is_opened_and_so_is_one_that_a_link_leads_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link"):
        with open_regular(tmp_path / name) as file:
            assert file.read() == b"content"


def test_of_a_file_that_is_too_large_nothing_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "large").open("wb") as large:
        large.truncate(MAX_LIST_OCTETS * 4)
    monkeypatch.setattr("resolver.ops.order_files.read_large", lambda *_: pytest.fail("it is read"))
    with pytest.raises(OSError, match=f"larger than {MAX_LIST_OCTETS} octets"):
        read_regular(tmp_path / "large")


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe.svg")
    return tmp_path / "pipe.svg"


def with_sections(**sections: object) -> Config:
    return Config.model_validate({"operator": {"name": "Free"}, **sections})


def test_a_pipe_is_no_configuration(pipe: Path) -> None:
    found = load_config(pipe)
    assert not isinstance(found, Config)
    assert "cannot be read: not a regular file" in found[0].what


def test_a_pipe_holds_no_secrets(pipe: Path) -> None:
    with pytest.raises(SecretError, match="not a regular file"):
        read_secrets(pipe)


def test_a_pipe_is_no_logo(pipe: Path) -> None:
    sited = sites_of(with_sections(notice={"logo": str(pipe)}))
    assert "not a regular file" in sited.problems[0]


def test_among_templates_only_files_count(pipe: Path) -> None:
    (pipe.parent / "style.css").write_text("body{}")
    (pipe.parent / "folder").mkdir()
    assert sites_of(with_sections(notice={"templates": str(pipe.parent)})).problems == ()


def test_a_pipe_protects_no_names(pipe: Path) -> None:
    config = with_sections(guard={"protected": str(pipe)})
    _, problems = protected_by(config)
    assert "not a regular file" in problems[0].what
    assert basis_of(config) is None


def test_a_pipe_beside_an_order_does_not_keep_it_from_being_found(pipe: Path) -> None:
    pipe.rename(pipe.with_name("pipe.yaml"))
    with pytest.raises(OrderWritingError, match=r"pipe\.yaml: cannot be read \(not a regular file\)"):
        find_order_file([pipe.parent], "ta-1")
    (pipe.parent / "one.yaml").write_text("order: ta-1\n")
    assert find_order_file([pipe.parent], "ta-1").name == "one.yaml"
