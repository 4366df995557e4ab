"""What the compile child does: one compilation of the orders, and a report on the channel.

It runs as the same user as the workers, and whatever a hostile order file does to it, the supervisor only sees it end.
"""

import socket
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from resolver.ops.account import account_of, account_of_recalled, who_and_whom
from resolver.ops.amendment import amend
from resolver.ops.channel import LineSplitter, Message, write_line
from resolver.ops.compile import compile_orders
from resolver.ops.config import Config
from resolver.ops.description import described
from resolver.ops.kept_for_the_journal import discard_unneeded
from resolver.ops.plan import PlanChangedError, confirms_nothing, confirms_only
from resolver.ops.policy_file import AppliedPolicy, read_current, read_document
from resolver.ops.progress import Tell, told_seldom
from resolver.ops.recompilation import recompile
from resolver.ops.settings_kept import keep_settings

PROBLEMS_TOLD: Final = 1_000


def compile_once(channel: socket.socket) -> int:
    """Read what is to be done, do it, report. The exit status is 0 if there was a report.

    ``compile`` compiles the orders, ``amend`` puts the history of one into the policy, ``recall`` only finds what was
    applied last, for a start whose orders are broken.
    """
    asked = _read(channel)
    if asked is None:
        return 1
    try:
        answer = _answer(asked, told_seldom(partial(_say_progress, channel)), partial(_complain, channel))
    except PlanChangedError as error:
        answer = {"say": "failed", "why": str(error)}
    except OSError as error:
        place = error.filename or asked["config"]["state"]
        why = f"{place}: {error.strerror or error}; make room there, or correct its permissions, then reload"
        answer = {"say": "failed", "why": why}
    except Exception as error:  # noqa: BLE001  # the policy in force stays, whatever went wrong here
        traceback.print_exc()
        answer = {"say": "failed", "why": f"unexpected {error!r}"}
    channel.sendall(write_line(answer))
    return 0


def _read(channel: socket.socket) -> Message | None:
    splitter = LineSplitter()
    while chunk := channel.recv(65_536):
        for message in splitter.feed(chunk):
            return message
    return None


def _say_progress(channel: socket.socket, what: str, done: int, of: int) -> None:
    channel.sendall(write_line({"say": "progress", "what": what, "done": done, "of": of}))


def _complain(channel: socket.socket, event: str) -> None:
    said = {"say": "log", "level": "error", "event": event, "trace": traceback.format_exc()}
    channel.sendall(write_line(said))


def _answer(asked: Message, tell: Tell, complain: Callable[[str], None]) -> Message:
    config = Config.from_json(asked["config"])
    if asked["tidy"]:
        discard_unneeded(config.state)
    applied = read_current(config.state)
    if asked["do"] == "recall":
        return _recall(asked, config, applied)
    wall, known = float(asked["wall"]), asked["known"]
    if asked["do"] == "amend":
        return _amend(asked, config, applied, wall)
    told: Message | None = None
    knows = {known} if asked["since"] is None else {known, asked["since"]}  # at a start the supervisor knows none
    if asked["plan"] is None and applied is not None and {applied.digest} == knows:
        try:
            told = _recompiled(asked, config, applied)
        except OSError:
            raise
        except Exception:  # noqa: BLE001  # a fault of the short way must not keep an order from binding
            complain("what changed could not be compiled by itself; everything is compiled")
    return told or _compiled(asked, config, applied, tell)


def _recompiled(asked: Message, config: Config, applied: AppliedPolicy) -> Message | None:
    """Compile what changed since the policy that the journal knows; None where all must be compiled."""
    wall = float(asked["wall"])
    done = recompile(config, wall, applied)
    if done is None:
        return None
    keep_settings(config)
    account = account_of(done.told, config, wall, applied.digest)
    told = done.lines.document if asked["since"] is None else done.part
    return {**_said(done.problems, done.warnings, account), **described(done.written.policy, told)}


def _compiled(asked: Message, config: Config, applied: AppliedPolicy | None, tell: Tell) -> Message:
    wall, known = float(asked["wall"]), asked["known"]
    confirms = confirms_nothing if asked["plan"] is None else confirms_only(asked["plan"])
    report = compile_orders(config, wall, applied, tell=tell, confirms=confirms)
    if report.policy is not None:
        keep_settings(config)
    lines = applied.lines if applied is not None and applied.digest == known else None
    account = account_of(report.told(None if lines is None else lines.document), config, wall, known)
    return {**_said(report.problems, report.warnings, account), **described(report.policy, report.document)}


def _said(problems: Sequence[object], warnings: Sequence[object], account: Message) -> Message:
    return {"say": "compiled", "problems": _bounded(problems), "warnings": _bounded(warnings), "account": account}


def _amend(asked: Message, config: Config, applied: AppliedPolicy | None, wall: float) -> Message:
    """Answer with no policy where a reload must do it: also where journal or supervisor know another policy."""
    said: Message = {"say": "compiled", "problems": [], "warnings": []}
    known = {asked["known"], asked["since"]}
    amended = amend(config, applied, Path(asked["file"]), wall) if applied and {applied.digest} == known else None
    if amended is None:
        return {**said, "account": None, "policy": None}
    keep_settings(config)
    account = {**amended.account, **who_and_whom(config)}
    return {**said, "account": account, **described(amended.policy, amended.part)}


def _recall(asked: Message, config: Config, applied: AppliedPolicy | None) -> Message:
    said: Message = {"say": "compiled", "problems": [], "warnings": []}
    if applied is None or applied.path is None:
        return {**said, "account": None, "policy": None}
    document = read_document(applied.path)
    with suppress(OSError):  # a start must serve, also where nothing can be written
        keep_settings(config)
    account = account_of_recalled(document, config, float(asked["wall"]), asked["known"], applied.digest)
    return {**said, "account": account, **described(applied.path, document)}


def _bounded(sentences: Sequence[object]) -> list[str]:
    told = [str(sentence) for sentence in sentences[:PROBLEMS_TOLD]]
    return told + [f"and {len(sentences) - PROBLEMS_TOLD} more"] * (len(sentences) > PROBLEMS_TOLD)
