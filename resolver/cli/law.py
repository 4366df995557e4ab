"""Which policy and which clock a command speaks of: those of the running server, or of the order files without one."""

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from errno import ENOENT
from pathlib import Path

import click

from resolver.cli.terminal import complain
from resolver.core.admission import Admission, View
from resolver.core.policy import ExemptionEntry, Policy
from resolver.dns.name import WireName
from resolver.ops.clock import order_clock
from resolver.ops.compile import CompileReport, compile_orders
from resolver.ops.config import Config
from resolver.ops.control import ControlError, call
from resolver.ops.kept_orders import KeptFileError
from resolver.ops.past_orders import past_policy
from resolver.ops.plan import Confirms, confirms_nothing
from resolver.ops.policy_document import OrderRecord, PolicyDocument
from resolver.ops.policy_file import DamagedPolicyError, digest_in_name, join, open_index, read_current, read_document
from resolver.ops.progress import Tell, tell_nobody
from resolver.orders.index import DamagedIndexError
from resolver.proof.journal import JOURNAL_FILE, JournalError, open_for_reading
from resolver.proof.past import state_at
from resolver.proof.writer import time_text

STATUS_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Law:
    """A policy with its document, and what the order clock shows (POSIX seconds)."""

    document: PolicyDocument
    policy: Policy
    wall: float
    running: bool
    applied: tuple[str, str] | None = None
    """Of a past state its digest, and since when it was in force (ISO 8601 in UTC)."""

    def order_of(self, measure: int) -> OrderRecord:
        """Find the order that a measure, by its number, belongs to."""
        return next(order for order in self.document["orders"] if measure in order["measures"])

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
        if self.applied is not None:
            return {"source": "journal", "rehearsal": self.document["rehearsal"], "applied": self.applied[1]}
        return {"source": "server" if self.running else "files", "rehearsal": self.document["rehearsal"]}

    def origin_words(self) -> str:
        """Say in a few words where policy and clock come from."""
        source = (
            "the policy of the running server" if self.running else "the order files, since no server could be asked"
        )
        if self.applied is not None:
            source = f"the journal: policy {self.applied[0][:16]}, in force from {self.applied[1][:19]}Z"
        return f"{source}; REHEARSAL" if self.document["rehearsal"] else source


def read_law(config: Config) -> Law:
    """Take policy and clock of the running server; read the order files if there is none.

    What is refused among the files is told on standard error.
    """
    try:
        status = call(config.state, "status", within=STATUS_SECONDS)
    except ControlError:
        return _law_of_files(config)
    if not status["policy"]:
        return _law_of_files(config)
    return _law_of_server(Path(status["policy"]), float(status["order_clock"]))


def read_past_law(config: Config, name: WireName, at: float) -> Law | None:
    """Read from the journal what was applied at an instant (POSIX seconds) about a name; None if it does not tell.

    A rehearsal's clock is not that of the journal, so it is not asked then.
    """
    if config.rehearse is not None or at >= time.time():
        return None
    try:
        with closing(open_for_reading(config.state / JOURNAL_FILE)) as reading:
            state = state_at(reading, time_text(at))
        if state is None or state.rehearsal:
            return None
        document, index = past_policy(config, state, name, at)
    except JournalError as error:
        if error.errno == ENOENT:
            return None
        raise click.ClickException(str(error)) from None
    except KeptFileError as error:
        raise click.ClickException(f"what was applied then cannot be told: {error}") from None
    return Law(
        document, join(state.digest, document, index, {}), at, running=False, applied=(state.digest, state.since)
    )


def compile_now(
    config: Config, tell: Tell = tell_nobody, confirms: Confirms = confirms_nothing
) -> tuple[CompileReport, float]:
    """Compile the order files in memory as of now, by the order clock that a start would set; tells the instant.

    The last applied policy stands behind what is refused, as it would at a start, and what looks like an accident is
    refused unless it is confirmed. Nothing is written.
    """
    wall = order_clock(config.rehearse, time.time()).read()
    try:
        applied = read_current(config.state)
        return compile_orders(config, wall, applied, write=False, tell=tell, confirms=confirms), wall
    except OSError as error:
        raise click.ClickException(f"the orders cannot be read: {error}; check path and permissions") from None


def _law_of_server(policy: Path, wall: float) -> Law:
    try:
        document = read_document(policy)
        index = open_index(policy, document["index"])
        return Law(document, join(digest_in_name(policy), document, index, {}), wall, running=True)
    except (OSError, DamagedPolicyError, DamagedIndexError) as error:
        raise click.ClickException(f"the running server's policy cannot be read: {error}; try: arret reload") from None


def _law_of_files(config: Config) -> Law:
    report, wall = compile_now(config)
    for problem in report.problems:
        complain(str(problem))
    return Law(report.document, report.load({}), wall, running=False)
