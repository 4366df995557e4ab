"""A legal desk in a folder: order files to write and break, and what a resolver would then block."""

from collections.abc import Iterable
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from resolver.core.admission import Admission
from resolver.core.policy import Block, Verdict
from resolver.dns.name import parse_name
from resolver.ops.compile import CompileReport, compile_orders
from resolver.ops.config import Config
from resolver.ops.current_policy import write_current
from resolver.ops.policy_file import read_current
from resolver.ops.policy_reader import open_policy

NOW = datetime(2026, 6, 1, 10, tzinfo=UTC).timestamp()
DAY = 86_400.0


def order_text(
    identifier: str = "ta-1",
    names: Iterable[str] = ("pirate.example",),
    history: Iterable[str] = (),
    *,
    addressee: str = "Example Télécom",
    period: str = "{until: 2026-12-31}",
    top: Iterable[str] = (),
    measure: Iterable[str] = (),
) -> str:
    """Write an order with one measure; history, ``top`` and ``measure`` are lines of YAML."""
    lines = [
        f"order: {identifier}",
        "authority: Tribunal judiciaire de Paris",
        "case_number: RG 26/00001",
        "decided: 2026-01-15",
        *top,
        "measures:",
        "  - id: block",
        "    kind: dns-block",
        f"    addressees: [{addressee}]",
        f"    period: {period}",
        *(f"    {line}" for line in measure),
        *([] if any(line.startswith(("lists", "names_file")) for line in measure) else ["    names:"]),
        *(f"      - {name}" for name in names),
        *(["history:"] if history else []),
        *(f"  - {event}" for event in history),
    ]
    return "\n".join(lines) + "\n"


class Desk:
    """Orders, configuration and state in one folder, and the clock of the orders."""

    def __init__(self, folder: Path) -> None:
        self.orders = folder / "orders"
        self.orders.mkdir()
        self.state = folder / "state"
        self.wall = NOW
        self.slots: dict[str, int] = {}
        self.settings: dict[str, object] = {
            "operator": {"name": "Example Télécom", "language": "en", "contact": "mailto:legal@isp.example"},
            "orders": [str(self.orders)],
            "state": str(self.state),
            "notice": {"ipv4": "192.0.2.80"},
        }

    def write(self, file: str, text: str) -> Path:
        path = self.orders / file
        path.write_text(text)
        return path

    def compile(self, *, write: bool = True) -> CompileReport:
        """Compile without applying."""
        config = Config.model_validate(self.settings)
        return compile_orders(config, self.wall, read_current(self.state), write=write)

    def apply(self) -> CompileReport:
        """Compile and apply, as a reload does."""
        report = self.compile()
        if report.policy is not None:
            write_current(self.state, report.policy)
        return report

    def blocked(self, name: str, client: str = "127.0.0.1") -> str | None:
        """Ask the applied policy; answers with the order that blocks the name for a client."""
        verdict = self.judge(name, client)
        return verdict.measure.order if isinstance(verdict, Block) else None

    def judge(self, name: str, client: str = "127.0.0.1") -> Verdict:
        """Ask the applied policy as a worker does."""
        applied = read_current(self.state)
        assert applied is not None
        assert applied.path is not None
        policy = open_policy(applied.path, self.slots)
        exempt = [(each.key, each.clients) for each in policy.exemptions]
        view = Admission(["127.0.0.0/8", "10.0.0.0/8"], policy.brands, exempt).view(ip_address(client).packed)
        return policy.at(self.wall).judge(parse_name(name), view)
