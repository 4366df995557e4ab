"""``arret doctor``: look at what most often keeps a resolver from working, and say what to do."""

import resource
import time
from collections.abc import Iterator
from pathlib import Path

import click

from resolver.cli import first_checks
from resolver.cli.arguments import chosen_file, config_option, examples, json_option
from resolver.cli.first_checks import Finding, Health
from resolver.cli.law_of_files import compile_now
from resolver.cli.terminal import BAD, DOUBTFUL, GOOD, counted, say, say_json, say_table
from resolver.ops.config import Config, load_config
from resolver.ops.control import ControlError, call
from resolver.ops.worker_settings import asked_upstreams

CONCLUSIONS = {
    Health.GOOD: ("all is well", GOOD),
    Health.DOUBTFUL: ("nothing is broken; read the warnings", DOUBTFUL),
    Health.BAD: ("something must be done", BAD),
}


@click.command(
    short_help="Check machine, configuration, ports and upstreams.",
    epilog=examples("arret doctor", "arret doctor -c /etc/arret/config.yaml --json"),
)
@config_option
@json_option
def doctor(config_file: Path | None, *, as_json: bool) -> None:
    """Check Python, configuration, orders, ports, limits, upstreams and clock, and say what to do.

    Ends with 1 if there is a problem; warnings do not count.
    """
    findings = list(examine(chosen_file(config_file)))
    worst = max((found.health for found in findings), key=list(Health).index)
    if as_json:
        say_json([{"check": found.check, "health": found.health.value, "what": found.what} for found in findings])
    else:
        say_table(("", "check", "found"), [(found.health.value, found.check, found.what) for found in findings])
        say(*CONCLUSIONS[worst])
    if worst is Health.BAD:
        raise SystemExit(1)


def examine(config_file: Path) -> Iterator[Finding]:
    """Make every check, the most fundamental first; without a configuration there is little to look at."""
    yield first_checks.python_version()
    config = load_config(config_file)
    if not isinstance(config, Config):
        yield from (Finding("configuration", Health.BAD, str(problem)) for problem in config)
        return
    yield Finding("configuration", Health.GOOD, str(config_file))
    yield from _orders(config)
    yield first_checks.state_folder(config.state)
    ours, told = _server(config)
    yield told
    yield from first_checks.address_families(config.listen)
    yield from first_checks.listen_addresses(config.listen, ours=ours)
    yield first_checks.metrics_address(config.metrics.listen, ours=ours)
    asked = asked_upstreams(config)
    with_zones = [(".", each) for each in asked.everywhere] + [
        (zone, each) for zone, some in asked.zones for each in some
    ]
    _raise_file_limit()
    yield first_checks.open_files(len(set(asked.all())), config.limits.tcp_connections)
    if not asked.everywhere:
        yield Finding(
            "upstreams", Health.BAD, "none; write upstreams: in the configuration, names that are not blocked fail"
        )
    yield from first_checks.upstream_answers(with_zones)
    yield first_checks.clock(time.time(), first_checks.newest_file(config.orders))
    yield first_checks.udp_lane(config.worker_count)
    yield first_checks.query_path()


def _orders(config: Config) -> Iterator[Finding]:
    report, _ = compile_now(config)
    yield from (Finding("orders", Health.BAD, str(problem)) for problem in report.problems)
    yield from (Finding("orders", Health.DOUBTFUL, str(warning)) for warning in report.warnings)
    if config.rehearse is not None:
        yield Finding("orders", Health.DOUBTFUL, f"REHEARSAL of {config.rehearse}; nothing is enforced today")
    if not report.problems:
        yield Finding("orders", Health.GOOD, f"{counted(report.orders, 'order')}, {counted(report.names, 'name')}")


def _server(config: Config) -> tuple[bool, Finding]:
    try:
        status = call(config.state, "status", within=10.0)
    except ControlError as error:
        return False, Finding("server", Health.DOUBTFUL, str(error))
    in_force = sum(worker["in_force"] for worker in status["workers"])
    told = f"process {status['pid']}, {in_force} of {len(status['workers'])} workers in force"
    health = Health.GOOD if in_force == len(status["workers"]) else Health.BAD
    return True, Finding("server", health, told)


def _raise_file_limit() -> None:
    """Raise our own limit as the server does at its start, so that we see what it will have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
