"""What the order files say now, where no server runs whose policy could be read."""

import time

import click

from resolver.cli.law import Law
from resolver.cli.terminal import complain
from resolver.ops.clock import order_clock
from resolver.ops.compile import CompileReport, compile_orders
from resolver.ops.config import Config
from resolver.ops.plan import Confirms, confirms_nothing
from resolver.ops.policy_file import read_current
from resolver.ops.progress import Tell, tell_nobody


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


def law_of_files(config: Config) -> Law:
    """Compile the order files in memory; what is refused is told on standard error."""
    report, wall = compile_now(config)
    for problem in report.problems:
        complain(str(problem))
    return Law(report.document, report.load({}), wall, running=False)
