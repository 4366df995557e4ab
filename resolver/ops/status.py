"""What the server says of itself: to `arret status` as JSON, to Prometheus as the state behind one scrape."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resolver import __version__
from resolver.compiled import form
from resolver.ops.chronicle import Chronicle
from resolver.ops.clock import OrderClock, utc_text
from resolver.ops.control import SOCKET_FILE
from resolver.ops.logs import Log
from resolver.ops.metrics_state import MetricsState
from resolver.ops.notice_place import NoticePlace
from resolver.ops.reload import Reloader
from resolver.ops.worker_places import WorkerPlaces


@dataclass(frozen=True, slots=True)
class RunningServer:
    """Everything that is asked about: fixed at the start, but for the parts that change by themselves."""

    config_path: Path
    listen: tuple[str, ...]
    clock: OrderClock
    started: float
    """Real clock, POSIX seconds."""
    places: WorkerPlaces
    reloader: Reloader
    notice: NoticePlace
    log: Log
    chronicle: Chronicle

    def status(self) -> dict[str, Any]:
        """Say how the server is; instants are ISO 8601 in UTC, but ``order_clock`` is in POSIX seconds."""
        begun_anew = self.chronicle.state.begun_anew
        config, policy, standing = self.reloader.config, self.reloader.policy, self.places.standing
        return {
            "ok": True,
            "version": __version__,
            "query_path": form(),
            "pid": os.getpid(),
            "started": utc_text(self.started),
            "uptime_seconds": round(time.time() - self.started, 3),
            "config": str(self.config_path),
            "state": str(config.state),
            "control": str(config.state / SOCKET_FILE),
            "listen": list(self.listen),
            "rehearsal": config.rehearse.isoformat() if config.rehearse is not None else None,
            "clock_offset": self.clock.offset,
            "order_clock": self.clock.read(),
            "policy": str(policy.path) if policy else None,
            "digest": policy.digest if policy else None,
            "orders": policy.orders if policy else 0,
            "names": policy.names if policy else 0,
            "workers": [
                {
                    "place": place.number,
                    "pid": place.pid,
                    "digest": place.serving.digest if place.serving else None,
                    "in_force": place.serving is not None and place.serving is standing,
                    "restarts": place.restarts,
                }
                for place in self.places.places
            ],
            "notice": {
                "listen": list(self.notice.addresses),
                "pid": self.notice.pid,
                "digest": self.notice.serving.digest if self.notice.serving else None,
                "restarts": self.notice.restarts,
            },
            "reload": self._last_reload(),
            "journal": {
                "entries": self.chronicle.state.head.entries,
                "head": self.chronicle.state.head.hash,
                "waiting": self.chronicle.state.waiting,
                "begun_anew": begun_anew._asdict() if begun_anew else None,
            },
            "log_lines_dropped": self.log.dropped,
        }

    def _last_reload(self) -> dict[str, Any]:
        last, state = self.reloader.last, self.reloader.state
        return {
            "ok": state.succeeded,
            "time": utc_text(last.wall) if last else None,
            "last_success": utc_text(state.last_success) if state.last_success else None,
            "problems": list(last.problems) if last else [],
            "warnings": list(last.warnings) if last else [],
            "successes": state.successes,
            "failures": state.failures,
        }

    def metrics_state(self) -> MetricsState:
        """Gather what one scrape shows; called from the thread of the metrics server, and changes nothing."""
        policy = self.reloader.policy
        standing = self.places.standing
        return MetricsState(
            pages=tuple(place.page.counts for place in self.places.places),
            policy=policy.summary if policy else None,
            slots=standing.slots if standing else {},
            upstreams=self.reloader.upstream_places.labels(),
            reload=self.reloader.state,
            workers=len(self.places.places),
            workers_in_force=self.places.in_force(),
            worker_restarts=sum(place.restarts for place in self.places.places),
            started=self.started,
            order_clock=self.clock.read(),
            rehearsal=self.reloader.config.rehearse is not None,
            log_lines_dropped=self.log.dropped,
            journal=self.chronicle.state,
            notice=self.notice.counts,
            notice_up=self.notice.serving is not None if self.notice.addresses else None,
        )
