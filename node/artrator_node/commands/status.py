"""``artrator node status``: what the node says of itself, and what its journal holds, for a person or a program."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from artrator.errors import ArtratorError, Code
from artrator.messages.node import Health, HoldHealth, WorkerHealth
from artrator_node.config import Settings
from artrator_node.journal.writer import connect
from artrator_node.owner.words import when


def read_journal(path: Path) -> Mapping[str, Any]:
    """Counts from the journal, which can be read whether the node runs or not."""
    empty: dict[str, Any] = {"jobs": {}, "outbox": 0, "refused_receipts": []}
    if not path.exists():
        return empty
    connection = connect(path, read_only=True)
    try:
        return {
            "jobs": dict(connection.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall()),
            "outbox": connection.execute("SELECT count(*) FROM outbox WHERE pending").fetchone()[0],
            "refused_receipts": [
                {"job": row["job"], "code": row["refused"]}
                for row in connection.execute("SELECT job, refused FROM outbox WHERE refused IS NOT NULL LIMIT 20")
            ],
        }
    except sqlite3.OperationalError:  # a journal that was never brought up to date
        return empty
    except sqlite3.DatabaseError as error:
        raise ArtratorError(
            Code.REQUEST_INVALID, f"{path} is damaged: {error}.", cure="Bring it back from a backup, or move it away."
        ) from error
    finally:
        connection.close()


def _worker(worker: WorkerHealth) -> str:
    """One worker in a line."""
    words = [f"{worker.device}: {worker.error or worker.state}"]
    if worker.provider:
        words.append(f"computes by {worker.provider}")
    if worker.card_bytes:
        words.append(f"{worker.card_bytes >> 20} MiB of the card")
    if worker.running:
        words.append(f"{worker.running} running")
    return ", ".join(words)


def held(hold: HoldHealth) -> str:
    """What a node does in place of serving, in a word or two."""
    return {"paused": "paused", "hours": "closed", "program": "gives way"}.get(hold.kind, "rests")


def render(
    settings: Settings, health: Health | None, journal: Mapping[str, Any], problem: ArtratorError | None = None
) -> str:
    """The report for a person; ``problem`` is why the node that listens says nothing of itself."""
    lines = [f"{settings.name}  ({settings.registry})"]
    if problem is not None:
        lines.append(f"{problem.message} {problem.cure}")
    elif health is None:
        lines.append("not serving: start it with `artrator node serve`")
    else:
        reached = health.registry_reached_at
        heard = "never" if reached is None else f"{max(0, round(time.time() - reached))} s ago"
        state = health.state if health.hold is None else held(health.hold)
        lines.append(
            f"{state} on {health.device}; {health.running} running, {health.queued} queued; registry heard {heard}"
        )
        if health.hold is not None:
            until = "" if health.hold.until is None else f" Until {when(health.hold.until)}."
            lines.append(f"  {health.hold.reason}{until}")
        for package in health.packages:
            facts = f"{package.jobs_done} done, {package.jobs_failed} failed"
            memory = f", {package.memory_bytes >> 20} MiB" if package.memory_bytes else ""
            lines.append(f"  {package.name} {package.version}: {package.state}{memory}, {facts}")
            if package.runtime:
                lines.append(f"    runs on {package.runtime}")
            lines.extend(f"    {_worker(worker)}" for worker in package.workers)
            if package.error:
                lines.append(f"    {package.error}")
    states = ", ".join(f"{count} {state}" for state, count in sorted(journal["jobs"].items()))
    lines.append(f"jobs in the journal: {states or 'none'}; receipts waiting: {journal['outbox']}")
    lines.extend(f"receipt refused: {refused['job']} ({refused['code']})" for refused in journal["refused_receipts"])
    lines.extend(f"! {warning}" for warning in (health.warnings if health else ()))
    return "\n".join(lines)
