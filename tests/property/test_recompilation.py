"""A reload that compiles only what changed comes to what one that compiles everything does, whatever is done to files.

Two desks share their order files: one compiles only what changed where it can, the other always everything.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from resolver.ops.account import account_of
from resolver.ops.amendment import amend
from resolver.ops.compilation import CompiledPolicy, read_policy
from resolver.ops.compile import compile_orders
from resolver.ops.config import Config
from resolver.ops.current_policy import write_current
from resolver.ops.description import NewPart, described
from resolver.ops.policy_document import PolicyDocument
from resolver.ops.policy_file import AppliedPolicy, read_current
from resolver.ops.recompilation import recompile
from tests.unit.ops.desk import DAY, NOW, order_text

FILES = ["a.yaml", "b.yaml", "c.yaml", "d.yaml"]
NAMES = ["one.example", "two.example", "x.two.example", "xn--caf-dma.example", "google.fr"]
PERIODS = [
    "{until: 2026-12-31}",
    "{until: 2026-06-02}",
    "{until: 2026-03-01}",
    "{lasts: 3 months, from: implementation}",
]
EVENTS = [
    "{date: 2026-05-01, event: suspended}",
    "{date: 2026-05-01, event: implemented}",
    "{date: 2026-05-02, event: lifted, names: [one.example]}",
    "{date: 2026-05-03, event: names-removed, names: [two.example]}",
    "{date: 2026-05-04, event: nonsense}",
]
ADDRESSEES = ["Example Télécom", "Example Telecom", "Somebody Else", "'Example Télécom, Somebody Else'"]
TOPS = [(), ("confidential: true",), ("allow_protected: [{name: google.fr, why: the order}]",), ("not_ours: another",)]
TEXTS = st.builds(
    order_text,
    st.sampled_from(["ta-1", "ta-2", "ta-3", "ta-4"]),
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True),
    st.lists(st.sampled_from(EVENTS), max_size=2),
    addressee=st.sampled_from([ADDRESSEES[0], *ADDRESSEES]),
    period=st.sampled_from(PERIODS),
    top=st.sampled_from([(), *TOPS]),
    measure=st.sampled_from([(), (), ("mode: observe",)]),
)
STEP = st.dictionaries(
    st.sampled_from(FILES), TEXTS | st.none() | st.just("broken: [") | st.just("order: ta-2\nhistory: []\n"), max_size=2
)
FIRST = st.fixed_dictionaries(
    {file: st.just(order_text(f"ta-{number}", NAMES[:3])) | TEXTS for number, file in enumerate(FILES, 1)}
)
LATER = st.sampled_from([0.0, 0.0, 3 * DAY, -DAY])


@dataclass
class Side:
    """One server: its configuration, and what its supervisor knows."""

    config: Config
    policy: CompiledPolicy | None = None

    @property
    def applied(self) -> AppliedPolicy | None:
        return read_current(self.config.state)

    def take(self, path: Path | None, told: PolicyDocument | NewPart) -> None:
        self.policy = read_policy(described(path, told), self.policy) or self.policy
        if path is not None:
            write_current(self.config.state, path)

    def compile(self, wall: float) -> tuple[object, ...]:
        """Compile everything, apply it, and say all that is said of it."""
        applied = self.applied
        report = compile_orders(self.config, wall, applied)
        before = applied.lines.document if applied is not None and applied.lines is not None else None
        account = account_of(report.told(before), self.config, wall, applied.digest if applied is not None else None)
        self.take(report.policy, report.document)
        return report.digest, report.problems, report.warnings, account

    def recompile(self, wall: float) -> tuple[object, ...]:
        """Compile what changed if that can be told, apply it, and say all that is said of it."""
        applied = self.applied
        done = None if applied is None else recompile(self.config, wall, applied)
        if applied is None or done is None:
            return self.compile(wall)
        self.take(done.written.policy, done.part)
        return done.told.digest, done.problems, done.warnings, account_of(done.told, self.config, wall, applied.digest)

    def amend(self, file: Path, wall: float) -> bool:
        applied = self.applied
        done = None if applied is None else amend(self.config, applied, file, wall)
        if done is not None:
            self.take(done.policy, done.part)
        return done is not None

    def summary(self) -> tuple[object, ...]:
        policy = self.policy
        if policy is None:
            return ()
        its = policy.summary
        return (
            policy.digest,
            policy.orders,
            policy.names,
            policy.counted,
            its.orders,
            sorted(its.dates, key=repr),
            its.unpinned,
            its.refused,
        )


def change(folder: Path, step: dict[str, str | None]) -> None:
    for file, text in step.items():
        if text is None:
            (folder / file).unlink(missing_ok=True)
        else:
            (folder / file).write_text(text)


@settings(max_examples=25, deadline=None)
@given(
    FIRST,
    st.lists(
        st.tuples(STEP, st.sampled_from([0.0, 0.0, 3 * DAY, -DAY]), st.none() | st.sampled_from(FILES)), max_size=4
    ),
)
def test_what_changed_alone_comes_to_the_same_as_everything(
    first: dict[str, str | None], steps: list[tuple[dict[str, str | None], float, str | None]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "orders"
        folder.mkdir()
        one, other = (Side(config_of(folder, Path(name) / state)) for state in ("one", "other"))
        wall = NOW
        for step, later, amended in ((first, 0.0, None), *steps):
            wall += later
            change(folder, step)
            assert one.recompile(wall) == other.compile(wall)
            assert one.summary() == other.summary()
            if amended is not None and suspend(folder / amended) and one.amend(folder / amended, wall):
                other.compile(wall)
                assert one.summary() == other.summary()


def suspend(file: Path) -> bool:
    text = file.read_text() if file.exists() else ""
    if "period" not in text:
        return False
    file.write_text(text + ("" if "history" in text else "history:\n") + f"  - {EVENTS[0]}\n")
    return True


def config_of(folder: Path, state: Path) -> Config:
    return Config.model_validate(
        {
            "operator": {"name": "Example Télécom", "contact": "mailto:legal@isp.example"},
            "orders": [str(folder)],
            "state": str(state),
            "notice": {"ipv4": "192.0.2.80"},
        }
    )
