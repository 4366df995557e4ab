"""What an operator may configure, and how a configuration file becomes a Config or the list of all that is wrong."""

import os
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, cast

from pydantic import BeforeValidator, Field, PrivateAttr, StrictBool, ValidationError, field_validator

from resolver.ops.config_checks import contradicting_brands, contradictions
from resolver.ops.config_notice import NoticeConfig
from resolver.ops.config_operator import BrandConfig, ExemptionConfig, OperatorConfig
from resolver.ops.config_problems import explain_errors
from resolver.ops.config_serving import (
    CacheConfig,
    CookiesConfig,
    LaneConfig,
    LimitsConfig,
    RateLimitConfig,
    RebindingConfig,
)
from resolver.ops.config_types import (
    Apex,
    Count,
    FilePath,
    ListenEndpoint,
    MetricsEndpoint,
    Network,
    Seconds,
    Section,
    Share,
    Special,
    UpstreamServer,
    Workers,
    as_list,
    as_upstreams,
    between,
    parse_apex,
)
from resolver.ops.config_values import Endpoint
from resolver.ops.cookie_secrets import SecretError, read_secrets
from resolver.ops.regular_file import open_regular
from resolver.orders.dates import FIRST_YEAR, LAST_YEAR
from resolver.orders.model import Place, Problem
from resolver.orders.yaml_document import YamlDocument, read_yaml

DEFAULT_PLACES: Final = (Path("config.yaml"), Path("/etc/arret/config.yaml"))
NEEDS_RESTART: Final = ("cache", "lane", "listen", "listen_strict", "metrics", "rehearse", "state", "user", "workers")
"""Keys that a reload leaves as they were: what they describe exists before the first query and is not exchanged."""
NOTICE_NEEDS_RESTART: Final = ("connections", "listen")
"""The same in the section ``notice``."""
PRIVATE_NETWORKS: Final = (
    "127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fe80::/10",
)  # fmt: skip  # one network a line would be read no better
MAX_CONFIG_OCTETS: Final = 1_000_000
PLACES: Final = "places"
"""Under this key another process is told what stands where in the file."""


class ClientsConfig(Section):
    """Whom we answer."""

    allow: Annotated[tuple[Network, ...], BeforeValidator(as_list)] = PRIVATE_NETWORKS


class BlockedConfig(Section):
    """How a blocked name is answered."""

    ttl: Annotated[Seconds, between(1, 300, "s")] = 60
    structured_errors: StrictBool = False
    structured_error_option: Annotated[Count, between(1, 65_534)] = 26


class GuardConfig(Section):
    """What orders must never block, beside what is protected always, and what looks like an accident.

    ``lost_of_order`` is a share of one order's names; ``many`` is a number of names, from where on the shares of all
    names count.
    """

    own_names: Annotated[tuple[str, ...], BeforeValidator(as_list)] = ()
    protected: FilePath | None = None
    lost_of_order: Share = 0.5
    many: Annotated[Count, between(1, 100_000_000)] = 1_000
    lost_of_all: Share = 0.1
    added_to_all: Share = 1.0

    @field_validator("own_names")
    @classmethod
    def _read_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(parse_apex(name) for name in names)


class MetricsConfig(Section):
    """Where Prometheus reads."""

    listen: MetricsEndpoint | None = Endpoint("127.0.0.1", 9_153)


class JournalConfig(Section):
    """How long the journal keeps what closed orders were about; for ever where nothing is said."""

    retention: Annotated[Seconds, between(86_400, 100 * 366 * 86_400, "s")] | None = None


