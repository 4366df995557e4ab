"""What was applied at an instant of the past, about one name, as the journal has it."""

import time
from contextlib import closing
from errno import ENOENT
from typing import NamedTuple

import click

from resolver.cli.law import Law, PastOrigin
from resolver.dns.name import WireName
from resolver.ops.config import Config
from resolver.ops.current_policy import policy_name
from resolver.ops.kept_orders import KeptFileError
from resolver.ops.past_orders import past_policy, past_settings
from resolver.ops.policy_document import PolicyDocument
from resolver.ops.policy_file import DamagedPolicyError, join, read_document_of
from resolver.orders.index import Index
from resolver.proof.journal import JOURNAL_FILE, JournalError, open_for_reading
from resolver.proof.past import PastState, policy_at, state_at
from resolver.proof.writer import time_text


class PastLaw(NamedTuple):
    """What was in force once, and the configuration with what counted then in the place of what counts now."""

    law: Law
    config: Config


def read_past_law(config: Config, name: WireName, at: float) -> PastLaw | None:
    """Read from the journal what was applied at an instant (POSIX seconds) about a name; None if it does not tell.

    A rehearsal's clock is not that of the journal, so it is not asked then.
    """
    if config.rehearse is not None or at >= time.time():
        return None
    try:
        state = _policy_at(config, at)
        if state is None or state.rehearsal:
            return None
        config = past_settings(config, state)
        document, index = _still_there(config, state, name) or _made_again(config, name, at)
    except JournalError as error:
        if error.errno == ENOENT:
            return None
        raise click.ClickException(str(error)) from None
    except KeptFileError as error:
        raise click.ClickException(f"what was applied then cannot be told: {error}") from None
    origin = PastOrigin(state.digest, state.since, settings_known=state.settings is not None)
    return PastLaw(Law(document, join(state.digest, document, index, {}), at, running=False, past=origin), config)


def _policy_at(config: Config, at: float) -> PastState | None:
    with closing(open_for_reading(config.state / JOURNAL_FILE)) as reading:
        return policy_at(reading, time_text(at))


def _still_there(config: Config, state: PastState, name: WireName) -> tuple[PolicyDocument, Index] | None:
    """Read the very policy, if it is the present one or the one before."""
    try:
        return read_document_of(config.state / policy_name(state.digest), name)
    except DamagedPolicyError:
        return None


def _made_again(config: Config, name: WireName, at: float) -> tuple[PolicyDocument, Index]:
    with closing(open_for_reading(config.state / JOURNAL_FILE)) as reading:
        state = state_at(reading, time_text(at))
    assert state is not None, "its policy was found"
    return past_policy(config, state, name, at)
