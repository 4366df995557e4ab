"""Which kept files are still needed once the journal was pruned: those that it names, and those of applied policies."""

from collections.abc import Sequence
from pathlib import Path

from resolver.ops.kept_orders import discard_kept
from resolver.ops.policy_file import digests_in_use
from resolver.proof.chain import Facts, Kind
from resolver.proof.journal import JOURNAL_FILE, open_for_reading
from resolver.proof.reading import entries


def discard_unneeded(state: Path) -> None:
    """Remove the kept files that nothing names any more; none if that cannot be told for certain. Raises OSError."""
    in_use = digests_in_use(state)
    if not in_use:
        return
    reading = open_for_reading(state / JOURNAL_FILE)
    try:
        kinds = [Kind.INTENDED, Kind.ORDER]
        told = [entry.facts for entry in entries(reading, kinds=kinds) if entry.facts is not None]
    finally:
        reading.close()
    orders = [facts for facts in told if facts["kind"] == Kind.ORDER]
    discard_kept(state, in_use.union(_settings(told), *map(_named_by, orders)))


def _settings(told: Sequence[Facts]) -> set[str]:
    """Tell which settings are needed: all since the first order that was not pruned, or the last ones without any."""
    first = next((place for place, facts in enumerate(told) if facts["kind"] == Kind.ORDER), len(told))
    begin = max((place for place in range(first) if told[place]["kind"] == Kind.INTENDED), default=0)
    return {facts["settings"] for facts in told[begin:] if facts.get("settings") is not None}


def _named_by(facts: Facts) -> set[str]:
    """Tell which files an entry about an order names."""
    versions = [facts.get("files", []), *(refused["files"] for refused in facts.get("refused", []))]
    return {digest for files in versions for _, digest in files}
