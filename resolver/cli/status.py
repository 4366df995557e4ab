"""``arret status``: what the running server says of itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from resolver.cli.arguments import config_option, examples, json_option, present_instant, read_config
from resolver.cli.server import ask_server
from resolver.cli.terminal import BAD, DOUBTFUL, GOOD, complain, counted, say, say_json, say_pairs
from resolver.ops.clock import utc_text


@click.command(
    short_help="Show what the running server says of itself.", epilog=examples("arret status", "arret status --json")
)
@config_option
@json_option
def status(config_file: Path | None, *, as_json: bool) -> None:
    """Show what the running server says of itself: addresses, policy, workers, last reload.

    Ends with 1 if it does not run, if a worker is missing, or if the last reload refused something.
    """
    told = ask_server(read_config(config_file), "status")
    if as_json:
        say_json({**told, "order_clock": utc_text(told["order_clock"])})
    else:
        say_status(told)
    if not (all_in_force(told) and told["reload"]["ok"]):
        raise SystemExit(1)


def all_in_force(told: Mapping[str, Any]) -> bool:
    """Tell whether every worker answers under the current policy."""
    if not told["workers"]:  # the page alone is served, by `arret notice`
        return told["digest"] is not None and told["notice"]["digest"] == told["digest"]
    return all(worker["in_force"] for worker in told["workers"])


def say_status(told: Mapping[str, Any]) -> None:
    """Print it for people."""
    reload, workers, clock = told["reload"], told["workers"], present_instant(told["order_clock"])
    in_force = sum(worker["in_force"] for worker in workers)
    if told["rehearsal"]:
        say(f"REHEARSAL: the order clock shows {clock}; nothing is enforced today", DOUBTFUL)
    say(f"{in_force} of {counted(len(workers), 'worker')} in force", GOOD if all_in_force(told) else BAD)
    say_pairs(
        [
            ("version", f"{told['version']}, {told['query_path']}, process {told['pid']}, started {told['started']}"),
            ("configuration", told["config"]),
            ("listen", ", ".join(told["listen"])),
            ("notice page", _page_words(told["notice"])),
            ("metrics", f"http://{told['metrics']}/metrics" if told["metrics"] else "off"),
            ("order clock", clock),
            (
                "policy",
                f"{str(told['digest'])[:16]}, {counted(told['orders'], 'order')}, {counted(told['names'], 'name')}",
            ),
            ("last reload", _reload_words(reload)),
        ]
    )
    if lost := told["journal"]["begun_anew"]:
        complain(f"the journal was begun anew at {lost['time']}: {lost['why']}")
    for worker in workers:
        state = "in force" if worker["in_force"] else "not in force yet"
        replaced = counted(worker["restarts"], "time")
        say(f"  worker {worker['place']}: process {worker['pid']}, {state}, replaced {replaced}")
    for problem in reload["problems"]:
        complain(f"refused: {problem}")
    for warning in reload["warnings"]:
        complain(f"warning: {warning}")


def _page_words(notice: Mapping[str, Any]) -> str:
    if not notice["listen"]:
        return "not here"
    state = "not served" if notice["digest"] is None else f"process {notice['pid']}"
    return f"{', '.join(notice['listen'])}, {state}, replaced {counted(notice['restarts'], 'time')}"


def _reload_words(reload: Mapping[str, Any]) -> str:
    counts = f"so far {reload['successes']} good, {reload['failures']} with problems"
    if reload["ok"]:
        return f"{reload['time']}, good ({counts})"
    problems = counted(len(reload["problems"]), "problem")
    return f"{reload['time']}, {problems}; last good {reload['last_success'] or 'never'} ({counts})"
