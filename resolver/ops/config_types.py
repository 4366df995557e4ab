"""The types of the configuration's values: how each is read, how it is written again, and what a section is."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationInfo

from resolver.dns.name import ROOT, BadNameError, present_name
from resolver.ops.config_values import (
    Endpoint,
    Upstream,
    check_special,
    parse_count,
    parse_endpoint,
    parse_network,
    parse_octets,
    parse_pace,
    parse_seconds,
    parse_share,
    parse_upstream,
    write_upstream,
)
from resolver.orders.listed_names import parse_listed


def _parse_path(text: object, info: ValidationInfo) -> Path:
    if not isinstance(text, str) or not text or "\x00" in text:
        raise ValueError("write a path; a relative one counts from the folder of this file")
    folder = info.context["folder"] if info.context else Path.cwd()
    return Path(os.path.normpath(folder / Path(text).expanduser()))


def _parse_secret_file(text: object, info: ValidationInfo) -> Path:
    if not isinstance(text, str) or not text.startswith("file:") or text == "file:":
        raise ValueError("write file:PATH; a secret does not belong into a configuration")
    return _parse_path(text.removeprefix("file:"), info)


def as_list(value: object) -> object:
    """Let a single value stand for a list of one."""
    return [value] if isinstance(value, str) else value


def as_upstreams(value: object) -> object:
    """Let a single upstream stand for a list of one."""
    return [value] if isinstance(value, str | dict) else value


def _parse_metrics_endpoint(text: object) -> Endpoint:
    return parse_endpoint(text, default_port=None)


def parse_apex(text: object) -> str:
    """Read the name of a zone, and write it as it is written everywhere."""
    try:
        return present_name(ROOT if text == "." else parse_listed(str(text)))
    except BadNameError as error:
        what = str(error).partition(":")[0]
        raise ValueError(f"{text!r} is no domain name (it {what}); write for example corp.example") from None


def _parse_workers(text: object) -> int | None:
    return None if text is None or text == "auto" else parse_count(text)


def between(least: int, most: int, unit: str = "") -> AfterValidator:
    """Refuse a number outside of these bounds."""

    def check(number: int) -> int:
        if not least <= number <= most:
            given, first, last = (_present_bound(each, unit) for each in (number, least, most))
            raise ValueError(f"{given} is out of bounds; write {first} to {last}")
        return number

    return AfterValidator(check)


def _present_bound(number: int, unit: str) -> str:
    """Write a number with its unit; seconds in the largest unit that fits."""
    units = {"d": 86_400, "h": 3_600, "m": 60} if unit == "s" and number else {}
    fitting = (f"{number // size}{larger}" for larger, size in units.items() if number % size == 0)
    return next(fitting, f"{number}{unit}")


written = PlainSerializer(str, return_type=str)
FilePath = Annotated[Path, BeforeValidator(_parse_path), written]
SecretFile = Annotated[
    Path, BeforeValidator(_parse_secret_file), PlainSerializer(lambda path: f"file:{path}", return_type=str)
]
ListenEndpoint = Annotated[Endpoint, BeforeValidator(parse_endpoint), written]
MetricsEndpoint = Annotated[Endpoint, BeforeValidator(_parse_metrics_endpoint), written]
UpstreamServer = Annotated[
    Upstream,
    BeforeValidator(parse_upstream),
    PlainSerializer(write_upstream, return_type=str | dict[str, str | bool]),
]
Network = Annotated[str, BeforeValidator(parse_network)]
Apex = Annotated[str, BeforeValidator(parse_apex)]
Special = Annotated[str, BeforeValidator(parse_apex), AfterValidator(check_special)]
Count = Annotated[int, BeforeValidator(parse_count), written]
Seconds = Annotated[
    int, BeforeValidator(parse_seconds), PlainSerializer(lambda seconds: f"{seconds}s", return_type=str)
]
Workers = Annotated[
    int | None,
    BeforeValidator(_parse_workers),
    PlainSerializer(lambda number: "auto" if number is None else str(number), return_type=str),
]
Pace = Annotated[
    float, BeforeValidator(parse_pace), PlainSerializer(lambda seconds: f"{round(seconds * 1000)}ms", return_type=str)
]
Share = Annotated[
    float, BeforeValidator(parse_share), PlainSerializer(lambda share: f"{share * 100:g}%", return_type=str)
]
Octets = Annotated[int, BeforeValidator(parse_octets), PlainSerializer(lambda octets: f"{octets}B", return_type=str)]


class Section(BaseModel):
    """A mapping of the file; a key it does not know is an error, a value never changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=False, hide_input_in_errors=True)
