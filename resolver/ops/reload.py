"""How the configuration and the orders on disk become what is in force, at the start and at each reload.

Nothing is applied by halves, and nothing that is wrong keeps anything right from being applied: a broken
configuration leaves its old values and the orders are read all the same; a refused order leaves its last good version
and the other orders bind; a key that needs a restart stays and the other keys change.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from resolver.ops import compilation
from resolver.ops.channel import Message
from resolver.ops.chronicle import Chronicle
from resolver.ops.clock import OrderClock
from resolver.ops.compilation import Compiled, CompiledPolicy, amend_in_child, compile_in_child, recall_in_child
from resolver.ops.config import Config, load_config
from resolver.ops.cookie_secrets import CookieSecrets
from resolver.ops.counter_places import OrderPlaces, UpstreamPlaces
from resolver.ops.current_policy import write_current
from resolver.ops.foreseen import ForeseenChild
from resolver.ops.interpreters import Ahead
from resolver.ops.journal_facts import SERVER, Who
from resolver.ops.logs import LOGGER, Log, log_event
from resolver.ops.metrics_state import ReloadState
from resolver.ops.notice_place import NoticePlace, NoticeStanding
from resolver.ops.notice_site import sites_of
from resolver.ops.notify import notify, notify_reloading
from resolver.ops.progress import Progress, Tell, tell_nobody
from resolver.ops.reserve import RESERVE_GIVEN_UP, make_reserve, with_reserve
from resolver.ops.standing import Standing
from resolver.ops.worker_places import Aborted, WorkerPlaces
from resolver.ops.worker_settings import asked_upstreams, worker_settings

ATTEMPTS: Final = 2
"""A start whose policy the workers find damaged compiles once more; so does a reload."""


@dataclass(frozen=True, slots=True)
class ReloadOutcome:
    """What a reload did; ``problems`` is empty if it refused nothing, ``changed`` tells whether anything is new.

    ``void`` says that nothing was even tried, since it was to apply a plan and could not.
    """

    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    changed: bool
    wall: float
    """When it ended, on the real clock (POSIX seconds)."""
    void: bool = False


class Attempt(NamedTuple):
    """One compilation, what aborted its way to the workers, and whether it changed anything for them."""

    compiled: Compiled
    aborted: Aborted | None
    changed: bool


class Reloader:
    """Reads everything again, and keeps what came of it."""

    def __init__(
        self,
        config_path: Path,
        config: Config,
        clock: OrderClock,
        places: WorkerPlaces,
        log: Log,
        warnings: tuple[str, ...],
        chronicle: Chronicle,
        tell: Tell = tell_nobody,
        notice: NoticePlace | None = None,
        *,
        ahead: Ahead | None = None,
    ) -> None:
        self.config = config
        self.asked_by: list[Who] = []
        self.pruned = False
        self.urgent = False
        self._compiling: asyncio.Task[Compiled] | None = None
        self.foreseen = ForeseenChild(ahead)
        self._changing = asyncio.Lock()
        self._amendments = 0
        self._chronicle = chronicle
        self.progress: Progress | None = None
        self._tell_elsewhere = tell
        self.policy: CompiledPolicy | None = None
        self.last: ReloadOutcome | None = None
        self.state = ReloadState(succeeded=False, last_success=0.0, successes=0, failures=0)
        self.order_places = OrderPlaces()
        self.upstream_places = UpstreamPlaces()
        self._cookies = CookieSecrets()
        self._config_path = config_path
        self._clock = clock
        self._places = places
        self._log = log
        self._start_warnings = warnings
        self._notice = notice or NoticePlace((), 0.0)
        self._noted: set[str] = set()

    async def start(self) -> str | None:
        """Put the first policy in force; a sentence if there is none that any worker can use.

        Where no order is usable, what was applied last is.
        """
        problems: tuple[str, ...] = ()
        for _ in range(ATTEMPTS):
            compiled = await self._compile(self.config, compilation.AT_ONCE, foreseen=self.foreseen)
            problems += compiled.problems
            compiled, unwritten = await self._intended(compiled)
            problems += unwritten
            policy = compiled.policy
            if policy is None:
                break
            refusal = await self._places.begin(self._next(self.config, policy))
            if refusal is None:
                self.policy = policy
                self._take_over(policy, late=0)
                problems += await self._record(policy.path) + sites_of(self.config).problems
                await self._notice.commit(self._next_notice(self.config, policy))
                self._conclude(problems, compiled.warnings + await self.hold_reserve(), changed=True)
                return None
            problems += (refusal,)
        _log_problems(problems)
        return (
            "no policy: no order on disk is usable, and the state folder holds no last good one; see the problems above"
        )

    async def _intended(self, compiled: Compiled) -> tuple[Compiled, tuple[str, ...]]:
        """Have a start's policy journalled, or else take what was applied last, of which the journal knows already."""
        self._chronicle.note_refused(compiled.account, (SERVER,))
        unwritten = None
        if compiled.policy is not None:
            unwritten = await self._chronicle.intend(compiled.policy.digest, compiled.account, (SERVER,))
            if unwritten is None:
                return compiled, ()
        recalled = await recall_in_child(self.config, self._clock.read(), self._chronicle.known)
        if recalled.policy is not None:
            await self._chronicle.intend(recalled.policy.digest, recalled.account, (SERVER,))
        return replace(recalled, warnings=compiled.warnings), () if unwritten is None else (unwritten,)

    def _take_over(self, policy: CompiledPolicy, late: int) -> None:
        """Note that every worker enforces a policy, and watch its dates."""
        self._chronicle.note_in_force(policy.digest, late)
        self._chronicle.watch(policy.summary)

    async def _compile(
        self, config: Config, niceness: int, plan: str | None = None, foreseen: ForeseenChild | None = None
    ) -> Compiled:
        wall, known = self._clock.read(), self._chronicle.known
        tidy, self.pruned = self.pruned, False
        try:
            return await compile_in_child(
                config,
                wall,
                self._note_progress,
                niceness=niceness,
                plan=plan,
                known=known,
                tidy=tidy,
                before=self.policy,
                foreseen=foreseen,
            )
        finally:
            self._tell_elsewhere("compiled", 0, 0)
            self.progress = None

    def _note_progress(self, what: str, done: int, of: int) -> None:
        self.progress = Progress(what, done, of)
        self._tell_elsewhere(what, done, of)

    async def reload(self, plan: str | None = None) -> ReloadOutcome:
        """Read configuration and orders again, and put in force what is sound.

        With a plan's digest, what looks like an accident in these very files is meant; other files change nothing.
        One that is cancelled tells the service manager nothing more, for the server is stopping.
        """
        notify_reloading()
        try:
            outcome = await self._reload(plan)
        except Exception as error:  # noqa: BLE001  # it is logged, told, and the server goes on as before
            LOGGER.exception("reload failed")
            outcome = self._conclude((f"unexpected {error!r}; nothing was changed",), (), changed=False)
        notify("READY=1")
        policy = self.policy
        log_event(
            "info" if not outcome.problems else "warning",
            "reload done" if not outcome.problems else "reload done, with problems",
            changed=outcome.changed,
            digest=policy.digest if policy else None,
            orders=policy.orders if policy else 0,
            names=policy.names if policy else 0,
        )
        return outcome

    async def _reload(self, plan: str | None) -> ReloadOutcome:
        config, config_problems = await self._reread_config()
        who, self.asked_by = tuple(self.asked_by) or (SERVER,), []
        attempt = await self._attempt(config, plan, who)
        if attempt.aborted is not None and attempt.aborted.damaged:
            attempt = await self._attempt(config, plan, who)
        if plan is not None and attempt.compiled.policy is None:
            _log_problems(attempt.compiled.problems)
            return ReloadOutcome(attempt.compiled.problems, (), changed=False, wall=time.time(), void=True)
        aborted = (attempt.aborted.why,) if attempt.aborted is not None else ()
        problems = config_problems + attempt.compiled.problems + aborted
        problems += sites_of(self.config).problems + self._notice.problems
        warnings = attempt.compiled.warnings + await self.hold_reserve()
        return self._conclude(problems, warnings, changed=attempt.changed)

    async def _attempt(self, config: Config, plan: str | None, who: Sequence[Who]) -> Attempt:
        """Compile and apply; what was compiled before an amendment is compiled again, for it knows nothing of that."""
        while True:
            amendments = self._amendments
            compiled = await self._compile_undisturbed(config, plan)
            async with self._changing:
                if compiled is not None and amendments == self._amendments:
                    return await self._enforce(config, compiled, plan, who)

    async def _compile_undisturbed(self, config: Config, plan: str | None) -> Compiled | None:
        """Compile; None if an amendment broke it off."""
        niceness, self.urgent = compilation.SOON if self.urgent else compilation.BESIDE, False
        self._compiling = asyncio.create_task(self._compile(config, niceness, plan))
        try:
            if niceness == compilation.BESIDE:
                with self._places.ahead_of_others():
                    await asyncio.wait({self._compiling}, timeout=compilation.GENTLE_SECONDS)
            await asyncio.wait({self._compiling})
            return None if self._compiling.cancelled() else self._compiling.result()
        except asyncio.CancelledError:
            self._compiling.cancel()
            raise
        finally:
            self._compiling = None

    async def amend(self, file: Path, who: Who) -> ReloadOutcome | None:
        """Put one order's history in force, ahead of a reload that is compiling; None if that takes a reload."""
        self._amendments += 1
        if self._compiling is not None:
            self._compiling.cancel()
        async with self._changing:
            assert self.policy is not None, "start put one in force"
            wall, known = self._clock.read(), self._chronicle.known
            compiled = await amend_in_child(self.config, wall, known, file, self.policy, self.foreseen)
            if compiled.policy is None:
                _log_problems(compiled.problems)
                self.urgent = True
                return None
            aborted, changed = await self._apply(self.config, compiled.policy, compiled.account, (who,))
        problems = (aborted.why,) if aborted is not None else ()
        _log_problems(problems)
        return ReloadOutcome(problems, await self.hold_reserve(), changed, time.time())

    async def _enforce(self, config: Config, compiled: Compiled, plan: str | None, who: Sequence[Who]) -> Attempt:
        if plan is not None and compiled.policy is None:
            return Attempt(compiled, None, changed=False)
        policy = compiled.policy or self.policy
        assert policy is not None, "start put one in force"
        self._chronicle.note_refused(compiled.account, who)
        return Attempt(compiled, *await self._apply(config, policy, compiled.account, who))

    async def _reread_config(self) -> tuple[Config, tuple[str, ...]]:
        loaded = await asyncio.to_thread(load_config, self._config_path)
        if not isinstance(loaded, Config):
            return self.config, tuple(map(str, loaded))
        config, kept = loaded.keeping(self.config)
        return config, tuple(f"{self._config_path}: {key} needs a restart; the running value stays" for key in kept)

    async def _apply(
        self, config: Config, policy: CompiledPolicy, account: Message | None, who: Sequence[Who]
    ) -> tuple[Aborted | None, bool]:
        """Change all workers if anything is different for them; tells what aborted it, and whether they changed."""
        standing, now = self._next(config, policy), self._places.standing
        notice = self._next_notice(config, policy)
        changed = now is None or replace(standing, number=now.number) != now
        if changed or notice != self._notice.wanted:
            await self._notice.prepare(notice)
        if changed:
            outcome = await self._places.change(standing, partial(self._decide, account, who))
            if isinstance(outcome, Aborted):
                return outcome, False
            if outcome.late:
                log_event("warning", "a change waits for workers that start", workers=outcome.late)
            self._take_over(policy, outcome.late)
        if changed or notice != self._notice.wanted:
            changed = True
            await self._notice.commit(notice)
        self.config, self.policy = config, policy
        return None, changed

    def _next_notice(self, config: Config, policy: CompiledPolicy) -> NoticeStanding:
        return NoticeStanding(
            policy.path, policy.digest, sites_of(config).sites, config.clients.allow, config.notice.connections
        )

    def _next(self, config: Config, policy: CompiledPolicy) -> Standing:
        asked = asked_upstreams(config)
        numbers = self.upstream_places.allot(asked.all())
        now = self._places.standing
        return Standing(
            number=1 if now is None else now.number + 1,
            policy=policy.path,
            digest=policy.digest,
            slots=self.order_places.allot(policy.counted),
            settings=worker_settings(
                config, asked, numbers, len(self._places.places), self._cookies.current(config.cookies.secret)
            ),
        )

    async def _decide(self, account: Message | None, who: Sequence[Who], standing: Standing) -> Aborted | None:
        """Have the journal hold what is decided, then make it what a start takes up."""
        unwritten = await self._chronicle.intend(standing.digest, account, who)
        if unwritten is not None:
            return Aborted(unwritten)
        unrecorded = await self._record(standing.policy)
        if not unrecorded:
            return None
        self._chronicle.note_aborted(standing.digest, unrecorded[0])
        return Aborted(unrecorded[0])

    async def _record(self, policy: Path) -> tuple[str, ...]:
        """Make the decision durable: a server that is killed now starts on this policy."""
        try:
            write = partial(write_current, self.config.state, policy)
            _, reserve_given_up = await asyncio.to_thread(with_reserve, self.config.state, write)
        except OSError as error:
            return (f"state: {self.config.state} cannot be written: {error.strerror or error}; make room, then reload",)
        if reserve_given_up:
            log_event("error", "the reserve is given up", problem=f"{self.config.state}: {RESERVE_GIVEN_UP}")
        return ()

    async def hold_reserve(self) -> tuple[str, ...]:
        """Hold room for the next change; its want is worth knowing and keeps nobody from serving."""
        refusal = await asyncio.to_thread(make_reserve, self.config.state)
        return () if refusal is None else (refusal,)

    def _conclude(self, problems: tuple[str, ...], warnings: tuple[str, ...], *, changed: bool) -> ReloadOutcome:
        """Keep the outcome for metrics and status; log all that is wrong, and once a start what is worth knowing."""
        outcome = ReloadOutcome(problems, self._start_warnings + warnings, changed, time.time())
        self.last = outcome
        sound = not problems
        self.state = ReloadState(
            succeeded=sound,
            last_success=outcome.wall if sound else self.state.last_success,
            successes=self.state.successes + sound,
            failures=self.state.failures + (not sound),
        )
        self._log.restyle(self.config.log.format, self.config.log.level)
        _log_problems(problems)
        for warning in outcome.warnings:
            if warning not in self._noted:
                log_event("warning", "note", warning=warning)
        self._noted.update(outcome.warnings)
        return outcome


def _log_problems(problems: tuple[str, ...]) -> None:
    for problem in problems:
        log_event("error", "refused", problem=problem)
