"""A file of secrets is read whole or refused with a sentence that holds none of them."""

from pathlib import Path

import pytest

from resolver.ops.config import Config, load_config
from resolver.ops.cookie_secrets import CookieSecrets, SecretError, read_secrets

FIRST, SECOND = "e5e973e5a6b2a43f48e7dc849e37bfcf", "445536BCD2513298075A5D379663C962"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(FIRST, [FIRST], id="one"),
        pytest.param(f"{FIRST}\n{SECOND}\n", [FIRST, SECOND], id="current and previous"),
        pytest.param(f"# since June\r\n\r\n  {SECOND}  \r\n", [SECOND], id="remarks and spaces"),
    ],
)
def test_secrets_in_order(tmp_path: Path, text: str, expected: list[str]) -> None:
    (tmp_path / "cookies").write_bytes(text.encode())
    assert read_secrets(tmp_path / "cookies") == tuple(map(bytes.fromhex, expected))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        pytest.param(b"", "holds 0 secrets", id="nothing"),
        pytest.param(f"{FIRST}\nsecret\n".encode(), "line 2 is no secret", id="a word"),
        pytest.param(FIRST[:-2].encode(), "line 1 is no secret", id="too short"),
        pytest.param(b"\xff\xfe\x00", "line 1 is no secret", id="octets"),
        pytest.param(f"{FIRST}\n".encode() * 5, "holds 5 secrets", id="too many"),
        pytest.param(b"0" * 5_000, "larger than", id="too large"),
    ],
)
def test_what_is_refused(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "cookies").write_bytes(content)
    with pytest.raises(SecretError, match=what) as refused:
        read_secrets(tmp_path / "cookies")
    assert FIRST not in str(refused.value)
    assert "32 hexadecimal digits" in str(refused.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SecretError, match="cannot be read: No such file"):
        read_secrets(tmp_path / "none")


def test_without_a_file_one_secret_lasts() -> None:
    secrets = CookieSecrets()
    (own,) = secrets.current(None)
    assert len(own) == 16
    assert secrets.current(None) == (own,)
    assert CookieSecrets().current(None) != (own,)


def test_a_file_that_breaks_leaves_its_last_secrets(tmp_path: Path) -> None:
    file = tmp_path / "cookies"
    file.write_text(FIRST)
    secrets = CookieSecrets()
    assert secrets.current(file) == (bytes.fromhex(FIRST),)
    file.write_text("broken")
    assert secrets.current(file) == (bytes.fromhex(FIRST),)
    file.write_text(SECOND)
    assert secrets.current(file) == (bytes.fromhex(SECOND),)


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        pytest.param("file:none", "cannot be read: No such file", id="a file that is not there"),
        pytest.param(FIRST, "write file:PATH", id="the secret itself"),
        pytest.param("file:", "write file:PATH", id="no path"),
    ],
)
def test_a_configuration_with_a_bad_secret_is_refused(tmp_path: Path, secret: str, problem: str) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"operator: {{name: Free}}\ncookies: {{secret: '{secret}'}}\n")
    found = load_config(config)
    assert not isinstance(found, Config)
    assert ([each.place.line for each in found], FIRST in str(found)) == ([2], False)
    assert problem in str(found[0])


def test_a_configuration_names_the_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "cookies").write_text(FIRST)
    (tmp_path / "config.yaml").write_text("operator: {name: Free}\ncookies: {secret: 'file:cookies'}\n")
    config = load_config(tmp_path / "config.yaml")
    assert isinstance(config, Config)
    assert config.cookies.secret == tmp_path / "cookies"
    assert Config.from_json(config.to_json()) == config
