"""Records as rows of the journal's tables, and back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

from artrator.messages.node import JobState
from artrator_node.journal.records import Ending, Event, JobRecord, Measured

_JSON_COLUMNS: Final = ("measures", "error", "receipt")
_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_COLUMNS: Final = tuple(field.name for field in fields(JobRecord))
_INSERT_JOB: Final = (
    f"INSERT INTO jobs ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608  # our own names
    " ON CONFLICT (job) DO NOTHING"
)
_MEASURES: Final = tuple(field.name for field in fields(Measured))
_SAVE_MEASURED: Final = (
    f"INSERT OR REPLACE INTO packages ({', '.join(_MEASURES)})"  # noqa: S608  # our own names
    f" VALUES ({', '.join('?' * len(_MEASURES))})"
)


def _values(record: JobRecord) -> Sequence[Any]:
    values = []
    for name in _COLUMNS:
        value = getattr(record, name)
        values.append(dump(value) if name in _JSON_COLUMNS else value)
    return values


def record_of(row: sqlite3.Row) -> JobRecord:
    """A job."""
    values: dict[str, Any] = dict(row)
    for name in _JSON_COLUMNS:
        values[name] = json.loads(values[name]) if values[name] is not None else None
    values["state"] = JobState(values["state"])
    values["swept"] = bool(values["swept"])
    return JobRecord(**values)


def dump(value: Mapping[str, Any] | None) -> str | None:
    """JSON of a column."""
    return None if value is None else _JSON.encode(value)


def insert_job(connection: sqlite3.Connection, record: JobRecord, events: Iterable[Event]) -> bool:
    """Write a job with its events, unless there is one of its id."""
    inserted = connection.execute(_INSERT_JOB, _values(record)).rowcount
    for event in events if inserted else ():
        insert_event(connection, record.job, event)
    return bool(inserted)


def end_job(connection: sqlite3.Connection, ending: Ending) -> bool:
    """Give a job that has not ended its end."""
    sql = (
        "UPDATE jobs SET state = ?, finished_at = ?, receipt = ?, retained_until = ?, runtime = ?, error = ? "
        "WHERE job = ? AND receipt IS NULL"
    )
    values = (
        *(ending.state.value, ending.finished_at, dump(ending.receipt), ending.retained_until),
        *(ending.runtime, dump(ending.error), ending.job),
    )
    return connection.execute(sql, values).rowcount > 0


def insert_event(connection: sqlite3.Connection, job: str, event: Event) -> None:
    """Write an event of a job that is here; what passed before a job came here is of no use after a crash."""
    connection.execute(
        "INSERT OR REPLACE INTO events SELECT job, ?, ?, ? FROM jobs WHERE job = ?",
        (event.serial, event.kind.value, dump(event.data), job),
    )


def measured_of(row: sqlite3.Row) -> Measured:
    """What was measured of a package."""
    return Measured(**{name: row[name] for name in _MEASURES})


def save_measured(connection: sqlite3.Connection, measured: Measured) -> None:
    """Write what was measured of a package, in place of what was."""
    connection.execute(_SAVE_MEASURED, [getattr(measured, name) for name in _MEASURES])
