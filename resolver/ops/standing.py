"""What every worker is to run on: one policy and one set of settings, replaced whole by each change."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resolver.net.settings import WorkerSettings


@dataclass(frozen=True, slots=True)
class Standing:
    """The outcome of one change; ``number`` counts them from one."""

    number: int
    policy: Path
    digest: str
    slots: Mapping[str, int]
    settings: WorkerSettings

    def to_json(self) -> dict[str, Any]:
        """Write what a worker needs to map and to check it."""
        return {
            "change": self.number,
            "policy": str(self.policy),
            "slots": dict(self.slots),
            "settings": self.settings.to_json(),
        }
