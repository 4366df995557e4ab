"""How a verb asks the running server, and what it says when there is none."""

from typing import Any

import click

from resolver.cli.arguments import reachable
from resolver.ops.config import Config
from resolver.ops.config_values import Endpoint, parse_endpoint
from resolver.ops.control import ControlError, call


def ask_server(config: Config, verb: str, within: float = 10.0, **arguments: object) -> dict[str, Any]:
    """Ask and wait at most ``within`` seconds; ends with a sentence if the server cannot be asked or refuses."""
    try:
        answer = call(config.state, verb, within=within, **arguments)
    except ControlError as error:
        raise click.ClickException(str(error)) from None
    if "why" in answer:
        raise click.ClickException(answer["why"])
    return answer


def listening(config: Config) -> Endpoint:
    """Find an address at which the server can be asked: as it says itself, or as the configuration has it."""
    try:
        told = call(config.state, "status", within=10.0)["listen"]
    except ControlError:
        return reachable(config.listen[0])
    return reachable(parse_endpoint(told[0]))
