"""Jobs that wait here before anything is held for them: written down, so that a crash does not lose what was typed."""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

log = logging.getLogger(__name__)

#: Wishes older than this are nobody's any more.
_KEPT_SECONDS: Final = 7 * 86_400

Files = Mapping[str, bytes | Sequence[bytes]]


def save(connection: sqlite3.Connection, job: str, registry: str, request: Mapping[str, Any], files: Files) -> None:
    """Keep a job with its pictures."""
    connection.execute(
        "insert or replace into waiting values (?, ?, ?, ?)", (job, registry, json.dumps(request), time.time())
    )
    rows = []
    for name, data in files.items():
        several = not isinstance(data, bytes)
        for position, each in enumerate(data if not isinstance(data, bytes) else [data]):
            # A single picture has the position -1: a list of one stays a list.
            rows.append((job, name, position if several else -1, each))
    connection.executemany("insert or replace into waiting_file values (?, ?, ?, ?)", rows)


def load(connection: sqlite3.Connection, registry: str) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Jobs that still waited, oldest first: id, request, files by name."""
    found = []
    rows = connection.execute(
        "select * from waiting where registry = ? and created_at > ? order by created_at",
        (registry, time.time() - _KEPT_SECONDS),
    ).fetchall()
    for row in rows:
        files: dict[str, Any] = {}
        for file in connection.execute("select * from waiting_file where job = ? order by position", (row["job"],)):
            if file["position"] < 0:
                files[file["name"]] = bytes(file["data"])
            else:
                files.setdefault(file["name"], []).append(bytes(file["data"]))
        try:
            found.append((str(row["job"]), json.loads(row["request"]), files))
        except (ValueError, RecursionError):  # nothing is held for it, and the others are not held up by it
            log.warning("the waiting job %s is damaged and is not offered", row["job"])
    return found


def forget(connection: sqlite3.Connection, jobs: Sequence[str]) -> None:
    """They have gone out, or nobody wants them."""
    connection.executemany("delete from waiting where job = ?", [(job,) for job in jobs])
