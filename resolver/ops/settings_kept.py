"""What of the configuration decides who is blocked and what is told, kept by content so that a past day can be told.

The journal names it by its checksum. Networks of clients stand in the kept copy, which goes with the orders of its
time, and not in the chain, which stays.
"""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

from resolver.ops.config import Config
from resolver.ops.kept_orders import KeptFileError, digest_of, keep, read_kept
from resolver.ops.reserve import with_reserve

_WHOLE: Final = ("operator", "clients", "brands", "exempt", "blocked", "guard")
_OF_NOTICE: Final = ("ipv4", "ipv6")


def settings_digest(config: Config) -> str:
    """Name what counts of a configuration by the SHA-256 of its content."""
    return digest_of(_written(config))


def keep_settings(config: Config) -> None:
    """Keep what counts of a configuration, durably; on a full disk in the place of the reserve. Raises OSError.

    Nearly always it is kept already, and nothing is written.
    """
    content = _written(config)
    digest = digest_of(content)
    try:
        read_kept(config.state, digest)
    except KeptFileError:
        with_reserve(config.state, partial(keep, config.state, {digest: content}))


def with_settings(config: Config, digest: str) -> Config:
    """Put what counted once in the place of what counts now. Raises KeptFileError if the copy is gone or damaged."""
    then = _read(config.state, digest)
    now = config.to_json()
    notice = {**_section(now, "notice"), **_section(then, "notice")}
    return Config.from_json({**now, **then, "notice": notice})


def _read(state: Path, digest: str) -> dict[str, object]:
    read: dict[str, object] = json.loads(read_kept(state, digest))
    return read


def _section(settings: Mapping[str, object], key: str) -> dict[str, object]:
    section = settings[key]
    return section if isinstance(section, dict) else {}


def _written(config: Config) -> bytes:
    settings = config.to_json()
    notice = _section(settings, "notice")
    said = {key: settings[key] for key in _WHOLE} | {"notice": {key: notice[key] for key in _OF_NOTICE}}
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
