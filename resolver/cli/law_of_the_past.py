"""What was applied at an instant of the past, about one name, as the journal has it."""

import time
from contextlib import closing
from errno import ENOENT

import click

from resolver.cli.law import Law
from resolver.dns.name import WireName
from resolver.ops.config import Config
from resolver.ops.kept_orders import KeptFileError
from resolver.ops.past_orders import past_policy
from resolver.ops.policy_file import join
from resolver.proof.journal import JOURNAL_FILE, JournalError, open_for_reading
from resolver.proof.past import state_at
from resolver.proof.writer import time_text


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
