"""What the records of an order depend on beside its files: with the same basis, the same files give the same records.

The configuration, the operator's list of protected names, this program with what comes with it, the libraries beside
it, and the time zones. ``state/basis`` says on which one the policy of which digest was made; losing it costs time and
nothing else, so it is never flushed.
"""

import json
import sys
import zoneinfo
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

import resolver
from resolver.ops.config import Config
from resolver.ops.regular_file import open_regular

BASIS: Final = "basis"
_ZONE: Final = "Europe/Paris"
"""A package of time zones is exchanged whole, so one of them stands for all."""


def basis_of(config: Config) -> str | None:
    """Sum up by a SHA-256 what records are made on now; None if that cannot be read.

    To be asked before any of it is read for a policy: what changes meanwhile is then another basis than that noted.
    """
    with suppress(OSError):
        return _sum(config)
    return None


def _sum(config: Config) -> str:
    content = sha256(json.dumps(config.to_json(), sort_keys=True).encode())
    if config.guard.protected is not None:
        with open_regular(config.guard.protected) as listed:
            content.update(listed.read())
    package = Path(resolver.__file__).parent
    own = (path for path in package.rglob("*") if path.suffix != ".pyc")
    zones = (Path(folder, _ZONE) for folder in zoneinfo.TZPATH)
    for path in (*sorted(own), *zones):
        if path.is_file():
            found = path.stat()
            content.update(f"{path} {found.st_size} {found.st_mtime_ns} {found.st_ino}\n".encode())
    content.update(f"{sys.version} {sorted(set(_libraries()))}".encode())
    return content.hexdigest()


def _libraries() -> Iterator[str]:
    """Name the libraries beside this program with their versions, as their folders have it."""
    for folder in map(Path, sys.path):
        if folder.is_dir():
            yield from (path.name for path in folder.glob("*.dist-info"))


def note_basis(state: Path, digest: str, basis: str | None) -> None:
    """Note on what a policy was made, if that is known."""
    if basis is not None:
        with suppress(OSError):
            (state / BASIS).write_text(f"{digest} {basis}\n")


def is_made_on(state: Path, digest: str, basis: str | None) -> bool:
    """Tell whether a policy was made on this, as far as that is known."""
    try:
        return basis is not None and (state / BASIS).read_text() == f"{digest} {basis}\n"
    except (OSError, ValueError):
        return False


def pass_on_basis(config: Config, before: str, digest: str) -> None:
    """Note what a policy is made on that is the one before but for some orders; nothing if that cannot be told."""
    basis = basis_of(config)
    if is_made_on(config.state, before, basis):
        note_basis(config.state, digest, basis)
