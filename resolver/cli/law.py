"""Which policy and which clock a command speaks of: those of the running server, or of the order files without one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import click

from resolver.core.admission import Admission, View
from resolver.core.policy import Policy
from resolver.core.policy_entries import ExemptionEntry
from resolver.dns.name import WireName
from resolver.ops.config import Config
from resolver.ops.control import ControlError, call
from resolver.ops.policy_document import MeasureRecord, OrderRecord, PolicyDocument
from resolver.ops.policy_file import (
    DamagedPolicyError,
    digest_in_name,
    join,
    open_index,
    read_document,
    read_document_of,
)
from resolver.orders.index import DamagedIndexError

STATUS_SECONDS: Final = 10.0
SETTINGS_UNKNOWN: Final = "brands, exemptions and client networks are those of today, for none of then were kept"


class PastOrigin(NamedTuple):
    """Where a past state comes from: digest of its policy, since when it was in force (ISO 8601 in UTC).

    ``settings_known``: brands, exemptions and networks of clients are those of then, too; else they are today's.
    """

    digest: str
    since: str
    settings_known: bool


@dataclass(frozen=True, slots=True)
class Law:
    """A policy with its document, and what the order clock shows (POSIX seconds)."""

    document: PolicyDocument
    policy: Policy
    wall: float
    running: bool
    past: PastOrigin | None = None

    def order_of(self, measure: MeasureRecord) -> OrderRecord:
        """Find the order that a measure belongs to."""
        return next(order for order in self.document["orders"] if order["id"] == measure["order"])

    def view_of(self, client: bytes, allow: Sequence[str]) -> View:
        """Find the view of a client by its packed address, where these networks are allowed beside those of brands."""
        exempt = [(each.key, each.clients) for each in self.policy.exemptions]
        return Admission(allow, self.policy.brands, exempt).view(client)

    def exempting(self, view: View, wall: float) -> dict[int, ExemptionEntry]:
        """Find the exemptions that free a view of measures at an instant, by the number that rules carry."""
        lasting = [each for each in self.exemptions(wall) if each["key"] in view.exempt]
        return {measure: each for each in lasting for measure in each["measures"]}

    def exemptions(self, wall: float) -> list[ExemptionEntry]:
        """Find the exemptions that last at an instant (POSIX seconds)."""
        return [each for each in self.document.get("exempt", []) if wall < each["ends"]]

    def origin(self) -> dict[str, object]:
        """Say for scripts where policy and clock come from."""
        if self.past is not None:
            settings = "then" if self.past.settings_known else "today"
            told = {"applied": self.past.since, "settings": settings}
            return {"source": "journal", "rehearsal": self.document["rehearsal"], **told}
        return {"source": "server" if self.running else "files", "rehearsal": self.document["rehearsal"]}

    def origin_words(self) -> str:
        """Say in a few words where policy and clock come from."""
        source = (
            "the policy of the running server" if self.running else "the order files, since no server could be asked"
        )
        if self.past is not None:
            source = f"the journal: policy {self.past.digest[:16]}, in force from {self.past.since[:19]}Z"
            source += "" if self.past.settings_known else f"; {SETTINGS_UNKNOWN}"
        return f"{source}; REHEARSAL" if self.document["rehearsal"] else source


def read_law(config: Config, name: WireName | None = None) -> Law:
    """Take policy and clock of the running server; read the order files if there is none.

    Of a policy only what lists a name is read, if one is given. What is refused among the files is told on standard
    error.
    """
    try:
        status = call(config.state, "status", within=STATUS_SECONDS)
    except ControlError:
        status = {"policy": None}
    if status["policy"]:
        return _law_of_server(Path(status["policy"]), float(status["order_clock"]), name)
    from resolver.cli.law_of_files import law_of_files  # noqa: PLC0415  # a compiler takes a while to load

    return law_of_files(config)


def _law_of_server(policy: Path, wall: float, name: WireName | None) -> Law:
    try:
        if name is None:
            document = read_document(policy)
            index = open_index(policy, document["index"])
        else:
            document, index = read_document_of(policy, name)
        return Law(document, join(digest_in_name(policy), document, index, {}), wall, running=True)
    except (OSError, DamagedPolicyError, DamagedIndexError) as error:
        raise click.ClickException(f"the running server's policy cannot be read: {error}; try: arret reload") from None
