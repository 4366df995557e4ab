"""What a plan is: the order files as they lie on the disk, named by a digest, so that somebody can mean exactly them.

A change that looks like an accident is refused until it is confirmed. Whoever confirms it names the digest of the files
he looked at: with other files there is nothing that he could have meant.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from resolver.ops.order_files import OrderVersion
from resolver.orders.model import Problem

Confirms = Callable[[str], bool]
"""Tells whether somebody means the files with this digest; raises PlanChangedError if he means others."""


class PlanChangedError(Exception):
    """The files are not those of the plan; the message says what to do."""


def confirms_nothing(_digest: str) -> bool:
    """Let the guard rails decide."""
    return False


def confirms_anything(_digest: str) -> bool:
    """Let through what looks like an accident, to show what would come of it."""
    return True


def confirms_only(plan: str) -> Confirms:
    """Mean the files of one plan."""

    def confirms(digest: str) -> bool:
        if digest != plan:
            raise PlanChangedError(
                f"the files have changed since: this is plan {digest}, not {plan}; nothing was changed, "
                "look at `arret plan` again"
            )
        return True

    return confirms


_SHOWN: Final = 16


def plan_digest(versions: Sequence[OrderVersion], problems: Sequence[Problem]) -> str:
    """Name the files on the disk, and what is wrong with their folders, by the first digits of a SHA-256.

    The same files have the same digest wherever they lie. What cannot be read counts by what is said of it.
    """
    return digest_of_files(
        [
            (version.file, version.sources, [] if version.order is not None else version.problems)
            for version in versions
        ],
        problems,
    )


def digest_of_files(
    files: Iterable[tuple[str, Sequence[Sequence[str]], Sequence[Problem]]], problems: Sequence[Problem]
) -> str:
    """Do what `plan_digest` does with the sources of each file, and with what keeps it from being read."""
    content = sha256()
    for file, sources, wrong in files:
        told = [Path(file).name, sources, [problem.what for problem in wrong]]
        content.update(json.dumps(told).encode() + b"\n")
    content.update(json.dumps([problem.what for problem in problems]).encode())
    return content.hexdigest()[:_SHOWN]