class LogConfig(Section):
    """What the log looks like."""

    format: Literal["auto", "console", "json"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Config(Section):
    """The whole configuration; paths are absolute, bounds are for the whole server."""

    operator: OperatorConfig
    rehearse: date | None = None
    listen: Annotated[tuple[ListenEndpoint, ...], BeforeValidator(as_list), Field(min_length=1)] = (
        Endpoint("127.0.0.1", 5_300),
        Endpoint("::1", 5_300),
    )
    listen_strict: StrictBool = False
    clients: ClientsConfig = ClientsConfig()
    orders: Annotated[tuple[FilePath, ...], BeforeValidator(as_list), Field(min_length=1)] = (Path("blocklists"),)
    state: FilePath = Path("state")
    upstreams: Annotated[tuple[UpstreamServer, ...], BeforeValidator(as_upstreams)] | None = None
    zones: dict[Apex, Annotated[tuple[UpstreamServer, ...], BeforeValidator(as_upstreams), Field(min_length=1)]] = (
        Field(default={})
    )
    special_names: dict[Special, Literal["forward"]] = Field(default={})
    upstream_case: Literal["plain", "random"] = "plain"
    rebinding: RebindingConfig = RebindingConfig()
    notice: NoticeConfig = NoticeConfig()
    brands: tuple[BrandConfig, ...] = ()
    exempt: tuple[ExemptionConfig, ...] = ()
    blocked: BlockedConfig = BlockedConfig()
    guard: GuardConfig = GuardConfig()
    cache: CacheConfig = CacheConfig()
    limits: LimitsConfig = LimitsConfig()
    rate_limit: RateLimitConfig = RateLimitConfig()
    cookies: CookiesConfig = CookiesConfig()
    lane: LaneConfig = LaneConfig()
    metrics: MetricsConfig = MetricsConfig()
    journal: JournalConfig = JournalConfig()
    log: LogConfig = LogConfig()
    workers: Workers = None
    user: str | None = Field(default=None, min_length=1)
    _exempt_places: tuple[Place, ...] = PrivateAttr(default=())

    @field_validator("zones", mode="before")
    @classmethod
    def _refuse_two_spellings(cls, zones: object) -> object:
        first: dict[str, str] = {}
        for written in zones if isinstance(zones, dict) else ():
            try:
                apex = parse_apex(written)
            except ValueError:
                continue  # said where the name itself is read
            if apex in first:
                raise ValueError(f"{written!r} is the zone {first[apex]!r} in another spelling; keep one of the two")
            first[apex] = written
        return zones

    @field_validator("rehearse", mode="before")
    @classmethod
    def _read_date(cls, text: object) -> object:
        if text is None or isinstance(text, date):
            return text
        try:
            day = date.fromisoformat(str(text))
        except ValueError:
            raise ValueError(f"{text!r} is no date; write for example 2014-06-01") from None
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValueError(f"{day} is not from {FIRST_YEAR} to {LAST_YEAR}, as all dates of orders are")
        return day

    @field_validator("workers")
    @classmethod
    def _bound_workers(cls, workers: int | None) -> int | None:
        if workers is not None and not 1 <= workers <= 256:
            raise ValueError(f"{workers} is out of bounds; write auto, or 1 to 256")
        return workers

    @property
    def worker_count(self) -> int:
        """How many dns workers to run; ``auto`` is one for each core that we may use."""
        return self.workers or len(os.sched_getaffinity(0))

    def keeping(self, running: Self) -> tuple[Self, tuple[str, ...]]:
        """Take over what needs a restart from the running configuration; names the keys that would have changed."""
        kept = tuple(key for key in NEEDS_RESTART if getattr(self, key) != getattr(running, key))
        notice = self.notice.model_copy(update={key: getattr(running.notice, key) for key in NOTICE_NEEDS_RESTART})
        update = {key: getattr(running, key) for key in kept} | {"notice": notice}
        kept += tuple(f"notice.{k}" for k in NOTICE_NEEDS_RESTART if getattr(notice, k) != getattr(self.notice, k))
        return self.model_copy(update=update), kept

    @property
    def exempt_places(self) -> tuple[Place, ...]:
        """Where each of ``exempt`` stands; nothing where it was not read from a file."""
        return self._exempt_places

    def placed(self, document: YamlDocument) -> Self:
        """Note where in its file that stands of which something is to be said later."""
        self._exempt_places = tuple(document.place(("exempt", number)) for number in range(len(self.exempt)))
        return self

    def to_json(self) -> dict[str, object]:
        """Write it for another process; ``from_json`` reads it back, equal."""
        return {**self.model_dump(mode="json"), PLACES: list(map(list, self._exempt_places))}

    @classmethod
    def from_json(cls, written: object) -> Self:
        """Read what ``to_json`` wrote."""
        told = dict(cast("dict[str, Any]", written))
        places = told.pop(PLACES, ())
        config = cls.model_validate(told)
        config._exempt_places = tuple(Place(*place) for place in places)  # noqa: SLF001  # its own
        return config


def find_config(explicit: Path | None) -> Path:
    """Choose the file: the one that is named, else ``./config.yaml``, else ``/etc/arret/config.yaml``.

    Raises FileNotFoundError with a sentence when there is none of the latter; a named file is not looked at here.
    """
    if explicit is not None:
        return explicit
    for place in DEFAULT_PLACES:
        if place.is_file():
            return place
    raise FileNotFoundError(
        f"no configuration: neither {' nor '.join(map(str, DEFAULT_PLACES))} exists; name one with --config FILE"
    )


def load_config(path: Path) -> Config | tuple[Problem, ...]:
    """Read a configuration file; every problem of the file is in the answer, in the order of its lines."""
    document = _read_file(path)
    if not isinstance(document, YamlDocument):
        return document
    return _read_document(document, path.absolute().parent)


def folders_of_orders(path: Path) -> tuple[Path, ...]:
    """Name the folders of orders, also of a configuration that cannot be used; none if nobody can tell which."""
    document = _read_file(path)
    if not isinstance(document, YamlDocument) or not isinstance(document.value, dict):
        return ()
    only = {key: value for key, value in _with_default_paths(document.value).items() if key == "orders"}
    try:
        config = Config.model_validate({"operator": {"name": "-"}, **only}, context={"folder": path.absolute().parent})
    except ValidationError:
        return ()
    return tuple(dict.fromkeys(config.orders))


def _read_file(path: Path) -> YamlDocument | tuple[Problem, ...]:
    file = str(path)
    try:
        with open_regular(path) as opened:
            text = opened.read(MAX_CONFIG_OCTETS + 1)
    except OSError as error:
        return (Problem(Place(file, 1, 1), f"cannot be read: {error.strerror}; check the path and its permissions"),)
    if len(text) > MAX_CONFIG_OCTETS:
        return (
            Problem(Place(file, 1, 1), f"larger than {MAX_CONFIG_OCTETS} octets; this is no configuration of ours"),
        )
    return read_yaml(text, file)


def _read_document(document: YamlDocument, folder: Path) -> Config | tuple[Problem, ...]:
    if not isinstance(document.value, dict):
        return (Problem(document.place(()), "a configuration is a mapping; begin with operator:"),)
    written = _with_default_paths(document.value)
    context = {"folder": folder}
    try:
        config = Config.model_validate(written, context=context)
    except ValidationError as error:
        problems = explain_errors(error, Config, document)
        broken = {str(detail["loc"][0]) for detail in error.errors(include_url=False) if detail["loc"]}
        sound = {key: value for key, value in written.items() if key not in broken}
        partly = Config.model_validate({"operator": {"name": "-"}, **sound}, context=context)
        return _in_file_order(problems + _contradictions(partly, document))
    problems = _contradictions(config, document)
    return _in_file_order(problems) if problems else config.placed(document)


def _with_default_paths(written: dict[str, object]) -> dict[str, object]:
    """Let defaults of paths, too, count from the folder of the file."""
    return {"orders": "blocklists", "state": "state", **written}


def _contradictions(config: Config, document: YamlDocument) -> tuple[Problem, ...]:
    found = contradictions(
        config.listen, config.rehearse, config.upstreams or (), config.zones, config.metrics.listen, config.orders
    )
    found += contradicting_brands(
        [(brand.name, brand.clients) for brand in config.brands],
        [each.clients for each in config.exempt],
        config.clients.allow,
    )
    if config.cookies.secret is not None:
        try:
            read_secrets(config.cookies.secret)
        except SecretError as error:
            found.append((("cookies", "secret"), str(error)))
    return tuple(Problem(document.place(path), what) for path, what in found)


def _in_file_order(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: (problem.place.line, problem.place.column)))
